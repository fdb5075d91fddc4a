"""Do the cue cards come? Written beginnings of calls, text only, through the cards as a console shows them.

The calls are our own, written by people who know the types but not the words of the cards: no recordings, no
recogniser's real errors, no acts. What is measured is whether the words bring the card, not whether a card helps.

    python -m tests.bench.cards FILE… [--wrong] [--spliced 300] [--model FILE]

A file holds calls `=== 001 | boss`, each followed by lines `A words` (agent) and `C words` (caller); the type
`easy` is an ordinary caller, for whom no card may come in the whole call. Right: the card of the type is shown
at one of the first three turns of the caller (by 2nd: of the first two); with `=== 001 | boss | 4`, where a
listener knows at the caller's fourth turn, by the second turn after it. Wrong: only others are. `--wrong` lists
the calls that are not right. `--spliced N` makes N calls of two each, of different types, chosen by chance: the
first, then the second without its greeting, so that in mid-call the caller changes. Right: within three turns
of the caller after that the card is the second's (none for an easy one). `--model` takes another `cards.bin`,
such as one that was learned without the hands of the files (`python -m screener.training.cards fit --without
hand2 --to FILE`); the cards' phrases are always the shipped ones.
"""

import argparse
import random
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from screener.acts.caller_types import load_caller_types
from screener.acts.file import load_acts
from screener.core.cards import CardChooser, Cards
from screener.resources import config_folder
from screener.settings.cards import load_cards
from screener.speech.pinyin import syllables
from screener.training.cards.written import WrittenCall, calls

EASY = "easy"
SECOND, THIRD = 2, 3
"""Turns of the caller by which a card should be there."""


def shown(cards: Cards, turns: list[tuple[str, str]]) -> list[str]:
    """The card after each turn of the caller; empty is none."""
    chooser, after = CardChooser(cards), []
    for who, words in turns:
        if who == "A":
            chooser.agent_said(syllables(words))
        else:
            card = chooser.caller_said(syllables(words))
            after.append(card.id if card else "")
    return after


def verdict(kind: str, after: list[str], known: int = 1) -> str:
    """How one call went: `second`, `third`, `wrong` or `none`; of an easy call `wrong` or `none`."""
    if kind == EASY:
        return "wrong" if any(after) else "none"
    late = known - 1
    if kind in after[: late + SECOND]:
        return "second"
    if kind in after[: late + THIRD]:
        return "third"
    return "wrong" if any(after[: late + THIRD]) else "none"


def changes(after: list[str]) -> int:
    """How often another card came in the place of one, or none did."""
    return sum(before != now and before != "" for before, now in pairwise(after))


def spliced(found: list[WrittenCall], number: int) -> list[tuple[WrittenCall, WrittenCall]]:
    """Pairs of calls of different types; the same for the same file."""
    chance, by_type = random.Random(1), defaultdict(list)
    for call in found:
        by_type[call.kind].append(call)
    kinds = [chance.sample(sorted(by_type), 2) for _ in range(number)]
    return [(chance.choice(by_type[one]), chance.choice(by_type[other])) for one, other in kinds]


def moved_on(cards: Cards, pairs: list[tuple[WrittenCall, WrittenCall]]) -> str:
    """How often the card is right soon after the caller has changed, and how often it changed."""
    told: dict[str, Counter[bool]] = defaultdict(Counter)
    stuck, changed = 0, 0
    for first, second in pairs:
        kind, before, then, turns = first.kind, first.turns, second.kind, second.turns
        rest = turns[1:] if turns[0][0] == "A" else turns
        after = shown(cards, before + rest)
        changed += changes(after)
        after = after[sum(who == "C" for who, _ in before) :][:THIRD]
        name = "from easy" if kind == EASY else "to easy" if then == EASY else "type to type"
        told[name][(then if then != EASY else "") in after] += 1
        stuck += after[-1] == kind
    rows = [f"{name} {count[True]} of {count.total()}" for name, count in sorted(told.items())]
    calm = f"stuck {stuck}; changes a call {changed / len(pairs):.2f}"
    return f"spliced: right within {THIRD} turns {', '.join(rows)}; {calm}"


def main() -> None:
    """Print a table of the types."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--wrong", action="store_true", help="list the calls that did not get their card")
    parser.add_argument("--spliced", type=int, default=0, metavar="N", help="make so many calls of two")
    parser.add_argument("--model", type=Path, default=config_folder() / "cards.bin")
    asked = parser.parse_args()
    shipped = load_cards("", Path(), syllables)
    types = load_caller_types(asked.model, load_acts(config_folder() / "acts.bin"))
    cards = Cards(shipped.cards, types, shipped.showing)
    found = [call for file in asked.files for call in calls(file.read_text("utf-8"))]
    changed = 0
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for number, kind, turns, known in found:
        after = shown(cards, turns)
        changed += changes(after)
        table[kind][said := verdict(kind, after, known)] += 1
        if asked.wrong and (said == "wrong" or (said == "none" and kind != EASY)):
            print(number, kind, said, " ".join(card or "-" for card in after))
    print(f"{'type':14}{'right':>8}{'by 2nd':>8}{'wrong':>8}{'none':>8}{'calls':>8}")
    for kind in (*(card.id for card in cards.cards if card.id in table), EASY):
        row, count = table[kind], table[kind].total() or 1
        right = row["none"] if kind == EASY else row["second"] + row["third"]
        second = "" if kind == EASY else row["second"]
        none = row["none"]
        print(f"{kind:14}{right / count:8.0%}{second:>8}{row['wrong']:8}{none:8}{row.total():8}")
    print(f"changes a call {changed / len(found):.2f}")
    if asked.spliced:
        print(moved_on(cards, spliced(found, asked.spliced)))


if __name__ == "__main__":
    main()
