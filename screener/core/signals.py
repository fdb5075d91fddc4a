"""From what happened to evidence: each function looks at one source and says what it found, and why."""

from collections.abc import Sequence
from enum import StrEnum

from screener.core.evidence import Evidence, Kind, Source
from screener.core.judgement import Calendar, Weights
from screener.core.learned import Likeness
from screener.core.lexicon import Match, Role, written
from screener.events import CallOffered, Cue, CueKind, ListName, Transcript

SOURCES = {
    Role.HARASSMENT: Source.WORDS,
    Role.BUSINESS: Source.BUSINESS,
    Role.GRIEVANCE: Source.GRIEVANCE,
    Role.VULNERABLE: Source.VULNERABLE,
    Role.EMERGENCY: Source.VULNERABLE,
}
EMERGENCY = "emergency."
"""How rules of emergencies begin."""
SURE = 0.7
"""Likeness below which an emergency is not believed: it ends the judgement of the call."""
DOUBTFUL = 0.3
"""Likeness below which no word is believed: 可是 is not 课时."""
FAINT = 0.15
"""Evidence that weighs less is not worth a line."""
OFTEN_15MIN, OFTEN_60MIN, OFTEN_24H = 7, 9, 15
"""Calls before this one that make a redialler, as products of operators count them."""
NEAR = 4
"""Syllables around a find in which the agent is looked for."""
FIRM = "company.firm."
"""How rules begin that name the firm or a product: who speaks of it is a customer."""
FACE = 2
"""Syllables before an insult in which 你 is meant by it, whoever else is spoken of."""
PERSONAL = frozenset({Kind.ABUSE, Kind.THREAT, Kind.LEWD})
"""Kinds that weigh by whom they are meant for."""
OF_MATTER = frozenset({Role.BUSINESS, Role.GRIEVANCE})
WITHDRAWN = ".withdrawn"
"""How the rules of what a recogniser took back end."""


class Aim(StrEnum):
    """Whom a rude word is meant for."""

    AGENT = "agent"
    ELSEWHERE = "elsewhere"
    """The firm, a product, a third person."""
    BOTH = "both"
    UNKNOWN = ""


def of_offer(offer: CallOffered, weights: Weights, calendar: Calendar) -> tuple[Evidence, ...]:
    """What caller, hour and history say before a word is spoken. Support only."""
    line, history, local = offer.caller.line, offer.history, offer.local_time
    flagged, confirmed = history.flagged, history.confirmed
    overturned, genuine = history.overturned, history.genuine
    often = (
        history.calls_15min >= OFTEN_15MIN or history.calls_60min >= OFTEN_60MIN or history.calls_24h >= OFTEN_24H
    )
    hour = f"{local:%H:%M}"
    caller, time, past = Source.CALLER, Source.TIME, Source.HISTORY
    known = (
        (f"caller.line.{line}", caller, weights.line.get(line, 0.0), line.value),
        ("time.night", time, weights.night * calendar.is_night(local), hour),
        ("time.noon", time, weights.noon * calendar.is_noon(local), hour),
        ("time.holiday", time, weights.holiday * calendar.is_holiday(local), f"{local:%F}"),
        ("history.flagged", past, weights.flagged_before * (flagged > 0), flagged),
        ("history.confirmed", past, weights.confirmed_before * (confirmed > 0), confirmed),
        ("history.overturned", past, weights.overturned_before * (overturned > 0), overturned),
        ("history.genuine", past, weights.genuine_before * (genuine > 0), genuine),
        ("history.watched", past, weights.watched * (ListName.WATCH in history.lists), "watch"),
        ("history.redial", past, weights.redial * often, history.calls_24h),
    )
    return tuple(
        Evidence(rule, source, Kind.REDIAL if rule == "history.redial" else None, weight, 0.0, str(span))
        for rule, source, weight, span in known
        if weight
    )


def of_words(matches: Sequence[Match], transcript: Transcript, weights: Weights) -> tuple[Evidence, ...]:
    """What a caller's words say: one piece of evidence for each rule that matches in the transcript."""
    found: dict[str, Evidence] = {}
    for match in matches:
        phrase = match.phrase
        source = SOURCES.get(phrase.role)
        if source is None or match.likeness < (SURE if phrase.role is Role.EMERGENCY else DOUBTFUL):
            continue
        weight, target = phrase.weight * match.likeness, ""
        if phrase.kind and phrase.kind in PERSONAL:
            factor, target = aim(
                phrase.kind, (match.begin, match.end), matches, len(transcript.syllables), weights
            )
            weight *= factor
        if weight >= FAINT and phrase.rule not in found:
            sign = 1 if phrase.role is Role.HARASSMENT else -1
            found[phrase.rule] = Evidence(
                phrase.rule, source, phrase.kind, sign * weight, transcript.at, match.heard, target
            )
    return tuple(found.values())


def of_likeness(
    like: Likeness, matches: Sequence[Match], transcript: Transcript, weights: Weights
) -> tuple[Evidence, ...]:
    """What the learned model hears in an utterance; less where the lexicon has found the same."""
    said = transcript.syllables
    text = written(transcript.text, len(said))
    weight = min(weights.learned_most, weights.learned_least + weights.learned * like.weight)
    if any(m.phrase.kind is like.kind and m.begin < like.end and like.begin < m.end for m in matches):
        weight *= ECHO
    factor, target = aim(like.kind, (like.begin, like.end), matches, len(said), weights)
    weight *= min(1.0, factor)
    if weight < FAINT:
        return ()
    span = text[like.begin : like.end] if text else " ".join(said[like.begin : like.end])
    return (Evidence(f"{LEARNED}{like.kind}", Source.MODEL, like.kind, weight, transcript.at, span, target),)


LEARNED = "learned."
"""How rules of the learned model begin."""
ECHO = 0.25
"""Factor where a phrase of the lexicon weighs already."""


def aim(
    kind: Kind, span: tuple[int, int], matches: Sequence[Match], said: int, weights: Weights
) -> tuple[float, Aim]:
    """Whom an insult, a threat or a lewd word is meant for: a factor for its weight, and whom.

    The agent, when named beside it or when little else is said; something else, when a matter is named in the same
    breath, or for an insult the firm, a product or a third person.

    Args:
        kind: of the insult.
        span: where it begins and ends in the utterance.
        matches: everything found in the utterance.
        said: syllables of the utterance.
        weights: holds the factors.
    """
    begin, end = span
    others = [m for m in matches if not (m.begin < end and begin < m.end) and m.likeness >= DOUBTFUL]
    matter = [m for m in others if m.phrase.role in OF_MATTER]
    about = matter + [m for m in others if m.phrase.role is Role.COMPANY and kind is Kind.ABUSE]
    named = [
        m
        for m in matches
        if m.phrase.role is Role.ADDRESS
        and m.likeness >= DOUBTFUL
        and begin - NEAR <= m.begin < end + NEAR
        and not any(m.overlaps(other) for other in about)
    ]
    bare = 2 * (end - begin) >= said
    if about and not (named and kind is Kind.LEWD):  # no matter of business calls for lewdness
        of_the_firm = matter or any(m.phrase.rule.startswith(FIRM) for m in about)
        to_the_face = not of_the_firm and any(begin - FACE <= m.begin < end for m in named)
        if to_the_face:
            return weights.unaddressed, Aim.AGENT
        return (weights.mixed, Aim.BOTH) if named else (weights.undirected, Aim.ELSEWHERE)
    return (weights.directed, Aim.AGENT) if named or bare else (weights.unaddressed, Aim.UNKNOWN)


def of_cue(cue: Cue, weights: Weights) -> Evidence | None:
    """What a sound says: it supports and never carries."""
    match cue.kind:
        case CueKind.LAUGHTER:
            weight = weights.laughter
        case CueKind.SEVERAL_VOICES:
            weight = weights.several_voices
        case _:
            return None
    span = f"{cue.duration:.1f}s"
    return Evidence(f"sound.{cue.kind}", Source.SOUND, Kind.PRANK, weight * cue.confidence, cue.at, span)


def of_silence(at: float, asked: int, weights: Weights) -> Evidence:
    """The caller said nothing although asked."""
    times = str(asked)
    return Evidence("dialogue.silent", Source.DIALOGUE, Kind.SILENT, weights.silent, at, times, times)


def of_drift(at: float, steered: int, heard: str, weights: Weights) -> Evidence:
    """The caller was steered back and talks on without any business."""
    rule, times = "dialogue.off_topic", str(steered)
    return Evidence(rule, Source.DIALOGUE, Kind.CHITCHAT, weights.off_topic, at, heard, times)
