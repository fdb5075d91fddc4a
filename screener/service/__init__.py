"""One process: the composition root of a running site, and the doctor that looks at it before."""
