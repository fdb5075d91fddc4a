"""How much of a signal is left behind the edge: signal-to-noise beside that of G.711 itself."""

import audioop
from dataclasses import dataclass

import numpy as np

from screener.events import CallAnswered
from screener.media.g711 import Law
from screener.media.prompts import Clip
from screener.media.rtp import Packet
from tests.sip.caller import Caller, Desk

SECONDS = 0.8
PIECE = 800
LEVELS = (-20, -30, -40)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Decibels of signal to noise: in to the listener, out to the caller, and of G.711 alone."""

    law: Law
    level: int
    inwards: float
    outwards: float
    alone: float


def signal(level: int) -> bytes:
    """Two tones that share no period with the frame; their RMS in dB of full scale."""
    t = np.arange(round(8000 * SECONDS)) / 8000
    wave = np.sin(2 * np.pi * 1013.7 * t) + np.sin(2 * np.pi * 443.3 * t)
    return np.rint(wave * 32768 * 10 ** (level / 20)).astype("<i2").tobytes()


def snr(original: bytes, heard: bytes) -> float:
    """Signal to noise, the median of pieces of 0.1 s, each where it is heard best.

    A frame that a busy machine delays shifts what follows: that is no noise of the edge.
    """
    a, b = np.frombuffer(original, "<i2").astype(float), np.frombuffer(heard, "<i2").astype(float)
    ratios = []
    loudness = np.convolve(b**2, np.ones(PIECE), "valid")
    for start in range(1600, a.size - 1600, PIECE):  # the ends may be lost to the start of the stream
        piece = a[start : start + PIECE]
        noise = (loudness - 2 * np.correlate(b, piece, "valid") + (piece**2).sum()).min() / PIECE
        ratios.append(10 * np.log10((piece**2).mean() / max(noise, 1e-9)))
    return float(np.median(ratios))


def measure(law: Law, level: int) -> Fidelity:
    """One call, speaking and hearing at once."""
    pcm = signal(level)
    desk = Desk()
    caller = Caller(desk.agent.port)
    try:
        caller.call(caller.offer(f"{law.payload_type}"))
        desk.event(CallAnswered)
        call, inward = desk.call(), bytearray()
        call.listen(lambda frame, at: inward.extend(frame))
        call.play([(Clip.of("tones", pcm), None)])
        speaking = caller.speaking(bytes(1600) + pcm + bytes(3200), law)
        packets: list[Packet] = caller.hear(round(SECONDS / 0.02) + 12)
        speaking.join()
        outward = b"".join(law.decode(p.payload) for p in packets)
        return Fidelity(law, level, snr(pcm, bytes(inward)), snr(pcm, outward), snr(pcm, _alone(law, pcm)))
    finally:
        caller.close()
        desk.stop()


def _alone(law: Law, pcm: bytes) -> bytes:
    """The law's own loss, computed by the standard library and not by the product."""
    if law is Law.PCMU:
        return audioop.ulaw2lin(audioop.lin2ulaw(pcm, 2), 2)
    return audioop.alaw2lin(audioop.lin2alaw(pcm, 2), 2)
