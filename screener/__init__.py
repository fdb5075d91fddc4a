"""Screener: harassment-call (骚扰电话) screening for Mandarin call centres on any SIP PBX."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("screener")
except PackageNotFoundError:  # run from a bare checkout that was never installed
    __version__ = "0+checkout"
