"""Which calls somebody asks for: filters of an address, or of a command line, as the log takes them."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from screener.core.actions import WarningStep
from screener.core.evidence import Kind, Treatment, Verdict
from screener.errors import InputError
from screener.events import LineClass
from screener.numbers.agents import agent_name
from screener.outside.times import in_zone
from screener.reports.span import Span
from screener.store.records import Review
from screener.store.wanted import DRY_RUN, UNKNOWN, Counted, Past, QueueEntry, QueueStay, Wanted
from screener.words.places import stored

if TYPE_CHECKING:
    from screener.numbers.identify import Lines

NO_KIND = "none"
FILTERS = (
    *("number", "exact", "agent", "queue", "dialled", "line", "region", "carrier", "hour", "weekday"),
    *("verdict", "kind", "reviewed", "reviewer", *Counted, "treatment", "treated", "way", "stay"),
    *("rule", "warned", "level", "step", "pause_offered", "past", "repeated", "watched", "again", "text"),
)
"""What calls can be asked for by, besides `since` and `until`."""
_WITH = (("exact", "number"), ("stay", "entered"))
"""What does nothing by itself, and what it needs."""
_Code = TypeVar("_Code", bound=StrEnum)


def moment(name: str, text: str, zone: tzinfo) -> datetime | None:
    """A day or time of an address, by its name there; empty is None.

    Raises:
        InputError: it is none.
    """
    if not text:
        return None
    try:
        return in_zone(datetime.fromisoformat(text), zone)
    except ValueError:
        remedy = "write it as 2026-03-04 or 2026-03-04T09:00"
        raise InputError(f"{text!r} is no day or time", remedy, name) from None


def days(asked: Mapping[str, str], zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """`since` and `until` of an address.

    Raises:
        InputError: one of them is no time, or nothing lies between them.
    """
    since, until = (moment(name, asked.get(name, ""), zone) for name in ("since", "until"))
    if since and until and since >= until:
        raise InputError("the end is not after the beginning", "choose a later end", "until")
    return since, until


def wanted(
    asked: Mapping[str, str | None],
    since: datetime | None,
    until: datetime | None,
    lines: "Lines",
    zone: tzinfo = UTC,
) -> Wanted:
    """The calls that are asked for; what is not said, any call has. `-` is a place or agent that is not known.

    Args:
        asked: by the names of `FILTERS`.
        since: aware.
        until: aware; itself not counted.
        lines: knows numbers in any writing.
        zone: whose hours and weekdays.

    Raises:
        InputError: a code is none, two of `Counted` are asked for, or one does nothing without another.
    """

    def text(name: str) -> str:
        return (asked.get(name) or "").strip()

    def dialled(text: str) -> str:
        return text if text in ("", UNKNOWN) else lines.normal(text)

    for name, other in _WITH:
        if text(name) and not (since if other == "since" else text(other)):
            raise InputError(f"{name} does nothing without {other}", f"set {other}, or take {name} out", name)
    number, kind, treatment = text("number"), text("kind"), text("treatment")
    normal = lines.normal(number) if number else ""
    return Wanted(
        since=since,
        until=until,
        counted=_counted(asked),
        verdict=_code(Verdict, "verdict", text("verdict")),
        kind=None if kind == NO_KIND else _code(Kind, "kind", kind),
        without_kind=kind == NO_KIND,
        number=normal,
        exact=bool(asked.get("exact")),
        withheld=bool(number) and not normal,
        agent=UNKNOWN if text("agent") == UNKNOWN else agent_name(text("agent")),
        queue=text("queue"),
        dialled=dialled(text("dialled")),
        line=_code(LineClass, "line", text("line")),
        region=stored(text("region")),
        carrier=stored(text("carrier")),
        review=_code(Review, "reviewed", text("reviewed")),
        reviewer=text("reviewer"),
        text="".join(text("text").split()),
        treatment=None if treatment == DRY_RUN else _code(Treatment, "treatment", treatment),
        dry_run=treatment == DRY_RUN,
        treated=bool(asked.get("treated")),
        way=_code(QueueEntry, "way", text("way")),
        stay=_code(QueueStay, "stay", text("stay")),
        rule=text("rule"),
        warned=text("warned"),
        level=_number("level", text("level"), 0, 99),
        step=_code(WarningStep, "step", text("step")) or "",
        pause_offered=bool(asked.get("pause_offered")),
        past=_code(Past, "past", text("past")),
        repeated=bool(asked.get("repeated")),
        watched=_number("watched", text("watched"), 1, 99),
        again=_number("again", text("again"), 1, 99),
        hour=_number("hour", text("hour"), 0, 23),
        weekday=_number("weekday", text("weekday"), 1, 7),
        zone=zone,
    )


def _counted(asked: Mapping[str, str | None]) -> Counted | None:
    found = [counted for counted in Counted if asked.get(counted)]
    if len(found) > 1:
        raise InputError(f"{', '.join(found)}: calls are counted as one of these", "choose one", found[-1])
    return found[0] if found else None


def span(asked: Mapping[str, str], zone: tzinfo, lines: "Lines") -> Span:
    """The calls that a report is asked about.

    Raises:
        InputError: a time or a kind is none.
    """
    since, until = days(asked, zone)
    dialled = asked.get("dialled", "").strip()
    dialled = lines.normal(dialled) if dialled else ""
    return Span(since, until, _code(Kind, "kind", asked.get("kind", "")), asked.get("queue", "").strip(), dialled)


def _number(name: str, text: str, least: int, most: int) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 2 and least <= int(text) <= most:
        return int(text)
    raise InputError(f"{text!r} is not known", f"there are: {least} … {most}", name)


def _code(kind: type[_Code], name: str, text: str) -> _Code | None:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{text!r} is not known", f"there are: {', '.join(kind)}", name) from None
