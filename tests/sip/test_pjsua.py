"""PJSUA's own caller over UDP and TCP: session timers, RTCP, re-INVITEs and keys as PJSIP makes them.

pjsua2 is no dependency: `pip install pjsua2-python` anywhere and name that interpreter in SCREENER_PJSUA.
"""

import audioop
import os
import subprocess
import wave
from pathlib import Path

import pytest

from screener.events import CallAnswered, CallEnded, Dtmf, EndedBy
from screener.media.prompts import Clip
from tests.sip.caller import Desk
from tests.sip.fidelity import signal
from tests.waiting import WAIT, wait_for

PYTHON = os.environ.get("SCREENER_PJSUA", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="needs SCREENER_PJSUA, an interpreter with pjsua2")
TONES = signal(-20)


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_whole_call(tmp_path: Path, over: str) -> None:
    with wave.open(str(tmp_path / "say.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(TONES * 20)
    desk = Desk(tcp=True)
    command = [PYTHON, Path(__file__).with_name("pjsua_call.py"), f"sip:100@127.0.0.1:{desk.agent.port}"]
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen([*command, tmp_path, over], stdout=log, stderr=log)
    try:
        call, inward = desk.call(), bytearray()
        desk.event(CallAnswered)
        call.listen(lambda frame, at: inward.extend(frame))
        call.play([(Clip.of("tones", TONES), 2.4)])
        assert call._timer, "PJSIP asks for a session timer"
        assert desk.event(Dtmf).digit == "5"
        assert wait_for(lambda: call.streams[0].held), "hold"
        assert wait_for(lambda: not call.streams[0].held), "resume"
        assert desk.event(CallEnded).by is EndedBy.CALLER
        assert process.wait(WAIT) == 0, (tmp_path / "log.txt").read_text()
    finally:
        process.kill()
        desk.stop()
    with wave.open(str(tmp_path / "heard.wav")) as file:
        outward = file.readframes(file.getnframes())
        rate = file.getframerate()
    said = audioop.rms(TONES, 2)
    heard = audioop.rms(bytes(inward[8000:40000]), 2), audioop.rms(outward[: 4 * rate], 2)
    print(f"\n{over}: RMS {said} both ways; we heard {heard[0]}, PJSUA {heard[1]}")
    assert all(said / 2 < level < said * 1.2 for level in heard)
