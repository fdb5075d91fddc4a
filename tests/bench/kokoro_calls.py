"""Whole calls in voices like people's, both parties: `python tests/bench/kokoro_calls.py [--calls 16] [--seed 1]`.

Calls of the corpus of acts, by hands that none of the judging nets ever heard (a fourth of the nets judges the
hands left out of it), half harassing, drawn by a seed: half of them calls that a machine answers, half with an
agent, each through its own entrance (tests/bench/entrances.py). Caller and agent each have a voice of Kokoro's,
through the band of a telephone and G.711, recognised by sherpa-onnx's model and judged by a real `screener serve`.
Beside each the same calls as text. `--snr 20` and `--loss 5` put noise and losses on the line. `--words` tells
what was said and heard in each call that came out otherwise. Needs `make voices` and the data folder `shared`
beside the clone.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.acts.file import serialize
from screener.acts.net import ActsModel
from screener.core.evidence import Kind
from screener.events import Speaker
from screener.replay.run import Turn
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.training.acts.corpus import CorpusCall, hands, read_corpus
from tests.bench.entrances import BESIDE, IN_PATH, SECOND, Spoken, through
from tests.bench.line import add_options, chosen_line
from tests.bench.people import BLENDS, SHARED, SHERPA, TIMBRES, VOICES, in_voices
from tests.bench.site import machine

AT_ONCE = 3
MOST_TURNS, MOST_CHARACTERS = 9, 110
"""A longer call would only take longer."""
LEFT_OUT = (Kind.BREATHING.value, Kind.REDIAL.value)
"""Not words, and not one call."""


def drawn(seed: int, most: int, acts: ActsModel) -> tuple[list[CorpusCall], list[CorpusCall], ActsModel]:
    """Calls that a machine answers and calls with an agent, by hands of one group, and the nets without them."""
    draw = random.Random(seed)
    left_out = draw.choice(sorted(set(acts.left_out)))
    fit = [
        c
        for c in read_corpus()
        if c.hand in left_out
        and c.label not in LEFT_OUT
        and 3 <= len(c.turns) <= MOST_TURNS
        and sum(len(t.text) for t in c.turns) <= MOST_CHARACTERS
    ]
    draw.shuffle(fit)
    answered = {hand.name for hand in hands() if hand.in_path}

    def some(of: Sequence[CorpusCall]) -> list[CorpusCall]:
        sides = ([c for c in of if c.is_harassment is harassing] for harassing in (True, False))
        return [call for pair in zip(*sides, strict=False) for call in pair][:most]

    in_path, beside = ([c for c in fit if (c.hand in answered) is way] for way in (True, False))
    return some(in_path), some(beside), acts.unheard(left_out[0])


def in_kokoro(
    calls: Sequence[CorpusCall], seed: int, speakers: Collection[Speaker] = tuple(Speaker)
) -> list[Spoken]:
    """Two voices for every call, the same however many others there are; who is not wanted says nothing."""
    voices = (*TIMBRES, *BLENDS)
    pairs = [random.Random(f"{seed} {call.id}").sample(voices, 2) for call in calls]
    cast_of = [dict(zip(Speaker, pair, strict=True)) for pair in pairs]
    turns = [(n, t) for n, call in enumerate(calls) for t in call.turns if t.speaker in speakers]
    clips = iter(list(in_voices([(cast_of[n][t.speaker], t.text) for n, t in turns])))
    return [
        Spoken(
            call.id,
            call.label,
            call.is_harassment,
            tuple(Turn(t.speaker, t.text) for t in call.turns),
            tuple(next(clips).pcm if t.speaker in speakers else b"" for t in call.turns),
        )
        for call in calls
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=16)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--speak-only", action="store_true", help="make the voices and stop")
    options.add_argument("--entrance", choices=(IN_PATH, BESIDE), action="append", help="only that one")
    options.add_argument("--words", action="store_true", help="of calls that came out otherwise than as text")
    add_options(options)
    chosen = options.parse_args()
    if not SHARED.is_dir() or not (VOICES / ".installed").exists():
        sys.exit(f"{SHARED} is absent, or `make voices` has not been run")
    judgement = load_judgement(JudgementSection(), Path(), syllables, None)
    answered, agents, nets = drawn(chosen.seed, chosen.calls // 2, cast("ActsModel", judgement.acts))
    calls = [*answered, *agents]
    first, second = in_kokoro(answered, chosen.seed, [Speaker.CALLER]), in_kokoro(agents, chosen.seed)
    seconds = sum(len(s.track(Speaker.CALLER)) for s in (*first, *second)) / SECOND
    line = chosen_line(chosen, [pcm for s in second for pcm in s.sounds])
    writers = ", ".join(sorted({c.hand for c in calls}))
    print(f"{machine()}; {len(calls)} calls by {writers}, {seconds:.0f} s, {AT_ONCE} at a time")
    print(f"line: {line}", flush=True)
    if chosen.speak_only:
        return
    with tempfile.TemporaryDirectory() as folder:
        acts = Path(folder, "acts.bin")
        acts.write_bytes(serialize(nets))
        through(
            {w: s for w, s in ((IN_PATH, first), (BESIDE, second)) if w in (chosen.entrance or (IN_PATH, BESIDE))},
            replace(judgement, acts=nets),
            speech=f"engine = 'sherpa'\nmodel = '{SHERPA}'",
            rest=f"[judgement]\nacts = '{acts}'\n",
            at_once=AT_ONCE,
            words=chosen.words,
            line=line,
        )


if __name__ == "__main__":
    main()
