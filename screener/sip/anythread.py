"""What any thread may ask of a call: posted to the SIP thread, or one assignment that the media thread reads."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from screener.media.prompts import Clip
from screener.media.stream import AudioStream
from screener.ports import Destination, EventSink, FrameSink, InviteInfo
from screener.sip.uacore import UserAgentCore


class AnyThread(ABC):
    """The half of a call that `ports.Call` shows; the other half, on the SIP thread, carries it out."""

    _core: UserAgentCore
    _stream: AudioStream
    _invite: InviteInfo
    _events: EventSink

    @property
    def invite(self) -> InviteInfo:
        """What was offered."""
        return self._invite

    def subscribe(self, events: EventSink) -> None:
        """Say where events go."""
        self._events = events

    def answer(self) -> None:
        """200 OK; `CallAnswered` follows with the ACK."""
        self._core.post(self._answer)

    def reject(self, status: int) -> None:
        """Final failure response."""
        self._core.post(lambda: self._reject(status))

    def listen(self, frames: FrameSink | None) -> None:
        """Send the caller's audio there from now on; None stops it."""
        self._stream.listener = frames

    def play(self, clips: Sequence[tuple[Clip, float | None]]) -> None:
        """Play clips one after the other; replaces what is playing."""
        self._stream.play(clips)

    def stop_playing(self) -> None:
        """Silence from the next packet on."""
        self._stream.playlist = None

    def transfer(self, to: Destination, *, marked: bool = False) -> None:
        """REFER; `TransferEnded` follows."""
        self._core.post(lambda: self._refer(to, marked))

    def hangup(self) -> None:
        """BYE; `CallEnded` follows."""
        self._core.post(self._hangup)

    def logged(self) -> None:
        """200 to the BYE of the peer."""
        self._core.post(self._part)

    def press(self, digits: str) -> bool:
        """Send keys to the peer, 0-9 * # A-D; False when it takes none or too many wait."""
        return self._stream.press(digits)

    # On the SIP thread.

    @abstractmethod
    def _answer(self) -> None: ...

    @abstractmethod
    def _reject(self, status: int) -> None: ...

    @abstractmethod
    def _refer(self, to: Destination, marked: bool) -> None: ...

    @abstractmethod
    def _hangup(self) -> None: ...

    @abstractmethod
    def _part(self) -> None: ...
