"""Graded warnings: who may bring one about, what counts as heard, and what it takes before a call is ended."""

from dataclasses import replace

import pytest

from screener.core.actions import Misconduct, PauseOffered, Prompt, Warned, WarningStep
from screener.core.dialogue_acts import Act
from screener.core.evidence import Reason, Treatment, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.core.warnings import ENDING, Warnings
from screener.events import CallControl, Entrance, Ordered, PlaybackEnded
from tests.core.helpers import Line, lexicon, offer, plain
from tests.core.plain import Always

ALL = ("agent", "supervisor", "rule")


def beside(pause: float = 0.0, **warnings) -> Line:
    settings = Warnings(**{"by": ALL} | warnings)
    return Line(Flow(warnings=settings, pause_seconds=pause), offered=offer(entrance=Entrance.BESIDE)).begin()


def steps(line: Line) -> list[tuple[int, WarningStep]]:
    return [(w.level, w.step) for w in line.of(Warned)]


def insult(line: Line, times: int = 1) -> Line:
    for _ in range(times):
        line.say("你这个废物")
    return line.wait(1)


def complain(line: Line) -> Line:
    return line.say("我要投诉没人处理退款")


def order(line: Line, act: CallControl, by: str = "王主管") -> Line:
    line.give(Ordered(act, by, line.at))
    return line


def test_nothing_of_it_happens_unless_the_site_wants_it() -> None:
    line = insult(complain(Line(offered=offer(entrance=Entrance.BESIDE)).begin()), 4)
    order(line, CallControl.WARN).wait(1500).end()
    assert not line.of(Warned)
    assert not line.played
    assert not line.of(PauseOffered)


def test_the_rule_asks_after_as_many_offences_as_the_site_says_and_a_person_grants() -> None:
    line = insult(complain(beside(offences=2)))
    assert not line.of(Warned)
    insult(line)
    asked = line.of(Warned)[-1]
    assert (asked.kind, asked.level, asked.step, asked.by) == (Misconduct.ABUSE, 1, WarningStep.ASKED, "rule")
    assert not line.played, "nobody has granted it"
    order(line, CallControl.APPROVE).wait(3)
    assert line.played == [Prompt.WARNING_ABUSE_1]
    assert steps(line) == [
        (1, WarningStep.ASKED),
        (1, WarningStep.GRANTED),
        (1, WarningStep.BEGUN),
        (1, WarningStep.HEARD),
    ]
    assert line.of(Warned)[1].by == "王主管"
    assert line.of(Warned)[2].said, "the log says what the recording says"


def test_what_was_refused_or_not_answered_leads_to_nothing_until_it_is_said_again() -> None:
    line = order(insult(complain(beside()), 2), CallControl.REFUSE).wait(30)
    assert steps(line) == [(1, WarningStep.ASKED), (1, WarningStep.REFUSED)]
    insult(line, 2).wait(61)
    assert steps(line)[2:] == [(1, WarningStep.ASKED), (1, WarningStep.LAPSED)]
    assert not line.played


def test_an_agents_button_needs_no_approval_and_the_level_follows_from_what_was_heard() -> None:
    line = order(complain(beside()), CallControl.WARN, "8001").wait(3)
    assert line.played == [Prompt.WARNING_ABUSE_1]
    assert {w.by for w in line.of(Warned)} == {"8001"}
    order(line, CallControl.WARN, "8001").wait(3)
    assert line.played[-1] is Prompt.WARNING_ABUSE_2


def test_words_that_are_lewd_have_their_own_recording() -> None:
    line = beside(approve="nobody", offences=1)
    line.say("我要投诉没人处理退款").say("你穿裙子吗").wait(4)
    assert line.played == [Prompt.WARNING_LEWD_1]


def test_a_recording_that_could_not_be_sent_counts_for_nothing() -> None:
    line = order(beside(), CallControl.WARN)
    line.give(PlaybackEnded(line.at, sent=False))
    order(line.wait(1), CallControl.WARN)
    assert [w.level for w in line.of(Warned) if w.step is WarningStep.BEGUN] == [1, 1]
    assert (1, WarningStep.UNHEARD) in steps(line)


def test_a_call_ends_only_after_every_level_was_heard_another_offence_and_a_persons_word() -> None:
    line = complain(beside(levels=2, then="terminate"))
    for act in (CallControl.APPROVE, CallControl.APPROVE):
        order(insult(line.wait(11), 2), act).wait(5)
    assert line.played == [Prompt.WARNING_ABUSE_1, Prompt.WARNING_ABUSE_2]
    assert not line.transfers
    line.wait(20)
    assert steps(line)[-1] == (2, WarningStep.HEARD), "without another offence nothing more is asked"
    insult(line)
    assert steps(line)[-1] == (ENDING, WarningStep.ASKED)
    assert not line.transfers
    order(line, CallControl.APPROVE).wait(1)
    assert line.transfers == ["terminate"]
    last = line.decisions[-1]
    assert (last.verdict, last.treatment, last.reason) == (
        Verdict.ABUSIVE_COMPLAINT,
        Treatment.TERMINATE,
        Reason.WARNED.of(2),
    )
    assert [t.treatment for t in line.treated] == [Treatment.TERMINATE] * 2


def test_the_next_warning_leaves_time_to_mend_ones_ways() -> None:
    line = order(insult(complain(beside(interval_seconds=30.0)), 2), CallControl.APPROVE).wait(3)
    insult(line, 2)
    assert steps(line)[-1] == (1, WarningStep.HEARD)
    insult(line.wait(30))
    assert steps(line)[-1] == (2, WarningStep.ASKED)


@pytest.mark.parametrize(("then", "went"), [("supervisor", ["supervisor"]), ("nothing", [])])
def test_what_follows_the_last_level_is_the_sites(then: str, went: list[str]) -> None:
    line = order(complain(beside(levels=1, then=then)), CallControl.WARN).wait(20)
    order(insult(line, 2), CallControl.APPROVE).wait(1)
    assert line.transfers == went


def test_where_nobody_is_asked_the_rule_goes_on_by_itself() -> None:
    line = complain(beside(approve="nobody", levels=1, offences=1))
    insult(insult(line).wait(15)).wait(1)
    assert line.played == [Prompt.WARNING_ABUSE_1]
    assert line.transfers == ["supervisor"]


def test_an_emergency_is_never_warned() -> None:
    line = insult(complain(beside(approve="nobody", offences=1)).say("救命啊着火了"), 3)
    order(line, CallControl.WARN)
    assert not line.of(Warned)


def talk(line: Line, text: str, until: float) -> Line:
    while line.at < until and line.up:
        line.say(text).wait(3)
    return line


def idle(entrance: Entrance, judgement: Judgement | None = None) -> Line:
    """A site with a notice at 15 minutes and an end at 20; in path it listens for longer than that."""
    warnings = Warnings(by=("rule",), notice_seconds=900.0, end_seconds=1200.0, approve="nobody")
    flow = Flow(warnings=warnings, listen_seconds=3600.0, steer_prompts=0)
    return Line(flow, judgement or plain(), offer(entrance=entrance)).begin()


@pytest.mark.parametrize("entrance", [Entrance.BESIDE, Entrance.IN_PATH])
def test_a_call_without_a_matter_is_noticed_and_then_ended(entrance: Entrance) -> None:
    line = talk(idle(entrance), "今天天气不错", 890)
    assert Prompt.IDLE_NOTICE not in line.played
    talk(line, "天气不错", 1190)
    assert line.played[-1] is Prompt.IDLE_NOTICE
    assert line.up
    assert not line.transfers
    talk(line, "天气不错", 1300)
    if entrance is Entrance.BESIDE:
        assert line.transfers == ["terminate"]
    else:
        assert line.played[-1] is Prompt.TERMINATE
    assert not line.up
    assert 1200 <= line.at < 1220
    assert {(w.kind, w.by) for w in line.of(Warned)} == {(Misconduct.IDLE, "rule")}
    noticed = [WarningStep.ASKED, WarningStep.GRANTED, WarningStep.BEGUN, WarningStep.HEARD]
    assert steps(line) == [*((1, s) for s in noticed), (ENDING, WarningStep.ASKED), (ENDING, WarningStep.GRANTED)]
    assert (line.decisions[-1].treatment, line.decisions[-1].reason) == (Treatment.TERMINATE, Reason.IDLE)


def test_who_opens_the_call_again_and_again_has_no_matter() -> None:
    judgement = replace(plain(), lexicon=lexicon(), acts=Always(Act.BUSINESS))
    line = talk(idle(Entrance.BESIDE, judgement), "喂你好我想咨询一下", 1300)
    assert line.played == [Prompt.IDLE_NOTICE]
    assert line.transfers == ["terminate"]


def test_a_call_with_a_matter_may_last() -> None:
    line = talk(idle(Entrance.BESIDE), "我想查一下话费", 1400)
    assert line.up
    assert not line.of(Warned)
    assert not line.played


def test_in_path_a_caller_with_a_matter_is_an_agents_long_before() -> None:
    line = talk(idle(Entrance.IN_PATH), "我想查一下话费", 1400)
    assert line.transfers == ["agents"]
    assert not line.of(Warned)


def test_who_answers_about_a_call_without_a_matter_is_not_asked_again() -> None:
    line = talk(beside(notice_seconds=300.0, end_seconds=600.0), "今天天气不错", 320)
    order(line, CallControl.REFUSE)
    talk(line, "天气不错", 900)
    assert steps(line) == [(1, WarningStep.ASKED), (1, WarningStep.REFUSED)]


def test_in_path_a_person_can_warn_and_the_caller_is_heard_on() -> None:
    line = Line(Flow(warnings=Warnings(by=ALL))).begin().wait(4).say("今天天气不错")
    order(line, CallControl.WARN).wait(3)
    assert line.played[-1] is Prompt.WARNING_ABUSE_1
    assert line.listening
    assert steps(line) == [(1, WarningStep.BEGUN), (1, WarningStep.HEARD)]


def test_in_path_the_one_word_before_a_supervisor_is_logged_too() -> None:
    line = Line().begin().wait(2).say("我要投诉你们乱扣费没人处理你这个废物").wait(0.1).say("废物").wait(5)
    assert line.played[-1] is Prompt.WARNING
    assert steps(line) == [(1, WarningStep.BEGUN), (1, WarningStep.HEARD)]
    assert line.transfers == ["supervisor"]


def test_after_an_abusive_call_the_agent_is_offered_a_pause() -> None:
    assert insult(complain(beside(pause=300.0)), 3).end().of(PauseOffered)[0].seconds == 300.0
    assert not complain(beside(pause=300.0)).end().of(PauseOffered)
