"""Which cue card fits a call: from what the caller says and does, changing calmly.

A card is shown once enough speaks for it, and gives way only to one that is clearly ahead, or when nothing has
spoken for it for a while. What speaks for it is learned from written calls (`CallerTypes`), helped by the phrases
of the cards. Nothing here judges a call or an agent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from screener.events import Speaker

Sound = tuple[tuple[tuple[str, ...], ...], ...]
"""A phrase as toneless pinyin: its parts, in this order and near one another, and of each the ways to say it."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card, as `config/cards.toml` has it.

    Attributes:
        acts: points of the caller's acts, by their names.
        sounds: phrases that bring the card.
        hints: phrases of which it takes two.
        length: the caller's mean syllables an utterance, from and to, that speak for it, and the points each time.
    """

    id: str
    name: str
    sign: str
    do: tuple[str, ...]
    avoid: tuple[str, ...]
    say: str
    acts: Mapping[str, float] = field(default_factory=dict)
    sounds: tuple[Sound, ...] = ()
    hints: tuple[Sound, ...] = ()
    length: tuple[int, int, float] = (0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Showing:
    """When a card comes and goes: `[showing]` of `config/cards.toml`.

    Attributes:
        phrase, hint: points of a phrase that says enough by itself, and of one of which it takes two.
        again: share of its points for what was heard before in this call.
        fade: what is left of a card's points after each further utterance of the caller.
        near: syllables that may stand between two parts of a phrase.
        from_points, ahead_points, below_points: without learned types, the points from which a card is shown, by
            how many another must be ahead to take its place, and under which it leaves.
        from_likely, below_likely: with learned types, how likely it must be that any card is needed for one to be
            shown, and for one to stay.
        sure, ahead: likewise the share of this one among all cards, with what helps; and by how much another must
            be ahead to take its place.
        help: what a point weighs beside what was learned, one point at most.
    """

    phrase: float = 1.0
    hint: float = 0.6
    again: float = 0.3
    fade: float = 0.85
    near: int = 3
    from_points: float = 0.9
    ahead_points: float = 0.3
    below_points: float = 0.45
    from_likely: float = 0.8
    below_likely: float = 0.5
    sure: float = 0.3
    ahead: float = 0.05
    help: float = 0.3


class CallerTypes(Protocol):
    """Hears which type of caller it sounds like. Pure; safe to share between threads."""

    def begin(self) -> object:
        """What is remembered of a call in which nothing was said."""

    def hear(
        self, memory: object, speaker: Speaker, syllables: Sequence[str]
    ) -> tuple[object, Mapping[str, float]]:
        """One utterance more, as toneless pinyin, not empty.

        Returns:
            the memory, and how likely each type is now, by the ids of cards; what is lacking to 1 is a caller who
            needs no card.
        """


class Cards:
    """All cards of a site, ready to be matched.

    Args:
        cards: in the order in which equals are preferred.
        types: learned from calls; None goes by phrases and acts alone.
        showing: when a card comes and goes.
    """

    def __init__(
        self, cards: Iterable[Card], types: CallerTypes | None = None, showing: Showing = Showing()
    ) -> None:
        self.cards = tuple(cards)
        self.types, self.showing = types, showing
        self.by_id = {card.id: card for card in self.cards}
        self._beginning: dict[str, list[tuple[str, Sound, float]]] = defaultdict(list)
        for card in self.cards:
            for sounds, points in ((card.sounds, showing.phrase), (card.hints, showing.hint)):
                for parts in sounds:
                    for syllable in sorted({way[0] for way in parts[0]}):
                        self._beginning[syllable].append((card.id, parts, points))

    def said(self, syllables: Sequence[str]) -> list[tuple[str, Sound, float]]:
        """The phrases in an utterance, for a card one at a syllable: the card of each, the phrase, its points."""
        found: list[tuple[str, Sound, float]] = []
        for at, syllable in enumerate(syllables):
            best: dict[str, tuple[str, Sound, float]] = {}
            for card, parts, points in self._beginning.get(syllable, ()):
                better = card not in best or points > best[card][2]
                if better and _stands(parts, syllables, at, self.showing.near):
                    best[card] = (card, parts, points)
            found += best.values()
        return found


class CardChooser:
    """The card of one call, utterance by utterance.

    Args:
        cards: of the site.
    """

    def __init__(self, cards: Cards) -> None:
        self._cards, self._showing = cards, cards.showing
        self._points: dict[str, float] = defaultdict(float)
        self._heard: set[tuple[str, Sound]] = set()
        self._utterances = 0
        self._memory = cards.types.begin() if cards.types else None
        self._shares: Mapping[str, float] = {}
        self.shown: Card | None = None
        self.spoken = {"caller": 0, "agent": 0}
        """Syllables of each party: who listens?"""

    def agent_said(self, syllables: Sequence[str]) -> None:
        """Take an utterance of the agent: it brings no card, but tells which type of caller it answers."""
        self.spoken["agent"] += len(syllables)
        self._hear(Speaker.AGENT, syllables)

    def caller_said(self, syllables: Sequence[str]) -> Card | None:
        """Take a finished utterance of the caller, as toneless pinyin; the card to show now."""
        self.spoken["caller"] += len(syllables)
        for card in self._points:
            self._points[card] *= self._showing.fade
        for card, parts, points in self._cards.said(syllables):
            self._points[card] += points * (self._showing.again if (card, parts) in self._heard else 1.0)
            self._heard.add((card, parts))
        self._utterances += 1
        mean = self.spoken["caller"] / self._utterances
        for one in self._cards.cards:
            least, most, points = one.length
            if points and least <= mean <= most:
                self._points[one.id] += points
        self._hear(Speaker.CALLER, syllables)
        return self._choose()

    def caller_did(self, act: str, share: float = 1.0) -> Card | None:
        """Take what the caller's last utterance does, and how sure that is (0..1); the card to show now."""
        for card in self._cards.cards:
            if points := card.acts.get(act, 0.0):
                self._points[card.id] += points * share
        return self._choose()

    def _hear(self, speaker: Speaker, syllables: Sequence[str]) -> None:
        types = self._cards.types
        if types is not None and syllables:
            self._memory, shares = types.hear(self._memory, speaker, syllables)
            self._shares = {id_: share for id_, share in shares.items() if id_ in self._cards.by_id}

    def _choose(self) -> Card | None:
        return self._by_points() if self._cards.types is None else self._by_types()

    def _by_types(self) -> Card | None:
        """Phrases and acts only help to tell apart what was learned."""
        rule, likely = self._showing, sum(self._shares.values())
        rank = {
            id_: self._shares.get(id_, 0.0) / max(likely, 0.01) + rule.help * min(1.0, self._points.get(id_, 0.0))
            for id_ in self._cards.by_id
        }
        best = max(rank, key=rank.__getitem__, default="")
        needed = rank[self.shown.id] + rule.ahead if self.shown else rule.sure
        if likely < rule.below_likely:
            self.shown = None
        elif best and likely >= rule.from_likely and rank[best] >= needed:
            self.shown = self._cards.by_id[best]
        return self.shown

    def _by_points(self) -> Card | None:
        rule = self._showing
        order = {card.id: -number for number, card in enumerate(self._cards.cards)}
        best = max(self._points, key=lambda id_: (self._points[id_], order[id_]), default=None)
        now = self._points.get(self.shown.id, 0.0) if self.shown else 0.0
        if self.shown and now < rule.below_points:
            self.shown, now = None, 0.0
        if (
            best
            and self._points[best] >= rule.from_points
            and (self.shown is None or (best != self.shown.id and self._points[best] >= now + rule.ahead_points))
        ):
            self.shown = self._cards.by_id[best]
        return self.shown


def _stands(parts: Sound, syllables: Sequence[str], at: int, near: int) -> bool:
    """Whether a phrase begins at a syllable."""
    return any(
        tuple(syllables[at : at + len(way)]) == way and _follows(parts[1:], syllables, at + len(way), near)
        for way in parts[0]
    )


def _follows(parts: Sound, syllables: Sequence[str], at: int, near: int) -> bool:
    """Whether the further parts of a phrase stand from a syllable on."""
    return not parts or any(_stands(parts, syllables, place, near) for place in range(at, at + near + 1))
