"""From what happened to evidence: each function looks at one source and says what it found, and why."""

from collections.abc import Iterable, Sequence

from screener.core.dialogue_acts import MATTERS, Act, Understood
from screener.core.evidence import GUESSED, Evidence, Kind, Source
from screener.core.judgement import Calendar, Weights
from screener.core.lexicon import Match, PhraseRole
from screener.events import CallOffered, Cue, CueKind, ListName, Speaker, Transcript

SURE = 0.7
"""Likeness below which an emergency is not believed: it ends the judgement of the call."""
DOUBTFUL = 0.9
"""Likeness below which no listed word is believed: what is heard worse is left to the acts."""
LIKELY = 0.5
"""Probability below which an act is a guess."""
OFTEN_15MIN, OFTEN_60MIN, OFTEN_24H = 7, 9, 15
"""Calls before this one that make a redialler, as products of operators count them."""
ACT = "act."
"""How rules of acts begin; then whose it is, and which."""
OPENING = f"{ACT}{Speaker.CALLER}.opening"
"""Rule of an utterance that only opens the call, whatever it seems to do."""
SILENCE = "dialogue.silent"
"""Rule of a caller who says nothing."""
APART = "voices."
"""How rules begin that say by what the caller's voice is told from the agent's."""
FILLERS = 2
"""Syllables beside a pretext or a curse that say nothing: 喂, 啊, 那个."""
RUDE = frozenset({Kind.ABUSE, Kind.THREAT})
"""Kinds whose words are a complaint's too: who has a matter may curse, and an insult may be its first half."""
AGENT_ACT = f"{ACT}{Speaker.AGENT}."
"""How rules of an agent's acts begin."""
_WITHDRAWN = ".withdrawn"
"""How the rules of what a recogniser took back end."""


def rule_of(act: Act) -> str:
    """The rule of evidence that an act was done."""
    return f"{ACT}{act}"


MATTER_RULES = frozenset(map(rule_of, MATTERS))
"""Of acts of a caller who has something to be done."""
OFFENCES = frozenset(map(rule_of, (Act.INSULT_AGENT, Act.LEWD, Act.THREAT)))
"""Rules of acts that no agent has to bear."""


def withdrawn(rule: str) -> str:
    """The rule of what takes back a piece of evidence of a rule."""
    return f"{rule}{_WITHDRAWN}"


def taken_back(rule: str) -> str:
    """The rule whose newest evidence is taken back by that of this rule; empty where it takes nothing back."""
    return rule.removesuffix(_WITHDRAWN) if rule.endswith(_WITHDRAWN) else ""


def left_standing(rules: Iterable[str]) -> list[int]:
    """Which pieces of evidence stand in the end, by their place: what was taken back does not, nor its end."""
    stands: list[tuple[int, str]] = []
    for place, rule in enumerate(rules):
        if not (earlier := taken_back(rule)):
            stands.append((place, rule))
        elif newest := [known for known in stands if known[1] == earlier]:
            stands.remove(newest[-1])
    return [place for place, _ in stands]


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


def of_voices(apart: str, at: float) -> Evidence:
    """By what the two voices are told apart; it weighs nothing, and says what the rest is worth."""
    return Evidence(f"{APART}{apart}", Source.CALLER, None, 0.0, at)


def of_words(matches: Sequence[Match], transcript: Transcript) -> tuple[Evidence, ...]:
    """What listed words of a caller say: one piece of evidence for each rule that matches in the transcript."""
    found: dict[str, Evidence] = {}
    for match in matches:
        phrase = match.phrase
        emergency = phrase.role is PhraseRole.EMERGENCY
        weight = 0.0 if emergency else phrase.weight * match.likeness
        if phrase.role is PhraseRole.PRETEXT:
            continue
        if match.likeness >= (SURE if emergency else DOUBTFUL) and phrase.rule not in found:
            source = Source.EMERGENCY if emergency else Source.WORDS
            found[phrase.rule] = Evidence(phrase.rule, source, phrase.kind, weight, transcript.at, match.heard)
    return tuple(found.values())


def bare(matches: Sequence[Match], said: int) -> str:
    """The rule of an utterance of so many syllables that is only listed words, whatever it seems to want.

    Empty where it says more than a pretext or a curse.
    """
    pretexts = [m for m in matches if m.phrase.role is PhraseRole.PRETEXT]
    curses = [m for m in matches if m.phrase.kind in RUDE and m.likeness >= DOUBTFUL]
    covered = {n for m in (*pretexts, *curses) for n in range(m.begin, m.end)}
    if not covered or said - len(covered) > FILLERS:
        return ""
    return rule_of(Act.INSULT_AGENT) if curses else OPENING


def of_act(heard: Understood, before: float, times: int, transcript: Transcript, *, only: str = "") -> Evidence:
    """What an utterance does, by caller or agent, and the difference that it makes.

    Args:
        heard: what was understood.
        before: how the call stood, log-odds.
        times: how often this act was done in this call, this time included.
        transcript: what was said.
        only: the rule of an utterance that wants nothing; see `bare`.
    """
    rule = only if only and heard.act in MATTERS else rule_of(heard.act)
    weight = heard.leaning - before
    detail = f"{times}{GUESSED * (heard.probability < LIKELY)}"
    return Evidence(rule, Source.ACTS, heard.kind, weight, transcript.at, transcript.text[:SHOWN], detail)


SHOWN = 60
"""Characters of an utterance that stand beside its act."""


def of_cue(cue: Cue, weights: Weights) -> Evidence | None:
    """What a sound says: it supports and never carries."""
    if cue.kind is not CueKind.LAUGHTER:
        return None
    span, weight = f"{cue.duration:.1f}s", weights.laughter * cue.confidence
    return Evidence(f"sound.{cue.kind}", Source.SOUND, Kind.PRANK, weight, cue.at, span)


def of_silence(at: float, asked: int, weights: Weights) -> Evidence:
    """The caller said nothing although asked."""
    times = str(asked)
    return Evidence(SILENCE, Source.DIALOGUE, Kind.SILENT, weights.silent, at, times, times)
