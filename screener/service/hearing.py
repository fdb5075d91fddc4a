"""Figures of the recognisers, for operators."""

from collections.abc import Iterator

from screener.operations.metrics import Sample
from screener.speech.pool import Loss, RecognizerPool


def of_hearing(pool: RecognizerPool) -> Iterator[Sample]:
    """What the processes do, and what they lost; any thread."""
    yield Sample("voices", pool.voices, "Voices that are listened to now, heard or not.")
    yield Sample("recognisers_ready", pool.ready(), "Recogniser processes that hear now.")
    yield Sample("recogniser_restarts_total", pool.counts.restarts, "Recogniser processes started anew.")
    for number, busy in enumerate(pool.busy()):
        text = "Part of a processor that a recogniser process has used lately."
        yield Sample("recogniser_busy", busy, text, {"process": str(number)})
    for cause in Loss:
        text = "Voices that were not heard any more, or not at all."
        yield Sample("voices_lost_total", pool.counts.lost[cause], text, {"cause": cause})
    yield Sample("voices_heard_again_total", pool.counts.heard_again, "Voices heard again after a crash.")
