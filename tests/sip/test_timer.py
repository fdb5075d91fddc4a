import pytest

from screener.errors import SipParseError
from screener.events import CallAnswered, CallEnded, EndedBy
from screener.sip import timer
from screener.sip.message import respond
from screener.sip.timer import SessionTimer
from tests.sip.caller import Caller, Desk
from tests.sip.test_machines import request

TIMER = {"Supported": "timer", "Allow": "INVITE, UPDATE"}


@pytest.mark.parametrize(
    ("headers", "agreed"),
    [
        ({}, None),
        ({"Session_Expires": "1800", **TIMER}, SessionTimer(1800, ours=False)),
        ({"Session_Expires": "1800;refresher=uac", **TIMER}, SessionTimer(1800, ours=False)),
        ({"Session_Expires": "1800 ; refresher=uas", **TIMER}, SessionTimer(1800, ours=True)),
        ({"Session_Expires": "1800", "Allow": "INVITE, UPDATE"}, SessionTimer(1800, ours=True)),
        ({"Session_Expires": "1800;refresher=uas", "Supported": "timer", "Allow": "INVITE"}, None),
    ],
)
def test_who_refreshes(headers, agreed):
    assert timer.agree(request(**headers)) == agreed


def test_too_short_an_interval_is_refused_where_the_peer_can_ask_again():
    assert timer.too_short(request(Session_Expires="60", **TIMER))
    assert not timer.too_short(request(Session_Expires="60")), "a proxy has put it in: 422 would help nobody"
    assert timer.agree(request(Session_Expires="60", Allow="UPDATE")).interval == timer.MIN_SE


def test_what_is_no_interval():
    with pytest.raises(SipParseError):
        timer.agree(request(Session_Expires="soon"))


def test_when_to_act():
    assert SessionTimer(1800, ours=True).wait == 900
    assert SessionTimer(1800, ours=False).wait == 1768
    assert SessionTimer(90, ours=False).wait == 60


class Clock:
    """Real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        import time

        return time.monotonic() + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(clock):
    desk = Desk(clock)
    yield desk
    desk.stop()


@pytest.fixture
def caller(desk):
    caller = Caller(desk.agent.port)
    yield caller
    caller.close()


def test_a_peer_that_refreshes_keeps_its_call_and_one_that_does_not_loses_it(desk, caller, clock):
    answered = caller.call(Session_Expires="90", **TIMER)
    assert answered.headers.get("Session-Expires") == "90;refresher=uac"
    assert answered.headers.get("Require") == "timer"
    desk.event(CallAnswered)
    clock.ahead += 50
    refreshed = caller.ask("UPDATE", Session_Expires="90;refresher=uac", **TIMER)
    assert (refreshed.status, refreshed.headers.get("Session-Expires")) == (200, "90;refresher=uac")
    clock.ahead += 50
    assert caller.ask("OPTIONS").status == 200, "50 s after the refresh the call is up"
    clock.ahead += 11
    caller.send(respond(caller.wait_request("BYE"), 200))
    assert desk.event(CallEnded).by is EndedBy.FAULT


def test_we_refresh_where_the_peer_wants_it_and_end_the_call_that_it_has_forgotten(desk, caller, clock):
    answered = caller.call(Session_Expires="90;refresher=uas", **TIMER)
    assert answered.headers.get("Session-Expires") == "90;refresher=uas"
    desk.event(CallAnswered)
    clock.ahead += 46
    update = caller.wait_request("UPDATE")
    assert update.headers.get("Session-Expires") == "90;refresher=uac"
    caller.send(respond(update, 200))
    assert caller.ask("OPTIONS").status == 200, "our UPDATE has its answer before time passes"
    clock.ahead += 46
    caller.send(respond(caller.wait_request("UPDATE"), 481))
    caller.send(respond(caller.wait_request("BYE"), 481))
    assert desk.event(CallEnded).by is EndedBy.FAULT


def test_422(desk, caller):
    refused = caller.call(Session_Expires="30", **TIMER)
    assert (refused.status, refused.headers.get("Min-SE")) == (422, "90")


def test_an_offer_that_nobody_decides_is_refused(desk, caller, clock):
    desk.answering = False
    caller.send(caller.request("INVITE", caller.sdp))
    desk.call()
    clock.ahead += 61
    assert caller.final("INVITE").status == 480
