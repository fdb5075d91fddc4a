"""What the feed tells of a call, and what a person may order; each is one line of JSON on the wire.

A line is an object whose `item` names its kind; a reader passes over kinds and keys that it does not know.
"""

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, get_args

from screener.errors import InputError
from screener.events import CallControl
from screener.outside.files import reason_of
from screener.outside.objects import read_object

LINE_LIMIT = 7_900
"""Bytes of one line: what PostgreSQL's NOTIFY carries, with room to spare. A longer text is cut."""
TEXT_LIMIT = 1_500
"""Characters of one utterance or quotation."""


@dataclass(frozen=True, slots=True)
class Began:
    """A call is there.

    Attributes:
        call: the product's id of the call.
        node: host that has it.
        started_at: aware, UTC.
        number: whole; whoever shows it masks it by the reader's role.
        entrance: `in_path`, `beside` or `by_hand`.
        agent: who has the caller, empty in path.
    """

    call: str
    node: str
    started_at: datetime
    number: str
    line: str
    region: str
    dialled: str
    entrance: str
    agent: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Words of one utterance so far; the newest line of an utterance replaces those before.

    Attributes:
        at: audio time in seconds; likewise below.
    """

    call: str
    at: float
    speaker: str
    utterance: int
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """New evidence: codes, which `screener.words` puts into words.

    Attributes:
        score, threshold: where the call stands with it.
    """

    call: str
    at: float
    rule: str
    detail: str
    kind: str
    weight: float
    span: str
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision."""

    call: str
    at: float
    verdict: str
    kind: str
    score: float
    threshold: float
    treatment: str
    reason: str
    emergency: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Handled:
    """A treatment began or ended."""

    call: str
    at: float
    treatment: str
    done: bool
    completed: bool


@dataclass(frozen=True, slots=True)
class Cautioned:
    """A step of a warning: `core.actions.Warned`."""

    call: str
    at: float
    about: str
    level: int
    step: str
    by: str


@dataclass(frozen=True, slots=True)
class PauseOffer:
    """The agent is offered a pause of so many seconds after the call."""

    call: str
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Paused:
    """What came of the pause that the agent took; mostly after the call is over, and of no running call."""

    call: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer was judged to its end; `status` as of `events.TransferEnded`."""

    call: str
    at: float
    target: str
    ok: bool
    status: int


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nobody listens to the call any more."""

    call: str
    at: float
    why: str


@dataclass(frozen=True, slots=True)
class Over:
    """The call has ended."""

    call: str
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks a supervisor to look at the call."""

    call: str
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What came of a person's order: `core.actions.OrderAnswered`."""

    call: str
    at: float
    act: str
    by: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Node:
    """How a service is; told every few seconds.

    Attributes:
        node: its host.
        at, started_at: aware, UTC.
        model: engine and name; `dry_run`: nobody is treated.
        registered: of so many `registrars`; `problem`: of the first that does not stand.
        waiting: calls that are not in the log yet.
        dropped: lines of the feed that were not told.
        faults: newest warnings and errors of the program's log.
        failing: recogniser servers on other machines that fail now.
    """

    node: str
    at: datetime
    started_at: datetime
    version: str
    model: str
    dry_run: bool
    calls: int
    registered: int
    registrars: int
    problem: str
    waiting: int
    dropped: int
    faults: tuple[str, ...]
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missed:
    """This reader was too slow: so many lines were left out before the next one."""

    lines: int


Item = (
    Began
    | Heard
    | Weighed
    | Judged
    | Handled
    | Cautioned
    | PauseOffer
    | Paused
    | Moved
    | Unheard
    | Asked
    | Obeyed
    | Over
    | Node
    | Missed
)
KINDS: Final[dict[str, type[Any]]] = {kind.__name__.lower(): kind for kind in get_args(Item)}


@dataclass(frozen=True, slots=True)
class Order:
    """A person's word about a running call; who may give it has been checked by the giver.

    Attributes:
        by: name of the person, for the log.
    """

    call: str
    act: CallControl
    by: str


def serialize(item: Item | Order) -> str:
    """One line, without its end."""
    data = {"item": type(item).__name__.lower()} | asdict(item)
    return json.dumps(data, ensure_ascii=False, default=_plain, separators=(",", ":"))


def parse(line: str | bytes) -> Item | None:
    """The item of a line; None for a kind that is not known here.

    Raises:
        InputError: the line is none of the feed's.
    """
    data = _object(line)
    kind = KINDS.get(str(data.get("item")))
    return _made(kind, data) if kind else None


def parse_order(line: str | bytes) -> Order:
    """The order of a line.

    Raises:
        InputError: the line is no order.
    """
    data = _object(line)
    try:
        return Order(str(data["call"]), CallControl(data["act"]), str(data["by"]))
    except (KeyError, ValueError) as problem:
        raise InputError(f"no order: {problem}", "send call, act and by") from problem


def _object(line: str | bytes) -> dict[str, Any]:
    try:
        return read_object(line)
    except ValueError as problem:
        raise InputError(f"no line of the feed: {reason_of(problem)}", "is this the feed's socket?") from problem


def _made(kind: type[Any], data: dict[str, Any]) -> Any:  # noqa: ANN401 - one of `Item`
    values = {field.name: data.get(field.name) for field in fields(kind)}
    try:
        for name in ("started_at", "at"):
            if name in values and kind in (Began, Node):
                values[name] = datetime.fromisoformat(str(values[name]))
        if kind is Node and values["faults"] is not None:
            values["faults"] = tuple(map(str, values["faults"]))
            values["failing"] = tuple(map(str, values.get("failing") or ()))
        if any(value is None for value in values.values()):
            raise ValueError(f"{data['item']} lacks a value")
        return kind(**values)
    except (ValueError, TypeError) as problem:
        raise InputError(f"no line of the feed: {problem}", "do both ends run the same version?") from problem


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
