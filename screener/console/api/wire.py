"""What the API takes and answers: codes, words where a person is to read them, numbers as the role may see them.

Calls of the log are `store.records.CallRecord`, entries of lists `ListedNumber`, as they are kept.
"""

from dataclasses import dataclass
from datetime import date, datetime

from screener.core.ladder import LadderPlace
from screener.events import CallControl, ListName
from screener.feed.items import Began, Cautioned, Heard, Judged, Moved, Obeyed, Weighed
from screener.review.suggest import ListProposal
from screener.store.records import CallRecord, ListedNumber, Review, ReviewNote


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done, and what to do about it, in the site's language.

    Attributes:
        field: the key of the request or of its body that is wrong; empty for none in particular.
    """

    error: str
    remedy: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """What came of an order about a running call.

    Attributes:
        ok: it was carried out, goes on already, or is on its way.
        outcome: `done`, `already`, `too_late`, `not_here` or `replaced`; empty while the service that has the call
            has not said.
        told: the same in words.
    """

    ok: bool
    outcome: str
    told: str


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""

    ok: bool = True


@dataclass(frozen=True, slots=True)
class Myself:
    """Whose token it is.

    Attributes:
        extension: of an agent, else empty.
        whole_numbers: whether phone numbers come whole.
    """

    name: str
    role: str
    extension: str
    whole_numbers: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A call that is up, or has just ended.

    Attributes:
        began: null when the console came in its middle.
        at: audio seconds so far, as they were told last.
        zero: second 0 of the call on the clock of `Changes.now`: how long it lasts while nobody speaks, too.
        words: newest utterances of both parties, the oldest first; likewise `evidence`.
        judged: the newest decision.
        warnings: the steps of its warnings; a newest one that is `asked` waits for somebody's word.
        treatment: that goes on, else empty.
        unheard: why nobody listens, else empty.
        asked_by: who asks a supervisor to look, else empty.
        moved: the last transfer, and what the PBX answered: `ok` is that the caller is there; `status` is SIP's.
        orders: what people ordered, and what came of it.
        over: by whom it was ended; empty while it goes on.
        urgent: somebody should look at once.
    """

    call: str
    at: float
    zero: float
    began: Began | None
    words: tuple[Heard, ...]
    evidence: tuple[Weighed, ...]
    judged: Judged | None
    warnings: tuple[Cautioned, ...]
    treatment: str
    unheard: str
    asked_by: str
    moved: Moved | None
    orders: tuple[Obeyed, ...]
    over: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last event of a stream; its first event tells every call that is up.

    Attributes:
        gone: ids of calls that are shown no more.
        feeds: of each service, whether it is heard.
        missed: lines that the console itself did not hear.
        gap: the last time that a service was not heard, since when and for how many seconds, if it was lately.
        now: seconds on the console's own clock.
    """

    calls: tuple[Running, ...]
    gone: tuple[str, ...]
    feeds: tuple[bool, ...]
    missed: int
    gap: dict[str, str | int] | None
    now: float


@dataclass(frozen=True, slots=True)
class Found:
    """Calls of the log, newest first, without their parts: `limit` of them, from 1 to 500, 50 unless it is said.

    Attributes:
        more: there are others, or may be.
        next: with `after` of this value those come; empty where there are none.
    """

    calls: tuple[CallRecord, ...]
    more: bool
    next: str


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything that the log has of one call: its rows, oldest first, the reasons in words, and what people said.

    Attributes:
        words: every word of a person about it, the oldest first.
        mark: stands for the newest of them; `AWord.knows` takes it.
    """

    rows: tuple[CallRecord, ...]
    reasons: tuple[str, ...]
    words: tuple[ReviewNote, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Flags that nobody has reviewed: how many, and the newest."""

    left: int
    calls: tuple[CallRecord, ...]


@dataclass(frozen=True, slots=True)
class OnLadder:
    """A number that keeps harassing, and where it stands."""

    number: str
    stands: LadderPlace


@dataclass(frozen=True, slots=True)
class Lists:
    """Entries that hold, numbers that the log proposes, and who stands on the ladder."""

    entries: tuple[ListedNumber, ...]
    proposals: tuple[ListProposal, ...]
    ladder: tuple[OnLadder, ...]


@dataclass(frozen=True, slots=True)
class AnOrder:
    """What is to be done about a running call."""

    act: CallControl


@dataclass(frozen=True, slots=True)
class AWord:
    """What a person says of a call: confirmed, overturned, or none, which takes an earlier word back.

    Attributes:
        knows: the `mark` of the call as the person saw it: somebody else's word since then is not passed over
            (400). Without it the newest word holds.
    """

    word: Review
    reason: str = ""
    knows: str | None = None


@dataclass(frozen=True, slots=True)
class AnEntry:
    """A number for a list; `expires` is a day to come, in the site's zone, null for ever."""

    name: ListName
    number: str
    reason: str
    expires: date | datetime | None = None


@dataclass(frozen=True, slots=True)
class AListed:
    """A number that is on a list."""

    name: ListName
    number: str


@dataclass(frozen=True, slots=True)
class AProposed:
    """A number that is proposed for a list, or stands on the ladder."""

    number: str
