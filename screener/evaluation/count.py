"""Judged calls, counted: who was flagged as what, in which set and slice, and how sure that share is."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from screener.core.evidence import Verdict
from screener.core.lexicon import Phrase, PhraseRole
from screener.evaluation.labelled import HARASSMENT, UNAIMED, LabelledCall
from screener.events import Speaker
from screener.intervals import wilson
from screener.replay.run import RecordedCall, ReplayOutcome


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """A labelled call, and what was made of it.

    Attributes:
        noise: share of syllables that were made wrong.
        listed: whether a plain list of the same words flags it.
    """

    labelled: LabelledCall
    outcome: ReplayOutcome
    listed: bool
    noise: float = 0.0

    @property
    def flagged(self) -> bool:
        """Whether it was judged to be harassment."""
        return self.outcome.decision.verdict is Verdict.HARASSMENT

    @property
    def is_false_flag(self) -> bool:
        """Whether it was flagged and should not have been."""
        return self.flagged and self.labelled.label not in HARASSMENT | {UNAIMED}


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """One line of the confusion table.

    Attributes:
        calls: how many there are.
        verdicts: how many of each verdict.
        kinds: of the flagged, how many of each kind.
        listed: how many a plain word list flags.
    """

    noise: float
    set: str
    slice: str
    label: str
    calls: int
    verdicts: Counter[Verdict]
    kinds: Counter[str]
    listed: int

    @property
    def flagged(self) -> int:
        """How many were judged to be harassment."""
        return self.verdicts[Verdict.HARASSMENT]

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson) of the share that is flagged."""
        return wilson(self.flagged, self.calls)


def table(judged: Iterable[JudgedCall], *, slices: bool) -> list[ConfusionRow]:
    """A row for every noise, set, slice and label, in that order; all slices as one unless asked for."""
    groups: dict[tuple[float, str, str, str], list[JudgedCall]] = {}
    for j in judged:
        key = (j.noise, j.labelled.set, j.labelled.slice if slices else "", j.labelled.label)
        groups.setdefault(key, []).append(j)
    return [
        ConfusionRow(
            *key,
            len(group),
            Counter(j.outcome.decision.verdict for j in group),
            Counter(j.outcome.decision.kind.value for j in group if j.flagged and j.outcome.decision.kind),
            sum(j.listed for j in group),
        )
        for key, group in sorted(groups.items())
    ]


def worst(judged: Iterable[JudgedCall], limit: int) -> list[JudgedCall]:
    """The false flags, the surest first."""
    false = [j for j in judged if j.is_false_flag]
    return sorted(false, key=lambda j: -j.outcome.decision.assessment.score)[:limit]


class WordList:
    """What many products do: the lexicon's harassing words as plain text, whoever says them and about what.

    Args:
        phrases: of the lexicon.
    """

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        harassing = (p for p in phrases if p.role is PhraseRole.HARASSMENT and p.kind and p.kind.value in LISTED)
        self._words = frozenset(p.text for p in harassing if len(p.parts) == 1)
        self._lengths = sorted({len(word) for word in self._words})

    def flags(self, call: RecordedCall) -> bool:
        """Whether any of the words stands in anything that the caller said."""
        return any(
            piece in self._words
            for t in call.turns
            if t.speaker is Speaker.CALLER
            for piece in self._pieces(t.text)
        )

    def _pieces(self, text: str) -> Iterator[str]:
        return (text[i : i + n] for n in self._lengths for i in range(len(text) - n + 1))


LISTED = frozenset({"lewd", "abuse", "threat"})
"""Kinds that a word list knows."""
