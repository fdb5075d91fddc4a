"""What the endpoint counts, and the samples of it that operators see."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from screener.events import SAMPLE_RATE, DeafCause
from screener.media.leg import LoopCounts
from screener.media.stream import AudioStream
from screener.operations.metrics import Sample
from screener.ports import RegistrationState
from screener.sip.wire import Wire


@dataclass(slots=True)
class SipCounts:
    """What came, counted since the start.

    Attributes:
        dropped: datagrams of sources that are not allowed.
        unread: messages of sources that send far too many.
        malformed: datagrams that are not SIP, or requests that are wrong.
        stray: responses that nobody asked for.
        offered: calls that were handed on.
        refused: requests by the status that they were refused with.
    """

    dropped: int = 0
    unread: int = 0
    malformed: int = 0
    stray: int = 0
    offered: int = 0
    refused: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class MediaTotals:
    """Packets of calls that are over, and how often one of them was not heard."""

    received: int = 0
    lost: int = 0
    malformed: int = 0
    dropped: int = 0
    deaf: Counter[DeafCause] = field(default_factory=Counter)

    def add(self, streams: Iterable[AudioStream]) -> "MediaTotals":
        """With these calls added."""
        total = MediaTotals(self.received, self.lost, self.malformed, self.dropped, Counter(self.deaf))
        for stream in streams:
            total.received += stream.reception.received
            total.lost += max(0, stream.reception.lost)
            total.malformed += stream.malformed
            total.dropped += stream.jitter.counts.late + stream.jitter.counts.dropped
            total.deaf += stream.audibility.told
        return total


def samples(
    counts: SipCounts,
    loop: LoopCounts,
    past: MediaTotals,
    streams: Sequence[AudioStream],
    registrations: Sequence[RegistrationState],
) -> Iterator[Sample]:
    """Everything that the endpoint knows about itself."""
    yield Sample("calls", len(streams), "Calls that are up or offered.")
    yield Sample("calls_offered_total", counts.offered, "Calls that were handed to the judgement.")
    for state in registrations:
        yield Sample("registered", state.registered, "1 while registered there.", {"registrar": state.registrar})
    for status, count in sorted(counts.refused.items()):
        yield Sample("sip_refused_total", count, "Requests refused, by status.", {"status": str(status)})
    for reason, count in (
        ("stranger", counts.dropped),
        ("flood", counts.unread),
        ("malformed", counts.malformed),
        ("stray", counts.stray),
    ):
        yield Sample("sip_dropped_total", count, "SIP messages dropped or found wrong.", {"reason": reason})
    media = past.add(streams)
    yield Sample("rtp_sent_total", loop.sent, "RTP packets sent.")
    yield Sample("rtp_received_total", loop.received, "RTP packets received from the pinned peers.")
    yield Sample("rtp_lost_total", media.lost, "RTP packets that never came.")
    yield Sample("rtp_malformed_total", media.malformed, "RTP packets that were none.")
    yield Sample("rtp_refused_total", loop.refused, "RTP packets of somebody else before the peer spoke.")
    yield Sample("rtp_late_total", media.dropped, "RTP packets that came too late or too early to be heard.")
    for cause in DeafCause:
        unheard = media.deaf[cause]
        yield Sample("calls_unheard_total", unheard, "Calls whose caller was not heard.", {"cause": cause})
    yield Sample("media_skipped_slots_total", loop.skipped, "Slots of 2 ms given up after a standstill.")
    yield Sample("media_worst_late_seconds", loop.worst_late, "How late the latest slot was.")
    jitters = [stream.reception.jitter / SAMPLE_RATE for stream in streams]
    yield Sample("rtp_jitter_seconds", max(jitters, default=0.0), "Jitter of the worst call that is up.")
    remote = [stream.heard_of_us.fraction / 256 for stream in streams if stream.heard_of_us]
    yield Sample("rtp_remote_loss_ratio", max(remote, default=0.0), "Loss of ours, as the worst peer reports it.")


def of_security(wire: Wire, encrypted: int) -> Iterator[Sample]:
    """What is encrypted, and how long that lasts.

    Args:
        wire: every SIP socket.
        encrypted: calls that are up with SRTP.
    """
    yield Sample("calls_encrypted", encrypted, "Calls among those whose media is encrypted (SRTP).")
    for transport, count in wire.connections.items():
        yield Sample("sip_connections", count, "SIP connections that are open.", {"transport": transport})
    if wire.certificate_ends is not None:
        left = (wire.certificate_ends - datetime.now(UTC)).total_seconds()
        yield Sample("tls_certificate_seconds", left, "Until our certificate expires; negative since it has.")
