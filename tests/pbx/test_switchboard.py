"""The hand at the PBX does nothing to a call because of what a caller wrote."""

from collections.abc import Callable, Mapping

from hypothesis import given, settings

from screener.conversations.ongoing import Conversation
from screener.events import EndedBy
from screener.pbx import wire
from screener.pbx.ami import AmiResponse
from screener.pbx.switchboard import Switchboard
from screener.settings.sections import Pbx
from tests.pbx.shapes import Talk, said
from tests.pbx.test_wire import CALLER_TEXT, newchannel

SECRET = "of-events"
TALK = Talk(caller_id="17.1", agent_id="17.2")


class Asked:
    """An Asterisk with one conversation, which keeps what it is asked to do."""

    def __init__(self, up: list[dict[str, str]]) -> None:
        self.up = up
        self.acts: list[str] = []
        self.last: Mapping[str, str] = {}

    def ask(
        self, action: Mapping[str, str], done: Callable[[AmiResponse], None] | None = None, *, or_not: str = ""
    ) -> None:
        if action["Action"] != "Status":
            self.acts.append(action["Action"])
            self.last = action
            reply = AmiResponse(ok=True, message="done")
        else:
            found = [one for one in self.up if action.get("Channel", one["Channel"]) == one["Channel"]]
            parts = tuple({name.lower(): value for name, value in one.items()} for one in found)
            reply = AmiResponse(bool(parts), or_not if not parts else "", parts)
        if done:
            done(reply)

    def call(self, what: Callable[[], object]) -> None:
        what()


class Ears:
    """Who is told."""

    def __init__(self) -> None:
        self.ends: list[EndedBy] = []
        self.begun_calls = self.backs = 0

    def begun(self, _conversation: Conversation) -> None:
        self.begun_calls += 1

    def deaf(self, _conversation: Conversation, _reason: str) -> None: ...

    def over(self, _conversation: Conversation, by: EndedBy) -> None:
        self.ends.append(by)

    def taken_back(self, _agent: str, _linkedid: str) -> None:
        self.backs += 1


def bench() -> tuple[Switchboard, Asked, Ears]:
    """A conversation is going on and listened to."""
    ears, asked = Ears(), Asked(TALK.statuses())
    board = Switchboard(Pbx(event_secret=SECRET), "beside", ears)
    board._ami = asked  # type: ignore[assignment]
    tell(board, wire.serialize(TALK.connect()))
    assert (ears.begun_calls, asked.acts) == (1, ["Originate", "Originate"])
    asked.acts.clear()
    return board, asked, ears


def tell(board: Switchboard, data: bytes) -> None:
    for fields in wire.AmiFramer().feed(data):
        board._event(fields)


@given(CALLER_TEXT, CALLER_TEXT)
@settings(max_examples=200)
def test_nothing_that_a_caller_writes_moves_ends_or_begins_a_call(number: str, name: str) -> None:
    board, asked, ears = bench()
    tell(board, wire.serialize(newchannel(number, name)))
    whole = [TALK.hangup(), TALK.hangup("agent"), Talk("PJSIP/x-1", "PJSIP/y-1", "9.1", "9.2").connect()]
    whole += [said(event, "agent1", "guessed", "17.1") for event in ("ScreenerFlag", "ScreenerTakeBack")]
    for event in whole:  # what no number has room for, in a shape that is perfect
        tell(board, wire.serialize(newchannel(f"1\r\n\r\n{wire.serialize(event).decode()}", "")))
        tell(board, wire.serialize(event))
    assert asked.acts == []
    assert (ears.ends, ears.begun_calls, ears.backs) == ([], 1, 0)


def test_what_is_true_is_believed() -> None:
    board, asked, ears = bench()
    tell(board, wire.serialize(said("ScreenerTakeBack", "agent1", SECRET)))
    tell(board, wire.serialize(said("ScreenerFlag", "agent1", SECRET, "17.1")))
    assert (ears.backs, asked.acts) == (1, ["Setvar", "Redirect"])
    asked.up.clear()
    tell(board, wire.serialize(TALK.hangup("agent")))
    assert ears.ends == [EndedBy.AGENT]


def test_a_channel_that_hangs_up_while_it_is_asked_about_is_over() -> None:
    ears, asked = Ears(), Asked(TALK.statuses())
    board = Switchboard(Pbx(event_secret=SECRET), "beside", ears)
    waiting: list[Callable[[], None]] = []
    plain = asked.ask

    def late(
        action: Mapping[str, str], done: Callable[[AmiResponse], None] | None = None, *, or_not: str = ""
    ) -> None:
        plain(action, (lambda reply: waiting.append(lambda: done(reply))) if done else None, or_not=or_not)

    asked.ask = late  # type: ignore[method-assign]
    board._ami = asked  # type: ignore[assignment]
    tell(board, wire.serialize(TALK.connect()))
    waiting.pop(0)()  # the caller's channel was there still
    second = waiting.pop(0)  # and so was the agent's, when the PBX answered
    asked.up.clear()
    tell(board, wire.serialize(TALK.hangup()))
    second()
    while waiting:
        waiting.pop(0)()
    assert (ears.begun_calls, ears.ends) == (1, [EndedBy.CALLER])
    assert board._conversations.conversations() == ()


def test_what_goes_on_after_a_lost_connection_is_what_the_pbx_has_now() -> None:
    board, asked, ears = bench()
    board._up(False)
    board._up(True)
    assert (ears.begun_calls, ears.ends) == (1, [])
    board._up(False)
    asked.up = Talk(agent="PJSIP/agent2-00000009", caller_id="17.1", agent_id="17.9").statuses()
    board._up(True)
    assert (ears.begun_calls, ears.ends) == (2, [EndedBy.TRANSFER]), "the caller has another agent by now"
    board._up(False)
    asked.up = Talk("PJSIP/other-1", "PJSIP/agent1-7", "19.1", "19.2").statuses()
    board._up(True)
    assert (ears.begun_calls, ears.ends) == (3, [EndedBy.TRANSFER, EndedBy.CALLER])
    board._up(False)
    board._conversations.gone("19.1")
    asked.up = TALK.statuses()
    board._up(True)
    assert (ears.begun_calls, len(ears.ends)) == (4, 2), "who is over already is not over again"


def test_a_flagged_channel_is_recorded_under_the_id_that_the_package_looks_for() -> None:
    board, asked, _ = bench()
    board.record("17.1")
    assert asked.last == {"Action": "MixMonitor", "Channel": "PJSIP/trunk-1", "File": "screener/17.1.wav"}
    assert asked.acts == ["MixMonitor"]
    asked.acts.clear()
    for strange in ("99.9", "../../etc/x", "", "17.1\r\nAction: x"):
        board.record(strange)
    assert asked.acts == []
