"""`python -m screener` is the same as the console script `screener`."""

from screener.cli import main

main()
