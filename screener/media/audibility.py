"""Whether the caller can be heard at all: a quiet caller is silent, one whose voice does not arrive is not.

Judged from one tick to the next by the frames that could be played and by the packets that could not. No clock.
"""

from collections import Counter

from screener.events import FRAME_SECONDS, DeafCause

ENOUGH = 0.7
"""The part of the frames between two ticks that must have arrived; no more packets than the rest may be odd."""
DEAF_FRAMES = round(5.0 / FRAME_SECONDS)
"""Frames unheard, less those that were heard again, after which the caller is not heard: no longer than a silent
one is waited for before the first question."""
COMFORT_FRAMES = round(10.0 / FRAME_SECONDS)
"""So long comfort noise (RFC 3389) stands for a caller who is quiet: there is nothing else to send meanwhile."""
ALLOWED = (DeafCause.OTHER_ADDRESS, DeafCause.NOT_AUTHENTIC)
"""What says why, and does not disturb a caller who is heard beside it: anybody may send that."""


class Audibility:
    """Of one call.

    Attributes:
        told: causes for which the caller was found unheard, counted.
    """

    def __init__(self) -> None:
        self.told: Counter[DeafCause] = Counter()
        self._odd: Counter[DeafCause] = Counter()
        self._causes: Counter[DeafCause] = Counter()
        self._frames = self._played = self._packets = 0
        self._comfort = 0
        self._deaf = 0
        self._is_told = False

    def packet(self) -> None:
        """One has come that may be played."""
        self._packets += 1

    def odd(self, cause: DeafCause, count: int = 1) -> None:
        """Packets have come that cannot be played."""
        self._odd[cause] += count

    def comfort_noise(self) -> None:
        """The peer says that the caller is quiet."""
        self._comfort = COMFORT_FRAMES

    def frame(self, *, played: bool) -> None:
        """It was time for a frame: whether there was one."""
        self._frames += 1
        self._played += played or self._comfort > 0
        self._comfort = max(0, self._comfort - 1)

    def judge(self) -> tuple[bool, DeafCause | None]:
        """At a tick: whether the caller was heard since the last one; the cause, once, when that lasts."""
        odd = self._odd.total() - sum(self._odd[cause] for cause in ALLOWED)
        heard = bool(self._frames) and (
            self._played >= ENOUGH * self._frames and odd <= (1 - ENOUGH) * self._frames
        )
        if heard:
            self._deaf = max(0, self._deaf - self._frames)
        elif self._frames:
            self._deaf += self._frames
            self._causes[self._cause()] += 1
        if not self._deaf:
            self._is_told = False
            self._causes.clear()
        self._begin()
        if self._deaf < DEAF_FRAMES or self._is_told:
            return heard, None
        self._is_told, self._deaf = True, DEAF_FRAMES
        cause = self._causes.most_common(1)[0][0]
        self.told[cause] += 1
        return heard, cause

    def forget(self) -> None:
        """Nobody listens, or the caller is on hold: nothing is found out about this line meanwhile."""
        self._begin()
        self._deaf = 0
        self._causes.clear()
        self._is_told = False

    def _begin(self) -> None:
        self._frames = self._played = self._packets = 0
        self._odd.clear()

    def _cause(self) -> DeafCause:
        most = (+self._odd).most_common(1)
        if most and most[0][0] not in ALLOWED:
            return most[0][0]
        if self._packets:
            return DeafCause.OUT_OF_STEP
        return most[0][0] if most else DeafCause.NO_MEDIA
