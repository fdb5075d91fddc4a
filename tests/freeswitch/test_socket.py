"""The connection to the event socket: logs in, answers once, comes back; a wrong password is said."""

import queue
import socket
from collections.abc import Iterator

import pytest

from screener.freeswitch import socket as socket_module
from screener.freeswitch.socket import EventSocket
from screener.settings.freeswitch import Freeswitch as Section
from tests.freeswitch.peer import Freeswitch, queued
from tests.server import free_port
from tests.waiting import WAIT, wait_for, wait_until_equal


class Client:
    def __init__(self, peer: Freeswitch, password: str = "ClueCon") -> None:
        self.events: queue.Queue = queue.Queue()
        self.ups: list[bool] = []
        section = Section(host="127.0.0.1", port=peer.port, password=password)
        self.socket = EventSocket(section, self.events.put, self.ups.append)
        self.socket.start()

    def ask(self, command: str) -> tuple[bool, str]:
        answers: queue.Queue[tuple[bool, str]] = queue.Queue()
        self.socket.ask(command, lambda ok, why: answers.put((ok, why)))
        answer = answers.get(timeout=WAIT)
        assert answers.empty()
        return answer


@pytest.fixture
def peer() -> Iterator[Freeswitch]:
    made = Freeswitch()
    yield made
    made.close()


@pytest.fixture
def client(peer: Freeswitch) -> Iterator[Client]:
    made = Client(peer)
    wait_for(lambda: made.socket.up, what="login")
    yield made
    made.socket.stop()


def test_events_come_and_commands_are_answered(peer: Freeswitch, client: Client):
    wait_for(lambda: peer.subscribed, what="subscription")
    assert "CHANNEL_BRIDGE" in peer.subscribed
    assert peer.subscribed.endswith("CUSTOM callcenter::info")
    peer.happen(queued("a", "b"))
    assert client.events.get(timeout=WAIT).fields["cc-agent"] == "1001@default"
    assert client.ask("uuid_transfer a analysis XML c") == (True, "+OK 1f2e")
    peer.answer = lambda _: "-ERR No such channel!\n"
    assert client.ask("uuid_transfer a analysis XML c") == (False, "-ERR No such channel!")


def test_a_command_without_an_answer_fails_in_time(
    monkeypatch: pytest.MonkeyPatch, peer: Freeswitch, client: Client
):
    monkeypatch.setattr(socket_module, "ANSWER_SECONDS", 0.5)
    peer.answer = lambda _: None
    assert client.ask("originate x &park()") == (False, "no answer in time")


def test_what_waits_fails_with_the_connection_and_it_is_made_anew(peer: Freeswitch, client: Client):
    peer.answer = lambda _: (peer.cut(), None)[1]
    assert client.ask("uuid_transfer a b XML c")[0] is False
    wait_until_equal(lambda: client.ups, [True, False, True])
    peer.answer = lambda _: "+OK\n"
    assert client.ask("uuid_transfer a b XML c") == (True, "+OK")
    assert peer.commands.qsize() == 2, "nothing is sent twice"


def test_nothing_is_asked_where_nobody_is():
    peer = Freeswitch(port=free_port(socket.SOCK_STREAM))
    peer.close()
    client = Client(peer)
    assert client.ask("status") == (False, "not connected")
    client.socket.stop()


def test_a_wrong_password_is_known(peer: Freeswitch):
    client = Client(peer, "wrong")
    wait_for(lambda: client.socket.refused, what="refusal")
    assert not client.socket.up
    client.socket.stop()
    assert client.ups == []


def test_it_stops_at_once(client: Client):
    client.socket.stop()
    assert not client.socket._thread.is_alive()
