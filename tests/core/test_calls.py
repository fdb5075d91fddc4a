"""Scripted calls of the project's own: every one judged as it should be, as a whole and live in path."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screener.core.evidence import Verdict
from screener.core.flow import Flow
from screener.events import Caller, Speaker
from screener.lines import load_lines
from screener.replay import Replayer
from screener.replay_files import parse_call
from screener.speech.pinyin import syllables
from tests.core.helpers import Line, offer, shipped

FOLDER = Path(__file__).parents[1] / "data" / "calls"
FILES = sorted(FOLDER.glob("*.jsonl"))
CALLS = [(path.stem, json.loads(line)) for path in FILES for line in path.read_text("utf-8").splitlines()]
PROTECTED = ("genuine", "complaint", "vulnerable", "abusive", "undecided")


def test_there_are_enough_and_each_has_its_own_name() -> None:
    assert len(CALLS) >= 60
    assert len({data["id"] for _, data in CALLS}) == len(CALLS)
    assert {data["expect"] for _, data in CALLS} == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_judged_as_a_whole(path: Path) -> None:
    replayer = Replayer(
        shipped(), Flow(), ZoneInfo("Asia/Shanghai"), load_lines([], "CN").identify, syllables, None
    )
    wrong = []
    for line in path.read_text("utf-8").splitlines():
        data = json.loads(line)
        decision = replayer.replay(parse_call(line, path.name)).decision
        got = (decision.verdict, decision.kind)
        if got != (data["expect"], data.get("kind")):
            wrong.append((data["id"], data["expect"], data.get("kind"), *got, decision.assessment.score))
    assert wrong == []


@pytest.mark.parametrize(("name", "data"), CALLS, ids=[data["id"] for _, data in CALLS])
def test_live_in_path(name: str, data: dict) -> None:
    """A caller who keeps to the script is treated when harassing and reaches a person when not."""
    line = Line(Flow(listen_seconds=90), offer(caller=Caller(data.get("caller", "")))).begin().wait(2)
    for turn in data["turns"]:
        if turn["speaker"] == Speaker.CALLER and line.up and line.listening:
            line.say(turn["text"]).wait(1)
    line.wait(40)
    if name in PROTECTED or data.get("live") == "agents":  # a pretext that is a clear request: an agent's call
        assert not line.treated
    elif name != "chitchat":  # live, it is the product that steers, at its own pace
        assert line.treated, line.evidence
        assert line.transfers == []
    if data["expect"] in ("genuine", "complaint"):
        assert line.transfers == ["agents"]
