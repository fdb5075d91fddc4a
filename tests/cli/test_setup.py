from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli.setup import init
from screener.errors import InputError
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.speech.install import PUBLISHED
from screener.speech.models import DEFAULT_MODEL, DEFAULT_WHY
from screener.words.terms import Language
from screener.words.told import told


def run(*arguments: str) -> str:
    result = CliRunner().invoke(init, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_init_writes_the_defaults_and_says_what_comes_next(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    assert "screener doctor" in run(str(file))
    assert load(file) == replace(Settings(), folder=tmp_path)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_init_says_which_model_to_take_and_why(tmp_path: Path, lang: Language) -> None:
    written = CliRunner(env={"SCREENER_LANG": lang}).invoke(init, [str(tmp_path / "mine.toml")]).output
    assert f"screener model install {DEFAULT_MODEL}" in written
    assert told(DEFAULT_WHY, lang) in written
    assert DEFAULT_MODEL in PUBLISHED, "it can be fetched by that name"
    assert (told(DEFAULT_WHY, lang) == DEFAULT_WHY) == (lang == "en")


def test_init_into_a_folder_and_into_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(str(tmp_path))
    assert (tmp_path / "screener.toml").exists()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run()
    assert Path("screener.toml").exists()


def test_init_never_overwrites_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "screener.toml"
    file.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        run(str(file))
    assert file.read_text() == "mine"
    run(str(file), "--force")
    assert load(file).site == Settings().site


def test_init_where_nothing_can_be_written() -> None:
    with pytest.raises(InputError, match="cannot be written"):
        run("/proc/absent/screener.toml")
