"""What is seen of the demo, in either language and never in both."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from rich.console import Console

from screener.core.actions import Action, Decided, EvidenceFound, Play, Prompt, Transfer, Treated
from screener.core.evidence import Assessment, Decision, Evidence, Kind, Reason, Source, Treatment, Verdict
from screener.demo.screen import WORDS, Screen
from screener.demo.script import End, load_script
from screener.demo.stage import CallOutcome
from screener.events import (
    CallEnded,
    Caller,
    CallOffered,
    EndedBy,
    Event,
    History,
    LineClass,
    Speaker,
    Target,
    Transcript,
    TransferEnded,
)
from screener.words.terms import WORDS as TERMS
from screener.words.terms import Language

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
LATIN = re.compile(r"[A-Za-z]+")
SAID = "陪我睡觉"
NOON = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)
SHOWN: list[type[StrEnum]] = [Prompt, Target, End, LineClass, Kind]


def decided(verdict: Verdict, kind: Kind | None) -> Decided:
    reason = Reason.JUDGED.of(kind) if kind else Reason.MATTER
    treatment = Treatment.ANALYSIS_QUEUE if kind else Treatment.NONE
    return Decided(Decision(verdict, kind, treatment, 1.0, 3.0, Assessment(1.0, 5.0, kind, ()), reason=reason))


def happened(verdict: Verdict, kind: Kind | None) -> list[Event | Action]:
    """Everything that the screen shows of a call."""
    return [
        Play(tuple((prompt, None) for prompt in Prompt)),
        Transcript(Speaker.CALLER, 0, SAID, (), 0.0, 1.0, final=True),
        EvidenceFound(Evidence("act.caller.lewd", Source.ACTS, Kind.LEWD, 5.0, 1.0, SAID), 1.0, 2.6),
        decided(verdict, kind),
        *(
            item
            for target in Target
            for item in (Transfer(target), TransferEnded(target, ok=True, status=200, at=2.0))
        ),
        TransferEnded(Target.AGENTS, ok=False, status=486, at=2.0),
        Treated(Treatment.ANALYSIS_QUEUE, 2.0, done=False),
        Treated(Treatment.ANALYSIS_QUEUE, 3.0, done=True, completed=True),
        Treated(Treatment.LINE_FAULT, 3.0, done=True, completed=False),
        CallEnded(EndedBy.CALLER, 4.0),
    ]


def seen(lang: Language, *, live: bool) -> str:
    """A call of every verdict and kind, and the table at the end; what callers said left out."""
    paper = io.StringIO()
    screen = Screen(Console(file=paper, width=300), lang, live=live)
    calls = load_script().call
    judged = [
        *((v, None) for v in Verdict if v is not Verdict.HARASSMENT),
        *((Verdict.HARASSMENT, k) for k in Kind),
    ]
    caller = Caller("02155550178", line=LineClass.PUBLIC, region="上海市", carrier="")
    offer = CallOffered("c1", NOON, NOON, caller, history=History(flagged=2))
    screen.opening(len(judged), None)
    outcomes = []
    for number, (verdict, kind) in enumerate(judged):
        call = replace(calls[number % len(calls)], verdict=verdict, kind=kind)
        screen.curtain(call, number, len(judged))
        for at, item in enumerate(happened(verdict, kind)):
            screen.watch(offer, item, float(at))
        screen.over()
        decision = decided(verdict, kind).decision
        outcomes.append(CallOutcome(call, decision, call.end, ()))
    screen.summary(outcomes)
    shown = paper.getvalue()
    assert SAID in shown
    return shown.replace(SAID, "")


@pytest.mark.parametrize("live", [False, True])
def test_an_english_screen_has_no_chinese_but_what_was_said(live: bool) -> None:
    assert sorted(set(CHINESE.findall(seen("en", live=live)))) == []


@pytest.mark.parametrize("live", [False, True])
def test_a_chinese_screen_has_no_english_but_names(live: bool) -> None:
    names = {call.name for call in load_script().call} | {"REFER", "Ctrl", "C", "screener", "demo", "keep"}
    assert set(LATIN.findall(seen("zh", live=live))) - names == set()


@pytest.mark.parametrize(("kept", "where"), [(None, "--keep"), (Path("/tmp/kept"), "写在 /tmp/kept\n")])
def test_it_begins_with_what_is_seen_how_long_it_takes_and_where_it_is_kept(kept: Path | None, where: str) -> None:
    paper = io.StringIO()
    Screen(Console(file=paper, width=20)).opening(7, kept)
    what, takes, kept_in = paper.getvalue().splitlines(keepends=True)
    assert "7 通来电" in what and "约 2 分钟" in takes and where in kept_in


@pytest.mark.parametrize("value", sorted({str(v) for kind in SHOWN for v in kind}))
def test_every_word_is_known_once(value: str) -> None:
    here = [value in WORDS[lang] for lang in ("zh", "en")]
    assert here == [value not in TERMS] * 2


def test_both_languages_have_the_same_words() -> None:
    assert list(WORDS["zh"]) == list(WORDS["en"])
