"""One call as lines of text: what was heard, what it weighed, what was decided and done, in the order of time."""

from zoneinfo import ZoneInfo

from screener.core.evidence import Verdict
from screener.store.records import CallRecord

VERDICTS = {
    Verdict.GENUINE: "正常",
    Verdict.COMPLAINT: "投诉",
    Verdict.ABUSIVE_COMPLAINT: "辱骂投诉",
    Verdict.HARASSMENT: "骚扰",
    Verdict.UNDECIDED: "未定",
}


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
