"""What the measurements share: a running `screener serve`, sentences whose end is known, and percentiles."""

import contextlib
import itertools
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.pbx.voices import EMBEDDED, SHARED, TREAT, spoken_pcm

HARASSING = (
    "跟 我 睡", "跟 我 上 床", "跟 你 上 床", "陪 我 上 床", "跟 我 做 爱", "和 我 做 爱",
    "我 要 睡 你", "我 想 干 你", "脱 光 衣服", "打 飞机 吗",
    "我 下面 硬", "你 给 我 滚", "你 脑子 有 病", "狗 娘 养 的", "王 八 蛋",
)  # fmt: skip
"""Each is decisive with its last word and not before."""
REQUESTS = (
    "我 要 维修", "我 要 开 发票", "我 要 挂 失", "我 要 挂号", "我 要 交 费", "我 要 取消 预约",
    "我 要 换 货", "我 要 退 货", "我 要 退 款", "我 要 订 机 票",
    "我 要 买 保险", "我 想 办理 护照", "帮 我 查 一下", "我 的 包裹",
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


def engine() -> str:
    """The `[speech]` section: the embedded model, else the recogniser beside the project."""
    if EMBEDDED.exists():
        return f'engine = "vosk"\n{TREAT}'
    if SHARED.is_dir():
        return f'engine = "sherpa"\nmodel = "{(SHARED / "models/sherpa-kws-zh").resolve()}"'
    raise SystemExit("needs the embedded model, or ../shared beside the clone")


def sentences(texts: Sequence[str], count: int) -> list[Sentence]:
    """So many sentences in turn: in espeak-ng's voices for the embedded model, else in those of the word bank.

    Silence at both ends is cut (quieter than 40 to 45 dB below full scale), so the end is the last word's.
    """
    if not EMBEDDED.exists():
        made = [Sentence(text, spoken_pcm(text)) for text in texts]
        return list(itertools.islice(itertools.cycle(made), count))
    from screener.demo.script import Voice
    from screener.demo.synthesise import say

    said = []
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        samples = say(Voice(VOICES[number // len(texts) % len(VOICES)], 200, 50, text.replace(" ", "")))
        loud = np.flatnonzero(np.abs(samples) > 10 ** (-40 / 20))
        pcm = (np.clip(samples[loud[0] : loud[-1] + 1], -1, 1) * 32767).astype("<i2").tobytes()
        said.append(Sentence(text, pcm))
    return said


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(extra: str = "") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`screener serve` on loopback as a process of its own; yields it and its SIP port."""
    with tempfile.TemporaryDirectory() as folder:
        port, config, log = free_port(), Path(folder, "screener.toml"), Path(folder, "log.txt")
        target = "sip:{}@127.0.0.1"
        config.write_text(
            f"[sip]\nport = {port}\n[targets]\nagents = '{target.format('agents')}'\n"
            f"analysis = '{target.format('analysis')}'\n[flow]\nqueue_on_pbx = true\n[speech]\n{engine()}\n{extra}"
        )
        command = [sys.executable, "-m", "screener", "serve", "--config", str(config)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)
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
