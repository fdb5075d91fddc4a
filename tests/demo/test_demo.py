"""The demo itself: real SIP and RTP on loopback, the embedded model, judged by what was heard on the line."""

import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from screener.cli import main
from screener.core.evidence import Verdict
from screener.demo.script import AUDIO, load_script
from screener.demo.stage import Voices
from screener.media.prompts import read_wav, write_wav
from screener.store.log import open_log
from tests.waiting import WAIT


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "screener", "demo", "--plain", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_the_lewd_caller_ends_in_the_queue_and_the_reports(tmp_path: Path) -> None:
    done = demo("--only", "lewd", "--keep", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "来电人说：喂你好",
        "判定：骚扰",
        "信号音",
        "骚扰来电频次",
        "骚扰来电来源",
        "全部 1 通来电与预期相符",
    ):
        assert said in done.stdout
    assert "13800138084" not in done.stdout, "numbers are masked"
    assert len(read_wav(tmp_path / "recordings" / "lewd-heard-1.wav")) > 16000 * 10
    assert "13800138084" not in (tmp_path / "screener.log").read_text()


def test_a_call_that_ends_otherwise_is_told_by_the_exit_code() -> None:
    """With no words to go by, the lewd caller reaches the agents."""
    done = demo("--only", "lewd", "--noise", "-20")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "不符" in done.stdout


def test_other_voices_are_a_folder_of_recordings(tmp_path: Path) -> None:
    """Each is as long as its place in the script, so that none can stand for another."""
    script = load_script()
    for number, name in enumerate(script.recordings, 1):
        write_wav(tmp_path / name, bytes(1600 * number))
    voices = Voices(script, tmp_path)
    silent, lewd = script.only(("silent", "lewd"))
    places = {name: len(samples) // 1600 for name, samples in voices._said.items() if name}
    assert places == {name: number for number, name in enumerate(script.recordings, 1)}
    assert len(voices.said(lewd)) == 1600 * places["lewd.wav"]
    assert voices.said(silent) == voices.to_agent(lewd) == b""
    longest = max(len(voices.to_agent(call)) for call in script.call)
    assert voices.agent_seconds > (len(voices.greeting) + longest) / 16000, "the agent hears every answer out"


def test_a_recording_that_the_folder_lacks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in load_script().recordings:
        shutil.copy(AUDIO / name, tmp_path)
    (tmp_path / "return.wav").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--plain", "--voices", str(tmp_path), "--lang", "en"])
    assert ended.value.code not in (0, 1)
    said = capsys.readouterr()
    assert f"{tmp_path / 'return.wav'}: cannot be read" in said.err
    assert "caller says" not in said.out, "before the first call"


def test_a_demo_in_the_console_ends_in_the_middle_of_a_call(tmp_path: Path) -> None:
    """Also where a script has started it with `&`, which ignores Ctrl-C. SIGTERM: the test below."""
    own = [sys.executable, "-m", "screener", "demo", "--plain", "--console", "--only", "lewd", "--lang", "en"]
    own += ["--keep", str(tmp_path)]
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *own]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = iter(running.stdout.readline, "")
        try:
            address = next(line for line in said if "/live" in line).split("live")[0]
            assert b'<html lang="en"' in urllib.request.urlopen(f"{address}login", timeout=WAIT).read()
            assert any("caller says: " in line for line in said)
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 130
        finally:
            running.kill()
    assert "Traceback" not in (tmp_path / "screener.log").read_text()


def test_the_console_shows_a_second_round_and_ends_with_the_reports_of_all(tmp_path: Path) -> None:
    own = [sys.executable, "-m", "screener", "demo", "--plain", "--console", "--only", "enquiry", "--lang", "en"]
    with subprocess.Popen([*own, "--keep", str(tmp_path)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = iter(running.stdout.readline, "")
        try:
            rounds = []
            for _ in range(2):
                rounds.append(next(line for line in said if "/live" in line))
                assert any("caller says: " in line for line in said)
                assert any("genuine" in line for line in said)
            assert rounds[0] == rounds[1], "address and password stay: whoever is logged in sees the calls go on"
            address = rounds[1].split("live")[0]
            assert urllib.request.urlopen(f"{address}login", timeout=WAIT).status == 200
            running.send_signal(signal.SIGTERM)
            rest = running.stdout.read()
            assert running.wait(60) == 0, "the first round is over, and was as expected"
        finally:
            running.kill()
    assert "screener report frequency" in rest and "all 1 calls ended as expected" in rest
    log = open_log(f"sqlite:///{tmp_path}/screener.db", read_only=True)
    genuine = [call for call in log.calls(limit=None) if call.verdict is Verdict.GENUINE]
    log.close()
    assert len(genuine) >= 2, "the second call is in the log, and judged as the first"
    assert "Traceback" not in (tmp_path / "screener.log").read_text()


def test_in_a_terminal_it_ends_with_an_address_where_the_calls_go_on(tmp_path: Path) -> None:
    """What `make demo` does, which places all seven."""
    makefile = (Path(__file__).parents[2] / "Makefile").read_text("utf-8")
    assert "\ndemo: $(INSTALLED)\n\t$(BIN)/screener demo\n" in makefile
    ours, theirs = pty.openpty()
    own = [sys.executable, "-m", "screener", "demo", "--only", "enquiry", "--keep", str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env |= {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(own, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as running:
        os.close(theirs)
        try:
            text = ""
            while not (address := re.search(r"(http://127\.0\.0\.1:\d+/)live.*demo", text)):
                text += os.read(ours, 65536).decode("utf-8", "replace")
            assert text.index("全部 1 通来电与预期相符") < address.start(), "at the end, after the reports"
            page = urllib.request.urlopen(f"{address[1]}login", timeout=WAIT).read().decode()
            assert '<html lang="zh' in page
            seen = len(text)
            while "来电人" not in text[seen:]:
                text += os.read(ours, 65536).decode("utf-8", "replace")
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(OSError):  # its end of the line is closed
                while os.read(ours, 65536):
                    pass
            assert running.wait(60) == 0
        finally:
            running.kill()
            os.close(ours)


def test_an_unknown_call_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--plain", "--only", "moon", "--lang", "en"])
    assert ended.value.code == 9
    assert "no call is named 'moon'" in capsys.readouterr().err
