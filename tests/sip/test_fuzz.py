"""The short version of tests/bench/fuzz.py."""

import threading

from tests.sip.fuzzing import DESCRIPTION, Ears, Target, describe, numbered


def test_damaged_messages_kill_nothing():
    target = Target()
    for number, data in numbered(target.corpus(), seed=1, count=4000):
        target.take(data)
        if number % 500 == 0:
            target.drain()
    target.drain()
    assert target.faults.seen == []
    assert {"sip", "media"} <= {thread.name for thread in threading.enumerate()}
    assert target.works()
    target.close()


def test_damaged_descriptions():
    for _, data in numbered([DESCRIPTION], seed=2, count=10_000):
        describe(data)


def test_damaged_packets():
    ears = Ears()
    for number, data in numbered(ears.corpus, seed=3, count=20_000):
        ears.take(data, number)
    assert ears.frames > 1000
    assert ears.stream.malformed > 0
