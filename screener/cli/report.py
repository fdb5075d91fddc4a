"""`screener report`: how often harassment comes, and from where."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from screener.cli.output import CallLog, Settings, Sheet, log_options, moment, output_options
from screener.core.evidence import Kind
from screener.masking import mask
from screener.reports.query import Period, SourceBy, Span, frequency, sources
from screener.reports.render import Cell

KINDS = {
    Kind.LEWD: "猥亵",
    Kind.ABUSE: "辱骂",
    Kind.PRANK: "恶作剧",
    Kind.CHITCHAT: "闲聊",
    Kind.THREAT: "威胁",
    Kind.SILENT: "无声",
    Kind.REDIAL: "重拨",
}
LINES = {
    "mobile": "手机",
    "fixed": "固话",
    "toll_free": "400/800",
    "short": "短号",
    "public": "公用电话",
    "duty": "值班电话",
    "foreign": "境外",
    "internal": "内线",
    "anonymous": "未显示",
    "unknown": "未知",
}


def span_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which calls are asked about."""
    for option in (
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Default from the settings."),
        click.option("--tz", help="IANA time zone; default the site's."),
        click.option(
            "--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind of harassment."
        ),
        click.option("--until", help="Up to this day or time, itself not counted."),
        click.option("--since", help="From this day or time on, such as 2026-03-01."),
    ):
        command = option(command)
    return command


def _span(settings: Settings, since: str | None, until: str | None, kind: str | None) -> Span:
    return Span(moment(settings, since), moment(settings, until), Kind(kind) if kind else None)


def _zone(settings: Settings, tz: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(tz or settings.site.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{tz}: allowed: an IANA name such as Asia/Shanghai") from None


@click.group()
def report() -> None:
    """Ask the call log how often harassment comes, and from where."""


@report.command(name="frequency")
@click.option("--by", type=click.Choice([p.value for p in Period]), default="day", help="What to count by.")
@span_options
@output_options
@log_options
def frequency_command(
    settings: Settings,
    log: CallLog,
    by: str,
    since: str | None,
    until: str | None,
    kind: str | None,
    tz: str | None,
    lang: str | None,
) -> Sheet:
    """How often: calls, flagged calls and their kinds, by hour, weekday, day, week or month.

    Example: screener report frequency --by hour --since 2026-03-01
    """
    english = (lang or settings.site.language) == "en"
    rows = frequency(log, _span(settings, since, until, kind), Period(by), _zone(settings, tz))
    kinds = [k for k in Kind if any(row.by_kind.get(k) for row in rows)]
    keys = [by, "offered", "flagged", "share", "treated", *(k.value for k in kinds)]
    heads = keys if english else ["时段", "来电", "骚扰", "占比", "已处理", *(KINDS[k] for k in kinds)]
    cells: list[list[Cell]] = [
        [row.bucket, row.offered, row.flagged, row.share, row.treated, *(row.by_kind.get(k, 0) for k in kinds)]
        for row in rows
    ]
    return Sheet("How often" if english else "骚扰来电频次", keys, heads, cells)


@report.command(name="sources")
@click.option("--by", type=click.Choice([s.value for s in SourceBy]), default="number", help="What to count by.")
@click.option("--top", type=click.IntRange(1, 10000), default=20, help="How many rows.")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@span_options
@output_options
@log_options
def sources_command(
    settings: Settings,
    log: CallLog,
    by: str,
    top: int,
    masked: bool,
    since: str | None,
    until: str | None,
    kind: str | None,
    tz: str | None,
    lang: str | None,
) -> Sheet:
    """From where: the sources of flagged calls, the worst first.

    Example: screener report sources --by region --format csv -o sources.csv
    """
    english = (lang or settings.site.language) == "en"
    zone = _zone(settings, tz)
    keys = [by, "calls", "flagged", "share", "first", "last"]
    heads = keys if english else ["来源", "来电", "骚扰", "占全部骚扰", "首次", "最近"]
    cells: list[list[Cell]] = [
        [
            _source(row.source, by, masked=masked, english=english),
            row.calls,
            row.flagged,
            row.share,
            f"{row.first.astimezone(zone):%Y-%m-%d %H:%M}",
            f"{row.last.astimezone(zone):%Y-%m-%d %H:%M}",
        ]
        for row in sources(log, _span(settings, since, until, kind), SourceBy(by), top)
    ]
    return Sheet("From where" if english else "骚扰来电来源", keys, heads, cells)


def _source(source: str, by: str, *, masked: bool, english: bool) -> str:
    if by == "line":
        return source if english else LINES[source]
    if masked and by in ("number", "prefix"):
        source = mask(source)
    return source or ("unknown" if english else "未知")
