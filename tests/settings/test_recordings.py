"""What is written down as played is what was played: shipped words, a site's own words, or the very file."""

import hashlib
from pathlib import Path

import pytest

from screener.core.actions import Prompt
from screener.errors import SettingsError
from screener.media.prompts import find
from screener.settings.recordings import load_played, load_words, write_said
from screener.speech.pinyin import syllables

OWN = Prompt.WARNING_ABUSE_1


def own(folder: Path) -> Path:
    (folder / f"{OWN}.wav").write_bytes(find(Prompt.GREETING).read_bytes())
    return folder


def test_shipped_recordings_have_their_words() -> None:
    played = load_played()
    assert played[OWN] == "请注意言辞，您的问题我们会尽力解决。"
    assert Prompt.SIGNAL_TONE not in played


def test_an_own_recording_is_known_by_its_words_or_else_by_its_file(tmp_path: Path) -> None:
    own(tmp_path)
    digest = hashlib.sha256(find(Prompt.GREETING).read_bytes()).hexdigest()
    assert load_played(tmp_path)[OWN] == f"warning_abuse_1.wav sha256:{digest[:16]}"
    assert load_played(tmp_path)[Prompt.WARNING_ABUSE_2] == load_played()[Prompt.WARNING_ABUSE_2]
    assert load_words(syllables, tmp_path)[OWN][0] == load_played()[OWN], "for the judgement it does the same"
    write_said(tmp_path, {OWN: '请您文明用语"\\'})
    assert load_played(tmp_path)[OWN] == '请您文明用语"\\'
    assert load_words(syllables, tmp_path)[OWN][1][:2] == ("qing", "nin")
    write_said(tmp_path, {OWN: ""})
    assert load_played(tmp_path)[OWN].startswith("warning_abuse_1.wav ")


def test_words_of_a_recording_that_is_not_there_are_nobodys(tmp_path: Path) -> None:
    write_said(tmp_path, {OWN: "别的话"})
    assert load_played(tmp_path)[OWN] == load_played()[OWN]


@pytest.mark.parametrize("text", ["x = 'y'", "greeting = 1", "greeting = ", f"greeting = '{'长' * 501}'"])
def test_a_file_that_is_none_of_these_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "said.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"said\.toml"):
        load_played(tmp_path)
