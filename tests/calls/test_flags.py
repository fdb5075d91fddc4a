"""The other system is told of urgent decisions about calls that it has, and asked to move their callers."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from screener.calls.flags import Flags
from screener.calls.listened import MoveOutcome
from screener.core.evidence import Treatment, Verdict
from screener.events import CallEnded, Caller, EndedBy, PartiesTold, Target
from screener.ports import Destination
from screener.webhook.message import Disposition, FlagAnswer, FlagMessage
from tests.calls.fakes import decided, offered

OFFER = offered(agent="8001", queue="sales", uniqueid="17.1")
QUEUE = Destination(Target.ANALYSIS, "sip:analysis@pbx")
END = CallEnded(EndedBy.CALLER, 9.0)


MOVED = FlagAnswer(Disposition.MOVED)


class Post:
    """Another system that answers as it is told."""

    def __init__(self, answer: FlagAnswer = MOVED) -> None:
        self.answer, self.sent = answer, list[FlagMessage]()

    def post(self, flag: FlagMessage, answered: Callable[[FlagAnswer], None]) -> None:
        self.sent.append(flag)
        answered(self.answer)


def flags(post: Post, *items: object, follow: bool = True) -> Flags:
    made = Flags(post)
    if follow:
        made.follow("a")
    for item in items:
        made.observe("a", OFFER, item, 3.0)  # type: ignore[arg-type]
    return made


def asked(made: Flags) -> list[MoveOutcome]:
    outcomes: list[MoveOutcome] = []
    made.ask("a", QUEUE, outcomes.append)
    return outcomes


def test_a_flag_that_asks_for_nothing_is_told_at_once_and_one_that_treats_waits_for_its_move() -> None:
    told, waits = Post(), Post()
    flags(told, decided(treatment=Treatment.NONE))
    made = flags(waits, decided(treatment=Treatment.ANALYSIS_QUEUE))
    assert [(one.verdict, one.act, one.to) for one in told.sent] == [("harassment", "", "")]
    assert waits.sent == []
    assert asked(made) == [MoveOutcome(moved=True)]
    (sent,) = waits.sent
    assert (sent.act, sent.to) == ("analysis_queue", "sip:analysis@pbx")
    assert (sent.call, sent.session, sent.agent, sent.queue) == ("a", "17.1", "8001", "sales")
    assert (sent.number, sent.kind, sent.at) == ("+8613900001111", "lewd", 3.0)


@pytest.mark.parametrize("verdict", [Verdict.GENUINE, Verdict.COMPLAINT, Verdict.UNDECIDED])
def test_what_is_not_urgent_is_nobody_s_business(verdict: Verdict) -> None:
    post = Post()
    made = flags(post, decided(verdict))
    made.tell("a")
    assert post.sent == []
    assert asked(made) == [MoveOutcome(moved=False)]


def test_an_abusive_complaint_is_told() -> None:
    post = Post()
    flags(post, decided(Verdict.ABUSIVE_COMPLAINT))
    assert [one.verdict for one in post.sent] == ["abusive_complaint"]


def test_a_call_that_nobody_follows_and_one_that_is_over_are_never_told() -> None:
    post = Post()
    assert asked(flags(post, decided(), follow=False)) == [MoveOutcome(moved=False)]
    over = flags(post, decided(treatment=Treatment.TERMINATE), END, decided())
    over.tell("a")
    assert asked(over) == [MoveOutcome(moved=False)]
    assert post.sent == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (FlagAnswer(Disposition.MOVED), MoveOutcome(moved=True)),
        (FlagAnswer(Disposition.STAYS, "王主管"), MoveOutcome(moved=False)),
        (FlagAnswer(Disposition.GENUINE, "王主管"), MoveOutcome(moved=False, genuine="王主管")),
    ],
)
def test_what_the_other_system_decides_becomes_of_the_move(answer: FlagAnswer, outcome: MoveOutcome) -> None:
    assert asked(flags(Post(answer), decided(treatment=Treatment.TERMINATE))) == [outcome]


def test_nobody_is_asked_for_what_is_no_act_of_a_flag() -> None:
    post, outcomes = Post(), list[MoveOutcome]()
    made = flags(post, decided(treatment=Treatment.TERMINATE))
    made.ask("a", Destination(Target.SUPERVISOR, "sip:boss@pbx"), outcomes.append)
    assert (outcomes, post.sent) == ([MoveOutcome(moved=False)], [])


def test_who_talks_now_is_what_is_told_also_where_it_was_said_after_the_flag() -> None:
    post = Post()
    made = flags(post, decided(treatment=Treatment.TERMINATE))
    now = replace(OFFER, caller=Caller("+8613700002222"), agent="8002", uniqueid="17.2")
    made.observe("a", now, PartiesTold(now.caller, "8002", "17.2", "17.2", 4.0), 4.0)
    asked(made)
    (sent,) = post.sent
    assert (sent.number, sent.agent, sent.session) == ("+8613700002222", "8002", "17.2")


def test_the_newest_decision_is_what_is_told_and_each_message_has_its_own_name() -> None:
    post = Post()
    made = flags(post, decided(Verdict.ABUSIVE_COMPLAINT), decided(treatment=Treatment.TERMINATE))
    made.tell("a")
    made.tell("a")
    assert [one.verdict for one in post.sent] == ["abusive_complaint", "harassment", "harassment"]
    assert len({one.id for one in post.sent}) == 3
