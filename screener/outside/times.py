"""A time from outside, in its zone; a year with which no calendar can reckon is refused before anybody tries."""

import re
from datetime import datetime, timedelta, tzinfo

EARLIEST, LATEST = 1970, 8999
"""Years of a time that Screener takes."""
YEARS = f"of the years {EARLIEST} to {LATEST}"
"""What a message says is allowed."""
ENDS = f"a day or time such as 2026-12-31 {YEARS}, or so many days such as 90d"
"""What `end` takes."""
_DAYS = re.compile(r"([0-9]{1,5})\s*(?:d|\u5929)")
"""The sign is the Chinese one for a day."""


def in_zone(found: datetime, zone: tzinfo) -> datetime:
    """The same time, aware; it can be brought to any other zone.

    Args:
        found: as it was read.
        zone: of a time that says none.

    Raises:
        ValueError: its year is none that is taken.
    """
    if not EARLIEST <= found.year <= LATEST:
        raise ValueError(f"found {found.isoformat()}, allowed a time {YEARS}")
    return found if found.tzinfo else found.replace(tzinfo=zone)


def end(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """When something ends of which a person says `2026-12-31`, `2026-12-31T18:00` or `90d`; None is never.

    Args:
        text: empty and `0d` are never.
        zone: of a day or time that says none.
        now: aware; so many days count from it.

    Raises:
        ValueError: it is none of these.
    """
    said = text.strip()
    if not said:
        return None
    if days := _DAYS.fullmatch(said):
        return now + timedelta(days=int(days[1])) if int(days[1]) else None
    try:
        return in_zone(datetime.fromisoformat(said), zone)
    except ValueError:
        raise ValueError(f"found {said!r}, allowed {ENDS}") from None
