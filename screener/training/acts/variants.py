"""Ways to judge the corpus that show what a part of its calls, or of the judgement, is worth."""

import tomllib
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from screener.core.dialogue_acts import Act, Memory, Understood
from screener.core.evidence import Kind, Standing
from screener.core.judgement import Judgement
from screener.core.lexicon import Lexicon, PhraseRole
from screener.evaluation.noise import Garbler
from screener.events import Speaker
from screener.replay.run import RecordedCall
from screener.replay.run import Turn as Said
from screener.training.acts.corpus import CorpusCall, CorpusTurn
from screener.training.acts.measure import Change, MeasuredCell, summary, told

CLOSING = {"more": Act.ASK, "no_more": Act.CLOSING, "end": Act.END, "bye": Act.CLOSING}
"""Parts of a courteous end, in order, and what each does."""


VARIED = 6000
"""Calls that are judged in every way of `VARIANTS` at most."""


def thinned(calls: Sequence[CorpusCall], most: int = VARIED) -> Sequence[CorpusCall]:
    """All of them, or every second, third …, of each hand alike: eleven ways take minutes."""
    return calls[:: max(1, -(-len(calls) // most))]


def cut(share: float) -> Change:
    """Its first turns, that share of them."""
    return lambda call: replace(call, turns=call.turns[: max(1, round(share * len(call.turns)))])


def only(speaker: Speaker) -> Change:
    """One side of it; all of it where that side says nothing."""

    def change(call: CorpusCall) -> CorpusCall:
        kept = tuple(t for t in call.turns if t.speaker is speaker)
        return replace(call, turns=kept or call.turns)

    return change


def misheard(share: float, seed: int = 1) -> Change:
    """As a recogniser prints it that gets a share of the syllables wrong."""
    garbler = Garbler(share)

    def change(call: CorpusCall) -> CorpusCall:
        said = RecordedCall(call.id, turns=tuple(Said(t.speaker, t.text) for t in call.turns))
        heard = garbler.hear(said, seed).turns
        turns = tuple(CorpusTurn(t.speaker, h.text, t.act) for t, h in zip(call.turns, heard, strict=True))
        return replace(call, turns=turns)

    return change


def closed(call: CorpusCall) -> CorpusCall:
    """Closed courteously, in other words than were learned: anything else, nothing, goodbye, goodbye."""
    chance = Random(call.id)  # noqa: S311 - reproducible, not secret
    end = [CorpusTurn(act.speaker, chance.choice(_closings()[part]), act) for part, act in CLOSING.items()]
    return replace(call, turns=(*call.turns, *end))


@cache
def _closings() -> dict[str, list[str]]:
    return tomllib.loads(Path(__file__).with_name("other_closings.toml").read_text("utf-8"))


def timeless(call: CorpusCall) -> CorpusCall:
    """Without hour and line."""
    return replace(call, hour=None, line=None)


def wordless(judgement: Judgement) -> Judgement:
    """Without the lexicon's harassing words."""
    return replace(
        judgement, lexicon=Lexicon(p for p in judgement.lexicon.phrases if p.role is not PhraseRole.HARASSMENT)
    )


@dataclass(frozen=True, slots=True)
class Uncomprehending:
    """An `Understanding` that understands nothing: what is left are the listed words."""

    leaning: float
    version: str = "none"

    def begin(self) -> Memory:
        """Nothing."""
        return None

    def hear(self, _memory: Memory, speaker: Speaker, _syllables: Sequence[str]) -> tuple[Memory, Understood]:
        """It is as it was."""
        act = Act.OTHER if speaker is Speaker.CALLER else Act.AGENT_OTHER
        return None, Understood(act, 1.0, self.leaning, Kind.PRANK, dict.fromkeys(Standing, 1 / len(Standing)))


def words_alone(judgement: Judgement) -> Judgement:
    """Without the model of acts."""
    return replace(judgement, acts=Uncomprehending(judgement.weights.prior))


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to judge calls that shows what a part of them, or of the judgement, is worth."""

    name: str
    change: Change = lambda call: call
    without: Callable[[Judgement], Judgement] = lambda judgement: judgement

    def row(
        self, calls: Sequence[CorpusCall], judgement: Judgement, in_path: Container[str] | None
    ) -> list[MeasuredCell]:
        """What comes of it; `in_path` as in `told`."""
        return summary(self.name, list(told(calls, self.without(judgement), self.change, in_path)))


VARIANTS = (
    Variant("as written"),
    Variant("cut after a third", cut(1 / 3)),
    Variant("cut after two thirds", cut(2 / 3)),
    Variant("closed courteously", closed),
    Variant("no agent heard", only(Speaker.CALLER)),
    Variant("no hour, no line", timeless),
    Variant("10 % of syllables wrong", misheard(0.1)),
    Variant("20 % of syllables wrong", misheard(0.2)),
    Variant("30 % of syllables wrong", misheard(0.3)),
    Variant("no harassing words", without=wordless),
    Variant("listed words alone", without=words_alone),
)


@dataclass(slots=True)
class _Asked:
    """What the rows of a process are of."""

    row: Callable[[Variant], list[MeasuredCell]] | None = None


_asked = _Asked()


def ask(calls: Sequence[CorpusCall], judgement: Judgement, in_path: Container[str] | None) -> None:
    """Say what `row` is of in this process.

    A pool's processes are told as they start. With each row it would be pickled anew, in a thread beside one that
    judges the same calls, and that changes them: each keeps its syllables.
    """
    _asked.row = lambda variant: variant.row(calls, judgement, in_path)


def row(number: int) -> list[MeasuredCell]:
    """The row of one of `VARIANTS`, by its number, so that another process may be asked for it."""
    assert _asked.row is not None, "ask first"
    return _asked.row(VARIANTS[number])
