"""Recordings by SIPREC: a call begins once it is known who talks; nobody is moved for what another one said."""

from collections.abc import Callable

import pytest

from screener.calls.flags import Flags
from screener.calls.listened import ListenedCall
from screener.calls.recorded import WAIT_SECONDS, RecordingServer
from screener.events import (
    CallAnswered,
    CallEnded,
    EndedBy,
    Event,
    PartiesTold,
    RecognizerLost,
    Speaker,
    Target,
    Tick,
    TransferEnded,
)
from screener.ports import Destination, RecordingInfo
from screener.settings.sections import Siprec
from screener.siprec.metadata import Metadata, Participant, serialize
from screener.webhook.message import Disposition, FlagAnswer, FlagMessage
from tests.calls.fakes import FakeLeg, FakePool, decided, offered
from tests.siprec.offers import DRAFT, RFC

LABELS = ("16777227", "16777228")
"""Of `DRAFT`: the agent's stream, and the caller's, who made the call."""
MOVE = Destination(Target.ANALYSIS, "sip:analysis@pbx")


class FakeRecording(FakeLeg):
    """A recording session whose client says what a test says."""

    def __init__(self, labels: tuple[str, ...] = LABELS, metadata: str = "") -> None:
        super().__init__()
        self.said = RecordingInfo(labels, (True,) * len(labels), metadata.encode())
        self.taps: dict[int, tuple[object, Callable[[Event], None] | None]] = {}
        self.says: Callable[[RecordingInfo], None] = lambda _info: None

    def follow(self, changed: Callable[[RecordingInfo], None]) -> None:
        self.says = changed

    def tap(self, place: int, frames: object, events: Callable[[Event], None] | None) -> None:
        self.taps[place] = frames, events

    def happens(self, event: Event) -> None:
        """On whichever stream tells what happens."""
        (tells,) = [events for _, events in self.taps.values() if events]
        tells(event)

    def later(self, metadata: str) -> None:
        """The client sends its metadata by a re-INVITE."""
        self.says(RecordingInfo(self.said.labels, self.said.active, metadata.encode()))


class Bench:
    """A recording server, and another system that takes note of flags."""

    def __init__(self, *, flags: bool = True, **settings: object) -> None:
        self.offers, self.events, self.pool = list[ListenedCall](), list[Event](), FakePool()
        self.sent: list[FlagMessage] = []
        self.flags = Flags(self) if flags else None
        self.server = RecordingServer(Siprec(**settings), self.pool, self._offer, self.flags)  # type: ignore[arg-type]

    def post(self, flag: FlagMessage, answered: Callable[[FlagAnswer], None]) -> None:
        self.sent.append(flag)
        answered(FlagAnswer(Disposition.MOVED))

    def _offer(self, call: ListenedCall) -> None:
        call.call_id = "a"
        call.subscribe(self.events.append)
        self.offers.append(call)

    def take(self, recording: FakeRecording) -> FakeRecording:
        self.server.attach(recording)  # type: ignore[arg-type]
        return recording

    def flagged(self) -> list[Event]:
        """The judgement flags the call and wants the caller moved; what the session hears of it."""
        assert self.flags is not None
        item = decided()
        self.flags.observe("a", offered(), item, 3.0)
        self.sent.clear()
        self.events.clear()
        self.offers[0].transfer(MOVE)
        return self.events


def figure(server: RecordingServer, name: str) -> float:
    return next(sample.value for sample in server.samples() if sample.name == name)


@pytest.fixture
def one() -> Bench:
    return Bench()


def test_a_recording_whose_client_says_who_talks_is_a_call_at_once(one: Bench) -> None:
    recording = one.take(FakeRecording(metadata=DRAFT))
    assert recording.asked == ["answer"]
    recording.tell(CallAnswered(0.0))
    (call,) = one.offers
    assert (call.parties.number, call.parties.agent, call.parties.uniqueid) == ("13900001111", "8001", "sess==")
    assert one.events == [CallAnswered(0.0)]
    call.listen(frames := lambda _pcm, _at: None)
    (agent,) = one.pool.open_voices
    assert {place: taken for place, (taken, _) in recording.taps.items()} == {0: agent.feed, 1: frames}
    assert [place for place, (_, events) in recording.taps.items() if events] == [1], "the caller's stream tells"


def test_what_the_client_says_later_is_waited_for_a_moment(one: Bench) -> None:
    recording = one.take(FakeRecording())
    recording.tell(CallAnswered(0.0))
    recording.happens(Tick(WAIT_SECONDS - 0.2))
    assert one.offers == []
    recording.later(DRAFT)
    recording.happens(Tick(WAIT_SECONDS))
    assert [call.parties.agent for call in one.offers] == ["8001"]


def test_of_whom_nothing_is_ever_said_the_call_begins_all_the_same(one: Bench) -> None:
    recording = one.take(FakeRecording())
    recording.tell(CallAnswered(0.0))
    recording.happens(Tick(WAIT_SECONDS))
    assert [call.parties.number for call in one.offers] == [""]
    recording.happens(Tick(9.0))
    assert len(one.offers) == 1


OF_RFC = ("1", "2")
"""Labels of `RFC`: the caller's stream, and the agent's."""
ANOTHER_AGENT = serialize(
    Metadata(
        complete=False,
        participants=(Participant("pc", "sip:8002@example.org"),),
        sends={"pc": ("sb",)},
        left=frozenset({"pb"}),
    )
).decode()
ANOTHER_CALL = RFC.replace("13900001111", "13700002222").replace("00FA", "00FB")


def late(one: Bench, *metadata: str, labels: tuple[str, ...] = OF_RFC) -> list[PartiesTold]:
    """What a call hears whose client says who talks after it has begun."""
    recording = one.take(FakeRecording(labels))
    recording.tell(CallAnswered(0.0))
    recording.happens(Tick(WAIT_SECONDS))
    for document in metadata:
        recording.later(document)
    return [event for event in one.events if isinstance(event, PartiesTold)]


def test_who_talks_counts_from_the_moment_when_it_is_said() -> None:
    one = Bench(agents=("8*",))
    guessed, named, moved = late(one, RFC, ANOTHER_AGENT)
    assert (guessed.caller.number, guessed.agent, guessed.uniqueid) == ("", "", "")
    assert (named.caller.number, named.agent, named.uniqueid, named.linkedid) == (
        *("13900001111", "8001"),
        *("00FA", "00FA"),
    )
    assert (moved.caller.number, moved.agent, moved.uniqueid) == ("13900001111", "8002", "00FA")
    assert one.offers[0].parties.agent == "8002"


def test_what_a_further_word_leaves_out_stays_and_another_call_is_not_this_one() -> None:
    one = Bench(agents=("8*",))
    nobody = serialize(Metadata(complete=True)).decode()
    withheld = ANOTHER_CALL.replace("13700002222@", "@")
    *_, named = late(one, RFC, RFC, nobody, ANOTHER_CALL, withheld)
    assert (named.caller.number, named.uniqueid) == ("13900001111", "00FA"), "said once, and never taken back"
    assert (one.offers[0].parties.number, one.offers[0].parties.uniqueid) == ("13900001111", "00FA")


@pytest.mark.parametrize(
    ("labels", "metadata", "apart"),
    [
        (OF_RFC, (), ["order"]),
        (("1",), (), ["mixed"]),
        (OF_RFC, (RFC,), ["order", "agents"]),
        (OF_RFC, (RFC, RFC), ["order", "agents"]),
        (("1",), (RFC.replace("</label>", "</label><mode>mixed</mode>"),), ["mixed"]),
        (("a_leg", "b_leg"), (), []),
        (("a_leg", "b_leg"), (RFC.replace("</label>", "</label><mode>mixed</mode>"),), ["mixed"]),
    ],
)
def test_a_call_is_told_by_what_its_voices_are_told_apart_where_people_should_know(
    labels: tuple[str, ...], metadata: tuple[str, ...], apart: list[str]
) -> None:
    one = Bench(agents=("8*",), caller_label="a_leg", agent_label="b_leg")
    assert [told.apart for told in late(one, *metadata, labels=labels) if told.apart] == apart


def test_voices_that_become_known_later_are_heard_and_one_that_is_gone_is_said() -> None:
    one = Bench(agents=("8*",), caller_label="a_leg")
    late(one, RFC.replace("<label>1</label>", "<label>9</label>"), labels=("2",))
    assert [voice.speaker for voice in one.pool.open_voices] == [Speaker.AGENT]
    assert [event.reason for event in one.events if isinstance(event, RecognizerLost)] == [
        "no stream of the recording is the caller's"
    ]


def test_where_the_other_system_can_it_is_asked_to_move_the_caller(one: Bench) -> None:
    one.take(FakeRecording(metadata=DRAFT)).tell(CallAnswered(0.0))
    assert one.flagged()[0] == TransferEnded(Target.ANALYSIS, ok=True, status=200, at=0.0)
    assert [sent.act for sent in one.sent] == ["analysis_queue"]


def test_for_what_one_stream_of_both_says_nobody_is_moved(one: Bench) -> None:
    recording = one.take(FakeRecording(labels=("1",)))
    recording.tell(CallAnswered(0.0))
    recording.happens(Tick(WAIT_SECONDS))
    assert one.flagged() == [TransferEnded(Target.ANALYSIS, ok=False, status=503, at=WAIT_SECONDS)]
    assert [sent.act for sent in one.sent] == [""], "told, and nothing is asked for"


def test_without_another_system_nobody_is_moved() -> None:
    one = Bench(flags=False)
    one.take(FakeRecording(metadata=DRAFT)).tell(CallAnswered(0.0))
    one.events.clear()
    one.offers[0].transfer(MOVE)
    assert one.events == [TransferEnded(Target.ANALYSIS, ok=False, status=503, at=0.0)]


def test_a_recording_without_the_caller_s_stream_is_a_call_that_nobody_hears() -> None:
    one = Bench(agent_label="1")
    one.take(FakeRecording(labels=("1",), metadata=RFC)).tell(CallAnswered(0.0))
    assert [type(event) for event in one.events] == [CallAnswered, RecognizerLost]
    assert [voice.speaker for voice in one.pool.open_voices] == [Speaker.AGENT]


def test_metadata_that_cannot_be_read_are_counted_and_the_recording_is_taken(one: Bench) -> None:
    recording = one.take(FakeRecording(metadata="<recording"))
    assert recording.asked == ["answer"]
    assert figure(one.server, "recordings_unreadable_total") == 1


def test_there_are_no_more_at_once_than_the_settings_say_and_an_end_makes_room() -> None:
    one = Bench(max_calls=1)
    first = one.take(FakeRecording(metadata=DRAFT))
    assert one.take(FakeRecording()).asked == ["reject 503"]
    assert (figure(one.server, "recordings"), figure(one.server, "recordings_refused_total")) == (1, 1)
    first.tell(CallEnded(EndedBy.CALLER, 2.0))
    assert one.take(FakeRecording()).asked == ["answer"]


@pytest.mark.parametrize(
    ("by", "told"),
    [(EndedBy.CALLER, EndedBy.CALLER), (EndedBy.FAULT, EndedBy.FAULT), (EndedBy.AGENT, EndedBy.FAULT)],
)
def test_the_end_of_a_recording_is_the_end_of_its_call(one: Bench, by: EndedBy, told: EndedBy) -> None:
    recording = one.take(FakeRecording(metadata=DRAFT))
    recording.tell(CallAnswered(0.0))
    recording.tell(CallEnded(by, 4.0))
    assert one.events[-1] == CallEnded(told, 0.0)
    assert "logged" not in recording.asked, "until it is written down"
    one.offers[0].logged()
    assert recording.asked[-1] == "logged"


def test_the_end_of_one_that_became_no_call_is_answered_at_once_and_begins_none(one: Bench) -> None:
    recording = one.take(FakeRecording())
    recording.tell(CallAnswered(0.0))
    recording.tell(CallEnded(EndedBy.CALLER, 1.0))
    assert recording.asked == ["answer", "logged"]
    recording.happens(Tick(WAIT_SECONDS))
    assert one.offers == []


def test_nobody_hears_a_recording_server(one: Bench) -> None:
    one.take(FakeRecording(metadata=DRAFT)).tell(CallAnswered(0.0))
    one.offers[0].play([])
    assert not one.events[-1].sent
