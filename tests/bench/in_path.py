"""What becomes of a caller whom the product answers: `python -m tests.bench.in_path [FILE…] [--calls N]`.

The callers of those hands of the corpus whom a machine answers (of each only what the caller says; the machine is
the product, with its own prompts) go through the session that serves live calls, as words, perfectly heard; nets
judge that never heard the hand. A FILE of the corpus's form is by a hand that nobody learned from. *Treated* is
taken for harassment and moved; *passed* goes to an agent, as everybody with a matter does at once; *listened to*
is neither when the caller has said everything. Beside it the same calls watched, with the lines that the writer
gave the machine. All calls are written, none is a recording.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from screener.acts.net import ActsModel
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.events import Speaker
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection as Section
from screener.speech.pinyin import syllables
from screener.training.acts.corpus import CorpusCall, hands, read_corpus, read_hand
from screener.training.acts.measure import share, told
from tests.core.helpers import Line, offer

GREETING, BETWEEN, PATIENCE = 3.0, 0.7, 6.0
"""Seconds until the caller speaks, between their sentences, and of silence at the end."""
WAYS = ("treated", "passed", "listened to")


def became(call: CorpusCall, judgement: Judgement) -> str:
    """What became of a caller: one of `WAYS`."""
    line = Line(Flow(), judgement=judgement, offered=offer()).begin().wait(GREETING)
    for turn in call.turns:
        if turn.speaker is Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(BETWEEN)
    line.wait(PATIENCE)
    if line.treated:
        return "treated"
    return "passed" if line.transfers else "listened to"


def lived(calls: list[CorpusCall], judgement: Judgement) -> Iterator[tuple[CorpusCall, str]]:
    """Each call, and what became of it."""
    acts = cast("ActsModel", judgement.acts)
    of_hand = {call.hand: replace(judgement, acts=acts.unheard(call.hand)) for call in calls}
    yield from ((call, became(call, of_hand[call.hand])) for call in calls)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("files", nargs="*", type=Path, help="of a hand that nobody learned from")
    options.add_argument("--calls", type=int, help="so many, drawn by a seed; default all")
    chosen = options.parse_args()
    answered = {hand.name for hand in hands() if hand.in_path}
    calls = [c for c in read_corpus() if c.hand in answered]
    if chosen.files:
        calls = [c for file in chosen.files for c in read_hand(file)]
        answered = {c.hand for c in calls}
    random.Random(1).shuffle(calls)
    calls = calls[: chosen.calls]
    judgement = load_judgement(Section(), Path(), syllables, None)
    watched = {t.call.id: t.flagged for t in told(calls, judgement, in_path=answered)}
    found = list(lived(calls, judgement))
    print(f"{len(calls)} calls by {len(answered)} hands")
    print(f"{'label':20}" + "".join(f"{way:>32}" for way in (*WAYS, "watched: flagged")))
    rows = {label: [x for x in found if x[0].label == label] for label in sorted({c.label for c in calls})}
    rows["harassment"] = [x for x in found if x[0].is_harassment]
    rows["protected"] = [x for x in found if x[0].is_protected]
    for label, of in rows.items():
        ways = Counter(way for _, way in of)
        cells = [str(share(w == way for _, w in of)) if ways[way] else f"0/{len(of)}" for way in WAYS]
        cells.append(str(share(watched[call.id] for call, _ in of)))
        print(f"{label:20}" + "".join(f"{cell:>32}" for cell in cells))


if __name__ == "__main__":
    main()
