"""What the judgement costs: processor time for a second of call audio, and memory for a call.

Every scripted call is played to a session as a live recogniser would that looks at 0.4 s at once: a partial result
of either party for every two syllables, told again in the pause, a tick every 200 ms, a final a second later.

    python tests/bench/judging.py
"""

import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from screener.core.entrances import open_session
from screener.core.flow import Flow
from screener.evaluation.labelled import read_labelled
from screener.events import CallAnswered, CallOffered, Entrance, Event, Tick, Transcript
from screener.replay.run import EPOCH, RecordedCall
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables

CALLS = Path(__file__).resolve().parents[1] / "data" / "calls"
STEP = 0.2
KEPT = 200


def events(call: RecordedCall) -> Iterator[Event]:
    at = 0.0
    for number, turn in enumerate(call.turns):
        said, start = syllables(turn.text), at
        for heard in (*range(2, len(said), 2), len(said), len(said)):
            for _ in range(2):
                at += STEP
                yield Tick(at)
            shown = turn.text[: round(len(turn.text) * heard / len(said))]
            yield Transcript(turn.speaker, number, shown, said[:heard], start, at, final=False)
        for _ in range(3):
            at += STEP
            yield Tick(at)
        yield Transcript(turn.speaker, number, turn.text, said, start, at, final=True)


def main() -> None:
    judgement = load_judgement(JudgementSection(), Path(), syllables, None)
    flow = Flow()
    calls = [labelled.call for labelled in read_labelled([CALLS])]
    played = [(c, list(events(c))) for c in calls if c.turns]
    spent = audio = 0.0
    slowest = 0.0
    for _ in range(2):  # the first round warms the caches that a service has warm
        spent = audio = slowest = 0.0
        for call, heard in played:
            session = open_session(CallOffered(call.id, EPOCH, EPOCH, entrance=Entrance.BESIDE), judgement, flow)
            begun = time.process_time()
            session.handle(CallAnswered())
            for event in heard:
                session.handle(event)
            took = time.process_time() - begun
            spent, audio = spent + took, audio + heard[-1].at
            slowest = max(slowest, took / heard[-1].at)
    print(f"{len(played)} calls, {audio:.0f} s of audio: {1000 * spent / audio:.3f} ms for a second of audio")
    print(f"dearest call: {1000 * slowest:.3f} ms for a second of audio")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = []
    for call, heard in played[:KEPT]:
        session = open_session(CallOffered(call.id, EPOCH, EPOCH, entrance=Entrance.BESIDE), judgement, flow)
        for event in (CallAnswered(), *heard):
            session.handle(event)
        kept.append(session)
    grown = tracemalloc.get_traced_memory()[0] - before
    print(f"memory: {grown / len(kept) / 1024:.1f} KiB a call")


if __name__ == "__main__":
    main()
