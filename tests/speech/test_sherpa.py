"""sherpa-onnx with the model beside the project."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from screener.errors import ModelError
from screener.events import FRAME_BYTES, Speaker, Transcript
from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.offline import load_reader
from screener.speech.pinyin import syllables
from screener.speech.recognizer import Recognizer, SpeechModel
from screener.speech.sherpa import SherpaModel, parse_result, spell
from screener.speech.voice import BATCH_FRAMES

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

    def test_an_utterance_that_is_ended_is_no_part_of_the_next(self) -> None:
        decoder = SherpaModel(MODEL).decoder()
        decoder.feed(read(HUMAN / "kws-6.flac") + bytes(8000))
        assert len(decoder.end().syllables) > 10
        assert decoder.flush().syllables == ()

    def test_a_name_is_heard_because_it_is_a_hot_word(self, model: SpeechModel) -> None:
        """A market's name, which this model takes for 超外 without."""
        clip, name = AISHELL / "BAC009S0150W0231.flac", "场外市场"
        assert not contains(listen(model, clip), name)
        knowing = load_model(Speech(engine="sherpa", model=str(MODEL), hotwords=("城隍庙", name)), Path())
        told = listen(knowing, clip)
        assert contains(told, name)
        assert contains(told, "最后再"), "the rest as ever"
        assert all(t.text.isalpha() and not any("\u4e00" <= c <= "\u9fff" for c in t.text) for t in told)
        assert knowing.info.gives_pinyin

    def test_a_word_that_the_model_cannot_print_is_named(self) -> None:
        with pytest.raises(ModelError, match="cannot prefer 'VIP客户'"):
            load_model(Speech(engine="sherpa", model=str(MODEL), hotwords=("VIP客户",)), Path())

    def test_of_two_sets_the_measured_one_is_loaded_and_said(self, tmp_path: Path) -> None:
        for path in (*MODEL.glob("*.onnx"), MODEL / "tokens.txt"):
            (tmp_path / path.name).symlink_to(path)
        for part in ("encoder", "decoder", "joiner"):
            (tmp_path / f"{part}-epoch-99-avg-1-chunk-16-left-64.int8.onnx").write_text("cannot be loaded")
        (encoder,) = MODEL.glob("encoder*")
        for info in (SherpaModel(tmp_path).info, load_reader(tmp_path).info):
            assert info.name == f"{tmp_path.name} ({encoder.name})"

    def test_the_engine_says_nothing_of_its_own(
        self, model: SpeechModel, capfd: pytest.CaptureFixture[str]
    ) -> None:
        recognizer = model.open(Speaker.CALLER)
        recognizer.accept(bytes(3200), 0.0)
        recognizer.finish()
        assert capfd.readouterr() == ("", "")

    def test_laughter_coughs_and_alarms_are_no_words(self, model: SpeechModel) -> None:
        """What the model makes up, it does at their beginning: after three seconds it prints nothing, however
        unsure it may be."""
        sounds = sorted((SHARED / "events").glob("*.flac"))
        assert len(sounds) >= 30
        assert {path.stem: told for path in sounds if (told := listen(model, path, 6.0))} == {}
