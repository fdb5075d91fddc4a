"""Whatever happens to the screener, its callers reach the agent through the dialplan of deploy/asterisk."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pbx.network import ASTERISK, SCREENER, TRUNK, Network, Packet, Wiretap
from tests.pbx.rig import Asterisk, Caller, Phone, Screener, doctor, write_config
from tests.pbx.voices import QUIET, hears_the_agent, said
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx
Place = Callable[..., Caller]


def test_killed_in_mid_call(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    numbers = ("13800004441", "13800004442")
    callers = [place_call(QUIET, number=number, line=line) for line, number in enumerate(numbers)]
    for caller in callers:
        _is_greeted(caller, tap)
    killed = mortal.kill()
    rang = phone.answer(20, since=killed)
    print(f"\nkill -9 to ringing: {rang - killed:.2f} s")
    for number in numbers:
        wait_for(lambda number=number: _waits(asterisk, number), 10, f"entry of {number} in queue_log")

    first = wait_for(lambda: next((c for c in callers if _meets(c, tap)), None), 10, "meeting", every=0.2)
    hung_up = time.monotonic()
    phone.command("hangup")
    assert first.wait(10) == 0, "for the caller an ordinary call, ended by the agent"
    phone.answer(20, since=hung_up)
    (second,) = (caller for caller in callers if caller is not first)
    wait_for(lambda: _meets(second, tap), 10, "meeting of the second caller with the agent", every=0.2)
    phone.command("hangup")
    assert second.wait(10) == 0

    third = place_call(QUIET, line=2)
    rang = phone.wait_event("CALL_INCOMING", 10, since=third.started)
    print(f"the next caller, INVITE to ringing: {rang - third.started:.2f} s")


def test_stopped_in_mid_call(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    caller = place_call(QUIET)
    _is_greeted(caller, tap)
    at = time.monotonic()
    mortal.process.send_signal(signal.SIGTERM)
    rang = phone.answer(20, since=at)
    print(f"\nSIGTERM to ringing: {rang - at:.2f} s")
    wait_for(lambda: _meets(caller, tap), 10, "meeting of the caller with the agent", every=0.2)
    assert mortal.process.wait(20) == 0
    mortal.logged("13800138000", "undecided")


def test_hanging_before_it_answers(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    mortal.process.send_signal(signal.SIGSTOP)
    try:
        caller = place_call(QUIET)
        rang = phone.answer(10, since=caller.started)
        print(f"\nINVITE to ringing: {rang - tap.dialled():.2f} s")
        assert rang - caller.started >= 2, "SCREENER_ANSWER of the dialplan"
        assert rang - tap.dialled() < 4, "and no longer"
        wait_for(lambda: _meets(caller, tap), 10, "meeting of the caller with the agent", every=0.2)
    finally:
        mortal.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not asterisk.screened(), 10, "end of the late leg")
    assert _meets(caller, tap), "and the call with the agent goes on"
    assert mortal.process.poll() is None


def test_full(
    asterisk: Asterisk, phone: Phone, run_screener: Callable[..., Screener], place_call: Place, tap: Wiretap
) -> None:
    peers = 'peers = ["192.0.2.10"]'
    queues = 'queues = ["agents"]'
    run_screener({peers: f"{peers}\nmax_calls = 1", queues: f"{queues}\nmax_calls = 1\nhear_agent = false"})
    first = place_call(QUIET, line=0)
    _is_greeted(first, tap)
    second = place_call(QUIET, number="13800005555", line=1)
    rang = phone.answer(10, since=second.started)
    waited = rang - tap.dialled("13800005555")
    print(f"\nINVITE to ringing: {waited:.2f} s")
    assert tap.sip("SIP/2.0 503", source=SCREENER)
    assert waited < 2, "at once: the dialplan did not wait for SCREENER_ANSWER"
    wait_for(lambda: _meets(second, tap), 10, "meeting of the second caller with the agent", every=0.2)
    assert len(asterisk.screened()) == 1, "the first caller is still screened"


def test_an_extension_that_the_pbx_lacks(
    asterisk: Asterisk, phone: Phone, run_screener: Callable[..., Screener], place_call: Place, tap: Wiretap
) -> None:
    run_screener({"sip:agents@": "sip:nowhere@"})
    caller = place_call(said("enquiry"))
    phone.answer(30, since=caller.started)
    refers = {p.data: p for p in reversed(tap.sip("REFER ", source=SCREENER))}  # whichever was sent again, once
    second, first = refers.values()
    assert b"Refer-To: <sip:nowhere@" in first.data
    assert any(b"SIP/2.0 404" in p.data for p in tap.sip("NOTIFY ", source=ASTERISK))
    assert b"Refer-To: <sip:supervisor@" in second.data
    print(f"\nrefused REFER to the next: {second.at - first.at:.2f} s")
    wait_for(lambda: _meets(caller, tap), 10, "meeting of the caller with the agent", every=0.2)


def test_the_caller_gives_up_before_the_answer(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    mortal.process.send_signal(signal.SIGSTOP)
    try:
        caller = place_call(QUIET, scenario="cancel", stay=0.5)
        assert caller.wait(10) == 0, "200 to the CANCEL, 487 to the INVITE"
    finally:
        mortal.process.send_signal(signal.SIGCONT)

    def final() -> list[Packet]:
        answers = tap.sip("SIP/2.0 ", source=SCREENER)
        return [p for p in answers if b" INVITE\r\n" in p.data and not p.data.startswith(b"SIP/2.0 1")]

    answer = wait_for(final, 10, "final answer of the screener to the cancelled INVITE")[0]
    assert answer.data.startswith(b"SIP/2.0 487"), answer.data
    wait_for(lambda: not asterisk.channels(), 10, "quiet PBX")
    assert not phone.rang(since=caller.started)


def test_absent(asterisk: Asterisk, phone: Phone, place_call: Place, tap: Wiretap) -> None:
    wait_for(lambda: asterisk.contact("screener") != "Avail", 20, "the screener's absence")
    caller = place_call(QUIET)
    rang = phone.answer(10, since=caller.started)
    print(f"\nINVITE to ringing: {rang - tap.dialled():.2f} s")
    assert rang - tap.dialled() < 2, "at once: nobody was dialled"
    wait_for(lambda: _meets(caller, tap), 10, "meeting of the caller with the agent", every=0.2)


def test_doctor_finds_the_registration_accepted(network: Network, asterisk: Asterisk, tmp_path: Path) -> None:
    report = doctor(network, write_config(tmp_path))
    assert "✔ registration: 192.0.2.10" in report.stdout, report
    assert report.returncode == 0, report


def test_doctor_finds_the_password_wrong(network: Network, asterisk: Asterisk, tmp_path: Path) -> None:
    report = doctor(network, write_config(tmp_path, {"change-me-screener": "not-this"}))
    (line,) = (line for line in report.stdout.splitlines() if "registration" in line)
    print("\n", line)
    assert line.startswith("✘")
    assert "password" in line.partition("→")[2]
    assert report.returncode == 1


def test_doctor_finds_the_pbx_absent(network: Network, tmp_path: Path) -> None:
    elsewhere = {'host = "192.0.2.10"': f'host = "{TRUNK}"'}
    report = doctor(network, write_config(tmp_path, elsewhere))
    (line,) = (line for line in report.stdout.splitlines() if "registration" in line)
    print("\n", line)
    assert line.startswith("✘")
    assert "is the PBX running" in line.partition("→")[2]
    assert report.returncode == 1


def test_the_manager_account_may_only_what_screening_needs(asterisk: Asterisk) -> None:
    account = asterisk.rx("manager show user screener").splitlines()
    rights = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in account}
    assert set(rights["read perm"].split(",")) == {"call", "agent", "user"}
    assert set(rights["write perm"].split(",")) == {"call", "originate", "user"}


def _is_greeted(caller: Caller, tap: Wiretap) -> None:
    wait_for(lambda: len(tap.heard_by(TRUNK, caller.ports)) > 8000, 10, "a second of the screener's greeting")


def _meets(caller: Caller, tap: Wiretap) -> bool:
    """Whether this caller hears the agent now."""
    return hears_the_agent(tap.heard_by(TRUNK, caller.ports))


def _waits(asterisk: Asterisk, number: str) -> bool:
    return any(line[2] == "agents" and line[6] == number for line in asterisk.queue_log("ENTERQUEUE"))
