"""espeak-ng says a sentence: many voices, speeds and pitches, at 8 kHz.

The voice is `cmn-latn-pinyin`, which reads numbered pinyin; plain `cmn` misreads many characters. A variant
(`+f3`) changes the throat, not the language.
"""

import io
import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from screener.errors import ModelError
from screener.events import SAMPLE_RATE
from screener.speech.pinyin import numbered
from screener.training.speech.corpus import Sentence

LANGUAGE = "cmn-latn-pinyin"

HELD_OUT: Sequence[str] = ("m8", "belinda", "Andy", "linda", "steph2", "Mario", "klatt4", "grandpa")
"""Variants kept for the evaluation: the model never hears them in training."""
TRAINED: Sequence[str] = (
    *("", "", "", "", "", ""),  # the plain voice, as most users of espeak-ng know it
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5"),
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5"),  # the classic ones twice
    *("adam", "Alex", "Alicia", "Andrea", "Annie", "Annie", "antonio", "aunty", "benjamin", "boris"),
    *(
        "caleb",
        "david",
        "Denis",
        "Diogo",
        "ed",
        "edward",
        "edward2",
        "Gene",
        "Gene2",
        "gustave",
        "Henrique",
        "Hugo",
    ),
    *("iven", "iven2", "iven3", "iven4", "Jacky", "john", "kaukovalta", "Lee", "marcelo", "Marco", "max"),
    *("Michael", "michel", "miguel", "Nguyen", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert"),
    *("sandro", "shelby", "steph", "steph3", "travis", "Tweaky", "victor", "zac", "anika", "klatt", "klatt2"),
    *("klatt3", "klatt5", "klatt6", "grandma", "announcer", "whisperf"),
)
"""Variants in training; one that stands here twice is heard twice as often."""

ACCENTS = (
    *("it", "nl", "pl", "pt", "fi", "tr", "sv", "id", "ro", "hu", "cs", "sw", "eo", "la", "da", "et"),
    *("ms", "mi", "haw", "lt", "lv", "sk", "sl", "hr", "sq", "ca", "eu", "cy", "ga", "is", "nb", "uz", "az", "gn"),
)
"""Languages of espeak-ng that lend their sounds to gibberish; those of the evaluation are not among them."""
_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "st", "pr", "kl", "dr", "")
_VOWELS = ("a", "e", "i", "o", "u", "ar", "en", "il", "os", "um", "ai", "an")
BACKWARDS_SHARE = 0.25
"""Of gibberish, played backwards: all the sounds of a mouth in an order that no mouth makes."""

UNSTRETCHED_SHARE = 0.4
TRACT = (0.85, 1.18)

Waveform = NDArray[np.float32]
"""One channel at 8 kHz, full scale = 1.0."""


@dataclass(frozen=True, slots=True)
class SynthesisVoice:
    """How a sentence is said.

    Attributes:
        variant: of espeak-ng, empty for the plain voice.
        speed: words a minute as espeak-ng counts them; 175 is its normal.
        pitch: 0..99, 50 is normal.
        gap: pause between syllables, units of 10 ms.
        tract: the sound is played so much faster, which makes the vocal tract shorter and the pitch higher.
        sharp: cut the sound at 4 kHz sharply, or softly as the standard library does.
        sandhi: tones change within a word, as they do in the mouth.
    """

    variant: str = ""
    speed: int = 175
    pitch: int = 50
    gap: int = 0
    tract: float = 1.0
    sharp: bool = True
    sandhi: bool = True

    @classmethod
    def random(cls, rng: np.random.Generator, variants: Sequence[str]) -> "SynthesisVoice":
        """Any of these variants at a usual speed and pitch."""
        return cls(
            variants[int(rng.integers(len(variants)))],
            int(rng.integers(135, 260)),
            int(rng.integers(20, 85)),
            int(rng.choice([0, 0, 0, 0, 1, 2])),
            sharp=bool(rng.random() < 0.6),
            sandhi=bool(rng.random() < 0.7),
        )

    def stretched(self, rng: np.random.Generator) -> "SynthesisVoice":
        """The same voice in another throat, more often than not; about as fast as before."""
        if rng.random() < UNSTRETCHED_SHARE:
            return self
        tract = rng.uniform(*TRACT)
        return replace(self, tract=tract, speed=round(self.speed / tract))


def say(sentence: Sentence, voice: SynthesisVoice) -> Waveform:
    """Synthesise a sentence.

    Raises:
        ModelError: espeak-ng is missing or fails.
    """
    name = f"{LANGUAGE}+{voice.variant}" if voice.variant else LANGUAGE
    text = " ".join(sentence.toned)
    if voice.sandhi and _plain(natural := numbered(sentence.text)) == _plain(text):
        text = natural
    return speak(text, name, voice.speed, voice.pitch, gap=voice.gap, tract=voice.tract, sharp=voice.sharp)


def gibberish(rng: np.random.Generator) -> Waveform:
    """Words that mean nothing, in an accent that is not Mandarin: what the model must learn not to understand."""
    words = (
        "".join(str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) for _ in range(int(rng.integers(1, 5))))
        for _ in range(int(rng.integers(2, 9)))
    )
    voice = SynthesisVoice.random(rng, TRAINED).stretched(rng)
    name = f"{rng.choice(ACCENTS)}+{voice.variant}" if voice.variant else str(rng.choice(ACCENTS))
    said = speak(" ".join(words), name, voice.speed, voice.pitch, tract=voice.tract, sharp=voice.sharp)
    return said[::-1] if rng.random() < BACKWARDS_SHARE else said


def speak(
    text: str, name: str, speed: int, pitch: int, *, gap: int = 0, tract: float = 1.0, sharp: bool = True
) -> Waveform:
    """Have espeak-ng read a text in a voice of any language; `SynthesisVoice` explains the other arguments.

    Raises:
        ModelError: espeak-ng is missing or fails.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise ModelError("espeak-ng is not installed", "apt-get install espeak-ng")
    options = ["-v", name, "-s", str(speed), "-p", str(pitch), "-g", str(gap)]
    done = subprocess.run(  # noqa: S603
        [program, *options, "--stdout", "--stdin"],
        input=text.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode or not done.stdout:
        raise ModelError(f"espeak-ng failed as {name}: {done.stderr.decode(errors='replace').strip()}")
    with wave.open(io.BytesIO(done.stdout)) as file:
        rate = file.getframerate()
        samples = np.asarray(np.frombuffer(file.readframes(1 << 30), "<i2") / 32768, np.float32)
    return trim(resample(samples, round(rate * tract), sharp=sharp))


def _plain(toned: str) -> str:
    return "".join(character for character in toned if not character.isdigit())


def resample(samples: Waveform, rate: int, *, sharp: bool = True) -> Waveform:
    """To 8 kHz: by the Fourier transform, or by lines between neighbours, which lets some aliases through."""
    count = len(samples) * SAMPLE_RATE // rate
    if not sharp:
        at = np.arange(count) * (rate / SAMPLE_RATE)
        return np.asarray(np.interp(at, np.arange(len(samples)), samples), np.float32)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, count) * (count / len(samples)), np.float32)


def trim(samples: Waveform) -> Waveform:
    """Cut the silence of both ends off."""
    loud = np.flatnonzero(np.abs(samples) > 0.004)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples
