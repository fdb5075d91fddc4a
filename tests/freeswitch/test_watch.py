"""What is followed of FreeSWITCH's calls after its event socket was away: those that there are now, once each."""

import queue
from collections.abc import Callable, Iterator

import pytest

from screener.conversations.ongoing import Conversation
from screener.events import EndedBy
from screener.freeswitch.watch import FreeswitchWatch
from screener.settings.freeswitch import Freeswitch as Section
from tests.freeswitch.peer import Freeswitch, bridged, hung_up, parted, queued
from tests.waiting import WAIT, wait_for


class Listener:
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
    asked: is done when a channel is asked about, before the answer goes out.
    """

    def __init__(self) -> None:
        self.asked: Callable[[str], object] = lambda _uuid: None
        self.lists = True
        super().__init__()

    def channels(self) -> str:
        return super().channels() if self.lists else "-ERR no reply\n"

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
    watch = FreeswitchWatch(section, "beside", made)
    peer.happen(queued("early", "early-agent"))
    watch.start()
    assert made.next() == "early", "who talked before we came"
    yield made
    watch.stop()


def back(peer: Peer, listener: Listener) -> None:
    """Wait until it has been asked who talks: what is told then comes after."""
    wait_for(lambda: peer.listeners, what="another login and subscription")
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
    peer.cut()
    peer.happen(what)
    assert listener.ends.get(timeout=WAIT) == ("early", by)


def test_a_caller_who_has_another_agent_by_now_is_another_call(peer: Peer, listener: Listener):
    peer.cut()
    peer.happen(parted("early"))
    peer.happen(bridged("early", "another-agent", "1005"))
    assert listener.ends.get(timeout=WAIT)[0] == "early"
    assert listener.begins.get(timeout=WAIT).who.agent.uniqueid == "another-agent"


def test_a_call_that_goes_on_is_neither_over_nor_begun_again(peer: Peer, listener: Listener):
    peer.cut()
    peer.happen(bridged("new", "new-agent", "1005"))
    peer.happen(bridged("stranger", "other-agent", "1006"))
    assert listener.next() == "new"
    back(peer, listener)
    assert listener.ends.empty()


def test_a_list_that_cannot_be_read_ends_nothing(peer: Peer, listener: Listener):
    peer.lists = False
    peer.cut()
    peer.happen(hung_up("early-agent"))
    back(peer, listener)
    assert listener.ends.empty()


def test_who_leaves_while_we_ask_is_not_listened_to(peer: Peer, listener: Listener):
    peer.cut()
    peer.happen(queued("stays", "stays-agent"))
    peer.happen(queued("leaves", "left-agent"))  # the last is asked about first
    peer.asked = lambda uuid: peer.happen(hung_up(uuid)) if uuid == "leaves" else None
    assert listener.next() == "stays"
    assert listener.begins.empty()
