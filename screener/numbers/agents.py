"""What an agent is called: the name alone, however the PBX writes it."""

import re

_TECHNOLOGY = re.compile(r"^[A-Za-z0-9]+/")
_CHANNEL = re.compile(r"-[0-9a-f]{8}(?:;[12])?$")
"""What Asterisk adds to the name of a device for one channel of it."""


def agent_name(written: str) -> str:
    """`8001` of `Agent/8001`, `PJSIP/8001-0000002a` or `Local/8001@from-queue/n`; hyphens of a name stay.

    >>> agent_name("PJSIP/sales-01")
    'sales-01'
    """
    name = _TECHNOLOGY.sub("", written.strip()).partition("@")[0]
    return _CHANNEL.sub("", name)
