"""sherpa-onnx: with a model of a few hundred bytes made here, and with the one beside the project."""

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from screener.errors import ModelError
from screener.events import FRAME_BYTES, Speaker, Transcript
from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.pinyin import syllables
from screener.speech.recognizer import ModelInfo, Recognizer, SpeechModel
from screener.speech.sherpa import SherpaModel, parse_result, spell
from screener.speech.voice import BATCH_FRAMES
from tests.speech import graphs
from tests.speech.graphs import loud, quiet

SHARED = Path(__file__).resolve().parents[3] / "shared"
MODEL = SHARED / "models" / "sherpa-kws-zh"
CLIP = "文森特卡索是全球知名的法国性格派演员"
"""What is said in kws-3.flac of the people."""
HUMAN, AISHELL = SHARED / "speech" / "human", SHARED / "speech" / "aishell"
shared = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the data folder ../shared is absent"),
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is absent"),
]

BATCH = BATCH_FRAMES * FRAME_BYTES
"""What is heard at once, as a recogniser process is given it."""
PRINTED = '{"text": "nǐ hǎo", "tokens": ["n", "ǐ", "h", "ǎo"], "ys_probs": [-0.1, -0.1, -0.1, -0.1]}'


def test_a_result_becomes_toneless_syllables() -> None:
    heard = parse_result(PRINTED, final=True, min_confidence=0.45)
    assert (heard.text, heard.syllables, heard.final) == ("nǐhǎo", ("ni", "hao"), True)
    assert heard.confidence == pytest.approx(0.869, abs=0.001)
    assert parse_result(PRINTED, final=False, min_confidence=0.45).confidence is None


def test_a_partial_ends_with_its_last_whole_syllable() -> None:
    heard = parse_result(PRINTED.replace("hǎo", "h").replace(', "ǎo"', ""), final=False, min_confidence=0.45)
    assert (heard.text, heard.syllables, heard.half) == ("nǐ", ("ni",), "h")
    heard = parse_result(PRINTED.replace("hǎo", "h").replace(', "ǎo"', ""), final=True, min_confidence=0.45)
    assert (heard.text, heard.half) == ("nǐh", ""), "what was printed last stands"


@pytest.mark.parametrize("final", [True, False])
def test_an_unsure_result_is_empty(final: bool) -> None:
    unsure = PRINTED.replace("-0.1", "-1.0")
    assert parse_result(unsure, final, 0.45).text == ""
    assert parse_result(unsure, final, 0.0).text == "nǐhǎo"


def result(*syllables: tuple[str, str], log_probability: float) -> str:
    tokens = [token for syllable in syllables for token in syllable]
    fields = {"text": "".join(tokens), "tokens": tokens, "ys_probs": [log_probability] * len(tokens)}
    return json.dumps(fields)


LONG = (("n", "ǐ"), ("h", "ǎo")) * 3
WORD = LONG[:2]
LAUGHTER = (("x", "iè"),) * 4


@pytest.mark.parametrize(
    ("said", "log_probability", "heard"),
    [
        (LONG, -1.0, True),  # confidence 0.247
        (LONG, -1.1, False),  # 0.214
        (WORD, -0.75, True),  # 0.35
        (WORD, -0.8, False),  # 0.326
        (LAUGHTER, -0.4, False),  # 0.571
        (LAUGHTER, -0.3, True),  # 0.657
        (LAUGHTER * 3, -0.4, False),
        (LAUGHTER[:2], -0.6, False),  # 0.431
        (LAUGHTER[:2], -0.5, True),  # 0.497
    ],
)
def test_what_is_asked_of_long_and_short_utterances_and_of_one_syllable_over_and_over(
    said: tuple[tuple[str, str], ...], log_probability: float, heard: bool
) -> None:
    assert bool(parse_result(result(*said, log_probability=log_probability), True, 0.45).text) is heard


def test_hot_words_are_spelled_in_what_the_model_prints() -> None:
    assert spell("你好", {"你", "好", "n", "ǐ"}) == ("你", "好")
    assert spell("外婆", {"w", "ài", "p", "ó"}) == ("w", "ài", "p", "ó")
    for word in ("你们", "", "你 好"):
        with pytest.raises(ModelError, match="cannot prefer"):
            spell(word, {"你", "好", "n", "ǐ"})


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(ModelError, match=r"screener\[sherpa\]"):
        SherpaModel(Path())


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    for name in ("tokens.txt", "encoder.onnx", "decoder.onnx"):
        (tmp_path / name).write_text("made")
    with pytest.raises(ModelError, match=r"joiner\*\.onnx is missing"):
        SherpaModel(tmp_path)


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return load_model(Speech(engine="sherpa", model=str(MODEL)), Path())


def read(path: Path, seconds: float = 3600.0) -> bytes:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-t",
        str(seconds),
        "-i",
        str(path),
        "-ar",
        "8000",
        "-ac",
        "1",
        "-f",
        "s16le",
        "-",
    ]
    return subprocess.run(command, capture_output=True, check=True).stdout


def feed(recognizer: Recognizer, pcm: bytes) -> list[Transcript]:
    return [t for i in range(0, len(pcm), BATCH) for t in recognizer.accept(pcm[i : i + BATCH], i / 16000)]


def listen(model: SpeechModel, path: Path, seconds: float = 3600.0) -> list[Transcript]:
    recognizer = model.open(Speaker.CALLER)
    return [*feed(recognizer, read(path, seconds)), *recognizer.finish()]


def contains(told: list[Transcript], text: str) -> bool:
    """Whether somebody was heard to say it."""
    heard, wanted = tuple(s for t in told if t.final for s in t.syllables), syllables(text)
    return any(heard[at:][: len(wanted)] == wanted for at in range(len(heard)))


def distance(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        old, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            old, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, old + (x != y))
    return row[-1]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of a model that prints n, ǐ, h, ǎo and over again while it is loud."""
    graphs.transducer(tmp_path, streaming=True)
    return tmp_path


def test_partials_stream_and_a_pause_ends_an_utterance(small: Path) -> None:
    model = SherpaModel(small, 0.45)
    assert model.info == ModelInfo("sherpa", small.name, gives_pinyin=True)
    told = feed(model.open(Speaker.CALLER), quiet(0.5) + loud(0.96) + quiet(1.5) + loud(0.5) + quiet(1.5))
    first, second = (t for t in told if t.final)
    assert first.syllables == ("ni", "hao") * 6
    assert first.end == pytest.approx(1.5 + 0.8, abs=0.5)
    assert first.confidence == pytest.approx(1.0, abs=0.01)
    assert second.utterance == first.utterance + 1
    assert second.syllables[:2] == ("ni", "hao")
    before = [t for t in told if not t.final and t.utterance == first.utterance]
    assert len(before) > 2
    assert all(first.text.startswith(t.text) for t in before)
    assert [t.end for t in told] == sorted(t.end for t in told)


def test_streams_of_one_model_know_nothing_of_each_other(small: Path) -> None:
    model = SherpaModel(small)
    one, other, still = (model.open(Speaker.CALLER) for _ in range(3))
    told: list[list[Transcript]] = [[], [], []]
    pcm = loud(0.6) + quiet(0.6)
    for at in range(0, len(pcm), BATCH):
        for stream, heard, audio in zip((one, other, still), told, (pcm, pcm, quiet(1.2)), strict=True):
            heard += stream.accept(audio[at : at + BATCH], at / 16000)
    for stream, heard in zip((one, other, still), told, strict=True):
        heard += stream.finish()
    assert told[0] == told[1] and told[0][-1].syllables[:2] == ("ni", "hao")
    assert told[2] == []


def test_an_utterance_that_is_ended_is_no_part_of_the_next(small: Path) -> None:
    decoder = SherpaModel(small).decoder()
    decoder.feed(loud(0.5) + quiet(0.5))
    assert len(decoder.end().syllables) > 4
    assert decoder.flush().syllables == ()


def test_what_came_last_is_pushed_out_at_the_end(small: Path) -> None:
    decoder = SherpaModel(small).decoder()
    decoder.feed(loud(0.2))
    assert decoder.flush().syllables[:2] == ("ni", "hao")


def test_of_what_is_hardly_loud_nothing_is_believed(small: Path) -> None:
    """Each token is about as sure as none at all."""
    pcm = (np.frombuffer(loud(0.2), "<i2") * graphs.HARDLY).astype("<i2").tobytes() + quiet(1.0)
    believing, doubting = (SherpaModel(small, least).decoder() for least in (0.0, 0.9))
    for decoder in (believing, doubting):
        decoder.feed(pcm)
    said = believing.end()
    assert said.syllables and said.confidence and 0.4 < said.confidence < 0.9
    assert doubting.end().syllables == ()


@pytest.mark.parametrize("printed", [graphs.PINYIN, ("<blk>", "你", "好", "吗", "呢")])
def test_with_hot_words_all_is_spelled_as_before(tmp_path: Path, printed: tuple[str, ...]) -> None:
    """Their search, and for pinyin their table, are others."""
    graphs.transducer(tmp_path, streaming=True, printed=printed)
    plain, knowing = (SherpaModel(tmp_path, 0.0, words).decoder() for words in ((), ("你好",)))
    for decoder in (plain, knowing):
        decoder.feed(quiet(0.5) + loud(1.0) + quiet(0.5))
    heard = plain.end()
    assert heard.text.startswith(printed[1] + printed[2] + printed[3])
    assert dataclasses.replace(knowing.end(), firm=True) == heard


def test_a_word_that_the_model_cannot_print_is_named(small: Path) -> None:
    with pytest.raises(ModelError, match="cannot prefer 'VIP客户'"):
        load_model(Speech(engine="sherpa", model=str(small), hotwords=("VIP客户",)), Path())


def test_of_two_sets_the_measured_one_is_loaded_and_said(tmp_path: Path) -> None:
    graphs.transducer(tmp_path, streaming=True, stem="-epoch-12-avg-2-chunk-16-left-64")
    for part in ("encoder", "decoder", "joiner"):
        (tmp_path / f"{part}-epoch-99-avg-1-chunk-16-left-64.int8.onnx").write_text("cannot be loaded")
    name = f"{tmp_path.name} (encoder-epoch-12-avg-2-chunk-16-left-64.onnx)"
    assert SherpaModel(tmp_path).info.name == name


def test_what_the_library_cannot_load_is_named(small: Path) -> None:
    (small / "joiner.onnx").write_bytes((small / "joiner.onnx").read_bytes()[:60])
    with pytest.raises(ModelError, match="sherpa-onnx cannot load the model in"):
        SherpaModel(small)


def test_the_engine_says_nothing_of_its_own(small: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recognizer = SherpaModel(small).open(Speaker.CALLER)
    recognizer.accept(loud(0.5), 0.0)
    recognizer.finish()
    assert capfd.readouterr() == ("", "")


class TestListening:
    pytestmark = shared

    def test_people_are_understood(self, model: SpeechModel) -> None:
        assert model.info.gives_pinyin
        errors = said = 0
        with (HUMAN / "transcripts.tsv").open(encoding="utf-8") as rows:
            for name, text, *_ in csv.reader(rows, delimiter="\t"):
                if not (HUMAN / name).is_file():
                    continue
                told = listen(model, HUMAN / name)
                heard = tuple(s for t in told if t.final for s in t.syllables)
                errors += distance(heard, syllables(text))
                said += len(syllables(text))
                assert [t.end for t in told] == sorted(t.end for t in told)
                assert len([t for t in told if not t.final]) > 3, "partials stream"
        assert said > 200
        assert errors / said < 0.18

    def test_an_utterance_is_over_soon_and_its_last_syllable_is_not_lost(self, model: SpeechModel) -> None:
        """What comes last here is printed a look later than its initial, where the looks fall so."""
        pcm = read(AISHELL / "BAC009S0150W0241.flac")
        for late in range(4):
            told = feed(model.open(Speaker.CALLER), bytes(late * BATCH) + pcm[-40000:] + bytes(2 * 16000))
            assert contains(told, "不到位的"), late
            assert [t.final for t in told].index(True) == len(told) - 1
            assert told[-1].end < (late * BATCH + 40000) / 16000 + 0.9

    def test_names_are_heard_because_they_are_hot_words(self, model: SpeechModel) -> None:
        """Not each by itself: what a model of 8 bits hears at the edge of hearing is another processor's turn."""
        clips = {
            "BAC009S0150W0231": "场外市场",
            "BAC009S0150W0181": "口基数锐",
            "BAC009S0150W0411": "球在动一",
            "BAC009S0150W0431": "门给锁死",
            "BAC009S0150W0471": "失的宠物",
            "BAC009S0252W0201": "授权和要",
            "BAC009S0252W0271": "娇小的身",
            "BAC009S0252W0291": "项链等为",
        }
        words = ("城隍庙", *clips.values())
        knowing = load_model(Speech(engine="sherpa", model=str(MODEL), hotwords=words), Path())
        without = with_them = 0
        for clip, name in clips.items():
            without += contains(listen(model, AISHELL / f"{clip}.flac"), name)
            told = listen(knowing, AISHELL / f"{clip}.flac")
            with_them += contains(told, name)
            assert all(c.isalpha() and not "\u4e00" <= c <= "\u9fff" for t in told for c in t.text)
        assert with_them >= without + 4, (with_them, without)
        assert contains(listen(knowing, AISHELL / "BAC009S0150W0241.flac"), "不到位的"), "the rest as ever"
        assert knowing.info.gives_pinyin

    def test_laughter_coughs_and_alarms_are_no_words(self, model: SpeechModel) -> None:
        """What the model makes up, it does at their beginning: after three seconds it prints nothing, however
        unsure it may be."""
        sounds = sorted((SHARED / "events").glob("*.flac"))
        assert len(sounds) >= 30
        assert {path.stem: told for path in sounds if (told := listen(model, path, 6.0))} == {}
