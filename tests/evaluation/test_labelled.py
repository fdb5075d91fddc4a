"""Reading labelled calls."""

import gzip
from pathlib import Path

import pytest

from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.evaluation.labelled import LabelledCall, read_labelled, steered
from screener.events import Speaker
from screener.replay.run import RecordedCall, Turn

LINE = '{"id": "1", "label": "lewd", "slice": "night", "turns": [{"speaker": "caller", "text": "喂"}]}\n'


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text(LINE + "\n" + LINE, "utf-8")
    with gzip.open(tmp_path / "more.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(LINE.replace('"id"', '"set": "own", "id"'))
    (tmp_path / "notes.txt").write_text("no calls", "utf-8")
    calls = read_labelled([tmp_path, tmp_path / "some.jsonl"])
    assert [c.set for c in calls] == ["own", "some", "some", "some", "some"]
    assert {(c.label, c.slice) for c in calls} == {("lewd", "night")}


@pytest.mark.parametrize("label", ['"label": "", ', ""])
def test_a_call_without_label_is_refused_with_its_line(tmp_path: Path, label: str) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(LINE + LINE.replace('"label": "lewd", ', label), "utf-8")
    with pytest.raises(InputError, match=r"some\.jsonl:2: `label`"):
        read_labelled([path])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.jsonl"):
        read_labelled([tmp_path])


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("lewd", Verdict.HARASSMENT),
        ("silent", Verdict.HARASSMENT),
        ("vulnerable", Verdict.GENUINE),
        ("abusive_complaint", Verdict.ABUSIVE_COMPLAINT),
        ("benign", None),
    ],
)
def test_what_a_label_expects(label: str, verdict: Verdict | None) -> None:
    assert LabelledCall("s", label, "", RecordedCall("c")).expected is verdict


def test_steering_follows_the_callers_first_turns() -> None:
    turns = [Turn(Speaker.CALLER, "一", 0.0), Turn(Speaker.AGENT, "二", 1.0), Turn(Speaker.CALLER, "三", 2.0)]
    call = steered(RecordedCall("c", turns=tuple(turns)), 1)
    assert [t.speaker.value for t in call.turns] == ["caller", "agent", "agent", "caller"]
    assert all(t.at is None for t in call.turns)
