import logging
import re
from pathlib import Path

import pytest

from screener.errors import ModelError
from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.models import (
    VOSK_FILES,
    Shape,
    check_folder,
    describe,
    find_model,
    installed,
    shape_of,
    transducer_in,
)
from screener.speech.offline import load_second
from screener.words.told import told

STATIC = (*VOSK_FILES, "graph/HCLG.fst", "graph/words.txt", "ivector/final.ie")


def test_a_whole_folder_is_sound(vosk_folder: Path) -> None:
    check_folder(vosk_folder)
    assert shape_of(vosk_folder) is Shape.VOSK
    assert describe(vosk_folder).name == "made"
    assert describe(vosk_folder).synthetic_only


@pytest.mark.parametrize("name", STATIC)
def test_a_missing_file_is_named(vosk_folder: Path, name: str) -> None:
    (vosk_folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        check_folder(vosk_folder)


@pytest.mark.parametrize("name", STATIC)
def test_an_empty_file_is_named(vosk_folder: Path, name: str) -> None:
    (vosk_folder / name).write_bytes(b"")
    with pytest.raises(ModelError, match=f"{name} is empty"):
        check_folder(vosk_folder)


@pytest.mark.parametrize("name", STATIC)
def test_a_damaged_file_is_named(vosk_folder: Path, name: str) -> None:
    (vosk_folder / name).write_bytes(b"x" + (vosk_folder / name).read_bytes()[1:])
    with pytest.raises(ModelError, match=f"{name} .* is damaged"):
        check_folder(vosk_folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"sha256": 3}', "\udcff".encode("utf-8", "surrogateescape")])
def test_a_damaged_card_is_named(vosk_folder: Path, text: str | bytes) -> None:
    (vosk_folder / "model.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match=r"model\.json .* is damaged"):
        check_folder(vosk_folder)


def test_a_dynamic_graph_needs_both_its_halves(vosk_folder: Path) -> None:
    (vosk_folder / "model.json").unlink()
    (vosk_folder / "graph" / "Gr.fst").write_text("made")
    with pytest.raises(ModelError, match=r"graph/HCLr\.fst is missing"):
        check_folder(vosk_folder)


def test_vosk_refuses_a_folder_that_only_looks_right(vosk_folder: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.conf is empty"):
        (vosk_folder / "conf" / "model.conf").write_text("")
        load_model(Speech(model=str(vosk_folder)), Path())


def test_a_folder_is_found_relative_to_the_settings(vosk_folder: Path) -> None:
    assert find_model(vosk_folder.name, vosk_folder.parent).folder == vosk_folder


def test_an_installed_model_is_found_by_name(vosk_folder: Path, models: Path) -> None:
    models.mkdir()
    vosk_folder.rename(models / "mine")
    assert find_model("mine").folder == models / "mine"
    assert [m.name for m in installed()] == ["mine"]


@pytest.mark.parametrize("name", ["nowhere", "", "../nowhere"])
def test_an_unknown_model_says_what_to_do(name: str, models: Path) -> None:
    with pytest.raises(ModelError, match="screener model install"):
        load_model(Speech(model=name), models)


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize(
    ("there", "chinese"),
    [
        ("nothing", "没有这个文件夹"),
        ("a folder", "是空文件夹"),
        ("a file", "是文件，不是语音模型的文件夹"),
        ("a poem", "既没有 am/（Vosk），也没有 tokens.txt（sherpa-onnx）"),
    ],
)
def test_what_is_no_model_says_what_it_lacks(tmp_path: Path, there: str, chinese: str, second: bool) -> None:
    place = tmp_path / "models"
    if there == "a file":
        place.write_bytes(b"PK")
    elif there != "nothing":
        place.mkdir()
    if there == "a poem":
        (place / "poem.txt").write_text("床前明月光")
    with pytest.raises(ModelError) as wrong:
        if second:
            load_second(Speech(second=str(place)), tmp_path)
        else:
            load_model(Speech(model=str(place)), tmp_path)
    said = told(str(wrong.value), "zh")
    if not (second and there == "a poem"):  # another kind of model
        assert chinese in said
        assert "screener model install" in said
    assert str(place) in said
    assert not re.search(r"[a-z]+ (?:no|and|is|it) ", said), said


def test_the_wrong_engine_is_refused(vosk_folder: Path) -> None:
    with pytest.raises(ModelError, match="made for vosk, not for sherpa"):
        load_model(Speech(engine="sherpa", model=str(vosk_folder)), Path())


def test_none_hears_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        model = load_model(Speech(engine="none"), Path())
    assert "nothing that callers say is understood" in caplog.text
    from screener.events import Speaker

    recognizer = model.open(Speaker.CALLER)
    assert [*recognizer.accept(bytes(320), 0.0), *recognizer.finish()] == []


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ("encoder.onnx decoder.onnx joiner.onnx", "encoder.onnx decoder.onnx joiner.onnx"),
        ("encoder.int8.onnx decoder.onnx joiner.int8.onnx", "encoder.int8.onnx decoder.onnx joiner.int8.onnx"),
        (
            "encoder-a.fp16.onnx encoder-a.onnx decoder-a.int8.onnx joiner-a.fp16.onnx",
            "encoder-a.onnx decoder-a.int8.onnx joiner-a.fp16.onnx",
        ),
        (
            "encoder-3.3M.onnx decoder-3.3M.onnx joiner-3.3M.int8.onnx encoder-z.int8.onnx joiner-z.onnx",
            "encoder-3.3M.onnx decoder-3.3M.onnx joiner-3.3M.int8.onnx",
        ),
        ("encoder-a.onnx decoder-b.onnx joiner-b.onnx", ""),
        ("encoder-a.onnx decoder-a.onnx joiner.onnx", ""),
    ],
)
def test_the_files_of_a_transducer_are_of_one_set(tmp_path: Path, there: str, taken: str) -> None:
    for name in ("tokens.txt", *there.split()):
        (tmp_path / name).write_text("made")
    if not taken:
        for look in (check_folder, transducer_in):
            with pytest.raises(ModelError, match="different sets"):
                look(tmp_path)
        return
    found = [path.name for path in transducer_in(tmp_path).files.values()]
    assert found == ["tokens.txt", *taken.split()]
