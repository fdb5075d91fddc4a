"""The pool with fake recognisers: nothing here waits for a clock, only for events."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from screener.errors import ModelError
from screener.events import RecognizerLost, Speaker, Transcript
from screener.speech.pool import RecognizerPool
from screener.speech.recognizer import ModelInfo

FRAME = bytes(320)
WAIT = 10.0


class FakeRecognizer:
    """Tells the audio time and length of what it got; may hang or fail."""

    def __init__(self, speaker: Speaker, hook: Callable[[bytes], None]) -> None:
        self.speaker = speaker
        self.hook = hook
        self.seconds = 0.0
        self.busy = threading.Lock()

    def told(self, text: str, final: bool) -> Transcript:
        return Transcript(self.speaker, 0, text, (), 0.0, self.seconds, final)

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript]:
        assert self.busy.acquire(blocking=False), "one thread at a time"
        try:
            self.hook(pcm)
            assert at == pytest.approx(self.seconds)
            self.seconds += len(pcm) / 16000
            return [self.told("…", False)] if pcm[:1] in (b"!", b"h") else []
        finally:
            self.busy.release()

    def finish(self) -> Sequence[Transcript]:
        return [self.told("end", True)]


class FakeModel:
    def __init__(self, hook: Callable[[bytes], None] = lambda _pcm: None, fails: bool = False) -> None:
        self.hook = hook
        self.fails = fails

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("none", "fake")

    def open(self, speaker: Speaker) -> FakeRecognizer:
        if self.fails:
            raise ModelError("no memory")
        return FakeRecognizer(speaker, self.hook)


Results = queue.Queue[tuple[str, Transcript | RecognizerLost]]
MakePool = Callable[..., tuple[RecognizerPool, Results]]


@pytest.fixture
def make() -> Iterator[MakePool]:
    pools: list[RecognizerPool] = []

    def make(model: FakeModel, threads: int = 2, queue_seconds: float = 3.0) -> tuple[RecognizerPool, Results]:
        results: Results = queue.Queue()
        pool = RecognizerPool(model, threads, queue_seconds, lambda key, result: results.put((key, result)))
        pools.append(pool)
        return pool, results

    yield make
    for pool in pools:
        pool.stop()


def feed(pool: RecognizerPool, key: str, seconds: float, start: float = 0.0, pcm: bytes = FRAME) -> None:
    for n in range(round(seconds / 0.02)):
        pool.feed(key, pcm, start + n * 0.02)


def test_every_frame_of_every_stream_is_heard_in_order(make: MakePool) -> None:
    pool, results = make(FakeModel())
    keys = [f"call{n}" for n in range(40)]
    for key in keys:
        pool.open(key, Speaker.CALLER)
    for n in range(100):
        for key in keys:
            pool.feed(key, FRAME, n * 0.02)
    for key in keys:
        pool.close(key)
    ends = dict(results.get(timeout=WAIT) for _ in keys)
    assert set(ends) == set(keys)
    assert all(isinstance(e, Transcript) and e.end == pytest.approx(2.0) for e in ends.values())


def test_results_come_while_the_call_goes_on(make: MakePool) -> None:
    pool, results = make(FakeModel(), threads=1)
    pool.open("a", Speaker.AGENT)
    feed(pool, "a", 0.1, pcm=b"!" + FRAME[1:])
    key, told = results.get(timeout=WAIT)
    assert key == "a"
    assert isinstance(told, Transcript)
    assert told.speaker is Speaker.AGENT


def test_a_failing_recogniser_is_lost_once_and_the_others_go_on(make: MakePool) -> None:
    def fail(pcm: bytes) -> None:
        if pcm[:1] == b"x":
            raise ModelError("broken")

    pool, results = make(FakeModel(fail), threads=1)
    pool.open("bad", Speaker.CALLER)
    pool.open("good", Speaker.CALLER)
    feed(pool, "bad", 0.1, pcm=b"x" + FRAME[1:])
    key, lost = results.get(timeout=WAIT)
    assert key == "bad"
    assert isinstance(lost, RecognizerLost)
    assert "broken" in lost.reason
    feed(pool, "bad", 1.0, 0.1)
    pool.close("bad")
    feed(pool, "good", 0.2)
    pool.close("good")
    key, end = results.get(timeout=WAIT)
    assert (key, type(end)) == ("good", Transcript)
    assert results.empty()


def test_a_stream_that_cannot_be_opened_is_lost(make: MakePool) -> None:
    pool, results = make(FakeModel(fails=True))
    pool.open("a", Speaker.CALLER)
    feed(pool, "a", 0.1)
    _, lost = results.get(timeout=WAIT)
    assert isinstance(lost, RecognizerLost)
    assert "no memory" in lost.reason


@pytest.mark.parametrize("threads", [1, 2])
def test_a_hung_recogniser_is_lost_and_another_thread_takes_over(make: MakePool, threads: int) -> None:
    release, hanging = threading.Event(), threading.Semaphore(0)
    hung: list[threading.Thread] = []

    def hang(pcm: bytes) -> None:
        if pcm[:1] == b"h":
            hung.append(threading.current_thread())
            hanging.release()
            release.wait(WAIT)

    pool, results = make(FakeModel(hang), threads=threads, queue_seconds=1.0)
    stuck = [f"hung{n}" for n in range(threads)]
    for key in stuck:
        pool.open(key, Speaker.CALLER)
        feed(pool, key, 0.1, pcm=b"h" + FRAME[1:])
        assert hanging.acquire(timeout=WAIT)
    pool.open("late", Speaker.CALLER)
    feed(pool, "late", 0.2)
    assert results.empty()
    for key in stuck:
        feed(pool, key, 1.5, 0.1)
    lost = dict(results.get(timeout=WAIT) for _ in stuck)
    assert set(lost) == set(stuck)
    assert all(isinstance(x, RecognizerLost) and x.at == pytest.approx(1.1) for x in lost.values())
    pool.close("late")
    key, end = results.get(timeout=WAIT)
    assert (key, type(end)) == ("late", Transcript)
    release.set()  # so that the teardown need not wait
    pool.open("after", Speaker.CALLER)
    feed(pool, "after", 0.2)
    pool.close("after")
    key, end = results.get(timeout=WAIT)
    assert (key, type(end)) == ("after", Transcript)
    for thread in hung[:threads]:
        thread.join(WAIT)
        assert not thread.is_alive(), "another works in its place"
    assert results.empty(), "what a lost recogniser says afterwards is not told"


def test_unknown_keys_are_ignored(make: MakePool) -> None:
    pool, results = make(FakeModel())
    pool.feed("nobody", FRAME, 0.0)
    pool.close("nobody")
    assert results.empty()


def test_a_stream_closed_before_any_audio_still_ends(make: MakePool) -> None:
    pool, results = make(FakeModel())
    pool.open("a", Speaker.CALLER)
    pool.close("a")
    key, end = results.get(timeout=WAIT)
    assert (key, type(end)) == ("a", Transcript)


def test_stop_ends_every_thread() -> None:
    before = threading.active_count()
    pool = RecognizerPool(FakeModel(), 3, 3.0, lambda _key, _result: None)
    assert threading.active_count() == before + 3
    pool.stop()
    assert threading.active_count() == before
