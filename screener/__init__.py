"""Screener: harassment-call (骚扰电话) screening for Mandarin call centres on any SIP PBX."""

import os

# An utterance is too little to share among threads: OpenBLAS's waiting for each other costs five times the work.
# It reads this once, when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Pydantic would look through every installed package for plugins, at each start of each process; we have none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def version() -> str:
    """Of the installed package."""
    from importlib import metadata  # nothing else needs it, and it costs a tenth of a start

    try:
        return metadata.version("screener")
    except metadata.PackageNotFoundError:  # run from a bare checkout that was never installed
        return "0+checkout"
