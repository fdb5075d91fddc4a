"""What the measurements share: a running `screener serve`, sentences whose end is known, and percentiles."""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from screener.demo.script import ScriptVoice
from screener.demo.synthesise import say
from tests.pbx.voices import SPEECH

ROOT = Path(__file__).parents[2]
HARASSING = (
    "跟我睡", "跟我上床", "跟你上床", "陪我上床", "跟我做爱", "和我做爱",
    "我要睡你", "我想干你", "脱光衣服", "打飞机吗",
    "我下面硬", "你给我滚", "你脑子有病", "狗娘养的", "王八蛋",
)  # fmt: skip
"""Each is decisive with its last word and not before."""
REQUESTS = (
    "我要维修", "我要开发票", "我要挂失", "我要挂号", "我要交费", "我要取消预约",
    "我要换货", "我要退货", "我要退款", "我要订机票",
    "我要买保险", "我想办理护照", "帮我查一下", "我的包裹",
)  # fmt: skip
VOICES = ("m2", "f2", "m3", "f5")


@dataclass(frozen=True, slots=True)
class Sentence:
    """16-bit samples at 8 kHz that begin and end with the words, and nothing else."""

    text: str
    pcm: bytes

    @property
    def end(self) -> float:
        """Seconds from the first sample to the end of the last word."""
        return len(self.pcm) / 16000


def sentences(texts: Sequence[str], count: int) -> list[Sentence]:
    """So many sentences in turn, in espeak-ng's voices, which the embedded model understands.

    Silence at both ends is cut (quieter than 40 dB below full scale), so the end is the last word's.
    """
    said = []
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        samples = say(ScriptVoice(VOICES[number // len(texts) % len(VOICES)], 200, 50, text))
        loud = np.flatnonzero(np.abs(samples) > 10 ** (-40 / 20))
        pcm = (np.clip(samples[loud[0] : loud[-1] + 1], -1, 1) * 32767).astype("<i2").tobytes()
        said.append(Sentence(text, pcm))
    return said


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_office_hours() -> str:
    """A time zone where it is nine in the morning: at night and at noon the calendar speaks against a caller."""
    ahead = (9 - time.gmtime().tm_hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"  # these names count westwards


@contextlib.contextmanager
def serving(
    extra: str = "", root: Path = ROOT, flow: str = "", sip: str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`screener serve` of a checkout on loopback as a process of its own; yields it and its SIP port."""
    with tempfile.TemporaryDirectory() as folder:
        port, config, log = free_port(), Path(folder, "screener.toml"), Path(folder, "log.txt")
        target = "sip:{}@127.0.0.1"
        config.write_text(
            f"[site]\ntimezone = '{in_office_hours()}'\n[sip]\nport = {port}\n{sip}"
            f"[targets]\nagents = '{target.format('agents')}'\n"
            f"analysis = '{target.format('analysis')}'\n[flow]\nqueue_on_pbx = true\n{flow}\n"
            f"[speech]\n{SPEECH}\n{extra}"
        )
        command = [sys.executable, "-m", "screener", "serve", "--config", str(config)]
        with log.open("wb") as out:
            environment = {**os.environ, "PYTHONPATH": str(root)}
            process = subprocess.Popen(command, stdout=out, stderr=out, cwd=root, env=environment)
        try:
            while "taking calls" not in log.read_text():
                if process.poll() is not None:
                    raise SystemExit(log.read_text())
                time.sleep(0.05)
            yield process, port
        finally:
            process.terminate()
            process.wait()


def percentiles(name: str, values: Sequence[float], of: int) -> str:
    """One line: p50, p95, least and most, over how many of how many calls."""
    if not values:
        return f"{name}: no call of {of} came so far"
    p50, p95 = np.percentile(values, [50, 95])
    return (
        f"{name}: p50 {p50:.3f} s, p95 {p95:.3f} s, least {min(values):.3f}, most {max(values):.3f} "
        f"({len(values)} of {of} calls)"
    )
