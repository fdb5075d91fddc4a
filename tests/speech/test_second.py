"""The second reader: real processes, fake models; and a real model where one is at hand."""

import os
import queue
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from screener.events import FRAME_BYTES, FRAME_SECONDS, SAMPLE_RATE, Speaker, Transcript
from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.offline import OfflineModel, load_second
from screener.speech.pinyin import syllables
from screener.speech.second import MARGIN_SECONDS, WAITING, ReadingOutcome, Recent, SecondReader
from screener.speech.worker import Loader
from tests.speech import fakes, graphs
from tests.speech.fakes import HANG, KILL, QUIET, RAISE, SAY, frame
from tests.speech.graphs import loud, quiet
from tests.speech.test_sherpa import CLIP, HUMAN, MODEL, shared
from tests.speech.test_sherpa import read as recorded
from tests.waiting import WAIT, wait_for

ROOT = Path(__file__).parents[2]
REAL = os.environ.get("SCREENER_TEST_SECOND", "")
"""Name or folder of a model that reads whole utterances; for one of CTranslate2 its library must be there."""
needs_a_model = pytest.mark.skipif(not REAL, reason="SCREENER_TEST_SECOND names no model that reads utterances")
STREAMING = partial(load_model, Speech("sherpa", str(MODEL)), Path())
WHOLE = partial(load_second, Speech(second=REAL), Path())


def count_letters(samples) -> str:
    """A small reader: how many seconds it was given."""
    return f"{len(samples) / 16000 - 0.5:.1f}"


def load_counting() -> OfflineModel:
    return OfflineModel("counting", count_letters)


@pytest.fixture(autouse=True)
def _tests_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


Make = Callable[..., SecondReader]


@pytest.fixture
def make() -> Iterator[Make]:
    readers: list[SecondReader] = []

    def make(loader=fakes.load, *, ready: bool = True) -> SecondReader:
        reader = SecondReader(loader)
        readers.append(reader)
        if ready:
            wait_for(lambda: reader.ready, what="second reader")
        return reader

    yield make
    for reader in readers:
        reader.stop()


def recent(letters: bytes) -> Recent:
    kept = Recent()
    for number, letter in enumerate(letters):
        kept.feed(frame(bytes((letter,))), number * FRAME_SECONDS)
    return kept


def heard(start: float = 0.0, end: float = 1.0, utterance: int = 0) -> Transcript:
    return Transcript(Speaker.CALLER, utterance, "first", ("first",), start, end, final=True, confidence=0.5)


def read(
    reader: SecondReader, said: list[Transcript], kept: Recent, seconds: float = WAIT
) -> tuple[Transcript, ...]:
    results: queue.Queue[tuple[Transcript, ...]] = queue.Queue()
    reader.ask(said, kept, seconds, results.put)
    return results.get(timeout=WAIT)


def counts(reader: SecondReader) -> dict[str, int]:
    return {outcome.value: reader.counts[outcome] for outcome in ReadingOutcome}


def test_it_reads_what_was_said_with_a_little_around_it(make: Make):
    kept = recent(QUIET * 200)
    said = heard(1.0, 2.0), heard(2.5, 3.0, utterance=1)
    first, second = read(make(load_counting), list(said), kept)
    assert float(first.text) == pytest.approx(1.0 + 2 * MARGIN_SECONDS, abs=0.05)
    assert float(second.text) == pytest.approx(0.5 + 2 * MARGIN_SECONDS, abs=0.05)
    assert (second.utterance, second.start, second.end, second.final) == (1, 2.5, 3.0, True)
    assert second.confidence is None


def test_the_finals_of_a_streaming_model_are_one_text(make: Make):
    answer = read(make(), [heard(0.0, 0.5)], recent(SAY + QUIET * 9))[0]
    assert answer.text == "saidend after 0.20"
    assert answer.syllables == ("said", "end after 0.20")


def test_only_the_newest_audio_is_kept():
    kept = recent(QUIET * 4000)
    assert kept.cut(0.0, 10.0) == b""
    assert len(kept.cut(70.0, 71.0)) // FRAME_BYTES == pytest.approx(
        (1 + 2 * MARGIN_SECONDS) / FRAME_SECONDS, abs=1
    )


def test_an_engine_that_fails_is_no_reading_and_the_next_one_is(make: Make):
    reader = make()
    assert read(reader, [heard()], recent(RAISE)) == ()
    wait_for(lambda: reader.ready, what="another process")
    assert read(reader, [heard()], recent(SAY))
    assert counts(reader) == {"read": 1, "late": 0, "full": 0, "failed": 1}


def test_a_process_that_dies_is_started_again(make: Make):
    reader = make()
    assert read(reader, [heard()], recent(KILL)) == ()
    wait_for(lambda: reader.ready, what="another process")


def test_more_than_may_wait_are_answered_at_once(make: Make):
    reader = make()
    reader.ask([heard()], recent(HANG), WAIT, lambda _: None)
    wait_for(reader._jobs.empty, what="the one that is read")
    for _ in range(WAITING):
        reader.ask([heard()], recent(HANG), WAIT, lambda _: None)
    assert read(reader, [heard()], recent(SAY)) == ()
    assert counts(reader) == {"read": 0, "late": 0, "full": 1, "failed": 0}, "and the others wait"


def test_nothing_is_begun_that_nobody_waits_for(make: Make):
    reader = make()
    assert read(reader, [heard()], recent(SAY), seconds=0.0) == ()
    assert counts(reader)["late"] == 1


def test_before_it_is_loaded_and_without_a_model_there_is_no_reading(make: Make):
    reader = make(fakes.load_nothing, ready=False)
    assert read(reader, [heard()], recent(SAY)) == ()
    wait_for(lambda: reader._unusable, what="refusal")
    assert not reader.ready


def test_a_model_made_here_reads_in_a_process_of_its_own(make: Make, tmp_path: Path):
    graphs.sense_voice(tmp_path)
    kept = Recent()
    pcm = quiet(1.0) + loud(1.0) + quiet(1.0)
    for at in range(0, len(pcm), FRAME_BYTES):
        kept.feed(pcm[at : at + FRAME_BYTES], at / 2 / SAMPLE_RATE)
    reader = make(partial(load_second, Speech(second=tmp_path.name), tmp_path.parent))
    (spoken,) = read(reader, [heard(1.0, 2.0)], kept)
    assert (spoken.text, spoken.syllables, spoken.start, spoken.end) == ("好", ("hao",), 1.0, 2.0)
    (silent,) = read(reader, [heard(2.5, 3.0)], kept)
    assert silent.text == ""


class TestListening:
    pytestmark = shared

    @pytest.mark.parametrize("load", [STREAMING, pytest.param(WHOLE, marks=needs_a_model)])
    def test_a_real_model_reads_a_person(self, make: Make, load: Loader):
        """The streaming model, and one that reads whole utterances; given a clip of a person at 8 kHz."""
        pcm = recorded(HUMAN / "kws-3.flac")
        kept = Recent()
        for number in range(len(pcm) // FRAME_BYTES):
            kept.feed(pcm[number * FRAME_BYTES : (number + 1) * FRAME_BYTES], number * FRAME_SECONDS)
        answer = read(make(load), [heard(0.0, len(pcm) / 16000)], kept)[0]
        said = syllables(CLIP)
        assert len(set(said) & set(answer.syllables)) >= 0.7 * len(set(said)), answer.text
