"""Which calls somebody asks for: filters of an address, or of a command line, as the log takes them."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from screener.core.evidence import Kind, Treatment, Verdict
from screener.errors import InputError
from screener.events import LineClass
from screener.numbers.agents import agent_name
from screener.outside.times import in_zone
from screener.reports.span import Span
from screener.store.find import Wanted
from screener.store.records import Review
from screener.words.places import stored

if TYPE_CHECKING:
    from screener.numbers.identify import Lines

NO_KIND = "none"
_Code = TypeVar("_Code", bound=StrEnum)


def moment(text: str, zone: tzinfo) -> datetime | None:
    """A day or time of an address; empty is None.

    Raises:
        InputError: it is none.
    """
    if not text:
        return None
    try:
        return in_zone(datetime.fromisoformat(text), zone)
    except ValueError:
        remedy = "write it as 2026-03-04 or 2026-03-04T09:00"
        raise InputError(f"{text!r} is no day or time", remedy) from None


def days(asked: Mapping[str, str], zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """`since` and `until` of an address.

    Raises:
        InputError: one of them is no time, or nothing lies between them.
    """
    since, until = moment(asked.get("since", ""), zone), moment(asked.get("until", ""), zone)
    if since and until and since >= until:
        raise InputError("the end is not after the beginning", "choose a later end")
    return since, until


def wanted(
    asked: Mapping[str, str | None],
    since: datetime | None,
    until: datetime | None,
    lines: "Lines",
    zone: tzinfo = UTC,
) -> Wanted:
    """The calls that are asked for; what is not said, any call has.

    Args:
        asked: `number agent queue dialled line region carrier verdict kind reviewed flagged text treatment hour
            weekday`.
        since: aware.
        until: aware; itself not counted.
        lines: knows numbers in any writing.
        zone: whose hours and weekdays.

    Raises:
        InputError: a code is none.
    """

    def text(name: str) -> str:
        return (asked.get(name) or "").strip()

    number, kind = text("number"), text("kind")
    known = lines.normal(number) if number else ""
    return Wanted(
        since=since,
        until=until,
        verdict=_code(Verdict, text("verdict")),
        kind=None if kind == NO_KIND else _code(Kind, kind),
        without_kind=kind == NO_KIND,
        number=known,
        withheld=bool(number) and not known,
        agent=agent_name(text("agent")),
        queue=text("queue"),
        dialled=lines.normal(text("dialled")) if text("dialled") else "",
        line=_code(LineClass, text("line")),
        region=stored(text("region")),
        carrier=stored(text("carrier")),
        flagged=bool(asked.get("flagged")),
        review=_code(Review, text("reviewed")),
        text="".join(text("text").split()),
        treatment=_code(Treatment, text("treatment")),
        hour=_number(text("hour"), 0, 23),
        weekday=_number(text("weekday"), 1, 7),
        zone=zone,
    )


def span(asked: Mapping[str, str], zone: tzinfo, lines: "Lines") -> Span:
    """The calls that a report is asked about.

    Raises:
        InputError: a time or a kind is none.
    """
    since, until = days(asked, zone)
    dialled = asked.get("dialled", "").strip()
    dialled = lines.normal(dialled) if dialled else ""
    return Span(since, until, _code(Kind, asked.get("kind", "")), asked.get("queue", "").strip(), dialled)


def _number(text: str, least: int, most: int) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 2 and least <= int(text) <= most:
        return int(text)
    raise InputError(f"{text!r} is not known", f"there are: {least} … {most}")


def _code(kind: type[_Code], text: str) -> _Code | None:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{text!r} is not known", f"there are: {', '.join(kind)}") from None
