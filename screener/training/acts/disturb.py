"""What happens to a call on its way: another matter first, an end, recognisers, no agent, turns run together."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

SHARES = (0.0, 0.0, 0.0, 0.05, 0.1, 0.1, 0.2, 0.3)
"""Shares of syllables that are heard wrong; a call gets one of these."""
NEAR, OTHER, LOST = 0.57, 0.76, 0.87
"""Of the errors: up to here one that sounds alike, any other, none at all; the rest one too many. So sherpa-onnx
errs on clips as they are, 20 dB above a crowd, and with 5 % of the packets lost (`tests/bench/confused.py`)."""
SELDOM = 0.3
"""How often syllables that sound alike are confused that never were in what was measured."""
NO_AGENT, HALF_AGENT, TOGETHER = 0.15, 0.25, 0.1
"""Shares of calls without the agent's side, with half of it (the difference), with turns that run together."""
LATE = 0.2
"""Share of calls that are heard from somewhere before they are known: what is plain needs no beginning."""
LED_IN, LEAD = 0.15, (2, 8)
"""Share of calls, of whatever label, that another caller's matter leads into; turns of it. A matter that was true
does not make true what comes after it, and does not make it false."""
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


Turns = Sequence["HeardTurn"]


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


@dataclass(frozen=True, slots=True)
class Near:
    """Syllables that one is taken for, by number, and how often each, added up."""

    numbers: tuple[int, ...]
    sums: tuple[float, ...]


Confused = Mapping[str, Mapping[str, Mapping[str, int]]]
"""How often a recogniser heard an initial, or a final, as another: `confused.toml`."""


def confused() -> Confused:
    """What a recogniser heard instead, as measured."""
    return tomllib.loads(Path(__file__).with_name("confused.toml").read_text("utf-8"))


def alike(syllables: Sequence[str], first: int, confused: Confused) -> Mapping[int, Near]:
    """Of each syllable's number those that share its initial or its final, as often as they are taken for it.

    Args:
        syllables: the model's.
        first: the first one's number.
        confused: of recognisers; a pair that they never confused counts `SELDOM`.
    """
    parts = [split(s) for s in syllables]
    initials, finals = confused.get("initials", {}), confused.get("finals", {})

    def taken(said: tuple[str, str], heard: tuple[str, str]) -> float:
        if said == heard or not (said[0] == heard[0] or said[1] == heard[1]):
            return 0.0
        table, part = (finals, 1) if said[0] == heard[0] else (initials, 0)
        return table.get(said[part], {}).get(heard[part], 0) + SELDOM

    near = {}
    for number, said in enumerate(parts, start=first):
        found = [(n, often) for n, heard in enumerate(parts, start=first) if (often := taken(said, heard))]
        near[number] = Near(tuple(n for n, _ in found), tuple(accumulate(often for _, often in found)))
    return near


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What calls are disturbed with.

    Attributes:
        near: of each syllable those that it is taken for.
        closings: what is said at the end of calls, by what it does.
        matters: calls with a matter, whose beginnings lead into others; none is enough.
    """

    near: Mapping[int, Near]
    closings: Mapping[str, Turns]
    matters: Sequence[Turns] = ()


def disturbed(turns: Turns, known: int, around: Surroundings, chance: Random) -> tuple[list[HeardTurn], int]:
    """A call as it might have been heard, and the turn (from 1) at which it is known then; 0 stays 0.

    Args:
        turns: of the call.
        known: the turn, from 1, at which it is known to be harassment; 0 for none.
        around: what it is disturbed with.
        chance: decides.
    """
    if around.matters and chance.random() < LED_IN:
        turns, known = _led_in(turns, known, chance.choice(around.matters), chance)
    turns = _ended(turns, known, around.closings, chance)
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
    heard = [
        HeardTurn(turns[i].agent, turns[i].act, badly(turns[i].sounds, share, around.near, chance)) for i in kept
    ]
    at = min(sum(i + 1 < known for i in kept) + 1, len(heard)) if known else 0
    return _together(heard, at, chance) if chance.random() < TOGETHER else (heard, at)


def _led_in(turns: Turns, known: int, matter: Turns, chance: Random) -> tuple[Turns, int]:
    """A call that another one's beginning leads into, and the turn at which it is known then.

    It joins where it is about to be known, or, of one that never is, somewhere in its first half.
    """
    lead = matter[: chance.randint(*LEAD)]
    joins = max(0, known - 1 - chance.randint(0, 2)) if known else chance.randint(0, len(turns) // 2)
    return (*lead, *turns[joins:]), len(lead) + known - joins if known else 0


def _ended(turns: Turns, known: int, closings: Mapping[str, Turns], chance: Random) -> Turns:
    """A call that loses its last turns, but not what makes it known, or that is closed, or neither."""
    fate = chance.random()
    if fate < CUT_SHORT:
        return turns[: max(known, 1, len(turns) - chance.randint(1, 3))]
    if fate < CUT_SHORT + CLOSED:
        return (*turns, *(chance.choice(closings[part]) for part in chance.choice(CLOSINGS)))
    return turns


def badly(sounds: tuple[int, ...], share: float, near: Mapping[int, Near], chance: Random) -> tuple[int, ...]:
    """An utterance with a share of its syllables wrong; never empty."""
    every = tuple(near)
    heard: list[int] = []
    for sound in sounds:
        if chance.random() >= share:
            heard.append(sound)
            continue
        fate = chance.random()
        if fate < NEAR:
            others = near.get(sound)
            heard += (
                chance.choices(others.numbers, cum_weights=others.sums) if others and others.numbers else [sound]
            )
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
