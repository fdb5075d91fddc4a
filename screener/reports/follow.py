"""From a figure of a report to its calls: what `calls list` and the page 通话 are asked for."""

import shlex
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo

from screener.reports.layout import Asks
from screener.reports.span import PREFIX_CHARACTERS, Span
from screener.store.wanted import UNKNOWN, Counted

FLAGGED: dict[str, str] = {Counted.FLAGGED.value: "1"}
BY_HAND: dict[str, str] = {**FLAGGED, "way": "by_hand"}
JUDGED: dict[str, str] = {Counted.JUDGED.value: "1"}
OVERTURNED: dict[str, str] = {Counted.OVERTURNED.value: "1"}
OWN: dict[str, str] = {Counted.OWN.value: "1"}
ENTERED: dict[str, str] = {Counted.ENTERED.value: "1"}
NEW: dict[str, str] = {**FLAGGED, "past": "new"}
RETURNING: dict[str, str] = {**FLAGGED, "past": "returning"}
PAUSE_OFFERED: dict[str, str] = {"pause_offered": "1"}
OFFERED: dict[str, str] = {}
"""Every call that came."""
_OF_A_KIND = {*(counted.value for counted in Counted), "pause_offered", "warned"}
"""What a report that is asked for one kind counts of that kind alone."""
_SWITCHES = {*(counted.value for counted in Counted), "pause_offered", "exact", "treated", "repeated"}


def asked(span: Span, asks: Asks, zone: tzinfo) -> dict[str, str]:
    """Everything that the calls of a figure are asked for.

    Args:
        span: that the report is about.
        asks: of the figure; `day`, `week`, `month`, `prefix` and `person` are put into words that calls know.
        zone: of the report.
    """
    since, until = span.since, span.until
    if "from" in asks:  # the period before
        since, until = datetime.fromisoformat(asks["from"]), datetime.fromisoformat(asks["to"])
    found: dict[str, str] = {"queue": span.queue, "dialled": span.dialled}
    if span.kind and _OF_A_KIND & asks.keys():
        found["kind"] = span.kind.value
    for name, value in asks.items():
        if name in ("from", "to"):  # another period than the report's
            continue
        code = value or UNKNOWN
        if name in ("day", "week", "month"):
            begin, end = period(name, code, zone)
            since, until = max(begin, since or begin), min(end, until or end)
        elif name == "person":
            found["reviewer" if Counted.JUDGED in asks else "agent"] = code
        elif name in ("number", "prefix"):
            found["number"] = code
            if name == "number" or len(code) < PREFIX_CHARACTERS:
                found["exact"] = "1"
        else:
            found[name] = str(int(code)) if name == "hour" else code
    found |= {name: at.astimezone(zone).isoformat() for name, at in (("since", since), ("until", until)) if at}
    return {name: value for name, value in found.items() if value}


def command(span: Span, asks: Asks, zone: tzinfo, tz: str = "") -> str:
    """The same as somebody types it.

    Args:
        span: as of `asked`.
        asks: likewise.
        zone: likewise.
        tz: name of the zone, where it is not the site's.
    """
    options = asked(span, asks, zone)
    if tz and options.keys() & {"hour", "weekday"}:
        options["tz"] = tz
    for name in ("since", "until"):
        at = datetime.fromisoformat(options[name]) if name in options and not tz else None
        if at is not None and at.time() == time():  # a day, as somebody would type it
            options[name] = f"{at:%Y-%m-%d}"
    said = (
        f"--{name}" if name in _SWITCHES else f"--{name} {shlex.quote(value)}" for name, value in options.items()
    )
    return " ".join(("screener calls list", *said))


def period(by: str, bucket: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Begin and end of a day, week or month."""
    if by == "month":
        year, month = int(bucket[:4]), int(bucket[5:])
        begin = datetime(year, month, 1, tzinfo=zone)
        return begin, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    if by == "week":
        begin = datetime.fromisocalendar(int(bucket[:4]), int(bucket[6:]), 1).replace(tzinfo=zone)
        return begin, begin + timedelta(days=7)
    begin = datetime.fromisoformat(bucket).replace(tzinfo=zone)
    return begin, begin + timedelta(days=1)


def both(row: Asks | None, column: Mapping[str, str] | None) -> Asks | None:
    """What the figure of a row and a column asks; None where one leads nowhere, or they exclude each other."""
    if row is None or column is None or any(row.get(name, value) != value for name, value in column.items()):
        return None
    return {**row, **column}
