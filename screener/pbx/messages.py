"""What Asterisk's manager interface says and is told: fields to events, actions to fields.

Names of fields are those of Asterisk 18 to 22 ("AMI Events", "AMI Actions" of its documentation).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from screener.numbers import agents

Fields = Mapping[str, str]
"""One AMI message: names in lower case, as their case means nothing."""

FLAG, TAKE_BACK, VERDICT = "ScreenerFlag", "ScreenerTakeBack", "ScreenerVerdict"
"""User events: an agent flags the caller, an agent takes a flag back; and ours, for a wallboard."""
NAME_MOST = 64
"""Characters of an agent's name."""
_NO_NAME = re.compile(r"[^\w.+-]")
_WITHHELD = {"", "<unknown>", "anonymous", "unknown"}


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a conversation: the channel's name, which commands take, and its id, which lasts."""

    channel: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class Connected:
    """An agent has a caller on the line.

    Attributes:
        linkedid: of the whole call.
        number, name: the caller's, empty when withheld.
        queue: that the caller waited in; empty for a direct call.
        agent_name: who has the call: the member's interface without its technology (`agent1` of `PJSIP/agent1`).
    """

    caller: Party
    agent: Party
    linkedid: str
    number: str
    name: str
    queue: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A channel has hung up."""

    uniqueid: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """An agent says: harassment.

    Attributes:
        agent: who says so.
        call: a linkedid, or uniqueid or name of either end's channel; empty for the call that the agent has.
    """

    agent: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An agent says: that flag was a mistake; of the call that is named, else of the newest that the agent had."""

    agent: str
    linkedid: str = ""


Event = Connected | Gone | Flagged | TakenBack


def parse(fields: Fields) -> Event | None:
    """An event from its fields; None for one that is of no interest, or lacks what it should have."""
    match fields.get("event"):
        case "AgentConnect":
            return _connected(fields, fields.get("queue", ""), fields.get("interface", ""))
        case "DialEnd" if fields.get("dialstatus") == "ANSWER":
            return _connected(fields, "", fields.get("destchannel", "").rpartition("-")[0])
        case "Hangup" if uniqueid := fields.get("uniqueid", ""):
            return Gone(uniqueid)
        case "UserEvent":
            return _user_event(fields)
    return None


def _connected(fields: Fields, queue: str, interface: str) -> Connected | None:
    caller = Party(fields.get("channel", ""), fields.get("uniqueid", ""))
    agent = Party(fields.get("destchannel", ""), fields.get("destuniqueid", ""))
    if not (caller.channel and caller.uniqueid and agent.channel and agent.uniqueid):
        return None
    number, name = fields.get("calleridnum", ""), fields.get("calleridname", "")
    return Connected(
        caller=caller,
        agent=agent,
        linkedid=fields.get("linkedid", caller.uniqueid),
        number="" if number.lower() in _WITHHELD else number,
        name="" if name.lower() in _WITHHELD else name,
        queue=queue,
        agent_name=agent_name(interface),
    )


def _user_event(fields: Fields) -> Event | None:
    """`Call` is a field of ours: one that a dialplan sends has the ids of its own channel beside it."""
    match fields.get("userevent"):
        case "ScreenerFlag":
            return Flagged(agent_name(fields.get("agent", "")), fields.get("call", ""))
        case "ScreenerTakeBack":
            return TakenBack(agent_name(fields.get("agent", "")), fields.get("call", ""))
    return None


def agent_name(interface: str) -> str:
    """The name of an agent, without what has no place in a SIP URI."""
    return _NO_NAME.sub("", agents.agent_name(interface))[:NAME_MOST]


def in_progress(statuses: Iterable[Fields]) -> list[Connected]:
    """The conversations among the answers to `Status`: a queue's or a dial's caller, bridged with one agent."""
    bridges: dict[str, list[Fields]] = {}
    for fields in statuses:
        if bridge := fields.get("bridgeid", ""):
            bridges.setdefault(bridge, []).append(fields)
    found: list[Connected] = []
    for channels in bridges.values():
        callers = [c for c in channels if c.get("application") in ("Queue", "Dial")]
        agents = [c for c in channels if c.get("application") in ("AppQueue", "AppDial")]
        if len(callers) == len(agents) == 1:
            caller, agent = callers[0], agents[0]
            queue = caller.get("data", "").partition(",")[0] if caller.get("application") == "Queue" else ""
            both = {**caller, "destchannel": agent.get("channel", ""), "destuniqueid": agent.get("uniqueid", "")}
            if known := _connected(both, queue, agent.get("channel", "").rpartition("-")[0]):
                found.append(known)
    return found


# What Asterisk is told: the fields of an action.


def status() -> dict[str, str]:
    """Every channel that is up; each comes as a `Status` event."""
    return {"Action": "Status"}


def listen(channel: str, dial: str) -> dict[str, str]:
    """Call an endpoint and let it hear what one channel says.

    ChanSpy: `q` says nothing to anybody, `o` hears only what comes from that channel, `E` ends with it, `S` never
    goes on to another.
    """
    return {
        "Action": "Originate",
        "Channel": dial,
        "Application": "ChanSpy",
        "Data": f"{channel},qoES",
        "CallerID": "Screener",
        "Timeout": "4000",
        "Async": "true",
    }


def move(channel: str, context: str, extension: str) -> dict[str, str]:
    """Take a channel out of its conversation and go on with it at an extension."""
    return {
        "Action": "Redirect", "Channel": channel, "Context": context, "Exten": extension, "Priority": "1",
    }  # fmt: skip


def set_variable(channel: str, name: str, value: str) -> dict[str, str]:
    """Set a channel variable."""
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def note(queue: str, uniqueid: str, member: str, event: str, message: str) -> dict[str, str]:
    """A line for queue_log, which does not note a redirect by itself."""
    return {
        "Action": "QueueLog", "Queue": queue, "Uniqueid": uniqueid, "Interface": member, "Event": event,
        "Message": message,
    }  # fmt: skip


def tell(event: str, values: Mapping[str, str]) -> dict[str, str]:
    """An event of our own for whoever listens."""
    return {"Action": "UserEvent", "UserEvent": event, **values}
