"""Harassing first sentences found when so many harmless ones may be flagged, whatever the thresholds.

For the lexicon alone, the learned model alone, and both. What protects a call protects it here, too. Reads the
data folder `shared` beside the clone.

    python tests/bench/trade_off.py
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from screener.core import policy
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.evaluation.labelled import HARASSMENT, LabelledCall, read_labelled
from screener.numbers.identify import load_lines
from screener.replay.run import Replayer
from screener.settings import sections
from screener.settings.judging import load_judgement
from screener.speech.pinyin import syllables

TEXT = Path(__file__).resolve().parents[3] / "shared" / "text"
SETS = ("chineseharm", "cold-test")
BENIGN = (0.001, 0.0025, 0.005, 0.01)
NEVER = float("-inf")


def scores(calls: Sequence[LabelledCall], judgement: Judgement) -> list[float]:
    """Log-odds of each call, as they would be without a threshold and a limit of the learned model."""
    weights = replace(judgement.weights, threshold=-99.0, threshold_of={}, carry=0.01, learned_most=99.0)
    everything = replace(judgement, weights=weights)
    zone, lines = ZoneInfo("Asia/Shanghai"), load_lines([], "CN").identify
    replayer = Replayer(everything, Flow(), zone, lines, syllables, None)
    found = []
    for labelled in calls:
        assessment = replayer.replay(labelled.call).decision.assessment
        found.append(assessment.score if policy.is_flagged(assessment, weights) else NEVER)
    return found


def main() -> None:
    both = load_judgement(sections.Judgement(), Path(), syllables)
    judges = {"lexicon": replace(both, learned=None), "learned": both.without_words(), "both": both}
    print(f"{'':24}{'benign flagged at most':>24}", *(f"{share:>8.2%}" for share in BENIGN))
    for name in SETS:
        calls = read_labelled([TEXT / f"{name}.jsonl.gz"])
        for who, judgement in judges.items():
            known = list(zip(calls, scores(calls, judgement), strict=True))
            benign = sorted((score for call, score in known if call.label == "benign"), reverse=True)
            for label in sorted({call.label for call in calls} & HARASSMENT):
                own = [score for call, score in known if call.label == label]
                bars = [benign[int(share * len(benign))] for share in BENIGN]
                print(
                    f"{name:12}{label:12}{who:>24}",
                    *(f"{sum(s > max(bar, -98.0) for s in own) / len(own):>8.1%}" for bar in bars),
                )


if __name__ == "__main__":
    main()
