"""What Vosk prints, and the refusals; listening itself is tested with the embedded model."""

from pathlib import Path

import pytest

from screener.errors import ModelError
from screener.speech.vosk import VoskModel, parse_final, parse_partial


def test_a_partial_loses_its_spaces() -> None:
    heard = parse_partial('{"partial" : "你 好 银行"}')
    assert (heard.text, heard.syllables, heard.final) == ("你好银行", ("ni", "hao", "yin", "hang"), False)
    assert heard.confidence is None
    assert parse_partial('{"partial" : ""}').text == ""


FINAL = """{"result": [
    {"conf": 1.0, "end": 0.6, "start": 0.3, "word": "你好"},
    {"conf": 0.4, "end": 0.9, "start": 0.6, "word": "山"},
    {"conf": 0.8, "end": 1.2, "start": 0.9, "word": "银行"}],
    "text": "你好 山 银行"}"""


def test_unsure_words_are_dropped_from_a_final() -> None:
    heard = parse_final(FINAL, 0.6)
    assert (heard.text, heard.final, heard.confidence) == ("你好银行", True, pytest.approx(0.9))
    assert heard.syllables == ("ni", "hao", "yin", "hang")
    assert parse_final(FINAL, 0.0).text == "你好山银行"
    assert parse_final('{"text" : ""}', 0.6).text == ""


def test_a_damaged_embedded_model_is_refused_by_name(vosk_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("screener.speech.vosk.embedded_model_folder", lambda: vosk_folder)
    (vosk_folder / "graph" / "HCLG.fst").write_text("made graph/HCLG.fs!")
    with pytest.raises(ModelError, match=r"graph/HCLG\.fst .* is damaged"):
        VoskModel()


def test_what_vosk_itself_cannot_load_is_an_error_and_no_crash(
    vosk_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (vosk_folder / "model.json").unlink()
    with pytest.raises(ModelError, match="Vosk cannot load"):
        VoskModel(vosk_folder)
    assert capfd.readouterr().out == ""
