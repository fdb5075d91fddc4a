"""`screener calls`: the log, call by call."""

from zoneinfo import ZoneInfo

import click

from screener.cli.output import CallLog, Settings, Sheet, log_options, moment, output_options
from screener.core.evidence import Verdict
from screener.masking import mask
from screener.store.records import CallRecord

VERDICTS = {
    Verdict.GENUINE: "正常",
    Verdict.COMPLAINT: "投诉",
    Verdict.ABUSIVE_COMPLAINT: "辱骂投诉",
    Verdict.HARASSMENT: "骚扰",
    Verdict.UNDECIDED: "未定",
}


@click.group()
def calls() -> None:
    """Look at single calls of the log."""


@calls.command(name="list")
@click.option("--since", help="From this day or time on.")
@click.option("--until", help="Up to this day or time, itself not counted.")
@click.option("--verdict", type=click.Choice([v.value for v in Verdict]), help="Only calls with this verdict.")
@click.option("--limit", type=click.IntRange(1, 100000), default=50, help="The newest so many.")
@click.option("--mask", "masked", is_flag=True, help="Hide the middle of phone numbers.")
@output_options
@log_options
def list_command(
    settings: Settings,
    log: CallLog,
    since: str | None,
    until: str | None,
    verdict: str | None,
    limit: int,
    masked: bool,
) -> Sheet:
    """List calls, newest first.

    Example: screener calls list --verdict harassment --since 2026-03-01
    """
    zone = ZoneInfo(settings.site.timezone)
    found = log.calls(
        moment(settings, since), moment(settings, until), Verdict(verdict) if verdict else None, limit
    )
    keys = ["id", "started_at", "number", "line", "verdict", "kind", "flagged_at", "treatment"]
    heads = (
        keys
        if settings.site.language == "en"
        else ["编号", "时间", "号码", "线路", "判断", "类别", "标记秒", "处理"]
    )
    rows = [
        [
            call.id,
            f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            mask(call.number) if masked else call.number,
            call.line.value,
            call.verdict.value if call.verdict else None,
            call.kind.value if call.kind else None,
            call.flagged_at,
            call.treatment.value,
        ]
        for call in found
    ]
    return Sheet("Calls" if settings.site.language == "en" else "来电", keys, heads, rows)


@calls.command(name="show")
@click.argument("call_id")
@log_options
def show_command(settings: Settings, log: CallLog, call_id: str) -> None:
    """Tell the whole story of a call: what was heard, what it weighed, what was decided and done.

    Example: screener calls show 20260304T040000-1a2b3c4d
    """
    for line in story(log.call(call_id), ZoneInfo(settings.site.timezone)):
        click.echo(line)


def story(call: CallRecord, zone: ZoneInfo) -> list[str]:
    """A call as lines of text, everything in the order of audio time."""
    where = " ".join(part for part in (call.line.value, call.region, call.carrier) if part)
    verdict = VERDICTS[call.verdict] if call.verdict else "进行中"
    lines = [
        f"来电 {call.id}",
        f"时间 {call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  号码 {call.number or '未显示'} ({where})",
        f"结论 {verdict} {call.kind.value if call.kind else ''}".rstrip(),
        "",
    ]
    told = [(s.start, 0, f"{s.speaker.value}: {s.text}") for s in call.segments]
    told += [(e.at, 1, f"  {e.weight:+.1f} {e.note} “{e.span}” [{e.rule}]") for e in call.evidence]
    told += [
        (d.at, 2, f"  => {VERDICTS[d.verdict]}: {d.reason} (得分 {d.score:.1f}, 门槛 {d.threshold:.1f})")
        for d in call.decisions
    ]
    told += [
        (t.began, 3, f"  处理 {t.treatment.value}" + (f" 坐席 {t.agent or '?'} 人工转入" if t.by_hand else ""))
        for t in call.treatments
    ]
    told += [(t.at, 4, f"  转接 {t.target}: {'成功' if t.ok else f'失败 {t.status}'}") for t in call.transfers]
    lines += [f"{at:7.2f}s {text}" for at, _, text in sorted(told)]
    lines += ["", f"结束 {call.ended_by.value if call.ended_by else '未知'}"]
    return lines
