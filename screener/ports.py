"""What the rest of the product sees of calls: an endpoint that offers them, and a call that can be steered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from screener.events import Event, Target
from screener.media.prompts import Clip


@dataclass(frozen=True, slots=True)
class InviteInfo:
    """What an INVITE said, decoded and with trust already applied.

    Attributes:
        sip_call_id: the Call-ID header.
        dialled: user part of the request URI.
        first_dialled: what the caller dialled in the first place, as History-Info or Diversion say; empty when
            neither does.
        number: the caller's number: P-Asserted-Identity from a trusted peer, else From; empty when withheld.
        display_name: decoded.
        referred_by: user part of Referred-By or the newest Diversion or History-Info; empty when none.
        source: `host:port` that it came from.
        headers: other headers that the settings ask for, lower-case name to value (for example `x-uniqueid`).
    """

    sip_call_id: str
    dialled: str
    number: str
    display_name: str
    referred_by: str
    source: str
    headers: Mapping[str, str]
    first_dialled: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a caller is moved to.

    Attributes:
        target: what the session calls it.
        uri: the SIP URI that the settings give it.
    """

    target: Target
    uri: str


FrameSink = Callable[[bytes, float], None]
"""Takes one 20 ms frame of the caller's audio (320 bytes) and its audio time; must return within a millisecond."""
EventSink = Callable[[Event], None]
"""Takes CallAnswered, Dtmf, PlaybackEnded, TransferEnded, Tick, Deaf and CallEnded; called from the media or SIP
thread, must only enqueue."""


class Call(Protocol):
    """One call. Every method may be called from any thread, returns at once, and does nothing on an ended call.

    `logged` alone is for an ended one.
    """

    @property
    def invite(self) -> InviteInfo:
        """What was offered."""
        ...

    def subscribe(self, events: EventSink) -> None:
        """Say where events go; called once, before answer or reject, inside the offer handler."""
        ...

    def answer(self) -> None:
        """200 OK; `CallAnswered` follows with the ACK."""
        ...

    def reject(self, status: int) -> None:
        """Final failure response."""
        ...

    def listen(self, frames: FrameSink | None) -> None:
        """Send the caller's audio there from now on, concealed and in order; None stops it."""
        ...

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> None:
        """Play clips one after the other, each once or for so many seconds; replaces what is playing."""
        ...

    def stop_playing(self) -> None:
        """Silence from the next packet on."""
        ...

    def transfer(self, to: Destination, *, marked: bool = False) -> None:
        """REFER the caller there; `TransferEnded` follows when the NOTIFY (or its absence) has been judged."""
        ...

    def hangup(self) -> None:
        """BYE; `CallEnded` follows."""
        ...

    def logged(self) -> None:
        """Said after `CallEnded`, once the call is written down: only then is the BYE of the peer answered.

        The answer goes out a moment later without it too.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What a recording client says of its streams.

    Attributes:
        labels: of each stream, in the order in which they came; empty where it has none.
        active: whether each sends now.
        metadata: the newest document, as it came (RFC 7865); empty when none came.
    """

    labels: tuple[str, ...]
    active: tuple[bool, ...]
    metadata: bytes


InfoSink = Callable[[RecordingInfo], None]
"""Takes what a recording client says anew; called on the SIP thread, must only enqueue."""


class Recording(Call, Protocol):
    """A recording session (RFC 7866): streams of a call that others have; nobody hears us.

    `subscribe` brings CallAnswered and CallEnded; what happens on a stream comes through its tap.
    """

    @property
    def said(self) -> RecordingInfo:
        """What the client says now."""
        ...

    def follow(self, changed: InfoSink) -> None:
        """Say who is told when the client says something new."""
        ...

    def tap(self, place: int, frames: FrameSink | None, events: EventSink | None) -> None:
        """Send a stream's audio, and its Tick and Deaf, there from now on."""
        ...


OfferSink = Callable[[Call], None]
"""Takes a newly offered call; called on the SIP thread, must only subscribe and enqueue."""


@dataclass(frozen=True, slots=True)
class RegistrationState:
    """One registrar: its address, whether we are registered there now, and the last problem in words."""

    registrar: str
    registered: bool
    problem: str = ""


class Endpoint(Protocol):
    """A SIP user agent."""

    def start(self, offers: OfferSink) -> None:
        """Bind, register, take calls.

        Raises:
            SipError: the address cannot be bound.
        """
        ...

    def registrations(self) -> Sequence[RegistrationState]:
        """Where we stand with each registrar."""
        ...

    def pulse(self, answered: Callable[[], None]) -> None:
        """Call back once every thread of the endpoint has come round to it: they live."""
        ...

    def stop(self) -> None:
        """Refuse new calls, end the calls that are up, deregister, close every socket."""
        ...


def user_of(uri: str) -> str:
    """The user part of a SIP URI, an extension where it is the PBX's; empty where it has none."""
    user, at, _ = uri.partition(":")[2].partition(";")[0].rpartition("@")
    return user if at else ""
