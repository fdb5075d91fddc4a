"""Screener: harassment-call (骚扰电话) screening for Mandarin call centres on any SIP PBX."""

import os
from importlib.metadata import PackageNotFoundError, version

# An utterance is too little to share among threads: OpenBLAS's waiting for each other costs five times the work.
# It reads this once, when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    __version__ = version("screener")
except PackageNotFoundError:  # run from a bare checkout that was never installed
    __version__ = "0+checkout"
