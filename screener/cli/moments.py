"""Days and times as people say them at the command line: `2026-03-01`, `今天`, `yesterday`, `30d`."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from screener.errors import InputError
from screener.outside.times import YEARS
from screener.reports import filters

_DAY = timedelta(days=1)


def _month(today: datetime, back: int) -> datetime:
    months = today.year * 12 + today.month - 1 - back
    return today.replace(year=months // 12, month=months % 12 + 1, day=1)


_NAMES: dict[str, Callable[[datetime], datetime]] = {
    "今天": lambda today: today,
    "昨天": lambda today: today - _DAY,
    "前天": lambda today: today - 2 * _DAY,
    "本周": lambda today: today - today.weekday() * _DAY,
    "上周": lambda today: today - (today.weekday() + 7) * _DAY,
    "本月": lambda today: _month(today, 0),
    "上月": lambda today: _month(today, 1),
    "今年": lambda today: today.replace(month=1, day=1),
}
_ENGLISH = {
    "today": "今天", "yesterday": "昨天", "week": "本周", "this week": "本周", "last week": "上周",
    "month": "本月", "this month": "本月", "last month": "上月", "year": "今年", "this year": "今年",
}  # fmt: skip
_BACK = {"h": timedelta(hours=1), "小时": timedelta(hours=1), "d": _DAY, "天": _DAY, "w": 7 * _DAY, "周": 7 * _DAY}


def moment(text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    """The moment at which a day begins, or that a time names; aware.

    Args:
        text: ISO 8601, `今天 昨天 前天 本周 上周 本月 上月 今年` or their English, or
            so long ago: `30d`, `12h`, `2周`.
        zone: of what is said without one.
        now: aware.

    Raises:
        click.BadParameter: it is none of these, or no year of a call log.
    """
    if text is None:
        return None
    said = text.strip().lower()
    local = now.astimezone(zone)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if name := _NAMES.get(_ENGLISH.get(said, said)):
            return name(today)
        if back := re.fullmatch(r"(\d{1,4})\s*(h|小时|d|天|w|周)", said):
            return now - int(back[1]) * _BACK[back[2]]
        if said and (found := filters.moment("", text.strip(), zone)):
            return found
    except (InputError, OverflowError):
        pass
    raise bad_time(
        f"{text}: allowed: a day or time such as 2026-03-04, 2026-03-04T09:00, today, week, 30d, {YEARS}", text
    )


def bad_time(wrong: str, text: str | None) -> click.BadParameter:
    """A mistake that names the option of the command at work where the text stands."""
    context = click.get_current_context(silent=True)
    given = context.params if context else {}
    options = context.command.params if context else []
    option = next((one for one in options if one.name in given and given[one.name] == text), None)
    return click.BadParameter(wrong, context, option)


def span_of(since: datetime | None, until: datetime | None, now: datetime) -> None:
    """Refuse a span in which nothing can lie.

    Raises:
        click.BadParameter: it ends before it begins, or is still to come.
    """
    if since and since > now:
        raise click.BadParameter(f"--since {since:%Y-%m-%d %H:%M} is still to come")
    if since and until and since >= until:
        raise click.BadParameter(f"--since {since:%Y-%m-%d %H:%M} is not before --until {until:%Y-%m-%d %H:%M}")


def time_zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        click.BadParameter: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad_time(f"{name}: allowed: an IANA name such as Asia/Shanghai", name) from None
