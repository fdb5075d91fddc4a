"""`screener replay` judges with what the site's live service judges with."""

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.errors import InputError
from screener.replay.files import TURN_MOST
from screener.resources import config_folder
from screener.settings.recordings import SAID
from screener.words.told import told

pytestmark = pytest.mark.usefixtures("english")

CALL = '{"id": "1", "turns": [{"speaker": "caller", "text": "你好,我想查一下我的话费余额"}]}\n'
DATA = Path(__file__).parent.parent / "data"
STORED = DATA / "replay.jsonl"
"""What one call of each kind comes to: judgement, every piece of evidence, its words and order."""


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


def one_of_each() -> str:
    """The first call of each file, as `make replays` takes them."""
    files = sorted((DATA / "calls").glob("*.jsonl"))
    return "".join(f"{path.read_text('utf-8').splitlines()[0]}\n" for path in files)


WEIGHED = re.compile(r'(?<="weight": )-?[0-9.]+|(?<="score": )-?[0-9.]+')


def test_recorded_calls_come_to_what_is_stored() -> None:
    """Byte for byte but for the last of three places of a weight: processors add in other orders."""
    settings = config_folder() / "screener.toml"
    told = CliRunner().invoke(cli, ["--lang", "zh", "replay", "-", "--config", str(settings)], input=one_of_each())
    assert told.exit_code == 0, told.output
    now, stored = told.stdout.splitlines(), STORED.read_text("utf-8").splitlines()
    assert len(stored) >= 10
    changed = [json.loads(old)["id"] for old, new in zip(stored, now, strict=True) if not alike(old, new)]
    assert not changed, f"{changed} come to something else; if meant: make replays, and read the difference"


def alike(one: str, other: str) -> bool:
    """Whether two lines say the same, weights within one of their last place."""
    weights = [[float(n) for n in WEIGHED.findall(line)] for line in (one, other)]
    return WEIGHED.sub("", one) == WEIGHED.sub("", other) and weights[0] == pytest.approx(weights[1], abs=0.0011)


def test_what_replays_are_held_against_sees_another_weight_and_another_word() -> None:
    line = STORED.read_text("utf-8").splitlines()[0]
    weight = WEIGHED.findall(line)[0]
    assert alike(line, line.replace(weight, f"{float(weight) + 0.001:.3f}", 1))
    assert not alike(line, line.replace(weight, f"{float(weight) + 0.01:.3f}", 1))
    assert not alike(line, line.replace("undecided", "genuine"))


def test_transcripts_from_standard_input_as_a_table(site: Path) -> None:
    lewd = CALL.replace("你好,我想查一下我的话费余额", "你穿什么颜色的内裤").replace('"1"', '"2"')
    arguments = ["replay", "-", "--format", "table", "--config", str(site / "screener.toml")]
    told = CliRunner().invoke(cli, arguments, input=CALL + lewd)
    assert told.exit_code == 0, told.output
    rows = [line.split() for line in told.output.splitlines() if line.split()[:1] in (["1"], ["2"])]
    assert [row[:2] for row in rows] == [["1", "genuine"], ["2", "harassment"]], told.output
    assert "内裤" in told.output, "the words that it rests on"


def test_a_table_quotes_what_was_said_and_no_code(site: Path) -> None:
    """Neither a line nor an hour, nor how often nobody answered."""
    silent = {"id": "9", "line": "anonymous", "started_at": "2026-03-04T12:10:00+08:00", "turns": [
        {"speaker": "agent", "text": "您好,请问有人吗"}, {"speaker": "agent", "text": "没有听到您的声音"},
        {"speaker": "agent", "text": "请问还在吗"}, {"speaker": "agent", "text": "喂"}]}  # fmt: skip
    arguments = ["replay", "-", "--config", str(site / "screener.toml")]
    data = json.dumps(silent, ensure_ascii=False)
    (told,) = map(json.loads, CliRunner().invoke(cli, arguments, input=data).output.splitlines())
    spans = {piece["rule"]: piece["span"] for piece in told["evidence"]}
    assert {"anonymous", "12:10"} <= {*spans.values()} and "dialogue.silent" in spans, spans
    table = CliRunner().invoke(cli, [*arguments, "--format", "table"], input=data).output
    assert not re.search("anonymous|12:10|, [0-9]", table), table


def test_a_turn_longer_than_anybody_talks_is_refused(site: Path) -> None:
    (site / "calls.jsonl").write_text(CALL.replace("你好", "你" * TURN_MOST), "utf-8")
    with pytest.raises(InputError, match=r"calls\.jsonl:1: turn 1: text: found 20\d+ characters") as refused:
        CliRunner().invoke(cli, ["replay", str(site / "calls.jsonl")], catch_exceptions=False)
    assert "有 2001" in (said := told(str(refused.value), "zh")) and said.endswith("请按实际的每句话分成多个 turn")


def test_what_was_said_is_for_the_eyes_of_whoever_asked(site: Path) -> None:
    """A transcript is private: like every other export its file is its owner's alone, also one that was there."""
    wanted = replay(site).stdout
    for name in ("new.jsonl", "old.jsonl"):
        output = site / name
        if name == "old.jsonl":
            output.write_text("old and longer than what comes" * 1000)
            output.chmod(0o644)
        command = ["replay", str(site / "calls.jsonl"), "--config", str(site / "screener.toml"), "-o", str(output)]
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 0, done.output
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
        assert output.read_text("utf-8") == wanted
    command[-1] = str(site / "absent" / "x.jsonl")
    assert "cannot be written" in str(CliRunner().invoke(cli, command).exception)
