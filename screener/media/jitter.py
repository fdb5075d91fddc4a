"""Puts packets back in order and cuts them into frames: one frame a tick, whatever the network did.

Payload bytes are G.711, one byte a sample. There is no clock in here: the reader's ticks are the clock. A packet
that is missing when its turn comes is lost; a buffer that runs dry waits for the sender without moving on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from screener.events import FRAME_SAMPLES, DeafCause

START_PACKETS = 2
"""Packets that wait before the first is played: how much jitter is taken without loss."""
MAX_PACKETS = 25
"""More than half a second behind is not a conversation: the oldest go."""
SHRINK_FRAMES = 100
"""If the buffer was never emptier than `START_PACKETS + 1` for so many frames, one packet is dropped."""
RESYNC = 100
"""A sequence number so far away is another stream."""
SWITCH_PACKETS = 3
"""So many packets of another SSRC, with none of the old one between them: the sender has begun anew."""


@dataclass(slots=True)
class JitterCounts:
    """What happened to packets, counted since the call began."""

    received: int = 0
    lost: int = 0
    late: int = 0
    dropped: int = 0
    underruns: int = 0
    resyncs: int = 0
    strays: int = 0


class JitterBuffer:
    """One stream of packets, bounded."""

    def __init__(self) -> None:
        self.counts = JitterCounts()
        self._packets: dict[int, bytes] = {}
        self._next: int | None = None
        self._ssrc: int | None = None
        self._others: list[tuple[int, int, bytes]] = []
        """The newest packets, when they are of another SSRC than the one that is played."""
        self._told = JitterCounts()
        self._pending = bytearray()
        self._filling = True
        self._lowest = MAX_PACKETS
        self._frames = 0

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def started(self) -> bool:
        """Whether anything came since the beginning or since `clear`."""
        return self._next is not None

    def clear(self) -> None:
        """Forget what waits: audio time begins anew."""
        self._packets.clear()
        self._pending.clear()
        self._others.clear()
        self._next = None
        self._filling = True

    def push(self, sequence: int, ssrc: int, payload: bytes) -> None:
        """Take a packet from the network."""
        self.counts.received += 1
        if self._ssrc is None:
            self._ssrc = ssrc
        if ssrc == self._ssrc:
            self._others.clear()
            self._put(sequence, payload)
        else:
            self._stray(sequence, ssrc, payload)

    def _stray(self, sequence: int, ssrc: int, payload: bytes) -> None:
        """Of two streams at once the first is played; one that follows the other is played from its beginning."""
        self.counts.strays += 1
        if self._others and self._others[-1][1] != ssrc:
            self._others.clear()
        self._others.append((sequence, ssrc, payload))
        if len(self._others) < SWITCH_PACKETS:
            return
        begun = tuple(self._others)
        self.counts.resyncs += 1
        self.clear()
        self._ssrc = ssrc
        for number, _, data in begun:
            self._put(number, data)

    def _put(self, sequence: int, payload: bytes) -> None:
        if self._next is None:
            self._next = sequence
        ahead = ((sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        if abs(ahead) > RESYNC:
            self.counts.resyncs += 1
            self.clear()
            self._next, ahead = sequence, 0
        if ahead < 0:
            if not self._filling:
                self.counts.late += 1
                return
            self._next = sequence  # nothing was played yet: the first packets came out of order
        self._packets[sequence] = payload
        while len(self._packets) > MAX_PACKETS:
            self.counts.dropped += self._skip() is not None
            self._pending.clear()

    def pop(self) -> bytes | None:
        """One frame of 160 bytes; None when there is nothing to play, which the listener hears as concealment."""
        if self._filling:
            if len(self._packets) < START_PACKETS:
                return None
            self._filling = False
        self._shrink()
        while len(self._pending) < FRAME_SAMPLES:
            if not self._packets:
                self.counts.underruns += 1
                return None
            payload = self._skip()
            if payload is None:
                self.counts.lost += 1
                return None
            self._pending += payload
        frame = bytes(self._pending[:FRAME_SAMPLES])
        del self._pending[:FRAME_SAMPLES]
        return frame

    def unplayable(self) -> Mapping[DeafCause, int]:
        """Packets since the last time that this was asked of which nothing could be heard, by their cause."""
        now, before = self.counts, self._told
        self._told = replace(now)
        jumped = now.resyncs - before.resyncs + now.dropped - before.dropped
        return {DeafCause.SEVERAL_STREAMS: now.strays - before.strays, DeafCause.OUT_OF_STEP: jumped}

    def _skip(self) -> bytes | None:
        """Move on by one packet, whether it is here or not."""
        assert self._next is not None  # something was pushed
        payload = self._packets.pop(self._next, None)
        self._next = (self._next + 1) & 0xFFFF
        return payload

    def _shrink(self) -> None:
        """Give back the delay that jitter or a faster sender's clock has piled up."""
        self._lowest = min(self._lowest, len(self._packets))
        self._frames += 1
        if self._frames < SHRINK_FRAMES:
            return
        if self._lowest > START_PACKETS + 1 and self._skip() is not None:
            self.counts.dropped += 1
        self._frames, self._lowest = 0, MAX_PACKETS
