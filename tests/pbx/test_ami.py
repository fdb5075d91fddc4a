"""The connection to a manager interface: real TCP; what is lost comes back, and nothing is sent too late."""

import queue
from collections.abc import Iterator

import pytest

from screener.pbx.ami import Ami, AmiResponse
from screener.settings.sections import Pbx
from tests.pbx.manager import Manager
from tests.waiting import WAIT, wait_for


class Bench:
    def __init__(self, manager: Manager, secret: str = "s3cret", patience: float = 0.5) -> None:
        self.events: queue.Queue = queue.Queue()
        self.ups: list[bool] = []
        settings = Pbx(host="127.0.0.1", port=manager.port, username="screener", password=secret)
        self.ami = Ami(settings, self.events.put, self.ups.append, patience)
        self.ami.start()

    def ask(self, **fields: str) -> AmiResponse:
        answers: queue.Queue[AmiResponse] = queue.Queue()
        self.ami.ask(fields, answers.put)
        return answers.get(timeout=WAIT)


@pytest.fixture
def manager() -> Iterator[Manager]:
    manager = Manager()
    yield manager
    manager.close()


@pytest.fixture
def bench(manager: Manager) -> Iterator[Bench]:
    bench = Bench(manager)
    wait_for(lambda: bench.ami.up, what="login")
    yield bench
    bench.ami.stop()


def test_events_come_with_their_fields(bench: Bench, manager: Manager) -> None:
    manager.event(Event="Hangup", Uniqueid="17.1", CallerIDName="张三")
    event = bench.events.get(timeout=WAIT)
    while event["event"] != "Hangup":
        event = bench.events.get(timeout=WAIT)
    assert (event["uniqueid"], event["calleridname"]) == ("17.1", "张三")


def test_an_action_is_answered(bench: Bench, manager: Manager) -> None:
    assert bench.ask(Action="Redirect", Channel="PJSIP/trunk-1").ok
    assert manager.action()["channel"] == "PJSIP/trunk-1"
    manager.answer = lambda _action: [{"Response": "Error", "Message": "No such channel"}]
    assert bench.ask(Action="Redirect") == AmiResponse(ok=False, message="No such channel")


def test_a_list_comes_whole(bench: Bench, manager: Manager) -> None:
    manager.answer = lambda _action: [
        {"Response": "Success", "EventList": "start", "Message": "Channel status will follow"},
        {"Event": "Status", "Channel": "a"},
        {"Event": "Status", "Channel": "b"},
        {"Event": "StatusComplete", "EventList": "Complete", "Items": "2"},
    ]
    reply = bench.ask(Action="Status")
    assert [part.get("channel") for part in reply.parts[:2]] == ["a", "b"]


def test_a_dialled_leg_is_answered_for_when_it_is_up_or_not(bench: Bench, manager: Manager) -> None:
    queued = {"Response": "Success", "Message": "Originate successfully queued"}
    manager.answer = lambda _action: [queued, {"Event": "OriginateResponse", "Response": "Failure", "Reason": "3"}]
    assert not bench.ask(Action="Originate", Async="true").ok
    manager.answer = lambda _action: [queued, {"Event": "OriginateResponse", "Response": "Success", "Reason": "4"}]
    assert bench.ask(Action="Originate", Async="true").ok


def test_no_answer_is_a_refusal(bench: Bench, manager: Manager) -> None:
    manager.answer = lambda _action: None
    assert "no answer" in bench.ask(Action="Redirect").message


def test_a_line_break_smuggles_in_no_second_action(bench: Bench, manager: Manager) -> None:
    bench.ask(Action="UserEvent", UserEvent="ScreenerVerdict", Agent="x\r\n\r\nAction: Redirect\r\nChannel: y")
    action = manager.action()
    assert action["action"] == "UserEvent"
    assert manager.actions.empty()


def test_a_cut_connection_comes_back_and_sends_nothing_again(bench: Bench, manager: Manager) -> None:
    manager.answer = lambda _action: None
    answers: queue.Queue[AmiResponse] = queue.Queue()
    bench.ami.ask({"Action": "Redirect", "Channel": "PJSIP/trunk-1"}, answers.put)
    manager.action()
    manager.cut()
    assert not answers.get(timeout=WAIT).ok, "refused at once"
    wait_for(lambda: bench.ups[1:] == [False, True], what="second login")
    assert manager.actions.empty(), "what was lost is not sent again: the call may be another by now"


@pytest.mark.waits
def test_a_connection_that_is_dead_without_a_word_is_made_anew(bench: Bench, manager: Manager) -> None:
    manager.silent = True
    wait_for(lambda: False in bench.ups, 12, "notice of the dead connection")
    manager.silent = False
    wait_for(lambda: bench.ami.up, what="second login")


def test_nothing_is_sent_while_there_is_no_connection(manager: Manager) -> None:
    manager.close()
    bench = Bench(manager)
    assert bench.ask(Action="Redirect") == AmiResponse(ok=False, message="not connected")
    bench.ami.stop()


def test_a_wrong_password_is_said(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(manager, secret="not it")
    wait_for(lambda: bench.ami.refused, what="refusal")
    assert "login refused" in caplog.text
    assert "not it" not in caplog.text, "the password is not said"
    bench.ami.stop()
