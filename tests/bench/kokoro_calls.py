"""Whole calls in voices like people's, both parties: `python tests/bench/kokoro_calls.py [--calls 40] [--seed 1]`.

Calls of the corpus of acts, by hands that none of the judging nets ever heard (a fourth of the nets judges the
hands left out of it), half harassing, drawn by a seed. Caller and agent each have a voice of Kokoro's, through the
band of a telephone and G.711, recognised by sherpa-onnx's model and judged by a real `screener serve`:

- *in path*: calls that a machine answers; the caller speaks after the greeting, a REFER says where they went;
- *beside*: calls with an agent; caller and agent on two listening legs (the event socket of tests/freeswitch), a
  `uuid_transfer` says that the caller was moved.

Beside each the same calls as text. Needs `make voices` and the data folder `shared` beside the clone.
"""

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.acts.file import serialize
from screener.acts.net import ActsModel
from screener.core.evidence import Kind
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.events import SAMPLE_RATE, Speaker
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.training.acts.corpus import CorpusCall, hands, read_corpus
from screener.training.acts.measure import told
from tests.bench.people import BLENDS, SHARED, TIMBRES, VOICES, in_voices
from tests.bench.site import machine, site
from tests.bench.spoken_calls import moved_to, speak
from tests.core.helpers import Line, offer
from tests.freeswitch.peer import Freeswitch, hung_up, queued
from tests.sip.caller import Caller, in_background

MODEL = SHARED / "models" / "sherpa-kws-zh"
AT_ONCE = 3
MOST_TURNS, MOST_CHARACTERS = 9, 110
"""A longer call would only take longer."""
BETWEEN_TURNS = 0.7
PATIENCE = 6.0
LEFT_OUT = (Kind.BREATHING.value, Kind.REDIAL.value)
"""Not words, and not one call."""
SECOND = 2 * SAMPLE_RATE
"""Bytes of a second."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call with what its parties say, turn by turn."""

    call: CorpusCall
    turns: tuple[bytes, ...]

    def track(self, speaker: Speaker) -> bytes:
        """One party's voice over the whole call."""
        pause = bytes(round(BETWEEN_TURNS * SECOND) // 320 * 320)
        said = zip(self.call.turns, self.turns, strict=True)
        return b"".join((pcm if t.speaker is speaker else bytes(len(pcm))) + pause for t, pcm in said)

    def alone(self) -> bytes:
        """What the caller says, without the agent."""
        pause = bytes(round(BETWEEN_TURNS * SECOND) // 320 * 320)
        said = zip(self.call.turns, self.turns, strict=True)
        return pause.join(pcm for t, pcm in said if t.speaker is Speaker.CALLER)

    def ends(self, *, alone: bool) -> list[float]:
        """When each turn of the caller ends, seconds."""
        at, found = 0.0, []
        for turn, pcm in zip(self.call.turns, self.turns, strict=True):
            if alone and turn.speaker is not Speaker.CALLER:
                continue
            at += len(pcm) / SECOND
            if turn.speaker is Speaker.CALLER:
                found.append(at)
            at += BETWEEN_TURNS
        return found


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a caller went; `after` is seconds from the end of the turn that was being said or was said last."""

    target: str
    after: float = 0.0


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
    """Two voices for every call; a party who is not wanted says nothing."""
    draw, voices = random.Random(seed), (*TIMBRES, *BLENDS)
    cast_of = [dict(zip(Speaker, draw.sample(voices, 2), strict=True)) for _ in calls]
    turns = [(n, t) for n, call in enumerate(calls) for t in call.turns if t.speaker in speakers]
    clips = iter(list(in_voices([(cast_of[n][t.speaker], t.text) for n, t in turns])))
    return [
        Spoken(call, tuple(next(clips).pcm if t.speaker in speakers else b"" for t in call.turns))
        for call in calls
    ]


def since(ends: Sequence[float], at: float) -> float:
    """Seconds from the end of the turn that began last before `at`."""
    begun = [0.0, *(end + BETWEEN_TURNS for end in ends[:-1])]
    return at - max((end for begin, end in zip(begun, ends, strict=True) if begin <= at), default=0.0)


def in_path(port: int, number: int, spoken: Spoken) -> Moved:
    where, after = moved_to(port, number, spoken.alone(), PATIENCE)
    return Moved(where, since(spoken.ends(alone=True), after)) if where else Moved("")


class Beside:
    """The agents' phone system: tells of calls, dials the legs, and notes who is moved."""

    def __init__(self, peer: Freeswitch) -> None:
        self.port = 0
        self._peer = peer
        self._legs: dict[str, Caller] = {}
        self._moved: dict[str, float] = {}
        self._changed = threading.Condition()
        peer.answer = self._answer

    def _answer(self, command: str) -> str:
        name, _, what = command.partition(" ")
        if name == "uuid_transfer":
            with self._changed:
                self._moved[what.split()[0]] = time.monotonic()
            return "+OK\n"
        leg = Caller(self.port, dialled=what.partition("sofia/gateway/screener/")[2].partition(" ")[0])
        answered = leg.call().status == 200
        with self._changed:
            self._legs[what.partition("&eavesdrop(")[2].rstrip(")")] = leg
            self._changed.notify_all()
        return "+OK 1f2e\n" if answered else "-ERR CALL_REJECTED\n"

    def call(self, number: int, spoken: Spoken) -> Moved:
        ids = {Speaker.CALLER: f"caller-{number}", Speaker.AGENT: f"agent-{number}"}
        self._peer.happen(queued(ids[Speaker.CALLER], ids[Speaker.AGENT], f"1391000{number:04d}"))
        with self._changed:
            if not self._changed.wait_for(lambda: all(id_ in self._legs for id_ in ids.values()), 15):
                return Moved("no legs")
            legs = {speaker: self._legs[id_] for speaker, id_ in ids.items()}
        begun = time.monotonic()
        said = [
            in_background(lambda s=s, leg=leg: speak(leg, spoken.track(s) + bytes(round(SECOND * PATIENCE))))
            for s, leg in legs.items()
        ]
        for speech in said:
            speech.join()
        self._peer.happen(hung_up(ids[Speaker.CALLER]))
        for leg in legs.values():
            leg.close()
        at = self._moved.get(ids[Speaker.CALLER])
        return Moved("analysis", since(spoken.ends(alone=False), at - begun)) if at else Moved("")


def as_text(call: CorpusCall, judgement: Judgement) -> bool:
    """Whether the same caller, perfectly heard and alone, is treated."""
    line = Line(Flow(), judgement=judgement, offered=offer()).begin().wait(3)
    for turn in call.turns:
        if turn.speaker is Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(BETWEEN_TURNS)
    line.wait(PATIENCE)
    return bool(line.treated)


def report(where: str, spoken: Sequence[Spoken], moved: Sequence[Moved], text: Sequence[bool]) -> None:
    """Recall, false flags and times, beside the same calls as text."""
    rows = list(zip(spoken, moved, text, strict=True))
    for harassing in (True, False):
        side = [(s, m, t) for s, m, t in rows if s.call.is_harassment is harassing]
        flagged = sum(m.target == "analysis" for _, m, _ in side)
        print(
            f"{where:8} {'harassing' if harassing else 'others':10} {len(side):3} calls: flagged {flagged:3}, "
            f"as text {sum(t for _, _, t in side):3}"
        )
    for s, m, t in rows:
        if (m.target == "analysis") is not t or m.target == "no legs":
            text_said = "flagged" if t else "not"
            print(f"  {where}: {s.call.id} {s.call.label}: {m.target or 'nowhere'}, as text {text_said}")
    after = sorted(m.after for s, m, _ in rows if m.target == "analysis" and s.call.is_harassment)
    if after:
        p95 = after[min(len(after) - 1, round(0.95 * len(after)))]
        print(f"  from the end of the turn to the move: p50 {statistics.median(after):.2f} s, p95 {p95:.2f} s")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--speak-only", action="store_true", help="make the voices and stop")
    chosen = options.parse_args()
    if not SHARED.is_dir() or not (VOICES / ".installed").exists():
        sys.exit(f"{SHARED} is absent, or `make voices` has not been run")
    judgement = load_judgement(JudgementSection(), Path(), syllables, None)
    answered, agents, nets = drawn(chosen.seed, chosen.calls // 2, cast("ActsModel", judgement.acts))
    calls = [*answered, *agents]
    spoken = in_kokoro(calls, chosen.seed)
    first, second = spoken[: len(answered)], spoken[len(answered) :]
    seconds = sum(len(s.track(Speaker.CALLER)) for s in spoken) / SECOND
    writers = ", ".join(sorted({c.hand for c in calls}))
    print(f"{machine()}; {len(calls)} calls by {writers}, {seconds:.0f} s, {AT_ONCE} at a time")
    if chosen.speak_only:
        return
    judgement = replace(judgement, acts=nets)
    peer = Freeswitch()
    beside = Beside(peer)
    with tempfile.TemporaryDirectory() as folder:
        acts = Path(folder, "acts.bin")
        acts.write_bytes(serialize(nets))
        rest = (
            "analysis = 'sip:analysis@127.0.0.1:5070'\n"
            f"[judgement]\nacts = '{acts}'\n"
            f"[freeswitch]\nhost = '127.0.0.1'\nport = {peer.port}\npassword = 'ClueCon'\n"
        )
        speech = f"engine = 'sherpa'\nmodel = '{MODEL}'"
        with (
            site(flow="queue_on_pbx = true", speech=speech, rest=rest) as running,
            ThreadPoolExecutor(AT_ONCE) as callers,
        ):
            beside.port = running.port
            asked = [callers.submit(in_path, running.port, n, s) for n, s in enumerate(first)]
            report("in path", first, [a.result() for a in asked], [as_text(c, judgement) for c in answered])
            asked = [callers.submit(beside.call, n, s) for n, s in enumerate(second)]
            text = [t.flagged for t in told(agents, judgement)]
            report("beside", second, [a.result() for a in asked], text)
    peer.close()


if __name__ == "__main__":
    main()
