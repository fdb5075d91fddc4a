"""Calls through a real Asterisk with deploy/asterisk as shipped: screened, moved by REFER, answered."""

from collections.abc import Callable

import pytest

from screener.core.evidence import Kind, Treatment
from tests.pbx.network import ASTERISK, PHONE, SCREENER, TRUNK, Wiretap
from tests.pbx.rig import Asterisk, Caller, Phone, Screener
from tests.pbx.voices import QUIET, SAME, hears_the_agent, is_in, mulaw, place, prompt, said
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx
Place = Callable[..., Caller]


def test_options_finds_the_screener(asterisk: Asterisk, screener: Screener, tap: Wiretap) -> None:
    assert asterisk.contact("screener") == "Avail"
    assert "Not in use" in asterisk.rx("pjsip show endpoint screener")
    asterisk.rx("pjsip qualify screener")
    wait_for(lambda: tap.sip("OPTIONS ", target=SCREENER), 5, "OPTIONS")
    wait_for(lambda: tap.sip("SIP/2.0 200", source=SCREENER), 5, "answer to OPTIONS")


def test_harassment_is_moved_into_the_analysis_queue_on_the_pbx(
    asterisk: Asterisk, phone: Phone, screener: Screener, place_call: Place, tap: Wiretap
) -> None:
    caller = place_call(said("lewd"), number="13900001111")
    wait_for(lambda: _queued(asterisk, "13900001111"), 30, "entry of the caller in queue_log")
    wait_for(lambda: not asterisk.legs("screener"), 10, "end of the screener's leg", every=0.2)
    (channel,) = asterisk.channels()
    assert channel.startswith("PJSIP/trunk-")
    assert channel.split("!")[1:3] == ["from-screener", "analysis"]
    refer = tap.sip("REFER ", source=SCREENER, target=ASTERISK)[0]
    assert b"Refer-To: <sip:analysis@" in refer.data
    (entered,) = [line for line in asterisk.queue_log("ENTERQUEUE") if line[-1] == "13900001111"]
    left = entered[1:3]  # uniqueid and queue
    wait_for(lambda: [e for e in asterisk.queue_log("COMPLETECALLER") if e[1:3] == left], 40, "the whole queue")

    heard = tap.heard_by(TRUNK)
    found = [place(prompt(name), heard) for name in ("analysis_enter", "signal_tone", "analysis_done")]
    assert min(likeness for likeness, _ in found) > SAME, found
    assert sorted(at for _, at in found) == [at for _, at in found], "in this order"
    assert not is_in(prompt("line_fault"), heard), "and the comparison can fail"
    assert not phone.rang(since=caller.started)
    call = screener.record("13900001111", "harassment")
    assert (call.kind, call.treatment) == (Kind.LEWD, Treatment.ANALYSIS_QUEUE)
    assert call.flagged_at is not None
    assert call.flagged_at < len(said("lewd")) / 8000, "the first time that it was said"


def test_a_genuine_caller_reaches_an_agent_who_hears_them(
    asterisk: Asterisk, phone: Phone, screener: Screener, place_call: Place, tap: Wiretap
) -> None:
    words = said("enquiry")
    caller = place_call(words, number="13800002222")
    rang = phone.answer(30, since=caller.started)
    refer = tap.sip("REFER ", source=SCREENER)[0]
    answered = next(p for p in tap.sip("SIP/2.0 200", target=TRUNK) if b"CSeq: 1 INVITE" in p.data)
    print(f"\nREFER to ringing {rang - refer.at:.3f} s, answer to ringing {rang - answered.at:.2f} s")
    assert b"Refer-To: <sip:agents@" in refer.data
    wait_for(lambda: is_in(words, tap.heard_by(PHONE)), 30, "caller's words at the agent's phone", every=0.5)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent's voice at the caller", every=0.2)
    assert [line for line in asterisk.queue_log("CONNECT") if line[2:4] == ["agents", "PJSIP/agent1"]]
    phone.command("hangup")
    assert caller.wait(10) == 0, "the caller's side saw an ordinary call"
    wait_for(lambda: is_in(words, mulaw(phone.heard())), 10, "caller in what the agent heard", every=0.2)
    assert is_in(prompt("greeting"), tap.heard_by(TRUNK)), "the caller heard the greeting"
    assert screener.logged("13800002222", "genuine")["treatment"] == "none"


def test_the_screener_knows_the_pbx_s_own_call_ids(
    asterisk: Asterisk, phone: Phone, screener: Screener, place_call: Place, tap: Wiretap
) -> None:
    place_call(QUIET)
    invite = wait_for(lambda: tap.sip("INVITE ", target=SCREENER), 5, "INVITE to the screener")[0]
    headers = dict(line.split(": ", 1) for line in invite.data.decode().splitlines() if ": " in line)
    assert headers["X-Uniqueid"] == headers["X-Linkedid"]
    assert any(headers["X-Uniqueid"] in line for line in asterisk.channels()), "the caller's channel has this id"
    assert "13800138000" in headers["P-Asserted-Identity"]


def test_an_agent_puts_a_caller_into_the_analysis_queue_by_hand(
    asterisk: Asterisk, phone: Phone, screener: Screener, place_call: Place, tap: Wiretap
) -> None:
    caller = place_call(said("enquiry"), number="13700003333")
    phone.answer(30, since=caller.started)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent's voice at the caller", every=0.2)
    phone.command("transfer", f"sip:900@{ASTERISK}")

    invite = wait_for(lambda: tap.sip("INVITE sip:900@", target=SCREENER), 10, "INVITE to the analysis queue")[0]
    assert b"Referred-By: " in invite.data
    last = prompt("analysis_done")
    wait_for(lambda: is_in(last, tap.heard_by(TRUNK)), 30, "last sentence of the queue", every=0.5)
    heard = tap.heard_by(TRUNK)
    assert is_in(prompt("analysis_enter"), heard)
    assert is_in(prompt("signal_tone"), heard)
    asterisk.rx("channel request hangup all")
    assert "坐席 agent1 人工转入" in screener.story(screener.logged("13700003333", "harassment"))


def _queued(asterisk: Asterisk, number: str) -> bool:
    return any(line[2] == "analysis" and line[-1] == number for line in asterisk.queue_log("ENTERQUEUE"))
