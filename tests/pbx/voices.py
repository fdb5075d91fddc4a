"""What is said and heard on these lines, as raw µ-law of 8 kHz."""

import audioop  # part of Python before 3.13, the package audioop-lts after
import io
import math
import struct
import wave
from pathlib import Path

import numpy as np

from screener.demo.script import AUDIO
from screener.resources import audio_folder

SPEECH = 'engine = "vosk"\ntreat_with_synthetic_model = true'
"""The `[speech]` section of a screener that understands the demo's callers and acts on what it hears."""
QUIET = b"\xff" * 8000
LEWD_FROM = 8540
"""Milliseconds into the lewd caller's recording, in the pause before the third sentence."""
SAME = 0.9
"""Likeness above which two recordings are the same audio; that of different ones is below 0.5 here."""


def said(name: str) -> bytes:
    """What a caller of the demo says, with a pause at the end."""
    return mulaw(AUDIO / f"{name}.wav", pause=2.0)


def speech(name: str, pause: float = 1.0) -> bytes:
    """What a caller of the demo says, and seconds of silence, as 16-bit samples."""
    return samples(AUDIO / f"{name}.wav") + bytes(int(8000 * pause) * 2)


def lewd() -> bytes:
    """The last two sentences of the demo's lewd caller, a second of silence, as 16-bit samples.

    They leave no doubt, and come after the pretext: a test that is about what follows waits for no more.
    """
    return speech("lewd")[16 * LEWD_FROM :]


def pretext() -> bytes:
    """“喂你好，我想咨询一下。” of the demo's lewd caller: it says that something will come, and not what."""
    return _piece("lewd", 700, 2600)


def enquiry() -> bytes:
    """“你好，我想查一下我的话费余额。”, with a shorter pause than `said` makes."""
    return _piece("enquiry", 700, 4000)


def _piece(name: str, begin: int, end: int) -> bytes:
    """What a caller of the demo says from one millisecond to another, and a pause that ends the utterance."""
    return audioop.lin2ulaw(speech(name)[16 * begin : 16 * end] + bytes(16 * 800), 2)


def prompt(name: str) -> bytes:
    """A recording of audio/."""
    return mulaw(audio_folder() / f"{name}.wav")


def hum(seconds: int) -> bytes:
    """The agent's voice: a tone of 330 Hz, as 16-bit samples; every second of it is the same."""
    second = [round(3000 * math.sin(math.tau * 330 * i / 8000)) for i in range(8000)]
    return struct.pack("<8000h", *second) * seconds


def hears_the_agent(heard: bytes) -> bool:
    """Whether the newest two seconds that a caller was sent are the agent's voice."""
    return is_in(audioop.lin2ulaw(hum(1), 2), heard[-16000:])


def apart_from_the_agent(heard: bytes) -> bytes:
    """What a caller was sent, without the hum of the agent in it."""
    samples = np.frombuffer(audioop.ulaw2lin(heard, 2), np.int16).astype(np.float64)
    spectrum = np.fft.rfft(samples)
    spectrum[np.abs(np.fft.rfftfreq(len(samples), 1 / 8000) - 330) < 8] = 0
    left = np.clip(np.rint(np.fft.irfft(spectrum, len(samples))), -32768, 32767).astype("<i2")
    return audioop.lin2ulaw(left.tobytes(), 2)


def is_in(needle: bytes, hay: bytes) -> bool:
    """Whether one recording is to be heard in another."""
    return place(needle, hay)[0] > SAME


def is_partly_in(needle: bytes, hay: bytes) -> bool:
    """Likewise, where a frame may have slipped in its loudest second: any loud second of it will do.

    For recordings that share no sentence with what else may be heard there.
    """
    seconds = [needle[start : start + 8000] for start in range(0, len(needle) - 7999, 8000)]
    loudness = [audioop.rms(audioop.ulaw2lin(second, 2), 2) for second in seconds]
    loud = [second for second, rms in zip(seconds, loudness, strict=True) if rms > max(loudness) / 2]
    return is_in(needle, hay) or any(is_in(second, hay) for second in loud)


def samples(path: Path) -> bytes:
    """The s16 samples of a WAV; a writer that was killed leaves a header without lengths."""
    data = path.read_bytes()
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2), path
    return data[data.index(b"data") + 8 :]


def mulaw(path: Path, pause: float = 0.0) -> bytes:
    """A WAV, and so many seconds of silence after it."""
    return audioop.lin2ulaw(samples(path) + bytes(int(16000 * pause)), 2)


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
