"""Beside an agent on a real Asterisk: calls are listened to, a harasser is taken away, and agents have a say."""

import time
from collections.abc import Callable

import pytest

from screener.core.evidence import Kind, Treatment
from screener.events import EndedBy, Entrance
from screener.store.records import Review
from tests.pbx.desk_phone import DeskPhone
from tests.pbx.network import ASTERISK, PHONE, TRUNK, Network, Wiretap
from tests.pbx.rig import BESIDE, SECRET, Asterisk, Caller, Phone, Screener
from tests.pbx.voices import SAME, hears_the_agent, is_in, mulaw, place, prompt, said
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx
Place = Callable[..., Caller]


@pytest.fixture
def beside(asterisk: Asterisk, run_screener: Callable[..., Screener]) -> Screener:
    """Registered, and logged in at the manager interface."""
    screener = run_screener()
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    return screener


def legs(asterisk: Asterisk) -> list[str]:
    return [channel for channel in asterisk.legs("screener") if "ChanSpy" in channel]


def test_a_harasser_is_taken_away_from_the_agent(
    asterisk: Asterisk, phone: Phone, beside: Screener, place_call: Place, tap: Wiretap
) -> None:
    words = said("lewd")
    before = len(asterisk.queue_log("SCREENED"))
    caller = place_call(words, number="13900007777", dialled=BESIDE)
    phone.answer(30, since=caller.started)
    wait_for(lambda: len(legs(asterisk)) == 2, 5, "two listening legs")
    phone.wait_event("CALL_CLOSED", 30, since=caller.started)
    wait_for(lambda: is_in(prompt("analysis_done"), tap.heard_by(TRUNK)), 40, "whole analysis queue", every=0.5)
    heard = tap.heard_by(TRUNK)
    found = [place(prompt(name), heard) for name in ("analysis_enter", "signal_tone", "analysis_done")]
    assert min(likeness for likeness, _ in found) > SAME, found
    assert sorted(at for _, at in found) == [at for _, at in found], "in this order"
    wait_for(lambda: not legs(asterisk), 10, "end of the legs with the call", every=0.2)
    wait_for(lambda: not asterisk.legs("agent1"), 10, "free line of the agent", every=0.2)

    call = beside.record("13900007777", "harassment")
    assert (call.entrance, call.kind, call.treatment) == (Entrance.BESIDE, Kind.LEWD, Treatment.ANALYSIS_QUEUE)
    assert (call.agent, call.ended_by) == ("agent1", EndedBy.TRANSFER)
    (screened,) = asterisk.queue_log("SCREENED")[before:]
    assert screened[1:4] == [call.uniqueid, "agents", "agent1"]
    assert screened[-1] == call.id


def test_a_genuine_caller_and_the_agent_are_left_alone(
    asterisk: Asterisk, phone: Phone, beside: Screener, place_call: Place, tap: Wiretap
) -> None:
    words = said("enquiry")
    caller = place_call(words, number="13800002222", dialled=BESIDE)
    phone.answer(30, since=caller.started)
    wait_for(lambda: len(legs(asterisk)) == 2, 5, "two listening legs")
    wait_for(lambda: is_in(words, tap.heard_by(PHONE)), 30, "caller's words at the agent's phone", every=0.5)
    time.sleep(3)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent's voice at the caller", every=0.2)
    phone.command("hangup")
    assert caller.wait(10) == 0
    wait_for(lambda: is_in(words, mulaw(phone.heard())), 10, "caller in what the agent heard", every=0.2)
    call = beside.record("13800002222", "genuine")
    assert (call.entrance, call.treatment, call.agent) == (Entrance.BESIDE, Treatment.NONE, "agent1")
    wait_for(lambda: not legs(asterisk), 3, "end of the listening legs")


def talk(place_call: Place, phone: Phone, tap: Wiretap, number: str) -> Caller:
    """A genuine caller whom the agent has on the line."""
    caller = place_call(said("enquiry"), number=number, dialled=BESIDE)
    phone.answer(30, since=caller.started)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent's voice at the caller", every=0.2)
    return caller


def wait_queued(caller: Caller, phone: Phone, tap: Wiretap) -> None:
    """The agent's line goes free, and the caller hears the analysis queue."""
    phone.wait_event("CALL_CLOSED", 10, since=caller.started)
    wait_for(lambda: is_in(prompt("analysis_enter"), tap.heard_by(TRUNK)), 20, "analysis queue", every=0.5)


@pytest.mark.parametrize("way", ["pressed", "program"])
def test_an_agent_flags_a_caller_by_77_or_from_a_program(
    way: str, asterisk: Asterisk, phone: Phone, beside: Screener, place_call: Place, tap: Wiretap
) -> None:
    number = f"1370000{way == 'pressed':04}"
    caller = talk(place_call, phone, tap, number)
    if way == "pressed":
        phone.press("*77")
    else:
        asterisk.manager("UserEvent", UserEvent="ScreenerFlag", Secret=SECRET, Agent="agent1")
    wait_queued(caller, phone, tap)
    caller.stop()
    asterisk.rx("channel request hangup all")
    check_flag(beside, number)


def test_an_attended_transfer_to_900(
    network: Network, asterisk: Asterisk, beside: Screener, place_call: Place, tap: Wiretap
) -> None:
    desk_phone = DeskPhone(network)
    asterisk.rx("queue pause member PJSIP/agent1")
    asterisk.rx("queue add member PJSIP/crew to agents")
    try:
        place_call(said("enquiry"), number="13700005555", dialled=BESIDE)
        desk_phone.wait_call(10)
        wait_for(lambda: len(legs(asterisk)) == 2, 5, "two listening legs")
        desk_phone.consult()
        time.sleep(1)
        desk_phone.transfer()
        wait_for(lambda: is_in(prompt("analysis_enter"), tap.heard_by(TRUNK)), 20, "analysis queue", every=0.5)
        wait_for(lambda: not asterisk.legs("crew"), 5, "free line of the agent")
        asterisk.rx("channel request hangup all")
        check_flag(beside, "13700005555", agent="crew")
    finally:
        asterisk.rx("queue remove member PJSIP/crew from agents")
        asterisk.rx("queue unpause member PJSIP/agent1")
        desk_phone.stop()


def check_flag(screener: Screener, number: str, agent: str = "agent1") -> None:
    """The caller was put in by hand, by that agent, with the PBX's own ids."""
    call = screener.record(number, "harassment")
    assert (call.entrance, call.agent, call.review) == (Entrance.BY_HAND, agent, Review.CONFIRMED)
    assert call.uniqueid == call.linkedid != ""


def test_an_agent_dials_78_and_the_caller_comes_back(
    asterisk: Asterisk, phone: Phone, beside: Screener, place_call: Place, tap: Wiretap
) -> None:
    caller = talk(place_call, phone, tap, "13600000001")
    phone.press("*77")
    wait_queued(caller, phone, tap)
    back = time.monotonic()
    phone.command("dial", f"sip:*78@{ASTERISK}")
    phone.answer(20, since=back)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent's voice at the caller again", every=0.2)
    phone.command("hangup")
    caller.wait(10)
    call = beside.record("13600000001", "harassment")
    assert (call.entrance, call.agent, call.review) == (Entrance.BY_HAND, "agent1", Review.OVERTURNED)


def test_an_agent_presses_78_about_a_flag_of_a_dry_run(
    asterisk: Asterisk, phone: Phone, run_screener: Callable[..., Screener], place_call: Place, tap: Wiretap
) -> None:
    screener = run_screener({"[flow]": "[flow]\ndry_run = true"})
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    words = said("lewd")
    caller = place_call(words, number="13600000002", dialled=BESIDE)
    phone.answer(30, since=caller.started)
    wait_for(lambda: is_in(words, tap.heard_by(PHONE)), 30, "caller's words at the agent's phone", every=0.5)
    time.sleep(6)  # what was said is judged once the caller pauses
    phone.press("*78")
    wait_for(lambda: "flag taken back by agent1" in screener.log, 10, "word of the take-back")
    assert asterisk.legs("agent1"), "in a dry run nobody is moved"
    phone.command("hangup")
    caller.wait(10)
    call = screener.record("13600000002", "harassment")
    assert (call.entrance, call.dry_run, call.review) == (Entrance.BESIDE, True, Review.OVERTURNED)
    assert (call.agent, call.reviewed_by) == ("agent1", "agent1")
