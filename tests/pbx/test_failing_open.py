"""Whatever happens to the screener, its callers reach the agent through the dialplan of deploy/asterisk."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pbx.network import SCREENER, TRUNK, Network, Packet, Wiretap, wait_for
from tests.pbx.rig import Asterisk, Caller, Phone, Screener, doctor, write_config
from tests.pbx.voices import Voices

pytestmark = pytest.mark.pbx
Place = Callable[..., Caller]
QUIET = b"\xff" * 8000


def test_killed_in_mid_call(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    caller = place_call(QUIET)
    wait_for(lambda: len(tap.heard_by(TRUNK)) > 8000, 10, "a second of the screener's greeting")
    killed = mortal.kill()
    rang = phone.wait_event("CALL_INCOMING", 20, since=killed)
    print(f"\nkill -9 to ringing: {rang - killed:.2f} s")
    phone.command("accept")
    phone.wait_event("CALL_ESTABLISHED", 5, since=rang)
    assert not caller.gone

    phone.command("hangup")
    wait_for(lambda: caller.gone, 10, "end of the first call")
    second = place_call(QUIET)
    rang = phone.wait_event("CALL_INCOMING", 10, since=second.started)
    print(f"the next caller, INVITE to ringing: {rang - second.started:.2f} s")


def test_stopped_in_mid_call(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    place_call(QUIET)
    wait_for(lambda: len(tap.heard_by(TRUNK)) > 8000, 10, "a second of the screener's greeting")
    at = time.monotonic()
    mortal.process.send_signal(signal.SIGTERM)
    rang = phone.wait_event("CALL_INCOMING", 20, since=at)
    print(f"\nSIGTERM to ringing: {rang - at:.2f} s")
    assert mortal.process.wait(20) == 0


def test_hanging_before_it_answers(
    asterisk: Asterisk, phone: Phone, mortal: Screener, place_call: Place, tap: Wiretap
) -> None:
    mortal.process.send_signal(signal.SIGSTOP)
    try:
        caller = place_call(QUIET)
        rang = phone.wait_event("CALL_INCOMING", 10, since=caller.started)
        print(f"\nINVITE to ringing: {rang - caller.started:.2f} s")
    finally:
        mortal.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not [c for c in asterisk.channels() if "PJSIP/screener" in c], 10, "end of the late leg")
    assert mortal.process.poll() is None


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
    print("\n", answer.data.splitlines()[0].decode())
    wait_for(lambda: not asterisk.channels(), 10, "quiet PBX")


def test_absent(asterisk: Asterisk, phone: Phone, place_call: Place) -> None:
    wait_for(lambda: asterisk.contact("screener") != "Avail", 20, "the screener's absence")
    caller = place_call(QUIET)
    rang = phone.wait_event("CALL_INCOMING", 10, since=caller.started)
    print(f"\nINVITE to ringing: {rang - caller.started:.2f} s")


def test_doctor_finds_the_registration_accepted(
    network: Network, asterisk: Asterisk, voices: Voices, tmp_path: Path
) -> None:
    report = doctor(network, write_config(tmp_path, voices.speech))
    assert "✔ registration: 192.0.2.10" in report.stdout, report
    assert report.returncode == 0, report


def test_doctor_finds_the_password_wrong(
    network: Network, asterisk: Asterisk, voices: Voices, tmp_path: Path
) -> None:
    report = doctor(network, write_config(tmp_path, voices.speech, {"change-me-screener": "not-this"}))
    line = next(line for line in report.stdout.splitlines() if "registration" in line)
    print("\n", line)
    assert line.startswith("✘")
    assert "password" in line.partition("→")[2]
    assert report.returncode == 1


def test_doctor_finds_the_pbx_absent(network: Network, voices: Voices, tmp_path: Path) -> None:
    elsewhere = {'host = "192.0.2.10"': f'host = "{TRUNK}"'}
    report = doctor(network, write_config(tmp_path, voices.speech, elsewhere))
    line = next(line for line in report.stdout.splitlines() if "registration" in line)
    print("\n", line)
    assert line.startswith("✘")
    assert "PBX running" in line
    assert report.returncode == 1


def test_the_manager_account_is_loaded(asterisk: Asterisk) -> None:
    account = asterisk.rx("manager show user screener")
    assert "originate,agent" in account.replace("call,", "", 1) or "originate" in account
    assert "system" not in account
    assert "command" not in account
