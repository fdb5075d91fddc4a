"""Who talks at FreeSWITCH now: its list of channels, and what it knows of one of them. Pure.

Names of fields are those of FreeSWITCH 1.10: `show channels as json` (the table `channels` of switch_core_sqldb.c;
bridged channels share their `call_uuid`), `uuid_dump` (what an event about the channel would say, with its
variables; mod_callcenter's are `cc_…`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screener.conversations.parties import Connected
from screener.errors import InputError
from screener.freeswitch import messages
from screener.freeswitch.messages import Bridged
from screener.freeswitch.wire import EslFields
from screener.outside.text import is_pbx_id

CHANNELS = "show channels as json"
_TALKING = frozenset({"ACTIVE", "HELD", "UNHELD"})
"""States of a channel that is answered."""
_OURS = "eavesdrop"
"""What runs on a listening leg: it is nobody's partner."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that is answered.

    Attributes:
        uuid: its id.
        call: that of the call, the same for two that are bridged; its own where it never was bridged.
        inbound: whoever is at its end has called FreeSWITCH.
        application: what runs on it, or ran last.
    """

    uuid: str
    call: str
    inbound: bool
    application: str = ""


def channels(said: str) -> tuple[Channel, ...]:
    """The channels of a list that are answered; one that makes no sense is left out.

    Args:
        said: what FreeSWITCH answers to `CHANNELS`; without channels there are no rows.

    Raises:
        InputError: it is no such list.
    """
    try:
        listed = json.loads(said, strict=False)
        rows = listed["rows"] if listed["row_count"] else []
        found = [row for row in rows if row.get("callstate") in _TALKING]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise InputError(f"found {said[:80]!r}, allowed a list of FreeSWITCH's channels") from problem
    return tuple(_channel(row) for row in found if is_pbx_id(_text(row, "uuid")))


def serialize(listed: Sequence[Channel]) -> str:
    """A list as FreeSWITCH writes it, as far as it is read here; `channels` reads it."""
    rows = [
        {
            "uuid": channel.uuid,
            "direction": "inbound" if channel.inbound else "outbound",
            "application": channel.application,
            "callstate": "ACTIVE",
            "call_uuid": channel.call,
        }
        for channel in listed
    ]
    return json.dumps({"row_count": len(rows), **({"rows": rows} if rows else {})})


def pairs(listed: Iterable[Channel]) -> tuple[tuple[Channel, Channel], ...]:
    """Who talks to whom: channels that are two of a call, whoever has called FreeSWITCH first."""
    calls: dict[str, list[Channel]] = {}
    for channel in sorted(listed, key=lambda channel: not channel.inbound):
        if channel.application != _OURS:
            calls.setdefault(channel.call, []).append(channel)
    return tuple((ends[0], ends[1]) for ends in calls.values() if len(ends) == 2)


def dump(uuid: str) -> str:
    """Tell everything about a channel."""
    return f"uuid_dump {uuid} json"


def dumped(said: str) -> EslFields:
    """What `uuid_dump` says, as the fields of an event; nothing of a channel that is gone."""
    try:
        found = json.loads(said, strict=False)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name.lower(): value for name, value in found.items() if isinstance(value, str)}


def talks(one: Channel, other: Channel, fields: EslFields) -> Connected | Bridged | None:
    """How `one` of a pair talks to the `other`; None when `one` is not the caller.

    Args:
        one: the channel that `fields` are of.
        other: its partner.
        fields: what `dumped` gives. A caller keeps the variables of a queue that they have left, so they count for
            the agent alone whom the queue found.
    """
    side = fields.get("variable_cc_side")
    if side == "member" and fields.get("variable_cc_agent_uuid") == other.uuid:
        return messages.from_queue(one.uuid, other.uuid, fields)
    if fields and one.inbound and not other.inbound and side != "agent":
        return messages.bridged(one.uuid, other.uuid, fields)
    return None


def _channel(row: Mapping[str, Any]) -> Channel:
    return Channel(
        uuid=_text(row, "uuid"),
        call=_text(row, "call_uuid") or _text(row, "uuid"),
        inbound=row.get("direction") == "inbound",
        application=_text(row, "application"),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
