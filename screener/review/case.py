"""What a package of evidence is about, and who makes it for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.review.seal import seal_of
from screener.store.find import calls_of
from screener.store.log import CallLog
from screener.store.records import CallRecord, Review
from screener.words.evidence import said
from screener.words.judgement import Teller
from screener.words.terms import Language, listed

IDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One call of a caller.

    Attributes:
        rows: everything that the log has of it, oldest first; at least one.
        audio: its recording as a WAV file, None when none was kept.
    """

    rows: tuple[CallRecord, ...]
    audio: bytes | None = None

    @property
    def first(self) -> CallRecord:
        """What the caller dialled."""
        return self.rows[0]

    @property
    def flags(self) -> list[CallRecord]:
        """Rows that were judged harassment, overturned ones among them."""
        return [row for row in self.rows if row.verdict is Verdict.HARASSMENT]

    @property
    def holds(self) -> bool:
        """A flag that nobody has overturned."""
        return any(row.review is not Review.OVERTURNED for row in self.flags)

    @property
    def confirmed(self) -> bool:
        """A person has confirmed a flag of it."""
        return any(row.review is Review.CONFIRMED for row in self.flags)

    @property
    def kind(self) -> str:
        """Of the first flag that has one; empty for none."""
        return next((row.kind.value for row in self.flags if row.kind), "")

    @property
    def ended_at(self) -> datetime | None:
        """When the last of it ended."""
        return max((row.ended_at for row in self.rows if row.ended_at), default=None)


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a package, when, and for readers of what language and time zone."""

    site: str
    who: str
    at: datetime
    teller: Teller
    zone: ZoneInfo
    key: Ed25519PrivateKey = field(repr=False)

    @property
    def lang(self) -> Language:
        """Of the package's words."""
        return self.teller.lang

    def word(self, key: str) -> str:
        """A phrase of the package."""
        return said(key, self.lang)

    @property
    def fingerprint(self) -> str:
        """What the signature of the package is known by."""
        return seal_of(self.key).fingerprint

    def in_turn(self, sentences: Iterable[str]) -> str:
        """One after the other on one line."""
        return ("；", "; ")[self.lang == "en"].join(sentences)

    def moment(self, at: datetime | None) -> str:
        """A time as the site's clocks showed it."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}" if at else self.word("unknown")

    def duration(self, exhibit: Exhibit) -> str:
        """How long a call took, in minutes and seconds."""
        if exhibit.ended_at is None:
            return self.word("unknown")
        minutes, seconds = divmod(round((exhibit.ended_at - exhibit.first.started_at).total_seconds()), 60)
        if not minutes:
            return self.word("seconds").format(seconds)
        return self.word("minutes").format(minutes, seconds)

    def kinds(self, exhibits: Sequence[Exhibit]) -> str:
        """What the calls were, with how many of each."""
        counts: dict[str, int] = {}
        for exhibit in exhibits:
            counts[exhibit.kind] = counts.get(exhibit.kind, 0) + 1
        named = sorted(counts.items(), key=lambda item: -item[1])
        return listed((f"{self.teller.kind(kind) or self.word('no_kind')} {n}" for kind, n in named), self.lang)


@dataclass(frozen=True, slots=True)
class Case:
    """What a package is about.

    Attributes:
        exhibits: calls, oldest first; at least one.
        all_calls: how often the number called in all; None where several numbers, or none, are in the package.
        others: calls of the number in the same time that are no exhibits, oldest first: part of the pattern, dated
            and called what they are; nothing of what was said in them is handed out.
    """

    exhibits: Sequence[Exhibit]
    all_calls: int | None = None
    others: Sequence[Exhibit] = ()

    @property
    def flagged(self) -> list[Exhibit]:
        """Calls of which a flag holds."""
        return [exhibit for exhibit in self.exhibits if exhibit.holds]

    @property
    def dated(self) -> list[Exhibit]:
        """All calls of the case, oldest first."""
        return sorted((*self.exhibits, *self.others), key=lambda exhibit: exhibit.first.started_at)

    @property
    def by_caller(self) -> "list[Case]":
        """The case of each number; of two calls that withheld it nobody knows whether they were one caller's."""
        found: dict[str, list[Exhibit]] = {}
        for exhibit in self.exhibits:
            found.setdefault(exhibit.first.number or f"withheld {exhibit.first.id}", []).append(exhibit)
        return [self] if len(found) == 1 else [Case(own) for own in found.values()]


NAME_BYTES = 200
"""No file of a PBX has a longer name; behind a proxy an id is a stranger's, and as long as they like."""


def recording_of(folder: Path | None, rows: Sequence[CallRecord]) -> bytes | None:
    """What the PBX recorded of a call, where it keeps it under an id of the call; None where there is nothing.

    Raises:
        InputError: it cannot be read.
    """
    ids = (name for row in rows for name in (row.id, row.uniqueid, row.linkedid))
    names = dict.fromkeys(name for name in ids if name and Path(name).name == name)
    files = [folder / f"{name}.wav" for name in names if len(name.encode()) <= NAME_BYTES] if folder else []
    try:
        return next((file.read_bytes() for file in files if file.is_file()), None)
    except OSError as problem:
        raise InputError(f"{folder}: a recording cannot be read ({problem.strerror})") from problem


def case_of(
    log: CallLog, exhibits: Sequence[Exhibit], *, record: bool = False, others: Sequence[Exhibit] = ()
) -> Case:
    """The case of some calls.

    Args:
        log: that they are from.
        exhibits: oldest first; at least one.
        record: a mere record, for which a call need be no harassment.
        others: further calls of the same number, as of `Case`.

    Raises:
        InputError: a call is no harassment.
        StoreError: the database failed.
    """
    if not record and (no := [exhibit.first.id for exhibit in exhibits if not exhibit.holds]):
        what = f"{', '.join(no[:IDS_SHOWN])}: no harassment, or a flag that was overturned"
        raise InputError(what, "leave it out, or make a mere record of it with --record")
    numbers = {exhibit.first.number for exhibit in exhibits}
    total = calls_of(log, next(iter(numbers))) if len(numbers) == 1 and "" not in numbers else None
    return Case(exhibits, total, others)
