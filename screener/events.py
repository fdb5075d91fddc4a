"""What happens on a call: the only input that a call's session ever sees.

Audio time (`at`, `start`, `end`) is seconds since the call was answered, counted in audio, not on a clock: the
same call replayed from a file has the same times. `CallOffered.started_at` is the only wall-clock value.
Audio everywhere in the product is 16-bit signed little-endian mono at 8,000 Hz in frames of 20 ms.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

SAMPLE_RATE = 8000
"""Samples a second."""
FRAME_SECONDS = 0.02
"""Audio time of one frame."""
FRAME_SAMPLES = 160
FRAME_BYTES = 320


class Speaker(StrEnum):
    """Whose voice it is."""

    CALLER = "caller"
    AGENT = "agent"


class Entrance(StrEnum):
    """How the call came to the product."""

    IN_PATH = "in_path"
    """The PBX sends an inbound call here before any agent hears it."""
    BESIDE = "beside"
    """A listening leg on a call that an agent already has."""
    BY_HAND = "by_hand"
    """An agent transferred the caller into the analysis queue: that confirms the flag."""
    REPLAY = "replay"
    """Driven from a file, or imported from the PBX's own log."""


class Target(StrEnum):
    """Where a caller can be transferred to; the settings map each to a SIP URI."""

    AGENTS = "agents"
    SUPERVISOR = "supervisor"
    ANALYSIS = "analysis"
    """Only when the analysis queue lives on the PBX."""
    LINE_FAULT = "line_fault"
    """Likewise the other treatments, for a caller whom an agent already has."""
    TERMINATE = "terminate"


class LineClass(StrEnum):
    """What kind of line the caller's number is."""

    MOBILE = "mobile"
    FIXED = "fixed"
    TOLL_FREE = "toll_free"
    """400 and 800 numbers."""
    SHORT = "short"
    """Service numbers such as 10086."""
    PUBLIC = "public"
    """Payphones; only from lists that the operator imports."""
    DUTY = "duty"
    """Duty phones of schools, barracks, factories; only from imported lists."""
    FOREIGN = "foreign"
    INTERNAL = "internal"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as the network says.

    Attributes:
        number: in E.164 (`+8613800138000`) where it parses, as dialled otherwise; empty when withheld.
        display_name: the SIP display name, decoded.
        line: class of the line.
        region: province and city in Chinese, empty when unknown.
        carrier: the number range's original carrier, empty when unknown.
    """

    number: str = ""
    display_name: str = ""
    line: LineClass = LineClass.UNKNOWN
    region: str = ""
    carrier: str = ""


class ListName(StrEnum):
    """A list that a number can be on."""

    ALLOW = "allow"
    BLOCK = "block"
    WATCH = "watch"


class Rung(StrEnum):
    """Where a number stands that keeps harassing, the lowest first."""

    WARNED = "warned"
    SUSPENDED = "suspended"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class History:
    """What the log knows about the number at the moment it calls. All counts exclude this call.

    Attributes:
        calls_15min: calls in the 15 minutes before. Likewise the others.
        flagged: earlier calls flagged as harassment and not overturned.
        confirmed: flags that an agent or supervisor confirmed.
        overturned: flags that a person took back.
        genuine: earlier calls that ended as genuine or complaint.
        lists: the lists that hold the number now.
        rung: where it stands on the ladder now; None for nowhere.
    """

    calls_15min: int = 0
    calls_60min: int = 0
    calls_24h: int = 0
    flagged: int = 0
    confirmed: int = 0
    overturned: int = 0
    genuine: int = 0
    lists: frozenset[ListName] = frozenset()
    rung: Rung | None = None


@dataclass(frozen=True, slots=True)
class CallOffered:
    """A call wants to be taken.

    Attributes:
        call_id: the product's own id of the call; unique for ever.
        started_at: aware, UTC.
        local_time: the same instant in the site's time zone, for the calendar.
        dialled: the number that the caller dialled (hotline, 400 number, DID), in one form; empty when unknown.
        queue: of agents that the caller is meant for or waited in; empty when unknown.
        entrance: how it came.
        referred_by: the agent who sent it, from Referred-By or Diversion; empty when unknown.
        agent: who has the call, or had it until now; empty while nobody has.
        uniqueid: the PBX's id of the call (Asterisk's UNIQUEID); empty when unknown. Likewise linkedid.
    """

    call_id: str
    started_at: datetime
    local_time: datetime
    caller: Caller = field(default_factory=Caller)
    dialled: str = ""
    queue: str = ""
    entrance: Entrance = Entrance.IN_PATH
    referred_by: str = ""
    agent: str = ""
    history: History = field(default_factory=History)
    uniqueid: str = ""
    linkedid: str = ""


@dataclass(frozen=True, slots=True)
class PartiesTold:
    """Whoever tells us of a call says anew who talks, and how their voices are told apart.

    Attributes:
        caller: as in `CallOffered`; likewise `agent`, `uniqueid` and `linkedid`.
        apart: by what the caller's voice is told from the agent's, as `siprec.roles.Known` has it; empty where
            nothing new is said of that.
    """

    caller: Caller
    agent: str
    uniqueid: str
    linkedid: str
    at: float
    apart: str = ""


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """Media flows from now on; audio time is 0. The other end has confirmed (ACK)."""

    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words that a recogniser heard.

    Partials of one utterance replace each other; the final replaces them all. A partial that is told
    again as it was, with a later end, says that its speaker is silent.

    Attributes:
        utterance: number of the utterance within this speaker's stream, from 0.
        text: as the recogniser prints it, spaces removed; characters, or pinyin for a pinyin recogniser.
        syllables: the same as toneless pinyin (`("ni", "hao")`), computed at the edge.
        start, end: audio time of the utterance's first and newest audio, seconds.
        final: whether the recogniser has closed the utterance.
        confidence: the recogniser's mean word confidence 0..1, None when it gives none (partials).
    """

    speaker: Speaker
    utterance: int
    text: str
    syllables: tuple[str, ...]
    start: float
    end: float
    final: bool
    confidence: float | None = None

    @property
    def at(self) -> float:
        """Audio time at which this was known."""
        return self.end


@dataclass(frozen=True, slots=True)
class Reread:
    """What the second recogniser makes of utterances.

    Attributes:
        said: the utterances that were asked for, with its words; empty where it could not read them.
    """

    said: tuple[Transcript, ...]
    at: float


class CueKind(StrEnum):
    """A sound that is not a word."""

    SPEECH_START = "speech_start"
    SPEECH_END = "speech_end"
    LAUGHTER = "laughter"


@dataclass(frozen=True, slots=True)
class Cue:
    """A sound that supports a judgement and never makes one.

    Attributes:
        at: audio time at which it was noticed.
        duration: seconds of sound it covers; 0 for an edge.
        confidence: 0..1.
    """

    kind: CueKind
    at: float
    duration: float = 0.0
    confidence: float = 1.0
    speaker: Speaker = Speaker.CALLER


@dataclass(frozen=True, slots=True)
class Dtmf:
    """A key that was pressed: one of `0123456789*#ABCD`."""

    digit: str
    at: float
    speaker: Speaker = Speaker.CALLER


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """Everything that the last `Play` asked for has been sent.

    Attributes:
        sent: False where nothing of it could be, because the caller cannot be spoken to here.
    """

    at: float
    sent: bool = True


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """A transfer that the session asked for has been judged to its end.

    Attributes:
        ok: whether the caller is there now.
        status: final SIP status of the NOTIFY body or of the REFER itself; 408 when nothing came.
    """

    target: Target
    ok: bool
    status: int
    at: float


@dataclass(frozen=True, slots=True)
class RecognizerLost:
    """Nobody hears this voice now: its recogniser died, failed, fell too far behind or had no room.

    Words that come later say that it is heard again.
    """

    reason: str
    at: float


class DeafCause(StrEnum):
    """Why a caller who may well be talking cannot be heard."""

    NO_MEDIA = "no_media"
    """Nothing comes: audio goes one way, or the peer does not send in silence and does not say so."""
    OTHER_ADDRESS = "other_address"
    """Media comes, but from an address that nobody agreed on."""
    NOT_AUTHENTIC = "not_authentic"
    """Encrypted packets that are not proven to be the peer's: another key, altered, or sent again (RFC 3711)."""
    OTHER_FORMAT = "other_format"
    """Packets with a payload type that nobody agreed on, or that are no RTP."""
    SEVERAL_STREAMS = "several_streams"
    """More than one sender (SSRC) at once."""
    OUT_OF_STEP = "out_of_step"
    """Packets that are lost, late, too many, or whose numbers jump."""


@dataclass(frozen=True, slots=True)
class Deaf:
    """The caller could not be heard for a while, whether or not anything was said: a fault of the line."""

    cause: DeafCause
    at: float


@dataclass(frozen=True, slots=True)
class Stopping:
    """The service is about to stop, and with it every call that is still here."""

    at: float


class CallControl(StrEnum):
    """What a person may order about a call; all but a pause while it goes on."""

    ANALYSIS_QUEUE = "analysis_queue"
    LINE_FAULT = "line_fault"
    TERMINATE = "terminate"
    SUPERVISOR = "supervisor"
    """A supervisor is asked to look; nothing happens to the caller."""
    AGENTS = "agents"
    """It was a mistake, or there is no need to listen: the caller belongs to the agents."""
    WARN = "warn"
    """The next warning, whose level follows from those before."""
    APPROVE = "approve"
    """What was asked for: a warning, or the end after the warnings."""
    REFUSE = "refuse"
    PAUSE = "pause"
    """The agent takes the pause that was offered after the call."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A person who may do so has ordered something; the console and the API check who.

    Attributes:
        by: name of the person, for the log.
    """

    act: CallControl
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Audio time has moved on; sent every 200 ms of audio while the call is listened to, else every second.

    Attributes:
        heard: the caller's audio has come since the last tick and was understood, comfort noise included; not on
            hold. Only then is a quiet caller silent.
    """

    at: float
    heard: bool = True


class EndedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    AGENT = "agent"
    SCREENER = "screener"
    TRANSFER = "transfer"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over."""

    by: EndedBy
    at: float


Event = (
    CallOffered
    | PartiesTold
    | CallAnswered
    | Transcript
    | Reread
    | Cue
    | Dtmf
    | PlaybackEnded
    | TransferEnded
    | RecognizerLost
    | Deaf
    | Stopping
    | Ordered
    | Tick
    | CallEnded
)
