"""Is the corpus what it says: independent hands, no templates, acts that agree with the label.

Two writers of the same language share phrases; how many two hands share is held against how many any two do, and a
hand against itself finds templates.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import mean

from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Standing
from screener.events import Speaker
from screener.training.acts.corpus import CorpusCall

LONG = 9
"""Syllables of a phrase that two people seldom say alike."""
BEYOND = 4.0
"""Times the usual share of long phrases, from which two hands have too much in common."""
FEW = 5
"""Shared phrases that are never too many."""
TEMPLATE = 4
"""Calls of one hand in which the same long phrase of a caller makes a template."""
NEEDED = {
    Kind.LEWD: {Act.LEWD, Act.PERSONAL},
    Kind.ABUSE: {Act.INSULT_AGENT},
    Kind.THREAT: {Act.THREAT, Act.INSULT_AGENT},
    Kind.CHITCHAT: {Act.SMALLTALK, Act.PERSONAL, Act.REFUSAL, Act.ABSURD, Act.OTHER},
}
"""Of these acts a call of the kind has at least one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody should look at: where, and what."""

    where: str
    what: str


def check(calls: Sequence[CorpusCall]) -> Iterator[Finding]:
    """Everything that looks wrong."""
    yield from _shared(calls)
    yield from _templates(calls)
    for call in calls:
        yield from _contradictions(call)
    for call_id, times in Counter(call.id for call in calls).items():
        if times > 1:
            yield Finding(call_id, f"stands {times} times")


def phrases(call: CorpusCall) -> set[str]:
    """The long phrases that its caller says, in toneless syllables: as they are heard, not as they are written."""
    said = [t.syllables for t in call.turns if t.speaker is Speaker.CALLER]
    return {" ".join(heard[i : i + LONG]) for heard in said for i in range(len(heard) - LONG + 1)}


def shared(calls: Sequence[CorpusCall]) -> dict[tuple[str, str], tuple[int, float]]:
    """For every two hands how many long phrases both say, and what share that is of what they say."""
    said: dict[str, set[str]] = {}
    for call in calls:
        said.setdefault(call.hand, set()).update(phrases(call))
    return {
        (a, b): (len(said[a] & said[b]), len(said[a] & said[b]) / (len(said[a]) * len(said[b])) ** 0.5)
        for a, b in combinations(sorted(said), 2)
        if said[a] and said[b]
    }


def _shared(calls: Sequence[CorpusCall]) -> Iterator[Finding]:
    found = shared(calls)
    usual = mean(share for _, share in found.values()) if found else 0.0
    for (a, b), (count, share) in found.items():
        if count > FEW and share > BEYOND * usual:
            yield Finding(
                f"{a}, {b}", f"share {count} phrases of {LONG} syllables, {share / usual:.1f} times the usual"
            )


def _templates(calls: Sequence[CorpusCall]) -> Iterator[Finding]:
    uses: Counter[tuple[str, str]] = Counter()
    for call in calls:
        uses.update((call.hand, phrase) for phrase in phrases(call))
    for (hand, phrase), times in sorted(uses.items()):
        if times >= TEMPLATE:
            yield Finding(hand, f"“{phrase}” in {times} calls")


def _contradictions(call: CorpusCall) -> Iterator[Finding]:
    acts = {turn.act for turn in call.turns}
    if call.is_harassment and (needed := NEEDED.get(Kind(call.label))) and not acts & needed:
        yield Finding(call.id, f"{call.label} without {' or '.join(sorted(needed))}")
    if call.label == Standing.COMPLAINT and Act.GRIEVANCE not in acts:
        yield Finding(call.id, "a complaint without a grievance")
    if call.label == Standing.ABUSIVE_COMPLAINT and not {Act.GRIEVANCE, Act.INSULT_AGENT} <= acts:
        yield Finding(call.id, "an abusive complaint without grievance and insult")
    if call.is_protected and Act.LEWD in acts:
        yield Finding(call.id, "protected, and lewd")
    if call.known_at is not None and not 1 <= call.known_at <= len(call.turns):
        yield Finding(call.id, f"known at turn {call.known_at} of {len(call.turns)}")
    elif call.known_at is not None and call.turns[call.known_at - 1].speaker is Speaker.AGENT:
        yield Finding(call.id, f"known at turn {call.known_at}, an agent's")
