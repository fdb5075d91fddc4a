"""What a PostgreSQL server and its driver say in their own words, in a few of ours."""

from collections.abc import Mapping
from typing import Final

_OURS: Final[Mapping[str, str]] = {
    "Connection refused": "Connection refused",
    "No space left on device": "No space left on device",
    "resolve host": "Name or service not known",
    "translate host name": "Name or service not known",
    "Name or service not known": "Name or service not known",
    "No route to host": "No route to host",
    "Network is unreachable": "Network is unreachable",
    "timeout expired": "timed out",
    "timed out": "timed out",
    "authentication failed": "the server refuses the name or the password",
    "no password supplied": "the server refuses the name or the password",
    "pg_hba.conf": "the server does not let this machine in",
    "SSL": "the server and this machine agree on no encryption",
    "certificate": "the server and this machine agree on no encryption",
    "permission denied": "permission denied",
    "must be owner": "permission denied",
    "read-only transaction": "permission denied",
    "too many": "the server takes no more connections",
    "connection slots": "the server takes no more connections",
    "starting up": "the server is starting or stopping",
    "shutting down": "the server is starting or stopping",
    "terminating connection": "the server is starting or stopping",
    "recovery mode": "the server is starting or stopping",
    "closed the connection": "the server closed the connection",
    "connection is closed": "the server closed the connection",
    "connection is lost": "the server closed the connection",
    "could not receive data": "the server closed the connection",
    "lock": "the server is busy with something else",
    "canceling statement": "the server is busy with something else",
    "No such file or directory": "Connection refused",  # of its socket: no server runs here
}
"""By a part of what they say; the first that stands in it."""
OTHERWISE = "a fault of the database server, which its log explains"


def in_our_words(said: str) -> str:
    """What is wrong, without names, addresses and the driver's English.

    Args:
        said: one line of the server's or the driver's.
    """
    if said.endswith("does not exist"):
        return "the server has no such database" if "database " in said else "the server has no such user or table"
    return next((ours for part, ours in _OURS.items() if part in said), OTHERWISE)
