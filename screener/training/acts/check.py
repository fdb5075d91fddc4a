"""Is the corpus what it says: independent hands, no templates, acts that agree with the label.

Two writers of the same language share phrases; how many two hands share is held against how many any two do, and a
hand against itself finds templates. Hands kept apart are held against all others as well: one that copied the
corpus would measure what was learned.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
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
FEW = 2
"""Shared phrases that are never too many; a line of a song that goes on counts once."""
COPIED = 0.01
"""Share of their long phrases that no two hands have in common by chance."""
TEMPLATE = 4
"""Calls of one hand in which the same long phrase of a caller makes a template."""
NEEDED = {
    Kind.LEWD: {Act.LEWD, Act.PERSONAL},
    Kind.ABUSE: {Act.INSULT_AGENT},
    Kind.THREAT: {Act.THREAT, Act.INSULT_AGENT},
    Kind.CHITCHAT: {Act.SMALLTALK, Act.PERSONAL, Act.REFUSAL, Act.ABSURD, Act.OTHER},
    Kind.PRANK: {Act.ABSURD},
    Kind.MIMIC: {Act.ABSURD, Act.OTHER},
    Kind.BREATHING: {Act.ABSURD, Act.OTHER, Act.LEWD},
    Kind.REDIAL: {Act.ABSURD, Act.OTHER, Act.REFUSAL, Act.INSULT_AGENT},
}
"""Of these acts a call of the kind has at least one."""


class Fault(StrEnum):
    """What a finding is one of."""

    SHARED = "pairs of hands with too much in common"
    COPIED = "pairs of hands that copy"
    TEMPLATE = "templates"
    CONTRADICTION = "calls that contradict their label"
    TWICE = "calls that stand twice"


ALLOWED: Mapping[Fault, float] = {Fault.SHARED: 0.015, Fault.CONTRADICTION: 0.01}
"""What share of the pairs of hands, or of the calls, may have a fault; of the others none.

Many share a goodbye or a trade's words, and writers label by what a call means rather than by its turns.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody should look at: where, what, and of which sort."""

    where: str
    what: str
    fault: Fault = Fault.CONTRADICTION


def excess(findings: Iterable[Finding], calls: Sequence[CorpusCall]) -> list[str]:
    """Faults of which calls have more than is allowed, each with how many of how many."""
    hands = len({call.hand for call in calls})
    of = {Fault.SHARED: hands * (hands - 1) // 2, Fault.CONTRADICTION: len(calls)}
    return [
        f"{count} {fault} of {of[fault]}" if fault in of else f"{count} {fault}"
        for fault, count in Counter(finding.fault for finding in findings).items()
        if count > ALLOWED.get(fault, 0.0) * of.get(fault, 0)
    ]


InCommon = Mapping[tuple[str, str], tuple[int, float]]
"""For every two hands how many long phrases both say, each however long it goes on, and what share of theirs."""


def check(calls: Sequence[CorpusCall], in_common: InCommon | None = None) -> Iterator[Finding]:
    """Everything that looks wrong; `in_common` is what `shared` says of the calls, where somebody has asked it."""
    yield from _shared(shared(calls) if in_common is None else in_common)
    yield from _templates(calls)
    for call in calls:
        yield from _contradictions(call)
    for call_id, times in Counter(call.id for call in calls).items():
        if times > 1:
            yield Finding(call_id, f"stands {times} times", Fault.TWICE)


def phrases(call: CorpusCall) -> set[str]:
    """The long phrases that its caller says, in toneless syllables: as they are heard, not as they are written."""
    said = [t.syllables for t in call.turns if t.speaker is Speaker.CALLER]
    return {" ".join(heard[i : i + LONG]) for heard in said for i in range(len(heard) - LONG + 1)}


def shared(calls: Sequence[CorpusCall]) -> InCommon:
    """What the hands have in common."""
    said: dict[str, set[str]] = {}
    for call in calls:
        said.setdefault(call.hand, set()).update(phrases(call))
    return {
        (a, b): (_runs(both), len(both) / (len(said[a]) * len(said[b])) ** 0.5)
        for a, b in combinations(sorted(said), 2)
        if said[a] and said[b]
        for both in [said[a] & said[b]]
    }


def _runs(phrases: Iterable[str]) -> int:
    """How many there are, where those that go on from one another count as one."""
    tails = {phrase.partition(" ")[2] for phrase in phrases}
    return sum(phrase.rpartition(" ")[0] not in tails for phrase in phrases)


def _shared(in_common: InCommon) -> Iterator[Finding]:
    usual = mean(share for _, share in in_common.values()) if in_common else 0.0
    for (a, b), (count, share) in in_common.items():
        if share > COPIED or (count > FEW and share > BEYOND * usual):
            what = f"share {count} phrases of {LONG} syllables, {share / usual:.1f} times the usual"
            yield Finding(f"{a}, {b}", what, Fault.COPIED if share > COPIED else Fault.SHARED)


def _templates(calls: Sequence[CorpusCall]) -> Iterator[Finding]:
    uses: Counter[tuple[str, str]] = Counter()
    for call in calls:
        uses.update((call.hand, phrase) for phrase in phrases(call))
    for (hand, phrase), times in sorted(uses.items()):
        if times >= TEMPLATE:
            yield Finding(hand, f"“{phrase}” in {times} calls", Fault.TEMPLATE)


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
