"""What sherpa-onnx hears instead: `python tests/bench/confused.py > screener/training/acts/confused.toml`.

Every sentence of the corpus and of the scripted calls that Kokoro has said once (`kokoro_calls`, `people`), and
the clips of people, go through a telephone as in `people`: as they are, 20 dB above a crowd, with 5 % of the
packets lost. What was said and what was heard are aligned; of syllables that share an initial or a final the other
part is counted. Training disturbs its calls by these counts. Reads the data folder `shared` beside the clone;
needs `make voices`.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.evaluation.labelled import read_labelled
from screener.events import SAMPLE_RATE, Speaker
from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.pinyin import syllables
from screener.speech.recognizer import SpeechModel
from screener.training.acts.corpus import read_corpus
from screener.training.acts.disturb import split
from tests.bench.line import PhoneLine, crowd
from tests.bench.people import BLENDS, ROOT, SHARED, SHERPA, TIMBRES, VOICES, Clip, heard_on, read, recorded

LINES = ((None, 0.0), (20.0, 0.0), (None, 5.0))
LEAST = 2
"""A pair that was seen once is chance."""
HEAD = """\
# What sherpa-onnx (the 3.3 M WenetSpeech model) heard instead, over a telephone band and G.711: of {said}
# syllables in Kokoro's voices, AISHELL's and other people's clips, as they are, 20 dB above a crowd, and with
# 5 % of the packets lost; pairs that were seen twice. Made by tests/bench/confused.py."""


def kept_voices() -> Iterator[Clip]:
    """What Kokoro has said already."""
    texts = {turn.text for call in read_corpus() for turn in call.turns}
    texts |= {turn.text for call in read_labelled([ROOT / "tests/data/calls"]) for turn in call.call.turns}
    for text in sorted(texts):
        for voice in (*TIMBRES, *BLENDS):
            path = VOICES / f"{hashlib.sha256(f'{voice} {text}'.encode()).hexdigest()[:16]}.wav"
            if path.exists():
                yield Clip(read(path), text)


def heard(model: SpeechModel, pcm: bytes) -> tuple[str, ...]:
    recognizer = model.open(Speaker.CALLER)
    told = [
        t for at in range(0, len(pcm), 1600) for t in recognizer.accept(pcm[at : at + 1600], at / 2 / SAMPLE_RATE)
    ]
    return tuple(s for t in [*told, *recognizer.finish()] if t.final for s in t.syllables)


def aligned(said: Sequence[str], told: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of what stands for one another; what is lost or too many is in none."""
    cost = [
        [float(max(i, j)) if not (i and j) else 0.0 for j in range(len(told) + 1)] for i in range(len(said) + 1)
    ]
    for i in range(1, len(said) + 1):
        for j in range(1, len(told) + 1):
            cost[i][j] = min(
                cost[i - 1][j - 1] + unlike(said[i - 1], told[j - 1]), cost[i - 1][j] + 1, cost[i][j - 1] + 1
            )
    i, j = len(said), len(told)
    while i and j:
        if cost[i][j] == cost[i - 1][j - 1] + unlike(said[i - 1], told[j - 1]):
            yield said[i - 1], told[j - 1]
            i, j = i - 1, j - 1
        elif cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1


def unlike(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return 1.0 if any(a == b for a, b in zip(split(one), split(other), strict=True)) else 1.25


def table(name: str, counted: Mapping[tuple[str, str], int]) -> Iterator[str]:
    rows: dict[str, dict[str, int]] = {}
    for (said, told), often in counted.items():
        if often >= LEAST:
            rows.setdefault(said, {})[told] = often
    yield f"[{name}]"
    for said in sorted(rows):
        others = sorted(rows[said].items(), key=lambda pair: (-pair[1], pair[0]))
        yield f"{key(said)} = {{ {', '.join(f'{key(told)} = {often}' for told, often in others)} }}"


def key(part: str) -> str:
    """No initial at all is a key of its own."""
    return part or '""'


def main() -> None:
    model = load_model(Speech(engine="sherpa", model=str(SHERPA)), Path())
    people = [clip for kind in ("aishell", "human") for clip in recorded(SHARED / "speech" / kind, 200)]
    clips = [*kept_voices(), *people]
    behind = crowd([clip.pcm for clip in clips])
    initials, finals = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    said = 0
    for snr, loss in LINES:
        line = PhoneLine(snr, loss, behind)
        for clip in clips:
            text = syllables(clip.text)
            said += len(text)
            for one, other in aligned(text, heard(model, heard_on(line, clip.pcm))):
                a, b = split(one), split(other)
                if one != other and a[0] == b[0]:
                    finals[a[1], b[1]] += 1
                elif one != other and a[1] == b[1]:
                    initials[a[0], b[0]] += 1
    print("\n".join([HEAD.format(said=said), *table("initials", initials), "", *table("finals", finals)]))


if __name__ == "__main__":
    main()
