"""Listening legs by their names: each voice of a conversation is dialled to us as a call of its own."""

from screener.events import Speaker


def leg_name(token: str, speaker: Speaker) -> str:
    """The user part by which a phone system dials the listening leg of one voice, after the extension."""
    return f"{token}-{speaker}"


def leg_named(name: str) -> tuple[str, Speaker] | None:
    """Token and voice of such a user part; None when it is none."""
    token, _, speaker = name.rpartition("-")
    return (token, Speaker(speaker)) if token and speaker in list(Speaker) else None
