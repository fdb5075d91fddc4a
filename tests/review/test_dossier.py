"""A package of evidence says no more than what happened, and who vouches for it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.events import Caller, EndedBy, Entrance, Speaker
from screener.exchange.asterisk import read_queue_log
from screener.review.case import Case, Exhibit, Maker, recording_of
from screener.review.course import course, quoted
from screener.review.dossier import COVER, LIST, MANIFEST, SHEET, pack
from screener.review.seal import SIGNATURE, check, seal_of, sign, site_key
from screener.review.verify import sealed
from screener.store.records import CallRecord, DecisionRow, EvidenceRow, Review, Segment, TreatmentRow
from screener.words.judgement import Teller

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
FIRST = CallRecord(
    "a",
    NOON,
    answered_at=NOON,
    ended_at=NOON + timedelta(seconds=65),
    number="+8613800138000",
    dialled="+864008001234",
    linkedid="17.1",
    uniqueid="17.0",
    verdict=Verdict.HARASSMENT,
    kind=Kind.LEWD,
    treatment=Treatment.ANALYSIS_QUEUE,
    ended_by=EndedBy.CALLER,
    segments=(Segment(Speaker.CALLER, 1.0, 2.0, "你穿什么内裤"),),
    evidence=(EvidenceRow(2.0, "lewd.clothes.1", Source.WORDS, Kind.LEWD, 8.5, "你穿什么内裤", ""),),
    decisions=(
        DecisionRow(
            2.0, Verdict.HARASSMENT, Kind.LEWD, Treatment.ANALYSIS_QUEUE, 4.0, 2.0, False, False, "judged:lewd"
        ),
    ),
    treatments=(TreatmentRow(Treatment.ANALYSIS_QUEUE, 3.0, 20.0, False, False, ""),),
)
BY_HAND = CallRecord(
    "b", NOON + timedelta(seconds=66), number="+8613800138000", linkedid="17.1", agent="8001",
    entrance=Entrance.BY_HAND, verdict=Verdict.HARASSMENT, review=Review.CONFIRMED, reviewed_by="8001",
)  # fmt: skip


def maker(lang: str = "zh") -> Maker:
    return Maker("某呼叫中心", "王主管", NOON, Teller(lang), ZoneInfo("Asia/Shanghai"), KEY)  # type: ignore[arg-type]


def cover(*exhibits: Exhibit, lang: str = "zh", calls: int | None = None) -> str:
    """The page; how its dates are kept whole at the end of a line is not looked at here."""
    page = pack(Case(exhibits, calls), maker(lang))[COVER].decode("utf-8")
    return re.sub(r'<span class="date">(.*?)</span>', r"\1", page)


def test_the_cover_has_every_row_of_the_call_and_who_made_it() -> None:
    page = cover(Exhibit((FIRST, BY_HAND)))
    for text in (
        "王主管",
        "+8613800138000",
        "+864008001234",
        "8001",
        "a, b; 17.0, 17.1",
        "“你穿什么内裤”",
        "签名",
        "盖章",
    ):
        assert text in page, text
    assert "1 分 6 秒" not in page
    assert "12:00:01 来电人说：“你穿什么内裤”" in page
    assert "12:01:06 坐席 8001 将来电转入来电自动分析队列" in page
    assert "lewd.clothes" not in page, "no codes"


def test_a_number_s_package_counts_its_calls() -> None:
    others = [
        replace(FIRST, id=f"c{n}", linkedid="", started_at=NOON + timedelta(hours=n), kind=kind)
        for n, kind in enumerate((Kind.LEWD, None, Kind.LEWD, Kind.ABUSE), start=10)
    ]
    files = pack(Case([Exhibit((call,)) for call in (FIRST, *others)], 48), maker())
    page = files[COVER].decode("utf-8")
    assert "<th>骚扰来电次数</th><td>5</td>" in page
    assert "<th>记录以来的来电总次数</th><td>48</td>" in page
    assert "<th>其中夜间（22 时至 6 时）</th><td>4</td>" in page
    assert page.count("<tr><td>") == 5, "each with its date"
    sheet = files[SHEET].decode("utf-8").splitlines()
    assert [line.partition("：")[0] for line in sheet[2:]] == [
        "被举报号码", "类型", "来电时间", "通话时长", "举报描述",
    ]  # fmt: skip
    assert "拨打 +864008001234，共骚扰来电 5 次，涉及 2 天" in sheet[-1], (
        "what was dialled has no field of its own"
    )


def test_of_several_numbers_each_is_reported_by_itself() -> None:
    """Two callers who called once each did not call twice, and one of them threatened nobody."""
    prank, threat = (
        replace(
            FIRST, id=kind.value, linkedid="", number=number, kind=kind, started_at=NOON + timedelta(days=day),
            evidence=(replace(FIRST.evidence[0], kind=kind, span=words),),
            segments=(Segment(Speaker.CALLER, 1, 2, words),),
        )
        for day, (number, kind, words) in enumerate(
            [("+8613600001111", Kind.PRANK, "找皮先生"), ("+8613500001111", Kind.THREAT, "你等着")]
        )
    )  # fmt: skip
    hidden = [replace(FIRST, id=name, linkedid="", number="") for name in "xy"]
    case = Case([Exhibit((call,)) for call in (prank, threat, *hidden)])
    files = pack(case, maker())
    _, *reports = files[SHEET].decode("utf-8").rstrip().split("\n\n")
    assert [report.splitlines()[0].partition("：")[2] for report in reports] == [
        "+8613600001111", "+8613500001111", "未显示", "未显示",
    ]  # fmt: skip
    for report, kind, words, other in zip(
        reports[:2], ("恶作剧", "威胁"), ("找皮先生", "你等着"), "你找", strict=True
    ):
        assert f"类型：骚扰电话（{kind}）" in report and f"共骚扰来电 1 次，涉及 1 天，类别：{kind} 1。" in report
        assert f"“{words}”" in report and f"“{other}" not in report
    assert all("共骚扰来电 1 次" in report for report in reports), "nobody knows who withheld a number"
    page = files[COVER].decode("utf-8")
    assert "<td>+8613600001111</td><td>未知</td><td>1</td>" in page
    assert page.count("<td>+8613500001111</td>") == 3, "by itself, in the list of calls, with its own call"


def test_a_mere_record_has_no_kinds_of_harassment() -> None:
    plain = replace(FIRST, verdict=Verdict.GENUINE, kind=None)
    page = cover(Exhibit((plain,)), Exhibit((replace(plain, id="b", linkedid=""),)))
    assert "<th>骚扰来电次数</th><td>0</td>" in page and "类别" not in page


def test_a_call_that_was_flagged_twice_is_one_call_on_the_cover() -> None:
    beside = replace(FIRST, id="b", entrance=Entrance.BESIDE, started_at=NOON + timedelta(seconds=20))
    later = replace(FIRST, id="c", linkedid="", started_at=NOON + timedelta(hours=1))
    case = Case([Exhibit((FIRST, beside)), Exhibit((later,))])
    page = cover(*case.exhibits)
    assert "<th>骚扰来电次数</th><td>2</td>" in page
    assert page.count("<tr><td>") == 2, "dated once too"
    assert "共骚扰来电 2 次" in pack(case, maker())[SHEET].decode("utf-8")


def test_calls_that_were_not_flagged_are_dated_and_called_what_they_are() -> None:
    """Forty-eight calls without a request are a pattern, whether the machine flagged each or not."""

    def other(name: str, hours: int, **changes: object) -> Exhibit:
        at = NOON + timedelta(hours=hours)
        row = CallRecord(name, at, answered_at=at, ended_at=at + timedelta(seconds=9), number="+8613800138000")
        return Exhibit((replace(row, **changes),))  # type: ignore[arg-type]

    confirmed = Exhibit((replace(FIRST, review=Review.CONFIRMED, reviewed_by="王主管", reviewed_at=NOON),))
    plain = Exhibit((replace(FIRST, id="p", linkedid="", started_at=NOON + timedelta(hours=3)),))
    others = [
        other("rung", -1, answered_at=None, ended_at=NOON - timedelta(minutes=59)),
        other("short", 1, verdict=Verdict.GENUINE),
        other("angry", 2, verdict=Verdict.COMPLAINT, segments=(Segment(Speaker.CALLER, 1, 2, "我要投诉你们"),)),
        other("back", 4, verdict=Verdict.HARASSMENT, kind=Kind.PRANK, review=Review.OVERTURNED, reviewed_by="李"),
    ]
    files = pack(Case([confirmed, plain], 6, others), maker())
    page = files[COVER].decode("utf-8")
    for said in (
        "<th>骚扰来电次数</th><td>2</td>",
        "<th>其中经人工确认</th><td>1</td>",
        "<th>同期其他来电（未判为骚扰）</th><td>4</td>",
        "历次来电（含未判为骚扰的，逐通注明）",
    ):
        assert said in page, said
    assert page.count('<tr class="other">') == 4 and "<h2>来电 " in page
    lines = files[LIST].decode("utf-8-sig").splitlines()
    assert [line.split(",", 1)[0] for line in lines] == ["序号", *"123456"]
    told = [line.split(",", 6)[6] for line in lines[1:]]
    assert [text.strip('"') for text in told] == [
        "未判为骚扰（未接听）", "骚扰 猥亵（人工确认）", "未判为骚扰（正常）", "未判为骚扰（投诉）",
        "骚扰 猥亵（未复核）", "骚扰 恶作剧（李 于 不详 撤销：不是骚扰）",
    ]  # fmt: skip
    assert not any("我要投诉" in data.decode("utf-8", "replace") for data in files.values()), "not handed out"
    assert {name.split("/")[1] for name in files if name.startswith("calls/")} == {"a", "p"}
    assert "同期另有来电 4 次，未判为骚扰" in files[SHEET].decode("utf-8")


def test_what_is_no_harassment_is_titled_otherwise_and_an_overturned_flag_is_said() -> None:
    taken_back = replace(FIRST, review=Review.OVERTURNED, reviewed_by="李主管", reviewed_at=NOON)
    page = cover(Exhibit((taken_back,)))
    assert "骚扰来电证据材料" not in page
    assert "来电记录" in page and "不作为骚扰的证据" in page
    assert "李主管 于 2026-03-04 12:00:00 撤销：不是骚扰" in page
    assert SHEET not in pack(Case([Exhibit((taken_back,))]), maker())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (replace(FIRST, segments=()), "已按保存期限删除"),
        (replace(FIRST, segments=(), evidence=()), "没有听到话"),
        (replace(FIRST, segments=(), evidence=(), entrance=Entrance.REPLAY), "系统未旁听这次通话"),
    ],
)
def test_a_missing_transcript_says_why(call: CallRecord, said: str) -> None:
    assert said in pack(Case([Exhibit((call,))]), maker())["calls/a/transcript.txt"].decode("utf-8")


def test_an_imported_call_is_told_in_the_order_and_at_the_times_of_the_pbx() -> None:
    lines = b"""\
1000000000|7.1|sales|NONE|ENTERQUEUE||13800138000|1
1000000005|7.1|sales|Agent/8001|CONNECT|5|x|1
1000000065|7.1|sales|Agent/8001|BLINDTRANSFER|analysis|ctx|5|60|1
1000000066|7.1|analysis|NONE|ENTERQUEUE||13800138000|1
1000000086|7.1|analysis|NONE|ABANDON|1|1|20
"""
    (row,) = read_queue_log(lines.splitlines(), Caller, {"analysis"})
    assert isinstance(row, CallRecord)
    exhibit = Exhibit((row,))
    files = pack(Case([exhibit]), maker())
    (timeline,) = (data.decode("utf-8") for name, data in files.items() if name.endswith("timeline.txt"))
    assert [line.split(" ", 1)[1].replace("  ", " ") for line in timeline.strip().splitlines()] == [
        "09:46:40 来电打入（以下据话务系统日志）",
        "09:46:45 电话接通（接听坐席：8001）",
        "09:47:46 坐席 8001 将来电转入来电自动分析队列",
        "09:48:06 分析未完，来电人离开",
        "09:48:06 来电人挂断",
    ]
    assert "8001 于 2001-09-09 09:47:46 确认" in cover(exhibit), "the same moment on the cover"


def test_the_end_of_the_call_comes_last() -> None:
    stay = TreatmentRow(Treatment.ANALYSIS_QUEUE, 5.0, 20.4, completed=True, by_hand=False, agent="")
    row = replace(FIRST, treatments=(stay,), ended_at=FIRST.audio_began + timedelta(seconds=20.1))
    assert [moment.text for moment in course([row], Teller("zh"))][-2:] == ["听完分析队列", "来电人挂断"]
    elsewhere = replace(row, ended_at=FIRST.audio_began + timedelta(seconds=6))
    assert [moment.text for moment in course([elsewhere], Teller("zh"))][-2:] == ["来电人挂断", "听完分析队列"]


def test_the_caller_s_own_words_are_neither_the_agent_s_nor_what_was_taken_back() -> None:
    def heard(rule: str, words: str, weight: float = 2.0) -> EvidenceRow:
        return EvidenceRow(1.0, rule, Source.ACTS, Kind.LEWD, weight, words, "1")

    said = (
        heard("act.agent.greet", "您好，请问有什么可以帮您？", 0.5),
        heard("act.caller.lewd", "你穿"),
        heard("act.caller.lewd.withdrawn", "你穿", -2.0),
        heard("act.caller.lewd", "你穿什么颜色"),
        EvidenceRow(1.0, "lewd.1", Source.WORDS, Kind.LEWD, 3.0, "什么颜色", ""),
        heard("act.agent.warn", "请您自重"),
        heard("act.caller.answer", "查一下账单", -1.0),
    )
    assert quoted([replace(FIRST, evidence=said)]) == ["你穿什么颜色"]


def test_marks_are_full_width_in_chinese_and_spaced_in_english() -> None:
    for lang, marks in (("zh", "被举报号码：+86"), ("en", "Number: +86")):
        files = pack(Case([Exhibit((FIRST,))]), maker(lang))
        said = files[SHEET].decode("utf-8") + files["calls/a/transcript.txt"].decode("utf-8")
        assert marks in said
        wrong = r"[\u4e00-\u9fff][:;]" if lang == "zh" else r"[a-z][:;](?! )"
        assert not re.search(wrong, said), said


def test_english_is_english_throughout() -> None:
    page = cover(Exhibit((replace(FIRST, segments=(), evidence=()), BY_HAND)), lang="en")
    chinese = {letter for letter in page if "\u4e00" <= letter <= "\u9fff"} - set("某呼叫中心王主管")
    assert chinese <= set("思源黑体"), chinese


def test_the_signature_is_of_this_manifest_and_this_key() -> None:
    files = pack(Case([Exhibit((FIRST,))]), maker())
    seal = sealed(files[MANIFEST], files[SIGNATURE])
    assert seal == seal_of(KEY)
    assert seal.fingerprint in files[COVER].decode("utf-8")
    assert check(files[MANIFEST] + b"x", files[SIGNATURE]) is None
    other = sign(files[MANIFEST], Ed25519PrivateKey.generate())
    assert check(files[MANIFEST], other) not in (None, seal)
    for damaged in (b"", b"{}", b"[]", b'{"public_key": "AA==", "signature": "AA=="}', b"\xff"):
        assert check(files[MANIFEST], damaged) is None


def test_the_site_s_key_is_made_once_and_for_its_owner(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "evidence.key"
    made = seal_of(site_key(path))
    assert path.stat().st_mode & 0o077 == 0
    assert seal_of(site_key(path)) == made


@pytest.mark.parametrize("strange", ["x" * 5000, "字" * 200, "../b", "..", ".", "/etc/passwd", "a\0b", "", "a/b"])
def test_a_strangers_id_of_a_call_finds_no_other_file_and_stops_no_package(tmp_path: Path, strange: str) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (tmp_path / "b.wav").write_bytes(b"another's")
    (folder / "17.1.wav").write_bytes(b"its own")
    rows = [replace(FIRST, id=strange, uniqueid=strange, linkedid="")]
    assert recording_of(folder, rows) is None
    assert recording_of(folder, [*rows, FIRST]) == b"its own"


def test_a_verdict_of_the_end_is_told_as_one() -> None:
    (made,) = FIRST.decisions
    at_the_end = replace(made, at=64.0, treatment=Treatment.NONE, reason="afterwards:lewd")
    text = cover(Exhibit((replace(FIRST, decisions=(at_the_end,), treatments=()),)))
    assert "通话结束后认定：骚扰（猥亵）" in text
    assert "系统判定" not in text
