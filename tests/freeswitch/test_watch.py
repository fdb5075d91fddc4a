"""What is followed of FreeSWITCH's calls after its event socket was away: those that there are now, once each."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from screener.conversations.ongoing import Conversation
from screener.events import EndedBy
from screener.freeswitch import listing
from screener.freeswitch.watch import FreeswitchWatch
from screener.settings.freeswitch import Freeswitch as Section
from tests.freeswitch.peer import Freeswitch, bridged, hung_up, parted, queued
from tests.waiting import WAIT, wait_for


class Listener:
    """Attributes:
    watch: whom it listens to.
    first: the call that there was before.
    """

    watch: FreeswitchWatch
    first: Conversation

    def __init__(self) -> None:
        self.begins: queue.Queue[Conversation] = queue.Queue()
        self.ends: queue.Queue[tuple[str, EndedBy]] = queue.Queue()

    def begun(self, conversation: Conversation) -> None:
        self.begins.put(conversation)

    def deaf(self, conversation: Conversation, reason: str) -> None:
        """The connection was lost before the leg was there."""

    def over(self, conversation: Conversation, by: EndedBy) -> None:
        self.ends.put((conversation.who.caller.uniqueid, by))

    def next(self) -> str:
        return self.begins.get(timeout=WAIT).who.caller.uniqueid


class Peer(Freeswitch):
    """Attributes:
    asked: is done when a channel is asked about, or the list (`*`), before the answer goes out.
    lists: whether it gives a list; None for no answer.
    listed: so often it was asked for one, and has answered or keeps silent.
    called_in: agents have called FreeSWITCH themselves, before their callers.
    """

    def __init__(self) -> None:
        self.asked: Callable[[str], object] = lambda _uuid: None
        self.lists: bool | None = True
        self.listed = 0
        self.called_in = False
        super().__init__()

    def _end(self, job: str, command: str) -> None:
        super()._end(job, command)
        self.listed += command.startswith("show ")

    def channels(self) -> str | None:
        lists = self.lists
        self.asked("*")
        if not lists:
            return None if lists is None else "-ERR no reply\n"
        listed = listing.channels(super().channels() or "")
        if self.called_in:
            listed = tuple(replace(channel, inbound=True) for channel in reversed(listed))
        return listing.serialize(listed)

    def dump(self, uuid: str) -> str:
        said = super().dump(uuid)
        self.asked(uuid)
        return said


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def listener(peer: Peer) -> Iterator[Listener]:
    made = Listener()
    section = Section(host="127.0.0.1", port=peer.port, password="ClueCon", extensions=("1005",))
    made.watch = FreeswitchWatch(section, "beside", made)
    peer.happen(queued("early", "early-agent"))
    made.watch.start()
    made.first = made.begins.get(timeout=WAIT)
    assert made.first.who.caller.uniqueid == "early", "who talked before we came"
    yield made
    made.watch.stop()


def back(peer: Peer, listener: Listener) -> None:
    """Wait until it has been told who talks: what is told then comes after."""
    wait_for(lambda: peer.listeners and peer.listed == peer.logins, what="list after another login")
    peer.happen(queued("late", "late-agent"))
    assert listener.next() == "late"


@pytest.mark.parametrize(
    ("what", "by"),
    [
        (hung_up("early"), EndedBy.CALLER),
        (hung_up("early-agent"), EndedBy.AGENT),
        (parted("early"), EndedBy.TRANSFER),
    ],
)
def test_a_call_that_ended_meanwhile_is_over(peer: Peer, listener: Listener, what, by: EndedBy):
    peer.away(what)
    assert listener.ends.get(timeout=WAIT) == ("early", by)


def test_a_caller_who_has_another_agent_by_now_is_another_call(peer: Peer, listener: Listener):
    peer.away(parted("early"), bridged("early", "another-agent", "1005"))
    assert listener.ends.get(timeout=WAIT)[0] == "early"
    assert listener.begins.get(timeout=WAIT).who.agent.uniqueid == "another-agent"


def test_a_call_that_goes_on_is_neither_over_nor_begun_again(peer: Peer, listener: Listener):
    peer.away(bridged("new", "new-agent", "1005"), bridged("stranger", "other-agent", "1006"))
    assert listener.next() == "new"
    back(peer, listener)
    assert listener.ends.empty()


def test_a_caller_is_known_from_an_agent_who_has_called_in(peer: Peer, listener: Listener):
    peer.called_in = True
    peer.away(queued("new", "new-agent"))
    assert listener.next() == "new"


def test_a_list_that_cannot_be_read_ends_nothing(peer: Peer, listener: Listener):
    peer.lists = False
    peer.away(hung_up("early-agent"))
    back(peer, listener)
    assert listener.ends.empty()


def test_who_leaves_while_we_ask_is_not_listened_to(peer: Peer, listener: Listener):
    peer.asked = lambda uuid: peer.happen(hung_up(uuid)) if uuid == "leaves" else None
    peer.away(queued("stays", "stays-agent"), queued("leaves", "left-agent"))  # the last is asked about first
    assert listener.next() == "stays"
    assert listener.begins.empty()


def test_what_ends_before_the_list_comes_is_over_once(peer: Peer, listener: Listener):
    peer.asked = lambda uuid: peer.happen(hung_up("early")) if uuid == "*" else None
    peer.cut()
    back(peer, listener)
    assert [listener.ends.get(timeout=WAIT), *listener.ends.queue] == [("early", EndedBy.CALLER)]


def test_a_list_that_was_lost_with_the_connection_is_no_fault(
    peer: Peer, listener: Listener, caplog: pytest.LogCaptureFixture
):
    waits = queue.Queue[str]()
    peer.asked, peer.lists = waits.put, None
    peer.cut()
    assert waits.get(timeout=WAIT) == "*"
    peer.lists = True
    peer.away(bridged("new", "new-agent", "1005"))
    assert listener.next() == "new"
    assert "go on unheard" not in caplog.text


def test_who_leaves_is_not_remembered_once_all_have_been_asked_about(peer: Peer, listener: Listener):
    back(peer, listener)
    peer.happen(hung_up("somebody"))
    peer.happen(queued("later", "later-agent"))
    assert listener.next() == "later"
    assert not listener.watch._left


@pytest.mark.parametrize(("answer", "over"), [("+OK\n", []), ("-ERR No such channel!\n", [EndedBy.CALLER])])
def test_who_leaves_while_being_moved_has_been_moved_unless_it_is_denied(
    peer: Peer, listener: Listener, answer: str, over: list[EndedBy]
):
    def leaves(command: str) -> str:
        if command.startswith("uuid_transfer early "):
            peer.happen(parted("early"))
            return answer
        return "+OK\n"

    peer.answer = leaves
    done: queue.Queue[bool] = queue.Queue()
    listener.watch.move(listener.first, "analysis", done.put)
    assert done.get(timeout=WAIT) == (not over)
    back(peer, listener)
    assert [by for _, by in listener.ends.queue] == over
