"""Models that read whole utterances: told by their files, installed, loaded by the real library, and read with."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli.model import model
from screener.errors import ModelError
from screener.events import SAMPLE_RATE, Speaker
from screener.settings.sections import Speech
from screener.speech.install import install
from screener.speech.load import load_model
from screener.speech.models import Shape, check_folder, find_model, shape_of
from screener.speech.offline import load_reader
from screener.speech.pinyin import syllables
from screener.speech.recognizer import SpeechModel
from screener.words.told import told
from tests.speech import graphs
from tests.speech.graphs import loud, quiet
from tests.speech.test_models import STATIC

STREAMS, SENSE, PARA = (b"... decode_chunk_len ...", b"lang_zh neg_mean", b"neg_mean inv_stddev")
"""What tells models of the same file names apart."""
REST = {"tokens.txt": b"t", "decoder.onnx": b"d", "joiner.onnx": b"j"}


def ctranslate2(folder: Path) -> None:
    """A folder in that layout; its files are noise."""
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text("made")


Make = Callable[[Path], None]
OFFLINE: dict[Shape, Make] = {
    Shape.TRANSDUCER: partial(graphs.transducer, streaming=False),
    Shape.PARAFORMER: graphs.paraformer,
    Shape.SENSE_VOICE: graphs.sense_voice,
    Shape.WHISPER: graphs.whisper,
    Shape.CTRANSLATE2: ctranslate2,
}
LOADED = [shape for shape in OFFLINE if shape is not Shape.CTRANSLATE2]
each = pytest.mark.parametrize("shape", OFFLINE)


def made(shape: Shape, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    OFFLINE[shape](folder)
    return folder


def read(reader: SpeechModel, pcm: bytes) -> tuple[str, tuple[str, ...], float]:
    """Text, syllables and how many seconds they are said to be of."""
    recognizer = reader.open(Speaker.CALLER)
    for at in range(0, len(pcm), 1600):
        assert recognizer.accept(pcm[at : at + 1600], at / 2 / SAMPLE_RATE) == ()
    (whole,) = recognizer.finish()
    assert whole.final and whole.confidence is None
    return whole.text, whole.syllables, whole.end


@pytest.mark.parametrize(
    ("files", "shape"),
    [
        (dict.fromkeys(STATIC, b""), Shape.VOSK),
        ({"conf/model.conf": b""}, Shape.VOSK),
        ({"model.bin": b"", "tokens.txt": b""}, Shape.CTRANSLATE2),
        ({"encoder.onnx": STREAMS, **REST}, Shape.STREAMING),
        ({"encoder.onnx": b"chunk_shift", **REST}, Shape.STREAMING),
        ({"encoder.onnx": PARA, **REST}, Shape.TRANSDUCER),
        ({"encoder.onnx": STREAMS, "encoder.int8.onnx": b"whole", **REST}, Shape.TRANSDUCER),
        ({"encoder-old.onnx": STREAMS, "encoder.onnx": b"whole", **REST}, Shape.TRANSDUCER),
        ({"encoder.onnx": STREAMS, "model.onnx": SENSE, "base-tokens.txt": b"t", **REST}, Shape.STREAMING),
        ({"tokens.txt": b"t"}, Shape.STREAMING),
        ({"tokens.txt": b"t", "model.onnx": SENSE}, Shape.SENSE_VOICE),
        ({"tokens.txt": b"t", "model.onnx": PARA}, Shape.PARAFORMER),
        ({"tokens.txt": b"t", "model.onnx": SENSE, "model.int8.onnx": PARA}, Shape.PARAFORMER),
        ({"tokens.txt": b"t", "model.onnx": b"another"}, None),
        ({"tokens.txt": b"t", "model.onnx": b""}, None),
        ({"base-tokens.txt": b"t", "base-encoder.int8.onnx": b"e", "base-decoder.onnx": b"d"}, Shape.WHISPER),
        ({"model.onnx": SENSE}, None),
        ({"poems.txt": b""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_folder_is_told_by_its_files(tmp_path: Path, files: dict[str, bytes], shape: Shape | None) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert shape_of(tmp_path) is shape


def test_only_what_streams_hears_calls() -> None:
    assert {shape: shape.engine for shape in Shape if shape.engine} == {
        Shape.VOSK: "vosk",
        Shape.STREAMING: "sherpa",
    }
    assert set(OFFLINE) == {shape for shape in Shape if not shape.engine}
    assert all(told(shape, "zh") != shape for shape in Shape if " " in shape)


@each
def test_every_file_is_needed_and_named(tmp_path: Path, shape: Shape) -> None:
    folder = made(shape, tmp_path / "whole")
    assert check_folder(folder) is shape
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        stem = path.name.partition(".")[0].rpartition("-")[2]
        for damage in (path.unlink, lambda path=path: path.write_bytes(b"")):
            damage()
            for look in (check_folder, load_reader):
                with pytest.raises(ModelError, match=rf"{stem}|no speech model") as refused:
                    look(folder)
                assert refused.value.remedy
            path.write_bytes(content)


@each
def test_it_is_installed_under_any_name_listed_and_verified(tmp_path: Path, models: Path, shape: Shape) -> None:
    folder = made(shape, tmp_path / "paraformer-sense-voice-whisper")
    run = CliRunner(env={"SCREENER_LANG": "en"}).invoke
    done = run(model, ["install", "better", "--from", str(folder)])
    assert done.exit_code == 0, done.exception
    assert f"{shape}: reads whole utterances, for [speech] second; it hears no calls" in done.output
    assert '  second = "better"\n' in done.output and "second_seconds = 2.0" in done.output
    assert "engine" not in done.output and "model =" not in done.output
    assert f"better  {shape}  for a second reading only  {models / 'better'}" in run(model, ["list"]).output
    verified = run(model, ["verify", "better"]).output
    assert "sums agree" in verified and f"{shape}: reads whole utterances" in verified
    assert find_model("better").shape is shape
    first = next(path for path in (models / "better").iterdir() if path.suffix in (".onnx", ".bin"))
    first.write_bytes(first.read_bytes() + b"x")
    with pytest.raises(ModelError, match="is damaged"):
        check_folder(models / "better")


def test_what_streams_is_installed_for_hearing_calls(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    graphs.transducer(folder, streaming=True)
    run = CliRunner(env={"SCREENER_LANG": "en"}).invoke
    done = run(model, ["install", "--from", str(folder)])
    assert "streaming transducer: hears calls as they go on, for [speech] model" in done.output
    assert '  engine = "sherpa"\n  model = "made"\n' in done.output and "second" not in done.output
    assert f"made  sherpa  hears calls  {models / 'made'}" in run(model, ["list"]).output


def test_in_chinese_it_is_said_too(tmp_path: Path, models: Path) -> None:
    made(Shape.WHISPER, tmp_path / "made")
    done = CliRunner(env={"SCREENER_LANG": "zh"}).invoke(model, ["install", "--from", str(tmp_path / "made")])
    assert "Whisper（sherpa-onnx 用）：整句识别，用于 [speech] second 复听，不能实时识别" in done.output
    (models / "poems").mkdir()
    listed = CliRunner(env={"SCREENER_LANG": "zh"}).invoke(model, ["list"]).output
    assert "made  Whisper（sherpa-onnx 用）  只用于复听  " in listed
    assert "poems  不是模型  " in listed


@each
@pytest.mark.parametrize("engine", ["vosk", "sherpa"])
def test_it_is_refused_for_hearing_calls(tmp_path: Path, models: Path, shape: Shape, engine: str) -> None:
    """The library would end the process that gave it such a model as a streaming one."""
    install("better", made(shape, tmp_path / "made"))
    with pytest.raises(ModelError, match=rf"\({shape}\) reads whole utterances.* — name it in speech\.second"):
        load_model(Speech(engine=engine, model="better"), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (Shape.TRANSDUCER, "nǐhǎonǐhǎonǐhǎonǐhǎonǐhǎonǐhǎon"),
        (Shape.PARAFORMER, "你好"),
        (Shape.SENSE_VOICE, "好"),
        (Shape.WHISPER, "你好"),
    ],
)
def test_the_library_loads_it_and_an_utterance_is_read(
    tmp_path: Path, models: Path, shape: Shape, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = install("better", made(shape, tmp_path / "made"))
    reader = load_reader(folder)
    assert (reader.info.engine, reader.info.name) == ("offline", "better")
    assert read(reader, quiet(0.5) + loud(1.0) + quiet(0.5)) == (text, syllables(text), 2.0)
    hears = shape in (Shape.TRANSDUCER, Shape.SENSE_VOICE)
    assert read(reader, quiet(1.0))[0] == ("" if hears else text), "and the next one begins anew"
    assert reader.open(Speaker.CALLER).finish() == ()
    assert capfd.readouterr() == ("", "")


def test_of_two_sets_of_a_transducer_the_measured_one_is_read_with_and_said(tmp_path: Path) -> None:
    measured = "-epoch-12-avg-2-chunk-16-left-64"
    graphs.transducer(tmp_path, streaming=False, stem=measured)
    for part in ("encoder", "decoder", "joiner"):
        (tmp_path / f"{part}-epoch-99-avg-1-chunk-16-left-64.onnx").write_text("cannot be loaded")
    reader = load_reader(tmp_path)
    assert reader.info.name == f"{tmp_path.name} (encoder{measured}.onnx)"
    assert read(reader, loud(0.4))[0]


@pytest.mark.parametrize("shape", LOADED)
def test_without_the_library_the_extra_is_named(
    tmp_path: Path, shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(ModelError, match=r"not installed — pip install 'screener\[sherpa\]'"):
        load_reader(made(shape, tmp_path))


def test_without_faster_whisper_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ModelError, match="not installed — pip install faster-whisper"):
        load_reader(made(Shape.CTRANSLATE2, tmp_path))


@pytest.mark.parametrize(
    ("shape", "name"), [(Shape.TRANSDUCER, "encoder.onnx"), (Shape.WHISPER, "base-decoder.onnx")]
)
def test_what_the_library_cannot_load_says_what_to_do(tmp_path: Path, shape: Shape, name: str) -> None:
    made(shape, tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:60])
    with pytest.raises(ModelError, match=r"second reader .* cannot be loaded: .* — install it again"):
        load_reader(tmp_path)
