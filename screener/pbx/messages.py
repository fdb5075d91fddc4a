"""What Asterisk's manager interface says and is told: fields to events, actions to fields.

Names of fields are those of Asterisk 18 to 22 ("AMI Events", "AMI Actions" of its documentation), and so is the
shape of each event: which names, in which order. A caller's number or name that ends a line early makes another
shape, and such an event is not believed.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from screener.conversations.parties import Connected, Party
from screener.numbers import agents
from screener.numbers.written import given
from screener.outside.text import is_pbx_id
from screener.pbx.wire import Fields

VERDICT = "ScreenerVerdict"
"""Our user event, for a wallboard."""
NAME_MOST = 64
"""Characters of an agent's name."""
_NO_NAME = re.compile(r"[^\w.+-]")
_CHANNEL_NAME = re.compile(r"[\w+.@-]+/[\w+.@:;*#/-]{1,100}", re.ASCII)
NO_CHANNEL = "No such channel"
"""How Asterisk answers about a channel that has hung up."""

_HEAD = frozenset({"event", "privilege", "timestamp", "sequencenumber", "file", "line", "func", "systemname"})
_CHANNEL = (
    "channel", "channelstate", "channelstatedesc", "calleridnum", "calleridname", "connectedlinenum",
    "connectedlinename", "language", "accountcode", "context", "exten", "priority", "uniqueid", "linkedid",
)  # fmt: skip
_DEST = tuple(f"dest{name}" for name in _CHANNEL)
_ENDS = {
    "AgentConnect": {"queue", "interface", "membername", "holdtime", "ringtime"},
    "DialEnd": {"dialstatus", "forward"},
    "Hangup": {"cause", "cause-txt", "techcause"},
    "UserEvent": {"userevent", "secret", "agent", "call", "actionid"},
}
"""Events of interest, and what may come after the channels, which hold what callers sent."""


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
        secret: that only the site's dialplan and desktops know.
    """

    agent: str
    call: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An agent says: that flag was a mistake; of the call that is named, else of the newest that the agent had."""

    agent: str
    linkedid: str = ""
    secret: str = field(default="", repr=False)


AmiEvent = Connected | Gone | Flagged | TakenBack


def parse(fields: Fields) -> AmiEvent | None:
    """An event from its fields; None for one that is of no interest, or has not the shape that Asterisk gives it.

    Who talks to whom is asked of Asterisk again (`between`): an event tells only that there is something to ask.
    """
    kind = fields.get("event", "")
    if kind not in _ENDS or not _has_shape(fields, _ENDS[kind]):
        return None
    match kind:
        case "AgentConnect":
            return _connected(fields, fields.get("queue", ""), fields.get("interface", ""))
        case "DialEnd" if fields.get("dialstatus") == "ANSWER":
            return _connected(fields, "", fields.get("destchannel", "").rpartition("-")[0])
        case "Hangup" if is_pbx_id(fields.get("uniqueid", "")):
            return Gone(fields["uniqueid"])
        case "UserEvent":
            return _user_event(fields)
    return None


def is_torn(fields: Fields) -> bool:
    """Whether it is an event of interest in a shape that Asterisk does not give it."""
    kind = fields.get("event", "")
    return kind in _ENDS and not _has_shape(fields, _ENDS[kind])


def _has_shape(fields: Fields, ends: set[str]) -> bool:
    """Whether the names are a head, one channel or two or (of a user event) none, and an end."""
    names = list(itertools.dropwhile(_HEAD.__contains__, fields))
    for channel in (_CHANNEL, _DEST):
        if tuple(names[: len(channel)]) == channel:
            del names[: len(channel)]
        elif fields["event"] != "UserEvent" and channel[0] in fields:
            return False
    return set(names) <= ends


def _connected(fields: Fields, queue: str, interface: str) -> Connected | None:
    caller = Party(fields.get("channel", ""), fields.get("uniqueid", ""))
    agent = Party(fields.get("destchannel", ""), fields.get("destuniqueid", ""))
    linkedid = fields.get("linkedid", caller.uniqueid)
    ends = caller, agent
    if not (
        all(_CHANNEL_NAME.fullmatch(end.channel) and is_pbx_id(end.uniqueid) for end in ends)
        and is_pbx_id(linkedid)
    ):
        return None
    return Connected(
        caller=caller,
        agent=agent,
        linkedid=linkedid,
        number=given(fields.get("calleridnum", "")),
        name=given(fields.get("calleridname", "")),
        queue=queue,
        agent_name=agent_name(interface),
    )


def _user_event(fields: Fields) -> AmiEvent | None:
    """`Call` is a field of ours: one that a dialplan sends has the ids of its own channel beside it."""
    agent, call = agent_name(fields.get("agent", "")), fields.get("call", "")
    if call and not (is_pbx_id(call) or _CHANNEL_NAME.fullmatch(call)):
        return None
    match fields.get("userevent"):
        case "ScreenerFlag":
            return Flagged(agent, call, fields.get("secret", ""))
        case "ScreenerTakeBack":
            return TakenBack(agent, call, fields.get("secret", ""))
    return None


def agent_name(interface: str) -> str:
    """The name of an agent, without what has no place in a SIP URI."""
    return _NO_NAME.sub("", agents.agent_name(interface))[:NAME_MOST]


def in_progress(statuses: Iterable[Fields]) -> list[Connected]:
    """The conversations among the answers to `Status`: a queue's or a dial's caller, bridged with one agent."""
    bridges: dict[str, list[Fields]] = {}
    for fields in statuses:
        if is_status(fields) and (bridge := fields.get("bridgeid", "")):
            bridges.setdefault(bridge, []).append(fields)
    found: list[Connected] = []
    for channels in bridges.values():
        callers = [c for c in channels if c.get("application") in _CALLS]
        agents = [c for c in channels if c.get("application") in _CALLED]
        if len(callers) == len(agents) == 1 and (known := _talking(callers[0], agents[0])):
            found.append(known)
    return found


def between(caller: Iterable[Fields], agent: Iterable[Fields], hint: Connected) -> Connected | None:
    """Who talks, from the answers to `status` about the two channels of an event; None when it is not so."""
    callers = [part for part in caller if is_status(part) and part["channel"] == hint.caller.channel]
    agents = [part for part in agent if is_status(part) and part["channel"] == hint.agent.channel]
    if len(callers) != 1 or len(agents) != 1 or callers[0]["linkedid"] != agents[0]["linkedid"]:
        return None
    return _talking(callers[0], agents[0])


_CALLS, _CALLED = ("Queue", "Dial"), ("AppQueue", "AppDial")
"""What runs on a caller's channel while an agent is called, and on the agent's."""
_UP = "6"


def is_status(fields: Fields) -> bool:
    """Whether it is an answer to `status`, whole."""
    return fields.get("event") == "Status" and tuple(fields)[2 : 2 + len(_CHANNEL)] == _CHANNEL


def _talking(caller: Fields, agent: Fields) -> Connected | None:
    if (
        caller.get("application") not in _CALLS
        or agent.get("application") not in _CALLED
        or agent.get("channelstate") != _UP
    ):
        return None
    queue = caller.get("data", "").partition(",")[0] if caller["application"] == "Queue" else ""
    both = {**caller, "destchannel": agent["channel"], "destuniqueid": agent["uniqueid"]}
    return _connected(both, queue, agent["channel"].rpartition("-")[0])


# What Asterisk is told: the fields of an action.


def status(channel: str = "") -> dict[str, str]:
    """A channel, or every one that is up; each comes as a `Status` event."""
    return {"Action": "Status", **({"Channel": channel} if channel else {})}


def listen(channel: str, dial: str, *, whispers: bool = False) -> dict[str, str]:
    """Call an endpoint and let it hear what one channel says.

    ChanSpy: `q` says nothing to anybody, `o` hears only what comes from that channel, `E` ends with it, `S` never
    goes on to another; with `w` what the endpoint says is heard on that channel, and by nobody whom it talks to.
    """
    return {
        "Action": "Originate",
        "Channel": dial,
        "Application": "ChanSpy",
        "Data": f"{channel},qoES{'w' * whispers}",
        "CallerID": "Screener",
        "Timeout": "4000",
        "Async": "true",
    }


def move(channel: str, context: str, extension: str) -> dict[str, str]:
    """Take a channel out of its conversation and go on with it at an extension."""
    return {
        "Action": "Redirect", "Channel": channel, "Context": context, "Exten": extension, "Priority": "1",
    }  # fmt: skip


def queue_members() -> dict[str, str]:
    """Every member of every queue; each comes as a `QueueMember` event."""
    return {"Action": "QueueStatus"}


def pause(queue: str, interface: str, reason: str, *, on: bool) -> dict[str, str]:
    """Pause a member of a queue, or let them take calls again."""
    return {
        "Action": "QueuePause",
        "Queue": queue,
        "Interface": interface,
        "Paused": str(on).lower(),
        "Reason": reason,
    }


@dataclass(frozen=True, slots=True)
class Member:
    """An agent in a queue.

    Attributes:
        interface: as the queue calls it (`PJSIP/agent1`).
        paused: takes no calls of the queue now, for `reason`.
    """

    queue: str
    interface: str
    paused: bool
    reason: str

    @property
    def agent(self) -> str:
        """The agent's name."""
        return agent_name(self.interface)


def members(parts: Iterable[Fields]) -> list[Member]:
    """The members among the answers to `QueueStatus`."""
    return [
        Member(part["queue"], part["location"], part.get("paused") == "1", part.get("pausedreason", ""))
        for part in parts
        if part.get("event") == "QueueMember" and part.get("queue") and part.get("location")
    ]


def set_variable(channel: str, name: str, value: str) -> dict[str, str]:
    """Set a channel variable."""
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def record(channel: str, file: str) -> dict[str, str]:
    """Record both directions of a channel into a file of Asterisk's own folder, until it hangs up."""
    return {"Action": "MixMonitor", "Channel": channel, "File": file}


def tell(event: str, values: Mapping[str, str]) -> dict[str, str]:
    """An event of our own for whoever listens."""
    return {"Action": "UserEvent", "UserEvent": event, **values}
