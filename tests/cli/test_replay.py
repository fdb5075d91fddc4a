"""`screener replay` judges with what the site's live service judges with."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.settings.recordings import SAID

pytestmark = pytest.mark.usefixtures("english")

CALL = '{"id": "1", "turns": [{"speaker": "caller", "text": "你好,我想查一下我的话费余额"}]}\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "screener.toml").write_text('[prompts]\nfolder = "own"\n', "utf-8")
    (tmp_path / "calls.jsonl").write_text(CALL, "utf-8")
    return tmp_path


def replay(site: Path):
    return CliRunner().invoke(cli, ["replay", str(site / "calls.jsonl"), "--config", str(site / "screener.toml")])


def test_the_words_of_a_sites_own_recordings_are_taken(site: Path) -> None:
    (site / "own" / SAID).write_text('greeting = "您好,这里是客服"\n', "utf-8")
    told = replay(site)
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["verdict"] == "genuine"
    (site / "own" / SAID).write_text('no_recording = "?"\n', "utf-8")
    refused = replay(site)
    assert refused.exit_code != 0
    assert "no_recording is no recording with its words" in f"{refused.output}{refused.exception}"
