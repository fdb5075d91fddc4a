"""From a flag on a real Asterisk records the caller, and what it recorded joins the package of evidence."""

import contextlib
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pbx.network import ASTERISK, TRUNK, Wiretap
from tests.pbx.rig import BESIDE, IN_PATH, Asterisk, Caller, Phone, Screener
from tests.pbx.voices import is_in, mulaw, place, prompt, said
from tests.waiting import ENOUGH, wait_for

pytestmark = pytest.mark.pbx
ACCOUNT = "screener-records"
"""The screener's account with the one right more that `MixMonitor` asks for."""


@pytest.fixture
def recording(asterisk: Asterisk, run_screener: Callable[..., Screener]) -> Screener:
    accounts = asterisk.home / "etc/manager.conf"
    if ACCOUNT not in accounts.read_text("utf-8"):
        with accounts.open("a", encoding="utf-8") as file:
            file.write(f"[{ACCOUNT}](screener)\nsecret = change-me-manager\nwrite = call,originate,user,system\n")
        asterisk.rx("manager reload")
    folder = asterisk.home / "spool/monitor/screener"
    folder.mkdir(parents=True, exist_ok=True)
    screener = run_screener(
        {
            "[pbx]                             #": "[pbx]\nrecord_flagged = true #",
            f'host = "{ASTERISK}"\nusername = "screener"\npassword = "change-me-manager"': (
                f'host = "{ASTERISK}"\nusername = "{ACCOUNT}"\npassword = "change-me-manager"'
            ),
            "[flow]": f"[evidence]\nrecordings = '{folder}'\n\n[flow]\nrecord_notice = true",
        }
    )
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    return screener


@pytest.mark.parametrize("dialled", [IN_PATH, BESIDE])
def test_a_flagged_caller_is_recorded_and_the_recording_joins_the_package(
    dialled: str,
    asterisk: Asterisk,
    phone: Phone,
    recording: Screener,
    place_call: Callable[..., Caller],
    tap: Wiretap,
) -> None:
    number = f"1390000{dialled[-4:]}"
    caller = place_call(said("lewd"), number=number, dialled=dialled)
    if dialled == BESIDE:
        phone.answer(30, since=caller.started)
    wait_for(lambda: is_in(prompt("analysis_enter"), tap.heard_by(TRUNK)), 60, "analysis queue", every=0.5)
    time.sleep(2)
    caller.stop()
    asterisk.rx("channel request hangup all")
    wait_for(lambda: not asterisk.legs("trunk"), 10, "end of the call")
    call = recording.record(number, "harassment")
    assert call.queue == "agents", "whichever way it was heard"
    file = asterisk.home / "spool/monitor/screener" / f"{call.uniqueid}.wav"
    seconds = wait_for(lambda: length(file), 5, f"recording; {recording.log[-2000:]}")
    assert "not recorded" not in recording.log
    assert 2 < seconds < (call.ended_at - call.started_at).total_seconds() + 30
    likeness = {name: place(prompt(name), mulaw(file))[0] for name in ("analysis_enter", "line_fault")}
    assert likeness["analysis_enter"] > 2 * likeness["line_fault"], "what the caller heard, and talked over"

    package = recording.home / "case"
    command = [sys.executable, "-m", "screener", "calls", "export", call.id, "-o", package]
    subprocess.run([*command, "--config", recording.config], check=True, timeout=ENOUGH, capture_output=True)
    (audio,) = package.rglob("audio.wav")
    assert audio.read_bytes() == file.read_bytes()


def length(file: Path) -> float:
    """Seconds of a recording; 0 before its end is written into its head."""
    with contextlib.suppress(OSError, EOFError, wave.Error), wave.open(str(file)) as recorded:
        return recorded.getnframes() / recorded.getframerate()
    return 0.0


def test_without_that_right_the_log_says_that_nothing_is_recorded(
    asterisk: Asterisk, run_screener: Callable[..., Screener], place_call: Callable[..., Caller]
) -> None:
    screener = run_screener(
        {
            "[pbx]                             #": "[pbx]\nrecord_flagged = true #",
            "[flow]": "[flow]\nrecord_notice = true",
        }
    )
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    place_call(said("lewd"), number="13900001234")
    wait_for(lambda: "a flagged call is not recorded: Permission denied" in screener.log, 40, "word of it")
