"""A package of evidence out of the log: which calls, by whom, on record; the same whoever asks, by whatever way.

What is in it, and in what form, says `dossier`; how it lies on a disk, `files`; whether it is still what it was,
`verify`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from screener.errors import InputError
from screener.review.by import By
from screener.review.case import Exhibit, Maker, case_of, recording_of
from screener.review.dossier import MANIFEST, pack, sum_of
from screener.review.seal import site_key
from screener.review.stamp import STAMP, stamp
from screener.settings.sections import Settings
from screener.store.find import find
from screener.store.log import CallLog
from screener.store.records import Access, CallRecord
from screener.store.wanted import Wanted
from screener.words.judgement import Teller
from screener.words.terms import site_name

CALLS_MOST = 5000
"""Calls of one package."""
NOTED = "manifest="
"""Before the sum of a package, in the access record."""
Rows = tuple[CallRecord, ...]
"""All that the log has of one call, oldest first."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The calls of a package, oldest first.

    Attributes:
        calls: that are told; at least one.
        others: of the same number in the same time, that are dated only.
    """

    calls: Sequence[Rows]
    others: Sequence[Rows] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was made.

    Attributes:
        files: by name.
        fingerprint: of the key that signed it.
    """

    files: Mapping[str, bytes]
    fingerprint: str

    @property
    def sum(self) -> str:
        """Of the manifest: written down elsewhere, it vouches for the whole package."""
        return sum_of(self.files)


def of_calls(log: CallLog, ids: Iterable[str]) -> Chosen:
    """The calls that ids, or their beginnings, name; each once.

    Raises:
        MissingError: there is no such call.
        StoreError: the database failed.
    """
    return Chosen(_rows(log, ids))


def of_number(log: CallLog, number: str, since: datetime | None, until: datetime | None) -> Chosen:
    """Calls of a number of which a flag holds, and its other calls of the same time: they show the pattern.

    Args:
        log: of the site.
        number: in its one form.
        since: aware; None has no beginning.
        until: aware, itself not counted; None has no end.

    Raises:
        InputError: no flag of its calls in that time holds.
        StoreError: the database failed.
    """
    found = find(log, Wanted(since, until, number=number, exact=True), CALLS_MOST)
    calls = _rows(log, (call.id for call in found))
    flagged = [rows for rows in calls if Exhibit(rows).holds]
    if not flagged:
        raise InputError(f"no harassment call of {number} in that time", "see: screener calls list --number")
    return Chosen(flagged, [rows for rows in calls if not Exhibit(rows).holds])


def make(
    log: CallLog,
    settings: Settings,
    teller: Teller,
    chosen: Chosen,
    by: By,
    destination: str,
    *,
    record: bool = False,
    recordings: Path | None = None,
    author: str = "",
) -> Package:
    """Make a package of calls, signed by the site, stamped where the settings say by whom; it is on record then.

    Args:
        log: of the site.
        settings: of the site: its name, its key, where recordings are, who stamps.
        teller: in the reader's language.
        chosen: the calls.
        by: who makes it; `way` is the action of the access record.
        destination: where it goes, for the record.
        record: of calls that are no harassment too: a mere record.
        recordings: another folder of the PBX's recordings.
        author: who it says to have made it; empty is who makes it.

    Raises:
        InputError: a call is no harassment, or the key, a recording or a time stamp is not had.
        StoreError: the database failed.
    """
    evidence, folder = settings.evidence, settings.folder
    kept = recordings or (folder / evidence.recordings if evidence.recordings else None)
    exhibits = [Exhibit(rows, recording_of(kept, rows)) for rows in chosen.calls]
    case = case_of(log, exhibits, record=record, others=[Exhibit(rows) for rows in chosen.others])
    name, zone = site_name(settings.site.name, teller.lang), ZoneInfo(settings.site.timezone)
    maker = Maker(name, author or by.who, by.at, teller, zone, site_key(folder / evidence.key))
    files = pack(case, maker)
    if evidence.timestamp_url:
        authority = folder / evidence.timestamp_ca if evidence.timestamp_ca else None
        files[STAMP] = stamp(files[MANIFEST], evidence.timestamp_url, authority)
    made = Package(files, maker.fingerprint)
    subject = f"{' '.join(rows[0].id for rows in chosen.calls)} {NOTED}{made.sum}"
    log.note_access(Access(by.at, by.who, by.way, subject, destination))
    return made


def is_on_record(log: CallLog, digest: str) -> bool:
    """Whether a package with this sum of its manifest was made here.

    Raises:
        StoreError: the database failed.
    """
    return any(f"{NOTED}{digest}" in note.subject for note in log.accesses(limit=None))


def _rows(log: CallLog, ids: Iterable[str]) -> list[Rows]:
    calls = {rows[0].id: rows for rows in (tuple(log.rows_of(log.call(name).id)) for name in ids)}
    return sorted(calls.values(), key=lambda rows: rows[0].started_at)
