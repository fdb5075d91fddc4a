"""What happened in a call, in words that somebody reads who knows nothing of this product."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from screener.core.actions import WarningStep
from screener.core.evidence import Evidence, Reason, Source, Treatment, Verdict
from screener.core.signals import AGENT_ACT
from screener.core.warnings import RULE
from screener.events import Entrance
from screener.outside.text import visible
from screener.review.explain import known_after
from screener.store.records import CallRecord
from screener.words.evidence import said
from screener.words.judgement import Teller
from screener.words.terms import aside, labelled

_GIVEN = {
    Treatment.ANALYSIS_QUEUE: "put_into",
    Treatment.LINE_FAULT: "line_fault",
    Treatment.TERMINATE: "terminate",
}


WARNED = (WarningStep.GRANTED, WarningStep.BEGUN, WarningStep.HEARD, WarningStep.UNHEARD)
"""Steps of a warning that somebody outside wants to know: who granted it, what was said, whether it was heard."""


NOTED = timedelta(seconds=1)
"""Within it the end of the stay is noted after the end of the call that it led to."""


@dataclass(frozen=True, slots=True)
class CourseEntry:
    """One thing that happened; `order` tells apart what happened at the same moment."""

    at: datetime
    order: int
    text: str


def course(rows: Sequence[CallRecord], teller: Teller) -> list[CourseEntry]:
    """All rows of a call, in the order of time.

    Args:
        rows: with their parts.
        teller: puts codes into words.
    """
    moments = [moment for row in rows for moment in _of_row(row, teller)]
    return sorted(moments, key=lambda moment: (moment.at, moment.order))


def _of_row(row: CallRecord, teller: Teller) -> Iterator[CourseEntry]:
    lang = teller.lang
    imported = row.entrance is Entrance.REPLAY

    def at(seconds: float) -> datetime:
        return row.audio_began + timedelta(seconds=seconds)

    who = visible(row.agent or row.referred_by) or said("unknown", lang)
    yield CourseEntry(row.started_at, 0, said("imported" if imported else row.entrance.value, lang).format(who))
    if imported and row.answered_at is None:
        yield CourseEntry(row.started_at, 1, said("unanswered", lang))
    elif imported and row.answered_at:
        by = aside(labelled(said("agents", lang), visible(row.agent), lang), lang) if row.agent else ""
        yield CourseEntry(row.answered_at, 1, said("answered", lang) + by)
    for part in row.segments:
        yield CourseEntry(
            at(part.start), 2, labelled(said(part.speaker.value, lang), f"“{visible(part.text)}”", lang)
        )
    for made in row.decisions:
        if made.verdict is not Verdict.UNDECIDED:
            verdict = teller.verdict(made.verdict)
            kind = aside(teller.kind(made.kind), lang) if made.kind else ""
            by = "ordered" if made.reason.startswith((Reason.ORDERED, Reason.BY_AGENT)) else "judged"
            by = "afterwards" if made.reason.startswith(Reason.AFTERWARDS) else by
            yield CourseEntry(at(made.at), 3, said(by, lang).format(f"{verdict}{kind}"))
    for step in row.warnings:
        if step.step in WARNED:
            warning = teller.warning(step.about, step.level)
            by = said("system", lang) if step.by == RULE else visible(step.by)
            text = said(f"warning_{step.step}", lang).format(warning, by)
            yield CourseEntry(
                at(step.at), 4, labelled(text, f"“{visible(step.said)}”", lang) if step.said else text
            )
    for given in row.treatments:
        if name := _GIVEN.get(given.treatment):
            handed = imported and given.by_hand and given.agent
            told = said("by_hand", lang).format(visible(given.agent)) if handed else said(name, lang)
            yield CourseEntry(at(given.began), 5, told)
            if given.ended is not None and given.treatment is Treatment.ANALYSIS_QUEUE:
                over = at(given.ended)
                if row.ended_at is not None and row.ended_at < over < row.ended_at + NOTED:
                    over = row.ended_at
                yield CourseEntry(over, 6, said("heard_out" if given.completed else "left", lang))
    for tried in row.transfers:
        if tried.ok and tried.target in ("agents", "supervisor"):
            yield CourseEntry(at(tried.at), 7, said(f"to_{tried.target}", lang))
    if row.ended_at is not None and row.ended_by is not None:
        yield CourseEntry(row.ended_at, 8, said(f"ended_{row.ended_by.value}", lang))


def quoted(rows: Sequence[CallRecord]) -> list[str]:
    """The caller's words that the verdict rests on, each once, in the order in which they were said.

    A part of what is quoted whole is left out. Nobody is quoted with what a recogniser took back, and the caller
    not with what the agent said.
    """
    standing = (e for row in rows for e in reduce(known_after, row.evidence, list[Evidence]()))
    said = [e for e in standing if e.source in (Source.WORDS, Source.ACTS) and not e.rule.startswith(AGENT_ACT)]
    spans = list(dict.fromkeys(e.span for e in said if e.weight > 0 and e.span))
    return [visible(span) for span in spans if not any(span in other for other in spans if other != span)]


def silence(row: CallRecord) -> str:
    """The phrase that says why a row has no transcript; empty where it has one."""
    if row.segments:
        return ""
    if row.entrance in (Entrance.REPLAY, Entrance.BY_HAND):
        return "no_hearing"
    heard = any(e.source in (Source.WORDS, Source.ACTS) for e in row.evidence)
    return "purged" if heard else "no_words"
