"""Makes the recordings of the demo with espeak-ng: `python -m screener.demo.synthesise`.

The sentences go in as pinyin with tone numbers, because espeak-ng reads characters one by one and takes the wrong
reading of many. The same script always gives the same files.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from screener.demo.script import AUDIO, GREETING, Group, Script, ScriptedCall, ScriptVoice, load_script
from screener.events import SAMPLE_RATE
from screener.media.prompts import write_wav
from screener.media.recordings import Samples, Texts, level, speak, trim
from screener.speech.pinyin import numbered

LANGUAGE = "cmn-latn-pinyin"
"""Plain `cmn` would read the pinyin as English."""
READINGS = {"喂": "wei2"}
"""What is said otherwise on the telephone than the dictionary has it."""
TAIL_SECONDS = 0.3
SayLine = Callable[[ScriptVoice], Samples]
"""Says a line, at the level of all recordings."""
LAUGHTER_LEVEL_DB = -8.0


def say(line: ScriptVoice) -> Samples:
    """A line by espeak-ng."""
    text = line.text
    for character, reading in READINGS.items():
        text = text.replace(character, f" {reading} ")
    texts = Texts(f"{LANGUAGE}+{line.voice}", line.speed, line.pitch, {})
    return level(trim(speak(numbered(text), texts)))


def compose(call: ScriptedCall, say: SayLine) -> Samples:
    """Everything that a caller says, pauses included, with the group behind."""
    parts: list[Samples] = []
    for sentence in call.says:
        parts.append(np.zeros(int(sentence.pause * SAMPLE_RATE)))
        parts.append(say(ScriptVoice(call.voice, call.speed, call.pitch, sentence.text)))
    speech = np.concatenate([*parts, np.zeros(int(TAIL_SECONDS * SAMPLE_RATE))])
    return speech + background(call.group, call, speech.size, say) if call.group else speech


def background(group: Group, call: ScriptedCall, size: int, say: SayLine) -> Samples:
    """Others who egg the speaker on, and their laughter; it fills the pauses between the sentences."""
    voices = say(ScriptVoice(group.voice, group.speed, group.pitch, group.text)) * 10 ** (group.level_db / 20)
    mixed = np.zeros(size)
    first = int(call.says[0].pause * SAMPLE_RATE)
    for start in range(first, size - voices.size, 2 * voices.size):
        mixed[start : start + voices.size] += voices
    for number, start in enumerate(range(first + SAMPLE_RATE, size - SAMPLE_RATE, int(2.1 * SAMPLE_RATE))):
        burst = laughter(number) * 10 ** (LAUGHTER_LEVEL_DB / 20)
        mixed[start : start + burst.size] += burst[: size - start]
    return mixed


def laughter(seed: int, syllables: int = 5) -> Samples:
    """A laugh: breathy voiced bursts five times a second, each higher at its start than at its end, fading out."""
    rng = np.random.default_rng(seed)
    period = int(0.2 * SAMPLE_RATE)
    time = np.arange(int(0.13 * SAMPLE_RATE)) / SAMPLE_RATE
    laugh = np.zeros(period * syllables)
    base = rng.uniform(220, 330)
    for i in range(syllables):
        pitch = base * (1.15 - 0.04 * i) * (1 - 0.9 * time)
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
        voiced = sum(np.sin(k * phase) * _open_a(k * base) for k in range(1, 11))
        breath = rng.standard_normal(time.size) * 0.25
        laugh[i * period : i * period + time.size] += (voiced + breath) * np.hanning(time.size) * 0.88**i
    return level(laugh)


def _open_a(hertz: float) -> float:
    """How strongly the two formants of an open a pass a frequency."""
    return float(np.exp(-(((hertz - 850) / 350) ** 2)) + 0.6 * np.exp(-(((hertz - 1400) / 400) ** 2)))


def save(path: Path, samples: Samples) -> None:
    """Write 16-bit mono at 8 kHz."""
    write_wav(path, (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def make(script: Script, folder: Path, say: SayLine) -> None:
    """Make every recording that the script asks for."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / GREETING, say(script.agent))
    for call in script.call:
        if call.recording:
            save(folder / call.recording, compose(call, say))
        if call.agent_recording:
            line = ScriptVoice(call.voice, call.speed, call.pitch, call.to_agent)
            save(folder / call.agent_recording, say(line))


if __name__ == "__main__":
    make(load_script(), AUDIO, say)
