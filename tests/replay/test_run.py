"""Replay: the live session over files, history building up from call to call."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screener.core.evidence import Evidence, Kind, Source, Verdict
from screener.core.flow import Flow
from screener.core.signals import withdrawn
from screener.errors import InputError
from screener.events import Caller, LineClass, Speaker
from screener.numbers.identify import load_lines
from screener.replay.files import parse_call, read_calls
from screener.replay.run import Ledger, RecordedCall, Replayer, Turn, in_the_end
from screener.speech.none import NoModel
from screener.speech.pinyin import syllables
from screener.words.judgement import Teller
from screener.words.terms import Language, word
from screener.words.told import told
from tests.core.helpers import lexicon, plain

NOON = datetime(2026, 3, 11, 4, tzinfo=UTC)
LEWD = (Turn(Speaker.CALLER, "喂你好,我想咨询一下"), Turn(Speaker.CALLER, "你今天穿什么颜色的内裤"))
ENQUIRY = (Turn(Speaker.CALLER, "你好,我想查一下我的话费余额"),)


@pytest.fixture
def replayer() -> Replayer:
    return Replayer(
        judgement=plain(),
        flow=Flow(),
        zone=ZoneInfo("Asia/Shanghai"),
        identify=load_lines([], "CN").identify,
        syllables=syllables,
        model=NoModel,
    )


def test_a_call_answers_with_the_stable_interface(replayer: Replayer) -> None:
    found = replayer.replay(RecordedCall("a", turns=LEWD)).serialize(Teller())
    assert list(found) == ["id", "verdict", "kind", "flagged_at", "score", "evidence"]
    assert (found["id"], found["verdict"], found["kind"]) == ("a", "harassment", "lewd")
    decisive = max(found["evidence"], key=lambda e: e["weight"])
    assert "穿什么" in decisive["span"]
    assert found["flagged_at"] >= decisive["at"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(("turns", "counts"), [((), (1.5, 4.95)), (ENQUIRY, (0.0, 0.0))])
def test_a_weight_is_what_the_piece_counted_in_the_end(turns: tuple[Turn, ...], counts: tuple[float, ...]) -> None:
    """A curse beside a matter counts nothing, one that is said again more."""
    twice = (Turn(Speaker.AGENT, "您好"), Turn(Speaker.CALLER, "操你妈")) * 2
    judgement = replace(plain(), lexicon=lexicon())
    replayer = Replayer(judgement, Flow(), UTC, lambda _: Caller(), syllables, NoModel)
    told = replayer.replay(RecordedCall("a", turns=(*turns, *twice))).serialize(Teller())
    curses = [piece["weight"] for piece in told["evidence"] if piece["source"] == "words"]
    assert curses == pytest.approx(counts)
    counted = sum(piece["weight"] for piece in told["evidence"])
    assert told["score"] == pytest.approx(judgement.weights.prior + counted, abs=0.01)


def test_what_was_taken_back_counts_nothing_nor_does_its_end() -> None:
    seemed = Evidence("act.caller.lewd", Source.ACTS, Kind.LEWD, 2.0, 1.0, "…")
    back = replace(seemed, rule=withdrawn(seemed.rule), weight=-2.0)
    assert in_the_end((seemed, back, replace(seemed, weight=1.0)), plain().weights) == (0.0, 0.0, 1.0)


def test_a_genuine_call_is_not_flagged(replayer: Replayer) -> None:
    found = replayer.replay(RecordedCall("b", turns=ENQUIRY)).serialize(Teller())
    assert (found["verdict"], found["kind"], found["flagged_at"]) == ("genuine", None, None)


def test_history_builds_up(replayer: Replayer) -> None:
    first = replayer.replay(RecordedCall("a", NOON, "13900001111", turns=LEWD))
    again = replayer.replay(RecordedCall("b", NOON + timedelta(hours=1), "13900001111", turns=LEWD))
    other = replayer.replay(RecordedCall("c", NOON + timedelta(hours=1), "13900002222", turns=LEWD))
    before = {e.rule for e in first.evidence}
    assert {e.rule for e in again.evidence} > before
    assert {e.rule for e in other.evidence} == before


def test_a_ledger_counts_before_a_moment() -> None:
    ledger = Ledger()
    ledger.add("1", NOON, Verdict.HARASSMENT)
    ledger.add("1", NOON + timedelta(minutes=50), Verdict.GENUINE)
    ledger.add("", NOON, Verdict.HARASSMENT)
    history = ledger.history("1", NOON + timedelta(minutes=55))
    assert (history.calls_15min, history.calls_60min, history.calls_24h) == (1, 2, 2)
    assert (history.flagged, history.genuine) == (1, 1)
    assert ledger.history("", NOON).calls_24h == 0, "a withheld number has no past"


def test_times_in_a_transcript_are_kept(replayer: Replayer) -> None:
    turns = (Turn(Speaker.CALLER, "喂", 1.0), Turn(Speaker.CALLER, "你今天穿什么颜色的内裤", 40.0))
    assert replayer.replay(RecordedCall("a", turns=turns)).serialize(Teller())["flagged_at"] > 40


def line(**fields: object) -> str:
    return json.dumps({"id": 1, "turns": [{"speaker": "caller", "text": "喂"}], **fields})


def test_files_are_read_in_chronological_order(tmp_path: Path) -> None:
    late = tmp_path / "late.jsonl"
    late.write_text(line(id="late", started_at="2026-03-11T12:00:00+08:00", line="public") + "\n\n")
    early = tmp_path / "early.jsonl.gz"
    with gzip.open(early, "wt") as file:
        file.write(line(id="early", started_at="2026-03-11T03:00:00Z", caller="139"))
    calls = read_calls([late, early])
    assert [call.id for call in calls] == ["early", "late"]
    assert calls[1].started_at == NOON
    assert calls[1].line is LineClass.PUBLIC
    assert calls[0].turns == (Turn(Speaker.CALLER, "喂", None),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"id": 1}', "`id` and `turns`"),
        (line(turns=[{"speaker": "x", "text": "a"}]), "speaker: found 'x', allowed: caller, agent"),
        (line(turns=[{"speaker": "caller"}]), "turn 1: `speaker` and `text`"),
        (line(turns=[{"speaker": "caller", "text": "a", "t": -1}]), "t: found -1"),
        (line(started_at="noon"), "started_at: found 'noon'"),
        (line(started_at="9999-12-31T23:59Z"), "started_at: found '9999-12-31T23:59Z', allowed: ISO 8601 of the"),
        (line(started_at="0001-01-01"), "started_at: found '0001-01-01', allowed: ISO 8601 of the years 1970"),
        (line(line="moon"), "line: found 'moon', allowed: mobile, fixed"),
    ],
)
def test_a_wrong_line_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as problem:
        parse_call(text, "calls.jsonl:7")
    assert str(problem.value).startswith("calls.jsonl:7")
    assert message in str(problem.value)
    chinese = told(str(problem.value), "zh")
    assert not re.search(r"\b(turn|found|allowed|understood|seconds|see|not)\b", chinese), (
        "whole in the language of the run"
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("landline", LineClass.FIXED),
        ("Payphone", LineClass.PUBLIC),
        ("hidden", LineClass.ANONYMOUS),
        ("toll-free", LineClass.TOLL_FREE),
        ("mobile", LineClass.MOBILE),
        *((name, LineClass.FIXED) for name in ("座机", "固话", "PSTN")),
        *((name, LineClass.PUBLIC) for name in ("公用电话", "公话", "public phone")),
        *((name, LineClass.ANONYMOUS) for name in ("隐藏", "匿名", "blocked", "restricted", "Unavailable")),
        ("voip", LineClass.UNKNOWN),
        ("400", LineClass.TOLL_FREE),
        (400, LineClass.TOLL_FREE),
    ],
)
def test_other_names_of_a_line_are_understood(name: object, meant: LineClass) -> None:
    assert parse_call(line(line=name), "").line is meant


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("meant", LineClass)
def test_a_line_is_understood_by_the_name_that_the_product_gives_it(meant: LineClass, lang: Language) -> None:
    assert parse_call(line(line=word(meant.value, lang)), "").line is meant


def test_what_is_no_call_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither a recording"):
        read_calls([tmp_path / "a.txt"])
    with pytest.raises(InputError, match="no such file"):
        read_calls([tmp_path / "a.wav"])
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"x" * 100)[:-10])
    with pytest.raises(InputError, match="cannot be read"):
        read_calls([tmp_path / "cut.jsonl.gz"])
