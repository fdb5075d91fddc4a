"""`[freeswitch]`: listening beside the agents of a FreeSWITCH, and what no single field's type can say of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

_CONTEXT = re.compile(r"[\w.-]{1,64}", re.ASCII)
_DIAL = re.compile(r"[\w./@:;=+-]*\{leg\}[\w./@:;=+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Freeswitch:
    """`[freeswitch]`: as deploy/freeswitch has it.

    Attributes:
        host, port: of the event socket; an empty host listens to nobody.
        password: or `password_file`, the path of a file whose first line is the password.
        queues: of mod_callcenter whose calls are listened to, as `agents@default`; `*` is every queue.
        extensions: of agents who are called without a queue.
        dial: how FreeSWITCH dials a listening leg; `{leg}` is the leg's name.
        context: of the dialplan in which the extensions of `[targets]` are.
        hear_agent: listen to the agent too.
        max_calls: calls listened to at once; further ones go on unheard, which the log and the metrics say.
    """

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 8021
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    queues: tuple[str, ...] = ("*",)
    extensions: tuple[str, ...] = ()
    dial: str = "sofia/gateway/screener/{leg}"
    context: str = "from-screener"
    hear_agent: bool = True
    max_calls: Annotated[int, Field(ge=1, le=1000)] = 100

    @property
    def needs_targets(self) -> str:
        """What of it needs a place to move callers to; empty for nothing."""
        return "[freeswitch] host" if self.host else ""


def check_freeswitch(freeswitch: Freeswitch, *, asterisk: bool, calls: int) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what.

    Args:
        freeswitch: the section.
        asterisk: there is a section `[pbx]` too.
        calls: that `[sip]` takes.
    """
    if not freeswitch.host:
        return
    if asterisk:
        yield "[freeswitch] host", "found beside [pbx] host, allowed one of the two"
    if not (freeswitch.password or freeswitch.password_file):
        yield "[freeswitch] password", "found nothing, allowed that of event_socket.conf.xml"
    if not _DIAL.fullmatch(freeswitch.dial):
        allowed = 'allowed a dial string with {leg}, as "sofia/gateway/screener/{leg}"'
        yield "[freeswitch] dial", f"found {json.dumps(freeswitch.dial)}, {allowed}"
    if not _CONTEXT.fullmatch(freeswitch.context):
        yield "[freeswitch] context", f"found {json.dumps(freeswitch.context)}, allowed a context of the dialplan"
    needed = freeswitch.max_calls * (1 + freeswitch.hear_agent)
    if calls < needed:
        yield "[sip] max_calls", f"found {calls}, allowed not below {needed} listening legs of [freeswitch]"
