"""Do the cue cards come? Written beginnings of calls, text only, through the cards as a console shows them.

The calls are our own, written by people who know the types but not the words of the cards: no recordings, no
recogniser's real errors, no acts. What is measured is whether the words bring the card, not whether a card helps.

    python -m tests.bench.cards FILE [--wrong]

A file holds calls `=== 001 | boss`, each followed by lines `A words` (agent) and `C words` (caller); the type
`easy` is an ordinary caller, for whom no card may come. Right: the card of the type is shown at one of the first
three turns of the caller (by 2nd: of the first two). Wrong: only others are. `--wrong` lists the calls that are
not right.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from screener.core.cards import Cards, Prompter
from screener.settings.cards import load_cards
from screener.speech.pinyin import syllables
from screener.training.cards.written import calls

EASY = "easy"
SECOND, THIRD = 2, 3
"""Turns of the caller by which a card should be there."""


def shown(cards: Cards, turns: list[tuple[str, str]]) -> list[str]:
    """The card after each turn of the caller; empty is none."""
    prompter, after = Prompter(cards), []
    for who, words in turns:
        if who == "A":
            prompter.agent_said(syllables(words))
        else:
            card = prompter.caller_said(syllables(words))
            after.append(card.id if card else "")
    return after


def verdict(kind: str, after: list[str]) -> str:
    """How one call went: `second`, `third`, `wrong` or `none`; of an easy call `wrong` or `none`."""
    if kind == EASY:
        return "wrong" if any(after) else "none"
    if kind in after[:SECOND]:
        return "second"
    if kind in after[:THIRD]:
        return "third"
    return "wrong" if any(after[:THIRD]) else "none"


def main() -> None:
    """Print a table of the types."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--wrong", action="store_true", help="list the calls that did not get their card")
    asked = parser.parse_args()
    cards = load_cards("", Path(), syllables)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for number, kind, turns in calls(asked.file.read_text("utf-8")):
        after = shown(cards, turns)
        table[kind][said := verdict(kind, after)] += 1
        if asked.wrong and (said == "wrong" or (said == "none" and kind != EASY)):
            print(number, kind, said, " ".join(card or "-" for card in after))
    print(f"{'type':14}{'right':>8}{'by 2nd':>8}{'wrong':>8}{'none':>8}{'calls':>8}")
    for kind in (*(card.id for card in cards.cards if card.id in table), EASY):
        row, count = table[kind], table[kind].total() or 1
        right = row["none"] if kind == EASY else row["second"] + row["third"]
        second = "" if kind == EASY else row["second"]
        none = row["none"]
        print(f"{kind:14}{right / count:8.0%}{second:>8}{row['wrong']:8}{none:8}{row.total():8}")


if __name__ == "__main__":
    main()
