"""One voice on its way to a recogniser process: the frames that wait, and how far behind its recogniser is."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from screener.events import FRAME_BYTES, FRAME_SECONDS, Speaker, Transcript

BATCH_FRAMES = 5
"""A recogniser is given 100 ms at once: fifty frames a second need not wake a process fifty times."""
RECORD_FRAMES = 150
"""Frames of one record at most."""
CAUGHT_UP_SECONDS = 1.0
_JITTER = FRAME_SECONDS / 4


class Voice:
    """Of one speaker in a call. `feed` is the media thread's; the rest belongs to the pool.

    Attributes:
        number: of the stream in its process; another one each time that the voice is opened.
        frames: audio that waits, with its times.
        closing: no more audio comes.
        is_lost: it is not heard now.
        crashes: processes that died after they were given something of it.
        skipping: its process was told to leave out what waits, and has not answered yet.
    """

    def __init__(self, call_id: str, speaker: Speaker, queue_seconds: float) -> None:
        self.call_id, self.speaker = call_id, speaker
        self.number = 0
        self.at = 0.0
        """Audio time of the newest frame."""
        most = round(queue_seconds / FRAME_SECONDS) + BATCH_FRAMES + 1
        self.frames: deque[tuple[bytes, float]] = deque(maxlen=most)
        self.closing = self.close_said = self.is_lost = self.skipping = False
        self.crashes = 0
        self._fed = self._done = self._sent = 0
        """Frames since the voice was opened: that came, that a process has heard, that one was given.

        When another process takes over, all that came counts as given and heard.
        """
        self._counted_from = 0
        """Frames that were fed before the process began to count."""
        self._utterances = self._base = 0
        """The number of the call's next utterance, and of the first that the present process counts."""

    @property
    def key(self) -> tuple[str, Speaker]:
        """Tells it from every other voice that is open."""
        return self.call_id, self.speaker

    @property
    def behind(self) -> float:
        """Seconds of audio that were fed and are not heard yet."""
        return (self._fed - self._done) * FRAME_SECONDS

    @property
    def caught_up(self) -> bool:
        """Whether what was said until a moment ago is heard: only then is a quiet caller silent."""
        return not self.is_lost and self.behind < CAUGHT_UP_SECONDS

    @property
    def owed(self) -> bool:
        """Whether the process has audio of it that it has not answered for."""
        return self._sent > self._done

    @property
    def was_given(self) -> bool:
        """Whether its present process was given anything of it: else it cannot be why that died."""
        return self._sent > self._counted_from

    def feed(self, pcm: bytes, at: float) -> None:
        """The next frame (320 bytes) and its audio time; on the media thread, at the cost of a copy."""
        self.frames.append((pcm, at))
        self.at = at
        self._fed += 1

    def take(self) -> Iterator[tuple[float, bytes]]:
        """Everything that waits, in pieces without a gap."""
        begin = expected = 0.0
        pieces: list[bytes] = []
        for _ in range(len(self.frames)):
            pcm, at = self.frames.popleft()
            if pieces and (abs(at - expected) > _JITTER or len(pieces) >= RECORD_FRAMES):
                yield begin, b"".join(pieces)
                pieces = []
            if not pieces:
                begin = at
            pieces.append(pcm)
            expected = at + len(pcm) / FRAME_BYTES * FRAME_SECONDS
            self._sent += 1
        if pieces:
            yield begin, b"".join(pieces)

    def heard_so_far(self, frames: int) -> None:
        """Its process has heard so many frames, or left them out."""
        self._done = self._counted_from + frames
        self.skipping = False

    def skip(self) -> None:
        """Leave out what waits here; its process does so with what it has."""
        self.frames.clear()
        self._counted_from += self._fed - self._sent
        self._sent = self._fed
        self.skipping = True

    def begin_again(self) -> None:
        """Another process takes it: what is on its way to the old one is gone, and utterances count on."""
        self.frames.clear()
        self._counted_from = self._done = self._sent = self._fed
        self._base = self._utterances
        self.close_said = self.skipping = False

    def numbered(self, transcript: Transcript) -> Transcript:
        """With its utterance's number in the call, whichever process counted it."""
        number = self._base + transcript.utterance
        self._utterances = max(self._utterances, number + 1)
        return replace(transcript, utterance=number) if self._base else transcript
