"""Which cue card fits a call: from what the caller says and does, changing calmly.

A card is shown once enough speaks for it, and gives way only to one that is clearly ahead, or when nothing has
spoken for it for a while. Nothing here judges a call or an agent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

FADE = 0.75
"""What is left of a card's points after each further utterance of the caller."""
SHOWN_FROM = 1.0
"""Points from which a card is shown."""
AHEAD = 0.6
"""How much further another card must be to take the place of the one that is shown."""
GONE_BELOW = 0.25
"""Points under which a shown card leaves."""
PHRASE = 1.0
"""Points of a phrase."""
AGAIN = 0.3
"""Points of a phrase that was heard before in this call."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card, as `config/cards.toml` has it.

    Attributes:
        acts: points of the caller's acts, by their names.
        sounds: phrases as toneless pinyin; the parts of one stand in this order, any distance apart.
    """

    id: str
    name: str
    sign: str
    do: tuple[str, ...]
    avoid: tuple[str, ...]
    say: str
    acts: Mapping[str, float] = field(default_factory=dict)
    sounds: tuple[tuple[tuple[str, ...], ...], ...] = ()


class Cards:
    """All cards of a site, ready to be matched.

    Args:
        cards: in the order in which equals are preferred.
    """

    def __init__(self, cards: Iterable[Card]) -> None:
        self.cards = tuple(cards)
        self.by_id = {card.id: card for card in self.cards}
        self._beginning: dict[str, list[tuple[str, tuple[tuple[str, ...], ...]]]] = defaultdict(list)
        for card in self.cards:
            for parts in card.sounds:
                self._beginning[parts[0][0]].append((card.id, parts))

    def said(self, syllables: Sequence[str]) -> list[tuple[str, tuple[tuple[str, ...], ...]]]:
        """The phrases in an utterance: the card of each, and the phrase."""
        found = []
        for at, syllable in enumerate(syllables):
            for card, parts in self._beginning.get(syllable, ()):
                if _stands(parts, syllables, at):
                    found.append((card, parts))
        return found


class Prompter:
    """The card of one call, utterance by utterance.

    Args:
        cards: of the site.
    """

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._points: dict[str, float] = defaultdict(float)
        self._heard: set[tuple[tuple[str, ...], ...]] = set()
        self.shown: Card | None = None
        self.spoken = {"caller": 0, "agent": 0}
        """Syllables of each party: who listens?"""

    def agent_said(self, syllables: Sequence[str]) -> None:
        """Take an utterance of the agent: it only counts for who speaks how much."""
        self.spoken["agent"] += len(syllables)

    def caller_said(self, syllables: Sequence[str]) -> Card | None:
        """Take a finished utterance of the caller, as toneless pinyin; the card to show now."""
        self.spoken["caller"] += len(syllables)
        for card in self._points:
            self._points[card] *= FADE
        for card, parts in self._cards.said(syllables):
            self._points[card] += AGAIN if parts in self._heard else PHRASE
            self._heard.add(parts)
        return self._choose()

    def caller_did(self, act: str, share: float = 1.0) -> Card | None:
        """Take what the caller's last utterance does, and how sure that is (0..1); the card to show now."""
        for card in self._cards.cards:
            if points := card.acts.get(act, 0.0):
                self._points[card.id] += points * share
        return self._choose()

    def _choose(self) -> Card | None:
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


def _stands(parts: tuple[tuple[str, ...], ...], syllables: Sequence[str], at: int) -> bool:
    """Whether a phrase begins at a syllable; its further parts may stand anywhere behind, in their order."""
    first, *rest = parts
    if tuple(syllables[at : at + len(first)]) != first:
        return False
    at += len(first)
    for part in rest:
        places = range(at, len(syllables) - len(part) + 1)
        found = next((place for place in places if tuple(syllables[place : place + len(part)]) == part), None)
        if found is None:
            return False
        at = found + len(part)
    return True
