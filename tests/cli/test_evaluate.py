"""`screener evaluate` on three calls."""

import json
import re
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.training.acts.corpus import KEPT, CorpusCall, read_corpus, read_hand, write_hand

pytestmark = pytest.mark.usefixtures("english")

CALLS = """\
{"id": "1", "set": "x", "slice": "late", "label": "lewd", "turns": [{"speaker": "caller", "text": "你穿什么内裤"}]}
{"id": "2", "set": "x", "label": "genuine", "turns": [{"speaker": "caller", "text": "垃圾袋的订单到哪里了"}]}
{"id": "3", "set": "x", "label": "benign", "turns": [{"speaker": "caller", "text": "陪我睡觉"}]}
"""


@pytest.fixture
def calls(tmp_path: Path) -> str:
    (tmp_path / "calls.jsonl").write_text(CALLS, "utf-8")
    return str(tmp_path)


@pytest.fixture
def strict(tmp_path: Path) -> str:
    """Settings under which a single listed word flags."""
    (tmp_path / "weights.toml").write_text("[strength]\ndecisive = 12.0\nstrong = 3.0\nweak = 1.0\n", "utf-8")
    (tmp_path / "screener.toml").write_text('[judgement]\nweights = "weights.toml"\n', "utf-8")
    return str(tmp_path / "screener.toml")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["evaluate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_counts_and_false_flags_for_programs(calls: str, strict: str) -> None:
    told = run(calls, "--config", strict, "--noise", "0", "--slices", "--format", "json")
    document = json.loads(told)
    counts, false = document["counts"], document["false_flags"]
    by_label = {row["label"]: row for row in counts}
    lewd = by_label["lewd"]
    assert (lewd["flagged"], lewd["kind_lewd"], lewd["kind_abuse"], lewd["slice"]) == (1, 1, 0, "late")
    assert (by_label["benign"]["flagged"], by_label["benign"]["word_list"]) == (1, 1)
    assert by_label["genuine"]["high_share"] > by_label["genuine"]["flagged_share"] == 0
    assert [row["id"] for row in false] == ["3"]
    assert "陪我睡觉" in false[0]["evidence"]


def test_a_false_flag_is_told_with_what_each_piece_counted(tmp_path: Path) -> None:
    """A curse that is said again counts more than its own weight."""
    turns = [{"speaker": "agent", "text": "您好"}, {"speaker": "caller", "text": "操你妈"}] * 2
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "1", "label": "genuine", "turns": turns}), "utf-8")
    (false,) = json.loads(run(str(tmp_path), "--noise", "0", "--format", "json"))["false_flags"]
    assert [false["evidence"].count(f"{count} 操你妈 (abuse.curse.1)") for count in ("+1.5", "+4.9")] == [1, 1]


def test_without_the_list_its_words_flag_nobody(calls: str, strict: str) -> None:
    def flagged(*options: str) -> dict[str, tuple[int, int]]:
        told = json.loads(run(calls, "--config", strict, "--noise", "0", "--format", "json", *options))
        return {row["label"]: (row["flagged"], row["word_list"]) for row in told["counts"]}

    assert flagged() == {"lewd": (1, 1), "genuine": (0, 0), "benign": (1, 1)}
    assert flagged("--no-lexicon") == dict.fromkeys(("lewd", "genuine", "benign"), (0, 0))


def test_a_table_for_people_at_each_noise(calls: str, strict: str) -> None:
    told = run(calls, "--config", strict, "--noise", "0", "--noise", "0.3")
    assert "30.0%" in told
    assert "False flags" in told and "误判" not in told


def test_calls_of_the_corpus_are_judged_by_nets_that_never_heard_their_hand(tmp_path: Path) -> None:
    calls = read_corpus()
    some = [c for c in calls if c.hand == calls[0].hand][:12]
    write_hand(some, tmp_path / "hand.jsonl.gz")
    told = run("--hands", str(tmp_path / "hand.jsonl.gz"))
    assert some[0].hand in told
    assert all(name in told for name in ("by kind", "by label", "cut after a third", "no agent heard"))


def test_calls_of_the_corpus_are_counted_in_chinese_and_for_programs_by_their_keys(tmp_path: Path) -> None:
    write_hand(read_corpus()[:2], tmp_path / "hand.jsonl.gz")
    command = ["--lang", "zh", "evaluate", "--hands", str(tmp_path / "hand.jsonl.gz")]
    told = CliRunner().invoke(cli, command, catch_exceptions=False).output
    assert all(name in told for name in ("按类别", "通话中找出", "听不到坐席", "（2 通）"))
    assert set(re.findall(r"[A-Za-z]{2,}", told)) == {"hand"}, "the hand's own name"
    tables = json.loads(CliRunner().invoke(cli, [*command, "--format", "json"], catch_exceptions=False).output)
    assert tables["cut_off_disturbed_without_a_part"][0]["variant"] == "as written"


def test_no_thread_reads_calls_that_another_one_judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that feeds the other processes would pickle them while each call's syllables are being kept."""

    def pickled(call: CorpusCall) -> NoReturn:
        raise AssertionError(f"{call.id} is pickled")

    monkeypatch.setattr(CorpusCall, "__reduce__", pickled)
    write_hand(read_corpus()[:2], tmp_path / "hand.jsonl.gz")
    assert "no agent heard" in run("--hands", str(tmp_path / "hand.jsonl.gz"))


def test_hands_kept_apart_are_judged_in_place_of_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = list(read_hand(KEPT / "hand153.jsonl.gz"))[:6]
    write_hand(some, tmp_path / "hand153.jsonl.gz")
    (tmp_path / "manifest.toml").write_text('[hand.hand153]\ncalls = 6\nparticulars = ""\n', "utf-8")
    monkeypatch.setattr("screener.cli.evaluate.KEPT", tmp_path)
    told = json.loads(run("--hands", "--kept", "--format", "json"))
    assert "hand153" in json.dumps(told) and "hand2" not in json.dumps(told)


def test_hands_kept_apart_are_asked_for_alone(calls: str) -> None:
    for options in (("--kept",), ("--hands", "--kept", calls)):
        result = CliRunner().invoke(cli, ["evaluate", *options])
        assert result.exit_code == 2
        assert "--kept" in result.output


def test_a_label_that_is_none_of_the_usual_is_said(tmp_path: Path) -> None:
    """A misspelt kind would otherwise count as what must not be flagged."""
    (tmp_path / "calls.jsonl").write_text(CALLS.replace('"lewd"', '"lewed"'), "utf-8")
    assert "lewed: no usual label" in run(str(tmp_path), "--noise", "0")
    (tmp_path / "calls.jsonl").write_text(CALLS, "utf-8")
    assert "no usual label" not in run(str(tmp_path), "--noise", "0")
