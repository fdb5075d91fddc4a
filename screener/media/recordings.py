"""Makes recordings: from text with espeak-ng, from tone generators, from a site's own files of any format.

Whatever comes in, what comes out is the one format of `media.prompts` at one loudness, and the same input always
gives the same bytes.
"""

import io
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screener.core.actions import Prompt
from screener.errors import AudioError
from screener.events import FRAME_SAMPLES, SAMPLE_RATE
from screener.media.prompts import MAX_SECONDS, read_wav, write_wav
from screener.media.sound import read_sound
from screener.outside.files import read_utf8, reason_of, to_read
from screener.outside.toml import tables_of
from screener.resources import config_folder

with warnings.catch_warnings():  # a missing ffmpeg is said where somebody needs it
    warnings.filterwarnings("ignore", "Couldn't find ffmpeg", RuntimeWarning)
    from pydub import AudioSegment
    from pydub.generators import Sine

LEVEL_DBFS = -22.0
"""RMS of the active part of every recording, in dB of full scale."""
LEVEL_TOLERANCE_DB = 3.0
PEAK_DBFS = -1.0
"""No sample is louder; a recording with rare high peaks stays below `LEVEL_DBFS` instead of clipping."""
MIN_SECONDS = 0.2
VOICES = 2
"""Channels of a recorded call at most: caller, agent."""
EDGE_SECONDS = 0.12
"""Silence kept before and after speech; more is cut off."""
CLIPPED = 32767
CLIPPED_RUN = 4
"""So many full-scale samples in a row sound like a crackle."""

SPOKEN: Sequence[Prompt] = [p for p in Prompt if p is not Prompt.SIGNAL_TONE]

Samples = NDArray[np.float64]
"""One channel, full scale = 1.0."""


@dataclass(frozen=True, slots=True)
class Texts:
    """`prompts.toml`: what each recording says, and with which voice."""

    voice: str
    speed: int
    pitch: int
    lines: dict[Prompt, str]


def load_texts(language: str = "zh", path: Path | None = None) -> Texts:
    """Read the wordings of one language.

    Raises:
        AudioError: the file is not TOML, or the language, a voice or a prompt is missing from it.
    """
    path = path or config_folder() / "prompts.toml"
    try:
        data = tables_of(read_utf8(path))
        voice = data["voice"]
        lines = {p: str(data[language][p]) for p in SPOKEN}
        return Texts(str(voice[language]), int(voice["speed"]), int(voice["pitch"]), lines)
    except (OSError, UnicodeDecodeError) as problem:
        what = f"{path}: cannot be read ({reason_of(problem)})"
        raise AudioError(what, to_read(problem, "check the name")) from problem
    except ValueError as problem:
        raise AudioError(f"{path}: {problem}", "correct the file or take the shipped one") from problem
    except (KeyError, TypeError) as problem:
        raise AudioError(
            f"{path}: missing {problem} for language {language!r}", "compare with the shipped file"
        ) from problem


def build(folder: Path, texts: Texts) -> Sequence[Path]:
    """Make every recording of the product in a folder.

    Raises:
        AudioError: espeak-ng is missing or fails, or the folder cannot be written.
    """
    made = [_save(folder, p, level(trim(speak(line, texts)))) for p, line in texts.lines.items()]
    return [*made, _save(folder, Prompt.SIGNAL_TONE, level(signal_tone()))]


def speak(text: str, texts: Texts) -> Samples:
    """Synthesise a sentence with espeak-ng, at 8 kHz."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise AudioError("espeak-ng is not installed", "apt-get install espeak-ng, or import recordings instead")
    command = [program, "-v", texts.voice, "-s", str(texts.speed), "-p", str(texts.pitch), "--stdout", "--stdin"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, check=False)  # noqa: S603
    if done.returncode or not done.stdout:
        raise AudioError(f"espeak-ng failed on {text!r}: {done.stderr.decode(errors='replace').strip()}")
    return _samples(AudioSegment.from_file(io.BytesIO(done.stdout), format="wav"))


def signal_tone() -> Samples:
    """The tone of the analysis queue: two seconds that loop without a seam.

    Sixteen short notes, each with a faint echo, up and down again: unlike any network tone (China's are all
    450 Hz) and never two notes at once, so that nothing takes it for DTMF.
    """
    notes = (560, 1040, 800, 1280, 560, 1280, 800, 1040)
    beat = sum(
        (Sine(f, sample_rate=SAMPLE_RATE).to_audio_segment(100).fade_in(6).fade_out(60) for f in notes), _empty()
    )
    echo = sum((Sine(f, sample_rate=SAMPLE_RATE).to_audio_segment(25).fade_out(20) - 12 for f in notes), _empty())
    parts = [beat[i * 100 : (i + 1) * 100] + echo[i * 25 : (i + 1) * 25] for i in range(len(notes))]
    return _samples(sum(parts + parts[::-1], _empty()))


def convert(source: Path, folder: Path, prompt: Prompt) -> Path:
    """Take a site's own recording, of any format that can be read, into a folder as a prompt.

    WAV needs nothing more; every other format needs ffmpeg on the machine.

    Raises:
        AudioError: the file cannot be read, is silent, too short or too long, or ffmpeg is missing.
    """
    if not source.is_file():
        raise AudioError(f"{source}: no such file", "check the name")
    channels, rate = read_sound(source)
    samples = resample(channels.mean(axis=1), rate)
    if not samples.size or np.abs(samples).max() < 1e-4:
        raise AudioError(f"{source}: nothing but silence", "record it again")
    if prompt is not Prompt.SIGNAL_TONE:
        samples = trim(samples)
    seconds = samples.size / SAMPLE_RATE
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise AudioError(
            f"{source}: {seconds:.1f} s of sound; allowed: {MIN_SECONDS} to {MAX_SECONDS:.0f} s", "cut it"
        )
    return _save(folder, prompt, level(samples))


def read_channels(source: Path) -> tuple[bytes, ...]:
    """The channels of a recording of any format and rate, each as 16-bit samples at 8 kHz.

    Raises:
        AudioError: it cannot be read, is empty, or has more than two channels: nobody says who is heard in which.
    """
    samples, rate = read_sound(source)
    if not samples.size:
        raise AudioError(f"{source}: empty", "record it again")
    if (channels := samples.shape[1]) > VOICES:
        what = f"{source}: {channels} channels; allowed: the caller alone, or the caller left and the agent right"
        raise AudioError(what, "save it as mono or stereo")
    return tuple(_pcm(resample(channel, rate)) for channel in samples.T)


def _pcm(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()


def active_dbfs(samples: Samples) -> float:
    """RMS of the frames within 30 dB of the loudest one, in dB of full scale; −120 for silence."""
    frames = samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = (frames**2).mean(axis=1) if frames.size else np.zeros(1)
    active = power[power > power.max() * 1e-3]
    return float(10 * np.log10(active.mean())) if active.size and active.mean() > 1e-12 else -120.0


def level(samples: Samples) -> Samples:
    """Bring a recording to `LEVEL_DBFS`, as far as its peaks allow."""
    gain = 10 ** ((LEVEL_DBFS - active_dbfs(samples)) / 20)
    return samples * float(min(gain, 10 ** (PEAK_DBFS / 20) / max(np.abs(samples).max(), 1e-9)))


def trim(samples: Samples) -> Samples:
    """Cut the silence at both ends down to `EDGE_SECONDS`."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max(initial=0) * 0.01)
    if not loud.size:
        return samples
    edge = int(EDGE_SECONDS * SAMPLE_RATE)
    kept = samples[max(0, loud[0] - edge) : loud[-1] + 1 + edge]
    return np.pad(kept, (max(0, edge - loud[0]), max(0, loud[-1] + 1 + edge - samples.size)))


def resample(samples: Samples, rate: int) -> Samples:
    """Band-limited conversion to 8 kHz through the spectrum of the whole recording, so that nothing aliases."""
    if rate == SAMPLE_RATE or not samples.size:
        return samples
    pad = rate // 10  # the transform is circular: silence keeps the end out of the beginning
    padded = np.pad(samples, (pad, pad + -(samples.size + 2 * pad) % rate))
    count = padded.size // rate * SAMPLE_RATE
    spectrum = np.fft.rfft(padded)[: count // 2 + 1]
    if rate > SAMPLE_RATE:  # a gentle edge below half the new rate
        edge = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)[: spectrum.size]
        spectrum = spectrum * np.clip((3900 - edge) / 200, 0, 1)
    start = pad * SAMPLE_RATE // rate
    return np.asarray(np.fft.irfft(spectrum, count) * (count / padded.size))[
        start : start + round(samples.size * SAMPLE_RATE / rate)
    ]


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found in one recording.

    Attributes:
        seconds: its length; 0 when it cannot be read.
        dbfs: RMS of its active part.
        problems: what is wrong with it, one line each; empty when all is well.
    """

    path: Path
    seconds: float
    dbfs: float
    problems: tuple[str, ...]


def check(path: Path) -> Checked:
    """Measure one recording against the product's format, length and level. Never raises."""
    try:
        pcm = read_wav(path)
    except AudioError as problem:
        return Checked(path, 0.0, -120.0, (str(problem),))
    whole = np.frombuffer(pcm, "<i2")
    samples = whole / 32768.0
    seconds, dbfs = samples.size / SAMPLE_RATE, active_dbfs(samples)
    problems = []
    if seconds < MIN_SECONDS:
        problems.append(f"{path}: {seconds:.2f} s long; allowed: {MIN_SECONDS} s and more")
    if abs(dbfs - LEVEL_DBFS) > LEVEL_TOLERANCE_DB:
        problems.append(f"{path}: level {dbfs:.1f} dBFS; allowed: {LEVEL_DBFS:.0f} ± {LEVEL_TOLERANCE_DB:.0f}")
    full = np.abs(whole.astype(np.int32)) >= CLIPPED
    if np.convolve(full, np.ones(CLIPPED_RUN), "valid").max(initial=0) >= CLIPPED_RUN:
        problems.append(f"{path}: clipped: {int(full.sum())} samples at full scale")
    return Checked(path, seconds, dbfs, tuple(problems))


def _empty() -> AudioSegment:
    return AudioSegment.empty().set_frame_rate(SAMPLE_RATE)


def _samples(segment: AudioSegment) -> Samples:
    """Any segment as one channel at 8 kHz."""
    raw = np.array(segment.get_array_of_samples(), dtype=np.float64) / float(1 << (8 * segment.sample_width - 1))
    return resample(raw.reshape(-1, segment.channels).mean(axis=1), segment.frame_rate)


def _save(folder: Path, prompt: Prompt, samples: Samples) -> Path:
    pcm = np.clip(np.rint(samples * 32768), -32767, 32767).astype("<i2").tobytes()
    path = folder / f"{prompt}.wav"
    partial = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_wav(partial, pcm)
        partial.replace(path)  # whoever loads it meanwhile sees the old one or the new one
    except OSError as problem:
        raise AudioError(f"{path}: cannot be written ({problem.strerror})", "choose another folder") from problem
    return path
