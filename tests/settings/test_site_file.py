"""A file of the site's that cannot be read says what to do about this very file."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from screener.errors import SettingsError
from screener.numbers.identify import load_lines
from screener.outside.files import NOT_YOURS, to_read
from screener.settings.cards import load_cards
from screener.settings.judgement import load_calendar, load_phrases, load_weights, site_weights
from screener.settings.load import WRITE_ONE, load
from screener.settings.recordings import load_words
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.words.told import told

CHINESE = '[site]\nname = "呼叫中心"\n'
READERS: dict[str, Callable[[Path], object]] = {
    "screener.toml": load,
    "weights.toml": load_weights,
    "lexicon.toml": lambda path: load_phrases(path, load_weights_of_nothing(), syllables),
    "calendar.toml": load_calendar,
    "cards.toml": lambda path: load_cards(path.name, path.parent, syllables),
    "said.toml": lambda path: load_words(syllables, path.parent),
    "lines.csv": lambda path: load_lines([path]),
}


def load_weights_of_nothing() -> object:
    return site_weights(JudgementSection(), Path())


def refusal(read: Callable[[Path], object], path: Path) -> SettingsError:
    with pytest.raises(SettingsError) as wrong:
        read(path)
    assert str(path) in wrong.value.message
    return wrong.value


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-16-le"])
def test_a_file_of_another_encoding_is_to_be_saved_as_utf_8(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes(CHINESE.encode(encoding))
    said = refusal(READERS[name], path)
    assert said.remedy == "save it as UTF-8"
    assert "另存为 UTF-8" in told(str(said), "zh")
    assert "init" not in str(said)


def test_utf_16_of_latin_letters_alone_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "screener.toml"
    path.write_bytes("[site]\n".encode("utf-16-le"))
    assert refusal(load, path).remedy == "save it as UTF-8"


@pytest.mark.parametrize("name", [name for name in READERS if name != "said.toml"])
def test_of_a_folder_the_file_is_asked_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.mkdir()
    said = refusal(READERS[name], path)
    assert said.remedy == "name the file in it"
    assert "请指明其中的文件" in told(str(said), "zh")


def test_settings_are_to_be_written_only_where_there_are_none(tmp_path: Path) -> None:
    assert refusal(load, tmp_path / "screener.toml").remedy == WRITE_ONE
    for reason in (errno.EACCES, errno.EIO, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG):
        assert to_read(OSError(reason, os.strerror(reason)), WRITE_ONE) != WRITE_ONE
    assert to_read(OSError(errno.EACCES, "Permission denied"), WRITE_ONE) == NOT_YOURS


@pytest.mark.parametrize("name", ["screener.toml", "weights.toml", "cards.toml"])
def test_a_file_that_is_cut_off_names_the_line_where_it_ends(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('# a comment\n\nfactor = {"a" = 1.0\n\n')
    said = refusal(READERS[name], path)
    path.write_text("prior = [\n1,\n2,\n\n")
    cut = refusal(READERS[name], path)
    assert "line 3" in said.message
    assert "line 3" in cut.message
    assert "文件末尾（第 3 行）：还没有写完" in told(str(cut), "zh")


def test_a_secret_of_another_encoding_is_to_be_saved_as_utf_8(tmp_path: Path) -> None:
    (tmp_path / "screener.toml").write_text('[webhook]\nurl = "https://a.example"\nsecret_file = "s"\n')
    (tmp_path / "s").write_bytes("密钥".encode("gbk"))
    said = refusal(load, tmp_path / "screener.toml")
    assert "allowed a file saved as UTF-8" in said.message
    assert "应另存为 UTF-8" in told(said.message, "zh")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[sip]\nport = ５０６０\n", "correct that line"),
        ('[sip]\nhost = "a\n', "correct that line"),
        ("[sip]\nport = [1,", "correct that line"),
        (f"[sip]\nport = {'9' * 5000}\n", "correct the file"),
        (f"[sip]\nport = {'[' * 3000}\n", "correct the file"),
    ],
)
def test_a_line_is_to_be_corrected_only_where_one_is_named(tmp_path: Path, text: str, remedy: str) -> None:
    path = tmp_path / "screener.toml"
    path.write_text(text)
    said = refusal(load, path)
    assert said.remedy == remedy
    assert ("行" in told(str(said), "zh").partition("—")[0]) == (remedy == "correct that line")
