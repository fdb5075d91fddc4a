"""Judges labelled calls and prints a table of verdicts by file and label, with the worst mistakes.

    python tests/bench/judgement.py FILE.jsonl[.gz]… [--noise 0.2] [--limit N] [--show N] [--slices]

Each line of a file is a call of the replay format with a `label`. A label of harassment (lewd, abuse, prank,
chitchat, threat) should be flagged; any other should not. `--noise` replaces, drops or adds that share of the
syllables, as a bad recogniser would. `--steer N` puts N steering attempts of an agent into each call, one after
each of the caller's first turns.
"""

import argparse
import gzip
import json
import math
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from screener.core.evidence import Verdict
from screener.core.judgement import Judgement
from screener.events import Caller, Speaker
from screener.judgement import load_judgement
from screener.replay import RecordedCall, Replayer, Turn
from screener.replay_files import parse_call
from screener.settings.sections import Settings
from screener.speech.pinyin import inventory, syllables

PINYIN = "~"
STEERING = "请问您需要咨询什么业务?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=10**9)
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("--slices", action="store_true")
    parser.add_argument("--steer", type=int, default=0)
    args = parser.parse_args()
    settings = Settings()
    judgement = load_judgement(settings.judgement, Path(), syllables)
    for path in args.files:
        measure(path, judgement, settings, args)


def measure(path: Path, judgement: Judgement, settings: Settings, args: argparse.Namespace) -> None:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: Counter[str] = Counter()
    mistakes: list[str] = []
    began = time.perf_counter()
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number >= args.limit:
                break
            data = json.loads(line)
            label = data["label"] + (f"/{data.get('slice', '')}" if args.slices else "")
            call = steer(parse_call(line, f"{path}:{number + 1}"), args.steer)
            if args.noise:
                call = noisy(call, args.noise, number)
            replayer = Replayer(judgement, settings.flow, ZoneInfo("UTC"), Caller, heard, None)
            outcome = replayer.replay(call)
            table[label][outcome.decision.verdict] += 1
            if outcome.decision.verdict is Verdict.HARASSMENT:
                kinds[f"{data['label']}→{outcome.decision.kind}"] += 1
                if data["label"] in ("genuine", "benign", "complaint"):
                    finds = " ".join(f"{e.rule}:{e.span}:{e.weight:+.1f}" for e in outcome.evidence)
                    mistakes.append(f"{outcome.decision.assessment.score:6.2f} {call.id} {finds}")
    seconds = time.perf_counter() - began
    print(f"\n{path.name}: {sum(sum(row.values()) for row in table.values())} calls in {seconds:.1f} s")
    for label, row in sorted(table.items()):
        total, flagged = sum(row.values()), row[Verdict.HARASSMENT]
        low, high = wilson(flagged, total)
        shares = "  ".join(f"{verdict.value} {row[verdict]}" for verdict in Verdict if row[verdict])
        print(
            f"  {label:<28} flagged {flagged}/{total} = {flagged / total:.1%} [{low:.1%}, {high:.1%}]   {shares}"
        )
    print("  kinds:", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(12)))
    for mistake in sorted(mistakes, reverse=True)[: args.show]:
        print("   ", mistake[:240])
    sys.stdout.flush()


def steer(call: RecordedCall, times: int) -> RecordedCall:
    """The call with an agent steering back after each of the caller's first turns."""
    turns: list[Turn] = []
    for turn in call.turns:
        turns.append(turn)
        if turn.speaker is Speaker.CALLER and times > 0:
            turns.append(Turn(Speaker.AGENT, STEERING))
            times -= 1
    return replace(call, turns=tuple(turns))


def noisy(call: RecordedCall, share: float, seed: int) -> RecordedCall:
    """The call as a pinyin recogniser hears it that gets `share` of the syllables wrong."""
    chance = random.Random(seed)
    sounds = sorted(s for s in inventory() if len(s) > 1)

    def worse(text: str) -> str:
        said: list[str] = []
        for syllable in syllables(text):
            fate = chance.random() / share
            if fate >= 5 / 6:
                said.append(syllable)
            if fate < 1:
                said += [chance.choice(sounds)] if fate < 2 / 3 or fate >= 5 / 6 else []
        return " ".join(said)

    return replace(call, turns=tuple(replace(turn, text=PINYIN + worse(turn.text)) for turn in call.turns))


def heard(text: str) -> tuple[str, ...]:
    """Characters, or what `noisy` made of them."""
    return tuple(text[len(PINYIN) :].split()) if text.startswith(PINYIN) else syllables(text)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z, n = 1.96, max(1, total)
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    main()
