"""What a call that is listened to has around it: ears that hear nothing, a leg that writes down, moments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from screener.core.actions import Decided
from screener.core.evidence import Assessment, Decision, Kind, Treatment, Verdict
from screener.events import Caller, CallOffered, Entrance, Event, Speaker
from screener.ports import Destination, InviteInfo

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def offered(call_id: str = "a", entrance: Entrance = Entrance.BESIDE, **changes: str) -> CallOffered:
    return CallOffered(call_id, NOON, NOON, Caller("+8613900001111"), entrance=entrance, **changes)


def decided(
    verdict: Verdict = Verdict.HARASSMENT, treatment: Treatment = Treatment.NONE, kind: Kind | None = Kind.LEWD
) -> Decided:
    return Decided(
        Decision(verdict, kind, treatment, 3.0, 2.0, Assessment(3.0, 4.0, kind, ()), reason="judged:lewd")
    )


@dataclass(eq=False)
class FakeVoice:
    call_id: str
    speaker: Speaker

    def feed(self, pcm: bytes, at: float) -> None: ...


@dataclass
class FakePool:
    """Recognisers: which voices are open, and which were closed."""

    open_voices: list[FakeVoice] = field(default_factory=list)
    closed: list[FakeVoice] = field(default_factory=list)

    def open(self, call_id: str, speaker: Speaker) -> FakeVoice:
        self.open_voices.append(FakeVoice(call_id, speaker))
        return self.open_voices[-1]

    def close(self, voice: FakeVoice) -> None:
        self.open_voices.remove(voice)
        self.closed.append(voice)


class FakeLeg:
    """A SIP call that somebody dials to us: keeps what is asked of it."""

    def __init__(self, dialled: str = "beside") -> None:
        self.invite = InviteInfo(f"call-{dialled}", dialled, "", "", "", "192.0.2.9:5060", {})
        self.asked: list[str] = []
        self.frames: object = None
        self.tell: Callable[[Event], None] = lambda _event: None

    def subscribe(self, events: Callable[[Event], None]) -> None:
        self.tell = events

    def listen(self, frames: object) -> None:
        self.frames = frames

    def answer(self) -> None:
        self.asked.append("answer")

    def reject(self, status: int) -> None:
        self.asked.append(f"reject {status}")

    def play(self, clips: object) -> None:
        self.asked.append(f"play {clips}")

    def stop_playing(self) -> None:
        self.asked.append("stop_playing")

    def transfer(self, to: Destination, *, marked: bool = False) -> None:
        self.asked.append(f"transfer {to.uri}")

    def hangup(self) -> None:
        self.asked.append("hangup")

    def logged(self) -> None:
        self.asked.append("logged")
