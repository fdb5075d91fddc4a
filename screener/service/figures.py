"""Figures for those who watch the service: what people said of its flags, and what its recognisers do."""

from collections.abc import Iterator
from datetime import datetime

from screener.errors import StoreError
from screener.operations.metrics import Sample
from screener.speech.pool import Loss, RecognizerPool
from screener.speech.second import ReadingOutcome, SecondReader
from screener.store.find import reviews
from screener.store.log import CallLog
from screener.store.records import Review

REVIEW_SECONDS = 60.0
"""How old the count of reviewed flags may be."""


class Reviews:
    """What people said of all flags of the log, asked at most once a minute."""

    def __init__(self, log: CallLog) -> None:
        self._log = log
        self._known: tuple[datetime, dict[Review, int]] | None = None

    def samples(self, now: datetime) -> Iterator[Sample]:
        """A figure for each word; nothing while the log is away."""
        if self._known is None or (now - self._known[0]).total_seconds() > REVIEW_SECONDS:
            try:
                self._known = now, reviews(self._log)
            except StoreError:
                return
        for review, number in self._known[1].items():
            yield Sample(
                "flags", number, "Flags of the log by what people said of them.", {"review": review.value}
            )


def of_hearing(pool: RecognizerPool, second: SecondReader | None) -> Iterator[Sample]:
    """What the processes do, and what they lost; any thread."""
    if second is not None:
        yield from _of_second(second)
    yield Sample("voices", pool.voices, "Voices that are listened to now, heard or not.")
    yield Sample("recognisers_ready", pool.ready(), "Recogniser processes that hear now.")
    yield Sample("recogniser_restarts_total", pool.counts.restarts, "Recogniser processes started anew.")
    for number, busy in enumerate(pool.busy()):
        text = "Part of a processor that a recogniser process has used lately."
        yield Sample("recogniser_busy", busy, text, {"process": str(number)})
    for server in pool.servers():
        where = {"server": server.place}
        yield Sample("recogniser_server_up", server.up, "0: the server on another machine fails now.", where)
        yield Sample("recogniser_server_streams", server.streams, "Streams that the server hears for us.", where)
    for cause in Loss:
        text = "Voices that were not heard any more, or not at all."
        yield Sample("voices_lost_total", pool.counts.lost[cause], text, {"cause": cause})
    text = "Seconds of agents who are heard that were left out: the processes were too far behind."
    yield Sample("agent_seconds_left_out_total", pool.counts.left_out, text)
    yield Sample("voices_heard_again_total", pool.counts.heard_again, "Voices heard again after a crash.")


def _of_second(second: SecondReader) -> Iterator[Sample]:
    yield Sample("second_reader_ready", second.ready, "1: a second reader reads what flags stand on.")
    for outcome in ReadingOutcome:
        text = "Second readings, by what became of them."
        yield Sample("second_readings_total", second.counts[outcome], text, {"outcome": outcome})
    yield Sample("second_reading_seconds_total", second.seconds, "Seconds that second readings took.")
