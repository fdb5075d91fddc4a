"""The embedded model: it hears the demo's callers, and nothing where nobody speaks."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from screener.demo.script import AUDIO, load_script
from screener.errors import ModelError
from screener.events import FRAME_BYTES, SAMPLE_RATE, Speaker, Transcript
from screener.media.g711 import Law
from screener.media.prompts import read_wav
from screener.resources import embedded_model_folder
from screener.settings.sections import Speech
from screener.speech.models import check_folder, describe
from screener.speech.pinyin import syllables
from screener.speech.voice import BATCH_FRAMES
from screener.speech.vosk import VoskModel
from screener.training.speech.sounds import SOUNDS, sound

BATCH = BATCH_FRAMES * FRAME_BYTES
"""What is heard at once, as a recogniser process is given it."""
CALLS = {call.name: call for call in load_script().call if call.recording}
DECISIVE = {
    "lewd": ("声音真好听", "什么颜色的内衣", "陪我睡觉"),
    "repeat": ("开房", "陪我睡觉"),
    "prank": ("你猜我是谁", "我是孙悟空", "牛肉面送到月球"),
    "enquiry": ("我想查一下", "话费余额"),
    "complaint": ("我要投诉", "没人处理", "给我退款"),
    "return": ("我想退货",),
}


@pytest.fixture(scope="module")
def model() -> VoskModel:
    return VoskModel(min_confidence=Speech().min_confidence)


def listen(model: VoskModel, pcm: bytes) -> list[Transcript]:
    stream = model.open(Speaker.CALLER)
    heard: list[Transcript] = []
    for at in range(0, len(pcm), BATCH):
        heard += stream.accept(pcm[at : at + BATCH], at / 2 / SAMPLE_RATE)
    return [*heard, *stream.finish()]


def contains(heard: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return any(heard[i : i + len(phrase)] == phrase for i in range(len(heard)))


@pytest.mark.parametrize("noise_db", [None, 15.0])
@pytest.mark.parametrize("law", [Law.PCMA, Law.PCMU])
@pytest.mark.parametrize("name", DECISIVE)
def test_the_decisive_phrases_of_the_demo_are_heard(
    model: VoskModel, name: str, law: Law, noise_db: float | None
) -> None:
    recording = CALLS[name].recording
    samples = np.frombuffer(read_wav(AUDIO / recording), "<i2").astype(np.float64)
    if noise_db is not None:
        loud = samples[np.abs(samples) > 0.05 * np.abs(samples).max()]
        gain = np.sqrt(np.mean(loud**2)) * 10 ** (-noise_db / 20)
        samples = samples + gain * np.random.default_rng(5).standard_normal(len(samples))
    pcm = law.decode(law.encode(samples.clip(-32768, 32767).astype("<i2").tobytes()))
    finals = tuple(s for t in listen(model, pcm + bytes(16000)) if t.final for s in t.syllables)
    for phrase in DECISIVE[name]:
        assert contains(finals, syllables(phrase)), f"{phrase} in {finals}"


MOUTHS = ("coughs", "laughter")
"""Sounds of a throat: now and then one of them is taken for a syllable."""


@pytest.mark.parametrize("name", sorted(set(SOUNDS) - set(MOUTHS)))
def test_where_nobody_speaks_nothing_is_heard(model: VoskModel, name: str) -> None:
    assert [t.text for t in listen(model, made(name))] == []


@pytest.mark.parametrize("name", MOUTHS)
def test_coughs_and_laughter_are_hardly_ever_words(model: VoskModel, name: str) -> None:
    assert sum(len(t.syllables) for t in listen(model, made(name)) if t.final) <= 3


def made(name: str) -> bytes:
    samples = sound(name, 20.0, np.random.default_rng(9)) * 32767
    return samples.clip(-32768, 32767).astype("<i2").tobytes()


def test_silence_before_the_first_word_costs_no_word(model: VoskModel) -> None:
    recording = CALLS["enquiry"].recording
    assert recording
    heard = listen(model, bytes(3 * 2 * SAMPLE_RATE) + read_wav(AUDIO / recording) + bytes(16000))
    assert any("话费余额" in t.text for t in heard)


def test_partials_grow_while_the_caller_speaks(model: VoskModel) -> None:
    recording = CALLS["enquiry"].recording
    pcm = read_wav(AUDIO / recording)
    heard = listen(model, pcm + bytes(16000))
    partials = [t for t in heard if not t.final]
    assert len(partials) >= 3
    assert partials[0].end < len(pcm) / 2 / SAMPLE_RATE / 2 + 1, "long before the end"
    assert all(t.confidence is not None and t.confidence > 0.6 for t in heard if t.final and t.text)


def test_it_says_what_it_is_for(model: VoskModel) -> None:
    assert model.info.synthetic_only
    assert model.info.engine == "vosk"
    card = (embedded_model_folder() / "card.md").read_text("utf-8")
    for word in ("synthetic speech", "GPL-3.0-or-later", "Not understood", "phrases exact"):
        assert word in card


@pytest.mark.parametrize("name", sorted(describe(embedded_model_folder()).sha256))
@pytest.mark.parametrize("harm", ["missing", "cut", "changed"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, harm: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(embedded_model_folder(), folder)
    file = folder / name
    data = file.read_bytes()
    match harm:
        case "missing":
            file.unlink()
        case "cut":
            file.write_bytes(data[: len(data) // 2])
        case _:
            file.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(ModelError) as problem:
        check_folder(folder)
    assert name in str(problem.value)
