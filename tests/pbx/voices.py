"""What the callers say, as raw µ-law, and the recogniser that understands them."""

import audioop  # part of Python before 3.13, the package audioop-lts after
import io
import subprocess
import wave
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from screener.resources import audio_folder
from tests.pbx.rig import ROOT

EMBEDDED = ROOT / "screener/speech/embedded/am/final.mdl"
DEMO = ROOT / "screener/demo/audio"
SHARED = ROOT.parent / "shared"
TREAT = "treat_with_synthetic_model = true"


@dataclass(frozen=True, slots=True)
class Voices:
    """Raw µ-law, 8 kHz, with a pause at the end.

    Attributes:
        speech: the `[speech]` section that understands them.
        business: a clear request.
        lewd: decisive harassment.
    """

    speech: str
    business: bytes
    lewd: bytes


def load_voices() -> Voices | None:
    """The demo's sentences for the embedded model, else the word bank beside the project; None without either."""
    if EMBEDDED.exists() and DEMO.is_dir():
        return Voices(f'engine = "vosk"\n{TREAT}', mulaw(DEMO / "enquiry.wav"), mulaw(DEMO / "lewd.wav"))
    if (SHARED / "speech/wordbank/words.zip").exists():
        model = (SHARED / "models/sherpa-kws-zh").resolve()
        return Voices(
            f'engine = "sherpa"\nmodel = "{model}"', spoken("我 要 维修"), spoken("我 想 跟 你 做 爱 跟 我 睡觉")
        )
    return None


def spoken(words: str) -> bytes:
    """Words of the word bank as a sentence, with a pause before and after."""
    return audioop.lin2ulaw(bytes(1600) + spoken_pcm(words) + bytes(40000), 2)


def spoken_pcm(words: str) -> bytes:
    """Words of the word bank, joined: 16-bit samples from the first sound to the last."""
    trim = "silenceremove=start_periods=1:start_threshold=-45dB,areverse"
    parts = []
    with zipfile.ZipFile(SHARED / "speech/wordbank/words.zip") as bank:
        names = {name.encode("cp437", "ignore").decode("utf-8", "ignore"): name for name in bank.namelist()}
        for word in words.split():
            command = f"ffmpeg -v error -i - -af {trim},{trim} -f s16le -ar 8000 -ac 1 -".split()
            said = subprocess.run(command, input=bank.read(names[f"{word}.ogg"]), capture_output=True, check=True)
            parts.append(said.stdout)
    return bytes(640).join(parts)


def samples(path: Path) -> bytes:
    """The s16 samples of a WAV; a writer that was killed leaves a header without lengths."""
    data = path.read_bytes()
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2), path
    return data[data.index(b"data") + 8 :]


def mulaw(path: Path, pause: float = 2.0) -> bytes:
    return audioop.lin2ulaw(samples(path) + bytes(int(16000 * pause)), 2)


def prompt(name: str) -> bytes:
    """A recording of audio/ as raw µ-law."""
    return mulaw(audio_folder() / f"{name}.wav", pause=0)


def place(needle: bytes, hay: bytes, seconds: float = 1.0) -> tuple[float, float]:
    """Where the loudest second of one µ-law recording occurs in another.

    Returns:
        The normalised correlation there, 1 for the very same audio, and the place in seconds from the start of the
        recording to the start of the whole needle.
    """
    wanted = np.frombuffer(audioop.ulaw2lin(needle, 2), np.int16).astype(np.float64)
    heard = np.frombuffer(audioop.ulaw2lin(hay, 2), np.int16).astype(np.float64)
    size = min(int(8000 * seconds), len(wanted))
    if len(heard) < size:
        return 0.0, 0.0
    power = np.convolve(wanted**2, np.ones(size), "valid")
    start = int(power.argmax())
    piece = wanted[start : start + size]
    total = 1 << (len(heard) + size).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, total) * np.conj(np.fft.rfft(piece, total)), total)
    squares = np.concatenate([[0.0], np.cumsum(heard**2)])
    norm = np.sqrt(np.maximum(squares[size:] - squares[:-size], 1.0) * max(float((piece**2).sum()), 1.0))
    likeness = product[: len(norm)] / norm
    best = int(likeness.argmax())
    return float(likeness[best]), (best - start) / 8000
