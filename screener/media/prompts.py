"""Recordings, packed once for the wire and shared by all calls.

The one format: RIFF WAV, PCM, 16-bit signed little-endian, mono, 8,000 Hz.
"""

import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from screener.core.actions import Prompt
from screener.errors import AudioError
from screener.events import FRAME_BYTES, SAMPLE_RATE
from screener.media.g711 import Law
from screener.resources import audio_folder

FORMAT = "WAV, PCM, 16 bit, mono, 8000 Hz"
MAX_SECONDS = 60.0
"""A longer prompt is a mistake, and all of them are kept in memory."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording ready to send.

    Attributes:
        name: of the recording.
        pcm: 16-bit little-endian mono at 8 kHz, padded with silence to whole 20 ms frames.
        ulaw: the same as G.711 µ-law, one byte a sample. Likewise `alaw`.
    """

    name: str
    pcm: bytes
    ulaw: bytes
    alaw: bytes

    @property
    def seconds(self) -> float:
        """Length in audio time."""
        return len(self.ulaw) / SAMPLE_RATE

    @classmethod
    def of(cls, name: str, pcm: bytes) -> "Clip":
        """Pack 16-bit samples of any length: pad to whole frames and encode for both G.711 laws."""
        pcm += bytes(-len(pcm) % FRAME_BYTES)
        return cls(name, pcm, Law.PCMU.encode(pcm), Law.PCMA.encode(pcm))


def read_wav(path: Path) -> bytes:
    """The samples of a recording in the one format.

    Raises:
        AudioError: it cannot be read, is cut short, is empty or too long, or has another format.
    """
    convert = "convert it with: screener prompts import"
    try:
        with wave.open(str(path), "rb") as file:
            found = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            count = file.getnframes()
            if found != (1, 2, SAMPLE_RATE):
                channels, width, rate = found
                raise AudioError(
                    f"{path}: {channels} channel(s), {8 * width} bit, {rate} Hz, not {FORMAT}", convert
                )
            if not 0 < count <= MAX_SECONDS * SAMPLE_RATE:
                raise AudioError(
                    f"{path}: {count / SAMPLE_RATE:.1f} s long; allowed: up to {MAX_SECONDS:.0f} s", convert
                )
            pcm = file.readframes(count)
    except (wave.Error, EOFError) as problem:
        reason = "cut short" if isinstance(problem, EOFError) else "damaged, or coded otherwise"
        raise AudioError(f"{path}: not a {FORMAT} file ({reason})", convert) from problem
    except OSError as problem:
        raise AudioError(
            f"{path}: cannot be read ({problem.strerror})", "check the name and the permissions"
        ) from problem
    if len(pcm) != 2 * count:
        raise AudioError(f"{path}: cut short: {len(pcm) // 2} of {count} samples", "copy or import it again")
    return pcm


def write_wav(path: Path, pcm: bytes) -> None:
    """Write samples in the one format.

    Raises:
        OSError: the file cannot be written.
    """
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm)


def load_clips(folder: Path | None = None) -> Mapping[Prompt, Clip]:
    """Every recording of the product.

    Args:
        folder: a site's own recordings; a prompt that is missing there is the shipped one.

    Raises:
        AudioError: the folder is not one, a shipped recording is missing, or a file is not in the one format.
    """
    if folder is not None and not folder.is_dir():
        raise AudioError(
            f"{folder}: no such folder", "correct [prompts] folder in the settings, or leave it empty"
        )
    return {prompt: Clip.of(prompt, read_wav(find(prompt, folder))) for prompt in Prompt}


def find(prompt: Prompt, folder: Path | None = None) -> Path:
    """The file that a prompt is played from: the site's own, else the shipped one."""
    own = folder / f"{prompt}.wav" if folder else None
    return own if own and own.exists() else audio_folder() / f"{prompt}.wav"
