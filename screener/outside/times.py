"""A time from outside, in its zone; a year with which no calendar can reckon is refused before anybody tries."""

from datetime import datetime, tzinfo

EARLIEST, LATEST = 1970, 8999
"""Years of a time that Screener takes."""
YEARS = f"of the years {EARLIEST} to {LATEST}"
"""What a message says is allowed."""


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
