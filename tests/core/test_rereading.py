"""A flag that waits for a second reading: confirmed, taken back, or left as it was when nothing comes in time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.actions import Decided, ReadAgain, Transfer
from screener.core.evidence import Verdict
from screener.core.flow import Flow
from screener.core.rereading import CLEARED, CONFIRMED, MOST_READINGS, UNREAD
from screener.events import CallControl, Entrance, Ordered, Reread, Transcript
from screener.speech.pinyin import syllables
from tests.core.helpers import LISTED, Line, offer, said

SECONDS = 2.0
BUSINESS = "我想查一下我的订单"


def line(entrance: Entrance = Entrance.IN_PATH, **changes) -> Line:
    flow = replace(Flow(second_seconds=SECONDS), **changes)
    made = Line(flow, offered=offer(entrance=entrance, agent="8001"))
    return made.begin()


def asked(made: Line) -> list[ReadAgain]:
    return made.of(ReadAgain)


def heard(first: Transcript, text: str) -> Transcript:
    return replace(first, text=text, syllables=syllables(text))


def answer(made: Line, *texts: str) -> None:
    first = asked(made)[-1].said
    made.give(Reread(tuple(heard(t, text) for t, text in zip(first, texts, strict=True)), made.at))


def verdicts(made: Line) -> list[Verdict]:
    return [decision.verdict for decision in made.decisions]


def readings(made: Line) -> list[str]:
    return [e.rule for e in made.evidence if e.rule.startswith("reading.")]


@pytest.mark.parametrize("entrance", [Entrance.IN_PATH, Entrance.BESIDE])
class TestAFlag:
    def test_it_waits_and_is_confirmed(self, entrance: Entrance):
        made = line(entrance).say(LISTED)
        assert [t.text for t in asked(made)[-1].said] == [LISTED]
        assert not made.decisions
        answer(made, LISTED)
        assert verdicts(made)[0] is Verdict.HARASSMENT
        assert readings(made) == [CONFIRMED]
        found = next(e for e in made.decisions[0].assessment.evidence if e.rule == CONFIRMED)
        assert (found.span, found.weight) == (LISTED, 0.0)

    def test_it_is_taken_back_and_the_call_goes_on(self, entrance: Entrance):
        made = line(entrance).say(LISTED)
        answer(made, BUSINESS)
        assert Verdict.HARASSMENT not in verdicts(made)
        assert readings(made) == [CLEARED]
        assert any(e.rule == "lewd.listed.1.withdrawn" for e in made.evidence)
        made.wait(3.0)
        assert Verdict.HARASSMENT not in verdicts(made)
        assert len(asked(made)) == 1

    def test_nothing_in_time_and_the_first_reading_stands(self, entrance: Entrance):
        made = line(entrance).say(LISTED)
        begun = made.when(ReadAgain)
        made.wait(SECONDS + 0.5)
        assert verdicts(made)[0] is Verdict.HARASSMENT
        assert SECONDS <= made.when(Decided) - begun <= SECONDS + 0.3
        assert readings(made) == [UNREAD]

    def test_what_cannot_be_read_stands_at_once(self, entrance: Entrance):
        made = line(entrance).say(LISTED)
        made.give(Reread((), made.at))
        assert verdicts(made)[0] is Verdict.HARASSMENT

    def test_it_is_off_by_default(self, entrance: Entrance):
        made = line(entrance, second_seconds=0.0).say(LISTED)
        assert not asked(made)
        assert verdicts(made)[0] is Verdict.HARASSMENT

    def test_a_word_after_a_flag_was_taken_back_is_asked_about_anew(self, entrance: Entrance):
        made = line(entrance, listen_seconds=60.0).say(LISTED)
        answer(made, "嗯嗯")
        made.say(LISTED)
        assert len(asked(made)) == 2
        answer(made, *[LISTED] * len(asked(made)[-1].said))
        assert verdicts(made)[-1] is Verdict.HARASSMENT

    def test_it_ends_while_it_waits_and_the_flag_is_logged(self, entrance: Entrance):
        made = line(entrance).say(LISTED)
        made.end()
        assert verdicts(made) == [Verdict.HARASSMENT]

    def test_a_late_answer_changes_nothing(self, entrance: Entrance):
        made = line(entrance).say(LISTED).wait(SECONDS + 0.5)
        before = list(made.decisions)
        answer(made, BUSINESS)
        assert made.decisions == before


def test_a_reading_never_raises_a_flag():
    made = line().say("喂你好")
    made.give(Reread((said(LISTED, made.at),), made.at))
    made.wait(1.0)
    assert Verdict.HARASSMENT not in verdicts(made)


def test_a_person_decides_while_it_waits():
    made = line(Entrance.BESIDE).say(LISTED)
    made.give(Ordered(CallControl.AGENTS, "wang", made.at))
    answer(made, LISTED)
    assert verdicts(made) == [Verdict.GENUINE]
    assert not made.of(Transfer)


def test_partials_of_an_utterance_that_was_read_do_not_flag_again():
    made = line()
    partial = said(LISTED, 2.0, final=False)
    made.wait(2.0)
    made.give(partial)
    made.wait(0.5)
    made.give(replace(partial, end=2.4))  # a pause: what may yet be covered counts
    answer(made, "培我水")
    made.give(replace(partial, text=LISTED + "啊", syllables=syllables(LISTED + "啊"), end=2.5))
    assert len(asked(made)) == 1
    made.give(replace(partial, final=True, end=2.6))  # its final may
    assert len(asked(made)) == 2


def test_so_often_and_then_the_first_reading_stands():
    made = line(Entrance.BESIDE)
    for _ in range(MOST_READINGS + 1):
        made.say(LISTED)
        if made.decisions:
            break
        answer(made, *["嗯嗯"] * len(asked(made)[-1].said))
    assert len(asked(made)) == MOST_READINGS
    assert verdicts(made)[0] is Verdict.HARASSMENT


@given(st.lists(st.sampled_from([LISTED, BUSINESS, "你好", "嗯"]), min_size=1, max_size=6), st.data())
def test_it_only_ever_takes_back(texts, data):
    """Whoever is flagged with a second reading would have been without one, at the latest then."""
    first, second = line(Entrance.BESIDE, second_seconds=0.0), line(Entrance.BESIDE)
    for text in texts:
        first.say(text)
        second.say(text)
        if second.session._waits:
            answer(second, *[data.draw(st.sampled_from([LISTED, "嗯"])) for _ in asked(second)[-1].said])
    flagged = Verdict.HARASSMENT in verdicts(second)
    assert not flagged or Verdict.HARASSMENT in verdicts(first)
