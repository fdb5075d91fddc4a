"""A call as lines of text, and its course in one line."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.evidence import Kind, Source, Treatment, Verdict
from screener.core.judgement import Weights
from screener.events import EndedBy
from screener.review.explain import explain
from screener.review.timeline import gist, lasting, moments, reasons, timeline
from screener.store.records import CallRecord, DecisionRow, EvidenceRow, OrderRow
from screener.words.judgement import Teller
from screener.words.terms import Language

W = Weights()


def act(rule: str, weight: float, at: float, detail: str = "", said: str = "") -> EvidenceRow:
    return EvidenceRow(at, f"act.{rule}", Source.ACTS, Kind.LEWD, weight, said or f"{rule}@{at}", detail)


def call(*evidence: EvidenceRow) -> CallRecord:
    return CallRecord("c", datetime(2026, 3, 4, tzinfo=UTC), evidence=evidence, verdict=Verdict.HARASSMENT)


DRIFT = call(
    act("agent.greet", 0.0, 1),
    act("caller.business", -1.0, 2),
    act("agent.inform", 0.0, 3),
    act("caller.closing", 0.0, 4),
    act("caller.personal", 2.0, 5),
    act("caller.personal", 2.0, 6),
    act("agent.steer", 1.0, 7, "1"),
    act("caller.lewd", 5.0, 8),
)


def test_the_course_of_a_call_is_one_line_that_says_when_the_matter_was_settled_and_what_flagged_it() -> None:
    told = gist(explain(DRIFT, W), Teller())
    assert told == [
        "坐席问候", "来电人提出业务", "坐席答复", "来电人道谢或结束（业务已办完）", "来电人打听坐席私事×2",
        "坐席第 1 次引回正题", "来电人言语猥亵", "◄ 标记",
    ]  # fmt: skip
    assert ("Course: " + " → ".join(gist(explain(DRIFT, W), Teller("en")))) in "\n".join(
        timeline(DRIFT, Teller("en"), UTC, explain(DRIFT, W))
    )


@pytest.mark.parametrize(
    "between",
    [(), ("agent.refuse",), ("agent.inform", "caller.grievance"), ("agent.inform", "caller.threat", "agent.warn")],
)
def test_a_farewell_settles_nothing_that_was_not_answered_or_went_sour(between: tuple[str, ...]) -> None:
    rules = ("caller.business", *between, "caller.closing")
    heard = call(*(act(rule, 0.0, n) for n, rule in enumerate(rules)))
    assert gist(explain(heard, W), Teller())[-1] == "来电人道谢或结束"


ASKED = "已经给您登记了，请问还有其他需要吗"


@pytest.mark.parametrize(
    ("asked", "rule", "said", "settled"),
    [
        (ASKED, "caller.answer", "没有了", True),
        ("还有什么可以帮您", "caller.smalltalk", "嗯暂时没了，你们几点下班", True),
        ("还有别的吗", "caller.other", "不用了", True),
        (ASKED, "caller.answer", "有，再问一下积分", False),
        (ASKED, "caller.business", "没有收到短信", False),
        (ASKED, "caller.lewd", "没有，就想听你喘", False),
        ("请问您是本人吗", "caller.answer", "没有", False),
    ],
)
def test_a_no_to_the_question_whether_there_is_anything_else_settles_the_matter(
    asked: str, rule: str, said: str, settled: bool
) -> None:
    begins = (act("caller.business", -1.0, 1), act("agent.inform", 0.0, 2))
    heard = call(*begins, act("agent.ask", 0.0, 3, said=asked), act(rule, 0.0, 4, said=said))
    told = gist(explain(heard, W), Teller())
    assert told[-1].endswith("（业务已办完）") is settled
    ends = call(*heard.evidence, act("caller.closing", 0.0, 5))
    assert sum("业务已办完" in text for text in gist(explain(ends, W), Teller())) <= 1, "once"
    unanswered = call(begins[0], *heard.evidence[2:])
    assert "业务已办完" not in "".join(gist(explain(unanswered, W), Teller()))


def test_a_listed_word_that_flagged_the_call_stands_in_its_course_with_the_flag() -> None:
    """And whatever else did: silence, or what a recogniser took back."""
    teller = Teller(groups={"lewd.bed": ("露骨词", "lewd words")})
    word = EvidenceRow(2, "lewd.bed.1", Source.WORDS, Kind.LEWD, 9.0, "陪我睡觉", "")
    told = gist(explain(call(act("caller.business", -1.0, 1), word, act("caller.lewd", 2.0, 2)), W), teller)
    assert told == ["来电人提出业务", "露骨词 “陪我睡觉”", "◄ 标记", "来电人言语猥亵"]
    silent = call(EvidenceRow(9, "dialogue.silent", Source.DIALOGUE, Kind.SILENT, 9.0, "3", "3"))
    assert gist(explain(silent, W), teller) == ["询问 3 次均无人应答", "◄ 标记"]
    before = (act("caller.business", -9.0, 1), act("caller.lewd", 9.0, 2))
    back = call(*before, act("caller.business.withdrawn", 9.0, 3))
    assert gist(explain(back, W), teller)[-2:] == ["识别改正，撤回 “caller.busin…”", "◄ 标记"]


def test_a_call_that_was_told_once_it_was_over_says_so_at_the_end_of_its_course() -> None:
    made = DecisionRow(2, Verdict.HARASSMENT, Kind.LEWD, Treatment.NONE, 1.7, 1.0, False, False, "afterwards:lewd")
    heard = replace(call(act("caller.lewd", W.threshold - W.prior - 0.4, 1)), decisions=(made,))
    why = explain(heard, replace(W, afterwards=-1.0))
    assert gist(why, Teller()) == ["来电人言语猥亵", "◄ 通话结束后标记"]
    assert reasons(heard, why, Teller())[1] == "通话结束时在标记线以上。"


def test_what_a_caller_fools_around_with_is_named_by_its_kind() -> None:
    kinds = (Kind.MIMIC, Kind.BREATHING, Kind.PRANK)
    heard = call(*(replace(act("caller.absurd", 1.0, n), kind=kind) for n, kind in enumerate(kinds)))
    named = ["来电人学舌、唱歌或放录音", "来电人喘息或发怪声", "来电人胡闹或模仿"]
    assert gist(explain(heard, W), Teller()) == named
    for why in (explain(heard, W), None):
        told = "\n".join(moment.text for moment in moments(heard, Teller(), why))
        assert all(name in told for name in named)


def test_what_was_understood_and_when_it_tipped_stand_above_what_was_heard() -> None:
    told = timeline(DRIFT, Teller(), UTC, explain(DRIFT, W))
    first = next(n for n, line in enumerate(told) if line.startswith("经过："))
    assert told[first + 1] == "在第 8.00 秒越过标记线。"
    assert first < next(n for n, line in enumerate(told) if "[act." in line) and first <= 4
    assert not any(line.startswith(("经过：", "在第")) for line in timeline(DRIFT, Teller(), UTC))


def test_what_an_utterance_only_seemed_to_do_is_not_told_but_what_flagged_is() -> None:
    seemed = call(
        act("caller.other", 0.5, 1),
        act("caller.other.withdrawn", -0.5, 2),
        act("caller.business", -1.0, 2),
        act("caller.lewd", 9.0, 3),
        act("caller.lewd.withdrawn", -9.0, 4),
        act("caller.lewd", 9.5, 4),
    )
    why = explain(seemed, W)
    assert [(s.evidence.rule, s.evidence.at) for s in lasting(why)] == [
        ("act.caller.business", 2),
        ("act.caller.lewd", 3),
        ("act.caller.lewd", 4),
    ]
    assert why.tipped in lasting(why)


def test_the_story_of_a_call_tells_what_stood_in_the_end() -> None:
    seemed = call(
        act("caller.other", 0.5, 1),
        act("caller.lewd", 1.0, 1),
        act("caller.other.withdrawn", -0.5, 2),
        act("caller.other", 0.7, 2),
        EvidenceRow(3, "a.1", Source.WORDS, Kind.LEWD, 4.0, "…", ""),
        EvidenceRow(4, "a.1.withdrawn", Source.WORDS, Kind.LEWD, -4.0, "…", ""),
    )
    told = [line for line in timeline(seemed, Teller(), UTC) if line.endswith("]")]
    assert [(line.split()[1], line.split("[")[1]) for line in told] == [
        ("+1.0", "act.caller.lewd]"),
        ("+0.7", "act.caller.other]"),
    ]


def test_words_that_a_recogniser_took_back_are_told() -> None:
    word = EvidenceRow(1, "a.1", Source.WORDS, Kind.LEWD, 4.0, "…", "")
    back = EvidenceRow(2, "a.1.withdrawn", Source.WORDS, Kind.LEWD, -4.0, "…", "")
    assert len(lasting(explain(call(word, back), W))) == 2


def test_what_people_ordered_is_told_with_what_came_of_it() -> None:
    row = replace(call(), orders=(OrderRow(4.0, "line_fault", "wang", "too_late"),))
    assert "人工操作 wang · 线路故障：未执行，来电人正在转接或已离开" in "\n".join(timeline(row, Teller(), UTC))


@pytest.mark.parametrize(
    ("lang", "on", "over", "ends"),
    [
        ("zh", "进行中", "未判定", "结束方式 系统结束"),
        ("en", "in progress", "not judged", "End ended by Screener"),
    ],
)
def test_a_call_that_is_over_does_not_go_on(lang: Language, on: str, over: str, ends: str) -> None:
    running = replace(call(), verdict=None)
    ended = replace(running, ended_at=running.started_at, ended_by=EndedBy.SCREENER)
    assert on in timeline(running, Teller(lang), ZoneInfo("UTC"))[2]
    lines = timeline(ended, Teller(lang), ZoneInfo("UTC"))
    assert over in lines[2] and lines[-1] == ends


RULES = ("caller.lewd", "caller.personal", "caller.business")
happened = st.lists(
    st.tuples(st.sampled_from(RULES), st.booleans(), st.floats(-3, 6), st.floats(0, 60)), max_size=12
)


@given(happened)
def test_the_weights_that_are_told_add_up_to_the_scores(happened) -> None:
    """Also where the recogniser took something back after more was heard, and where a cap or a factor holds."""
    rows, up = [EvidenceRow(0.0, "time.night", Source.TIME, None, 9.0, "", "")], {rule: [] for rule in RULES}
    for rule, back, weight, at in happened:
        if back and up[rule]:
            weight = -up[rule].pop()
            rule += ".withdrawn"
        else:
            up[rule].append(weight)
        rows.append(act(rule, weight, at))
    why = explain(call(*rows), Weights(factor={"act.caller.lewd": 0.5}))
    told = [moment for moment in moments(call(*rows), Teller(), why) if moment.step]
    stands = why.prior
    for moment in told:
        stands += float(moment.text.split()[0])
        assert not moment.text.startswith("-0.0 ")
        assert moment.step.score == pytest.approx(stands, abs=0.06 * len(told))
    assert [m.at for m in told] == sorted(m.at for m in told)
    assert not told or told[-1].step.score == pytest.approx(why.steps[-1].score)


def test_a_score_is_told_with_the_kind_whose_threshold_it_is_held_against() -> None:
    told = timeline(DRIFT, Teller(), UTC, explain(DRIFT, W))
    assert any(line.endswith("猥亵") or "猥亵 ◄" in line for line in told)
