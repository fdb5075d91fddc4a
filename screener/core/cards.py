"""Which cue card fits a call: from what the caller says and does, changing calmly.

A card is shown once enough speaks for it, and gives way only to one that is clearly ahead, or when nothing has
spoken for it for a while. What speaks for it is learned from written calls (`Types`), helped by the phrases of the
cards. Nothing here judges a call or an agent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from screener.events import Speaker

FADE = 0.85
"""What is left of a card's points after each further utterance of the caller."""
SHOWN_FROM = 0.9
"""Points from which a card is shown."""
AHEAD = 0.3
"""How much further another card must be to take the place of the one that is shown."""
GONE_BELOW = 0.45
"""Points under which a shown card leaves."""
PHRASE = 1.0
"""Points of a phrase that says enough by itself."""
HINT = 0.6
"""Points of a hint: one may be an ordinary caller's, two bring the card."""
AGAIN = 0.3
"""Share of its points for what was heard before in this call."""
LIKELY = 0.7
"""How likely it must be that any card is needed, where types are learned."""
SURE = 0.3
"""Likewise of all cards this one: its share of them, and what a phrase adds."""
GONE_LIKELY = 0.5
"""Below it a shown card leaves."""
CLEARLY = 0.05
"""How much further another card must be to take the place of the one that is shown, likewise."""
HELP = 0.3
"""What a phrase weighs beside what was learned."""
NEAR = 3
"""Syllables that may stand between two parts of a phrase."""

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


class Types(Protocol):
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
    """

    def __init__(self, cards: Iterable[Card], types: Types | None = None) -> None:
        self.cards = tuple(cards)
        self.types = types
        self.by_id = {card.id: card for card in self.cards}
        self._beginning: dict[str, list[tuple[str, Sound, float]]] = defaultdict(list)
        for card in self.cards:
            for sounds, points in ((card.sounds, PHRASE), (card.hints, HINT)):
                for parts in sounds:
                    for syllable in sorted({way[0] for way in parts[0]}):
                        self._beginning[syllable].append((card.id, parts, points))

    def said(self, syllables: Sequence[str]) -> list[tuple[str, Sound, float]]:
        """The phrases in an utterance, for a card one at a syllable: the card of each, the phrase, its points."""
        found: list[tuple[str, Sound, float]] = []
        for at, syllable in enumerate(syllables):
            best: dict[str, tuple[str, Sound, float]] = {}
            for card, parts, points in self._beginning.get(syllable, ()):
                if (card not in best or points > best[card][2]) and _stands(parts, syllables, at):
                    best[card] = (card, parts, points)
            found += best.values()
        return found


class Prompter:
    """The card of one call, utterance by utterance.

    Args:
        cards: of the site.
    """

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
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
            self._points[card] *= FADE
        for card, parts, points in self._cards.said(syllables):
            self._points[card] += points * (AGAIN if (card, parts) in self._heard else 1.0)
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
        """Phrases and acts only help to tell apart what was learned; a phrase alone brings its card too."""
        likely = sum(self._shares.values())
        rank = {
            id_: self._shares.get(id_, 0.0) / max(likely, 0.01) + HELP * min(1.0, self._points.get(id_, 0.0))
            for id_ in self._cards.by_id
        }
        best = max(rank, key=rank.__getitem__, default="")
        needed = rank[self.shown.id] + CLEARLY if self.shown else SURE
        if likely < GONE_LIKELY:
            self.shown = None
        elif best and likely >= LIKELY and rank[best] >= needed:
            self.shown = self._cards.by_id[best]
        return self.shown

    def _by_points(self) -> Card | None:
        order = {card.id: -number for number, card in enumerate(self._cards.cards)}
        best = max(self._points, key=lambda id_: (self._points[id_], order[id_]), default=None)
        now = self._points.get(self.shown.id, 0.0) if self.shown else 0.0
        if self.shown and now < GONE_BELOW:
            self.shown, now = None, 0.0
        if (
            best
            and self._points[best] >= SHOWN_FROM
            and (self.shown is None or (best != self.shown.id and self._points[best] >= now + AHEAD))
        ):
            self.shown = self._cards.by_id[best]
        return self.shown


def _stands(parts: Sound, syllables: Sequence[str], at: int) -> bool:
    """Whether a phrase begins at a syllable."""
    return any(
        tuple(syllables[at : at + len(way)]) == way and _follows(parts[1:], syllables, at + len(way))
        for way in parts[0]
    )


def _follows(parts: Sound, syllables: Sequence[str], at: int) -> bool:
    """Whether the further parts of a phrase stand from a syllable on."""
    return not parts or any(_stands(parts, syllables, place) for place in range(at, at + NEAR + 1))
