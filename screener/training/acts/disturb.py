"""What happens to a call on its way: an end, a bad recogniser, no word of the agent, turns that run together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

SHARES = (0.0, 0.0, 0.0, 0.05, 0.1, 0.1, 0.2, 0.3)
"""Shares of syllables that are heard wrong; a call gets one of these."""
NEAR, OTHER, LOST = 0.55, 0.75, 0.92
"""Of the errors: up to here one that sounds alike, any other, none at all; the rest one too many."""
NO_AGENT, HALF_AGENT, TOGETHER = 0.15, 0.25, 0.1
"""Shares of calls without the agent's side, with half of it (the difference), with turns that run together."""
LATE = 0.2
"""Share of calls that are heard from somewhere before they are known: what is plain needs no beginning."""
CLOSED, CUT_SHORT = 0.35, 0.15
"""Shares of calls, of whatever label, that are closed as trained agents close them; that lose their last turns."""
CLOSINGS = (
    ("more", "no_more", "end"),
    ("more", "no_more", "end", "bye"),
    ("end",),
    ("end", "bye"),
    ("bye",),
    ("bye", "end"),
    ("no_more", "end"),
)
"""How: `closings.toml` has what is said."""
INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """A turn as it reaches the model.

    Attributes:
        agent: 1 for the agent's, 0 for the caller's.
        act: number of the act.
        sounds: numbers of the syllables.
    """

    agent: int
    act: int
    sounds: tuple[int, ...]


def split(syllable: str) -> tuple[str, str]:
    """Initial and final."""
    for initial in INITIALS:
        if syllable.startswith(initial) and len(syllable) > len(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


def alike(syllables: Sequence[str], first: int) -> Mapping[int, Sequence[int]]:
    """Of each syllable's number those that share its initial or its final; `first` is the first one's number."""
    parts = [split(s) for s in syllables]
    return {
        i + first: [j + first for j, q in enumerate(parts) if i != j and (p[0] == q[0] or p[1] == q[1])]
        for i, p in enumerate(parts)
    }


def disturbed(
    turns: Sequence[HeardTurn],
    known: int,
    near: Mapping[int, Sequence[int]],
    closings: Mapping[str, Sequence[HeardTurn]],
    chance: Random,
) -> tuple[list[HeardTurn], int]:
    """A call as it might have been heard, and the turn (from 1) at which it is known then; 0 stays 0.

    Args:
        turns: of the call.
        known: the turn, from 1, at which it is known to be harassment; 0 for none.
        near: of each syllable those that sound like it.
        closings: what is said at the end of calls, by what it does.
        chance: decides.
    """
    turns = _ended(turns, known, closings, chance)
    fate = chance.random()
    if fate < NO_AGENT and any(not t.agent for t in turns):
        kept = [i for i, t in enumerate(turns) if not t.agent]
    elif fate < HALF_AGENT:
        kept = [i for i, t in enumerate(turns) if not t.agent or chance.random() < 0.5]
    else:
        kept = list(range(len(turns)))
    kept = kept or list(range(len(turns)))
    if chance.random() < LATE:
        before = [n for n, i in enumerate(kept) if not known or i + 1 < known]
        kept = kept[min(chance.randint(0, len(before)), len(kept) - 1) :]
    share = chance.choice(SHARES)
    heard = [HeardTurn(turns[i].agent, turns[i].act, badly(turns[i].sounds, share, near, chance)) for i in kept]
    at = min(sum(i + 1 < known for i in kept) + 1, len(heard)) if known else 0
    return _together(heard, at, chance) if chance.random() < TOGETHER else (heard, at)


def _ended(
    turns: Sequence[HeardTurn], known: int, closings: Mapping[str, Sequence[HeardTurn]], chance: Random
) -> Sequence[HeardTurn]:
    """A call that loses its last turns, but not what makes it known, or that is closed, or neither."""
    fate = chance.random()
    if fate < CUT_SHORT:
        return turns[: max(known, 1, len(turns) - chance.randint(1, 3))]
    if fate < CUT_SHORT + CLOSED:
        return (*turns, *(chance.choice(closings[part]) for part in chance.choice(CLOSINGS)))
    return turns


def badly(
    sounds: tuple[int, ...], share: float, near: Mapping[int, Sequence[int]], chance: Random
) -> tuple[int, ...]:
    """An utterance with a share of its syllables wrong; never empty."""
    every = tuple(near)
    heard: list[int] = []
    for sound in sounds:
        if chance.random() >= share:
            heard.append(sound)
            continue
        fate = chance.random()
        if fate < NEAR:
            heard.append(chance.choice(near.get(sound) or (sound,)))
        elif fate < OTHER:
            heard.append(chance.choice(every))
        elif fate >= LOST:
            heard += (sound, chance.choice(every))
    return tuple(heard) or sounds[:1]


def _together(turns: list[HeardTurn], at: int, chance: Random) -> tuple[list[HeardTurn], int]:
    """Half of the turns of a speaker who goes on run into the one before."""
    joined: list[HeardTurn] = []
    then = 0
    for number, turn in enumerate(turns, start=1):
        last = joined[-1] if joined else None
        if last and last.agent == turn.agent and chance.random() < 0.5:
            joined[-1] = HeardTurn(last.agent, last.act, last.sounds + turn.sounds)
        else:
            joined.append(turn)
        if number == at:
            then = len(joined)
    return joined, then
