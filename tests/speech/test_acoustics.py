import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from screener.events import FRAME_BYTES, Cue, CueKind, Speaker
from screener.media.prompts import read_wav
from screener.resources import audio_folder
from screener.speech.acoustics import Ear, _percentile

SHARED = Path(__file__).resolve().parents[3] / "shared" / "events"
RNG = np.random.default_rng(7)


def hear(pcm: bytes, ear: Ear | None = None, at: float = 0.0) -> list[Cue]:
    ear = ear or Ear()
    frames = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    return [cue for start in frames for cue in ear.accept(pcm[start : start + FRAME_BYTES], at + start / 16000)]


def kinds(cues: list[Cue]) -> list[CueKind]:
    return [cue.kind for cue in cues]


def pack(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def bursts(carrier: np.ndarray, per_second: float) -> bytes:
    """The carrier in soft bursts, as in laughter."""
    t = np.arange(carrier.size) / 8000
    gate = np.maximum(0, np.sin(2 * np.pi * per_second * t)) ** 2
    return pack(carrier * gate + RNG.normal(0, 0.001, carrier.size))


def voice(seconds: float) -> np.ndarray:
    t = np.arange(int(8000 * seconds)) / 8000
    return 0.2 * sum(np.sin(2 * np.pi * 310 * n * t) / n for n in range(1, 8))


def noise(seconds: float) -> np.ndarray:
    return RNG.normal(0, 0.2, int(8000 * seconds))


def test_voiced_bursts_in_the_rhythm_of_laughter_are_laughter() -> None:
    cues = [c for c in hear(bursts(voice(6), 4.5)) if c.kind is CueKind.LAUGHTER]
    assert cues
    assert 1.5 < cues[0].at < 2.5, "the window and two more strides"
    assert all(later.at - earlier.at >= 1.99 for earlier, later in pairwise(cues))
    assert all(0.5 <= c.confidence <= 1 for c in cues)


@pytest.mark.parametrize(
    ("what", "pcm"),
    [
        ("claps", bursts(noise(6), 4.5)),
        ("too slow", bursts(voice(6), 1.2)),
        ("a steady tone", pack(voice(6))),
        ("silence", bytes(6 * 16000)),
        ("too quiet", bursts(0.005 * voice(6), 4.5)),
    ],
)
def test_other_sounds_are_not(what: str, pcm: bytes) -> None:
    assert CueKind.LAUGHTER not in kinds(hear(pcm)), what


@pytest.mark.parametrize("path", sorted(audio_folder().glob("[!s]*.wav")), ids=lambda p: p.stem)
def test_speech_starts_and_ends_and_is_no_laughter(path: Path) -> None:
    pcm = read_wav(path)
    cues = hear(bytes(16000) + pcm + bytes(16000))
    assert kinds(cues) == [CueKind.SPEECH_START, CueKind.SPEECH_END] * (len(cues) // 2)
    assert cues, "heard at all"
    assert 1 + 0.12 < cues[0].at < 1 + 0.12 + 0.25, "within a quarter second of the first sound"
    assert len(pcm) / 16000 + 1 - 0.3 < cues[-1].at < len(pcm) / 16000 + 1 + 0.5


@pytest.mark.parametrize("level", [-60, -50, -45, -40])
def test_a_noisy_line_is_not_speech(level: int) -> None:
    samples = RNG.normal(0, 10 ** (level / 20), 10 * 8000)
    speaking = 0.0
    edges = [cue.at for cue in hear(pack(samples))]
    for start, end in zip(edges[::2], [*edges[1::2], 10.0], strict=False):
        speaking += end - start
    assert speaking < 1.0, "of ten seconds"


def test_a_gap_in_audio_time_is_silence() -> None:
    speech = read_wav(audio_folder() / "greeting.wav")[: 2 * 16000]
    ear = Ear(Speaker.AGENT)
    assert kinds(hear(speech, ear)) == [CueKind.SPEECH_START]
    after = hear(bytes(FRAME_BYTES), ear, at=30.0)
    assert kinds(after) == [CueKind.SPEECH_END]
    assert after[0].speaker is Speaker.AGENT
    assert after[0].at == pytest.approx(30.02)


def test_the_same_audio_gives_the_same_cues_whatever_the_chunks() -> None:
    pcm = bursts(voice(4), 5)
    chunk = 3 * FRAME_BYTES
    ear = Ear()
    chunked = [c for i in range(0, len(pcm), chunk) for c in ear.accept(pcm[i : i + chunk], i / 16000)]
    assert kinds(chunked) == kinds(hear(pcm))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the data folder ../shared is absent")
def test_recorded_laughter_is_heard_and_claps_and_coughs_are_not() -> None:
    heard = {}
    for path in sorted(SHARED.glob("*.flac")):
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-ar", "8000", "-ac", "1", "-f", "s16le", "-"]
        pcm = subprocess.run(command, capture_output=True, check=True).stdout
        heard[path.stem] = CueKind.LAUGHTER in kinds(hear(pcm))
    laughing = [name for name in heard if name.startswith("laugh")]
    assert sum(heard[name] for name in laughing) >= 11, "of 12"
    assert not [name for name in heard if heard[name] and name not in laughing]


def test_percentiles_are_numpys() -> None:
    chance = np.random.default_rng(1)
    for size in (1, 2, 69, 70):
        levels = chance.normal(-30, 10, size)
        found = [_percentile(np.sort(levels), percent) for percent in (0, 15, 90, 100)]
        assert np.allclose(found, np.percentile(levels, (0, 15, 90, 100)), rtol=0, atol=1e-9)
