"""What FreeSWITCH tells and is told: events to what they mean, wishes to commands.

Names of fields are those of FreeSWITCH 1.10: mod_event_socket, mod_callcenter, mod_commands.
"""

import re
from dataclasses import dataclass

from screener.conversations.parties import Connected, Party
from screener.freeswitch.wire import EslEvent, EslFields
from screener.numbers.written import given
from screener.outside.text import is_pbx_id

SUBSCRIBED = "event plain CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP BACKGROUND_JOB CUSTOM callcenter::info"
_EXTENSION = re.compile(r"[\w.+*#-]{1,64}", re.ASCII)
_NAME = re.compile(r"[^\w.+-]")
_OWN = ("caller-caller-id-number", "caller-caller-id-name")


@dataclass(frozen=True, slots=True)
class Bridged:
    """Two channels talk, without a queue.

    Attributes:
        who: they, but for the agent's name.
        names: by which the agent may have been called, the surest first.
    """

    who: Connected
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A channel has hung up, or talks to somebody else."""

    uuid: str
    hung_up: bool


@dataclass(frozen=True, slots=True)
class JobDone:
    """A command in the background has come to its end, with these words."""

    job: str
    said: str


def read(event: EslEvent) -> Connected | Bridged | Left | JobDone | None:
    """What an event means; None for one that is of no interest."""
    fields = event.fields
    match fields.get("event-name", ""):
        case "CUSTOM" if fields.get("cc-action") == "bridge-agent-start":
            return _queued(fields)
        case "CHANNEL_BRIDGE":
            return _bridged(fields)
        case "CHANNEL_HANGUP" | "CHANNEL_UNBRIDGE" as name if is_pbx_id(uuid := fields.get("unique-id", "")):
            return Left(uuid, hung_up=name == "CHANNEL_HANGUP")
        case "BACKGROUND_JOB":
            return JobDone(fields.get("job-uuid", ""), event.body.strip())
        case _:
            return None


def _queued(fields: EslFields) -> Connected | None:
    caller = fields.get("cc-member-session-uuid", "")
    agent = fields.get("cc-agent-uuid", "")
    if not (is_pbx_id(caller) and is_pbx_id(agent)):
        return None
    return _connected(
        caller, agent, fields, "cc-member-cid-number", "cc-member-cid-name",
        queue=fields.get("cc-queue", ""), agent_name=_plain(fields.get("cc-agent", "")),
    )  # fmt: skip


def _bridged(fields: EslFields) -> Bridged | None:
    caller = fields.get("bridge-a-unique-id", "")
    agent = fields.get("bridge-b-unique-id", "")
    return bridged(caller, agent, fields) if is_pbx_id(caller) and is_pbx_id(agent) else None


def bridged(caller: str, agent: str, fields: EslFields) -> Bridged:
    """Two channels talk, as the fields of the caller's say."""
    told = ("other-leg-destination-number", "caller-callee-id-number", "caller-destination-number")
    names = tuple(name for key in told if (name := _plain(fields.get(key, ""))))
    return Bridged(_connected(caller, agent, fields, *_OWN), names)


def from_queue(caller: str, agent: str, fields: EslFields) -> Connected:
    """Two channels talk, as the variables say that mod_callcenter gives a caller's."""
    queue, agent_name = fields.get("variable_cc_queue", ""), _plain(fields.get("variable_cc_agent", ""))
    return _connected(caller, agent, fields, *_OWN, queue=queue, agent_name=agent_name)


def _connected(
    caller: str, agent: str, fields: EslFields, number: str, name: str, *, queue: str = "", agent_name: str = ""
) -> Connected:
    return Connected(
        caller=Party(caller, caller),
        agent=Party(agent, agent),
        linkedid=caller,
        number=given(fields.get(number, "")),
        name=given(fields.get(name, "")),
        queue=queue,
        agent_name=agent_name,
    )


def _plain(name: str) -> str:
    """A name without its domain."""
    return _NAME.sub("", name.partition("@")[0])[:64]


# To FreeSWITCH. Nothing that a caller sent is in any of them: ids of the right shape, and the site's words.


def auth(password: str) -> str:
    """The first command."""
    return f"auth {_one_line(password)}"


def listen(uuid: str, dial: str, leg: str) -> str:
    """Call us with what one channel says, and nothing of what it hears (`eavesdrop_bridge_aleg` alone).

    Args:
        uuid: of the channel.
        dial: dial string of the settings, with `{leg}`.
        leg: the user part that we know the leg by.
    """
    told = (
        "eavesdrop_bridge_aleg=true,eavesdrop_enable_dtmf=false,hangup_after_bridge=true,ignore_early_media=true"
    )
    return f"originate {{{told},originate_timeout=4}}{dial.replace('{leg}', leg)} &eavesdrop({uuid})"


def move(uuid: str, extension: str, context: str) -> str:
    """Take a channel away from whom it talks to, to an extension of the dialplan.

    Raises:
        ValueError: it is no extension.
    """
    if not _EXTENSION.fullmatch(extension):
        raise ValueError(f"{extension!r} is no extension")
    return f"uuid_transfer {uuid} {extension} XML {context}"


def background(job: str, command: str) -> str:
    """The same, answered by an event when it is done."""
    return f"bgapi {_one_line(command)}\nJob-UUID: {job}"


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
