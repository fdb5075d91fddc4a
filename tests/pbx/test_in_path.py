"""Calls through a real Asterisk with deploy/asterisk as shipped: screened, moved by REFER, answered."""

import time
from collections.abc import Callable

import pytest

from tests.pbx.network import ASTERISK, SCREENER, TRUNK, Wiretap, wait_for
from tests.pbx.rig import Asterisk, Caller, Phone, Screener
from tests.pbx.voices import Voices, mulaw, place, prompt

pytestmark = pytest.mark.pbx
Place = Callable[..., Caller]

SAME = 0.9
"""Correlation above which two recordings are the same audio; of different ones it is below 0.5 here."""
QUIET = b"\xff" * 8000


def test_options_finds_the_screener(asterisk: Asterisk, screener: Screener, tap: Wiretap) -> None:
    assert asterisk.contact("screener") == "Avail"
    assert "Not in use" in asterisk.rx("pjsip show endpoint screener")
    asterisk.rx("pjsip qualify screener")
    wait_for(lambda: tap.sip("OPTIONS ", target=SCREENER), 5, "OPTIONS")
    wait_for(lambda: tap.sip("SIP/2.0 200", source=SCREENER), 5, "answer to OPTIONS")


def test_harassment_is_moved_into_the_analysis_queue_on_the_pbx(
    asterisk: Asterisk, phone: Phone, screener: Screener, voices: Voices, place_call: Place, tap: Wiretap
) -> None:
    began = time.monotonic()
    place_call(voices.lewd, number="13900001111")
    wait_for(lambda: _queued(asterisk, "13900001111"), 30, "entry of the caller in queue_log")
    (channel,) = asterisk.channels()  # the screener's leg is gone
    assert channel.startswith("PJSIP/trunk-")
    assert channel.split("!")[1:3] == ["from-screener", "analysis"]
    refer = tap.sip("REFER ", source=SCREENER, target=ASTERISK)[0]
    assert b"Refer-To: <sip:analysis@" in refer.data
    left = "COMPLETECALLER"
    wait_for(lambda: [line for line in asterisk.queue_log(left) if line[2] == "analysis"], 40, "the whole queue")

    heard = tap.heard_by(TRUNK)
    found = [place(prompt(name), heard) for name in ("analysis_enter", "signal_tone", "analysis_done")]
    assert min(likeness for likeness, _ in found) > SAME, found
    assert sorted(at for _, at in found) == [at for _, at in found], "in this order"
    assert place(prompt("line_fault"), heard)[0] < SAME, "and the comparison can fail"
    assert not [at for at, event in phone.events if event.get("type") == "CALL_INCOMING" and at > began]


def test_a_genuine_caller_reaches_an_agent_who_hears_them(
    asterisk: Asterisk, phone: Phone, screener: Screener, voices: Voices, place_call: Place, tap: Wiretap
) -> None:
    caller = place_call(voices.business, number="13800002222")
    rang = phone.wait_event("CALL_INCOMING", 30, since=caller.started)
    refer = tap.sip("REFER ", source=SCREENER)[0]
    answered = next(p for p in tap.sip("SIP/2.0 200", target=TRUNK) if b"CSeq: 1 INVITE" in p.data)
    print(f"\nREFER to ringing {rang - refer.at:.3f} s, answer to ringing {rang - answered.at:.2f} s")
    assert b"Refer-To: <sip:agents@" in refer.data
    phone.command("accept")
    phone.wait_event("CALL_ESTABLISHED", 10, since=rang)
    time.sleep(2 * len(voices.business) / 8000)
    assert [line for line in asterisk.queue_log("CONNECT") if line[2:4] == ["agents", "PJSIP/agent1"]]
    phone.command("hangup")
    assert caller.wait(10) == 0, "the caller's side saw an ordinary call"
    likeness, _ = place(voices.business, mulaw(phone.heard(), pause=0))
    assert likeness > SAME, "the agent heard the caller"
    assert place(prompt("greeting"), tap.heard_by(TRUNK))[0] > SAME, "the caller heard the greeting"


def test_the_screener_knows_the_pbx_s_own_call_ids(
    asterisk: Asterisk, phone: Phone, screener: Screener, place_call: Place, tap: Wiretap
) -> None:
    place_call(QUIET, stay=1)
    invite = wait_for(lambda: tap.sip("INVITE ", target=SCREENER), 5, "INVITE to the screener")[0]
    headers = dict(line.split(": ", 1) for line in invite.data.decode().splitlines() if ": " in line)
    assert headers["X-Uniqueid"] == headers["X-Linkedid"]
    assert any(headers["X-Uniqueid"] in line for line in asterisk.channels()), "the caller's channel has this id"
    assert "13800138000" in headers["P-Asserted-Identity"]


def test_an_agent_puts_a_caller_into_the_analysis_queue_by_hand(
    asterisk: Asterisk, phone: Phone, screener: Screener, voices: Voices, place_call: Place, tap: Wiretap
) -> None:
    caller = place_call(voices.business, number="13700003333", stay=60)
    phone.wait_event("CALL_INCOMING", 30, since=caller.started)
    phone.command("accept")
    phone.wait_event("CALL_ESTABLISHED", 10, since=caller.started)
    time.sleep(0.5)
    phone.command("transfer", f"sip:900@{ASTERISK}")

    invite = wait_for(lambda: tap.sip("INVITE sip:900@", target=SCREENER), 10, "INVITE to the analysis queue")[0]
    assert b"Referred-By: " in invite.data
    done = prompt("analysis_done")
    wait_for(lambda: place(done, tap.heard_by(TRUNK))[0] > SAME, 30, "the queue's last sentence")
    heard = tap.heard_by(TRUNK)
    assert place(prompt("analysis_enter"), heard)[0] > SAME
    assert place(prompt("signal_tone"), heard)[0] > SAME


def _queued(asterisk: Asterisk, number: str) -> bool:
    return any(line[2] == "analysis" and line[-1] == number for line in asterisk.queue_log("ENTERQUEUE"))
