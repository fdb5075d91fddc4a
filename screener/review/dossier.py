"""A package of evidence for the operator, 12321 or the police: what happened, and who vouches for it.

A package is a set of files under names; `MANIFEST.sha256` names each other file and its SHA-256 sum, in the form
that `sha256sum --check` reads, and `MANIFEST.sig` is the site's signature on it. Numbers are whole in it: it is
made for those who may know them.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence

from screener.outside.text import file_name, visible
from screener.review.case import Case, Exhibit, Maker
from screener.review.course import course, silence
from screener.review.cover import cover, dated, sheet
from screener.review.seal import SIGNATURE, Seal, check, sign
from screener.review.stamp import STAMP
from screener.store.records import serialize

MANIFEST = "MANIFEST.sha256"
COVER = "cover.html"
SHEET = "12321.txt"
LIST = "calls.csv"
"""Every call with its date, where there are several."""
UNLISTED = (SIGNATURE, STAMP)
"""What vouches for the manifest, and is not named in it."""
LEAST = (COVER,)
"""What is in every package, besides a call."""
_SUM = re.compile(r"[0-9a-f]{64}")


def pack(case: Case, maker: Maker) -> dict[str, bytes]:
    """The files of a package by name, the manifest and its signature last."""
    files: dict[str, bytes] = {}
    for exhibit in case.exhibits:
        folder = f"calls/{file_name(exhibit.first.id)}"
        files[f"{folder}/transcript.txt"] = _text(_transcript(exhibit, maker))
        told = course(exhibit.rows, maker.teller)
        files[f"{folder}/timeline.txt"] = _text([f"{maker.moment(m.at)}  {m.text}" for m in told])
        rows = [json.loads(serialize(row)) for row in exhibit.rows]
        files[f"{folder}/record.json"] = _text([json.dumps(rows, ensure_ascii=False, indent=1)])
        if exhibit.audio is not None:
            files[f"{folder}/audio.wav"] = exhibit.audio
    if len(case.dated) > 1:
        files[LIST] = dated(case, maker).encode("utf-8")
    if case.flagged:
        files[SHEET] = _text(sheet(case, maker))
    files[COVER] = cover(case, sorted(files), maker).encode("utf-8")
    files[MANIFEST] = _text([f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)])
    files[SIGNATURE] = sign(files[MANIFEST], maker.key)
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A package as one ZIP file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            package.writestr(name, data)
    return out.getvalue()


def sum_of(files: Mapping[str, bytes]) -> str:
    """The sum of the manifest: written down elsewhere, it vouches for the whole package."""
    return hashlib.sha256(files[MANIFEST]).hexdigest()


def sealed(manifest: bytes | None, signature: bytes | None) -> Seal | None:
    """Who signed; None when nobody did, or the signature is none of this manifest."""
    return check(manifest, signature) if manifest is not None and signature is not None else None


def problems(manifest: bytes | None, sums: Mapping[str, str], told: str = "") -> list[str]:
    """What is wrong with a package; empty when it is as its manifest says, and the manifest as was told.

    Args:
        manifest: of the package; None when it has none.
        sums: SHA-256 of each file by name.
        told: the sum of the manifest as it was written down elsewhere; empty when it was not.
    """
    if manifest is None:
        return [f"{MANIFEST}: missing"]
    named: dict[str, str] = {}
    found: list[str] = []
    if told and hashlib.sha256(manifest).hexdigest() != told.strip().lower():
        found.append(f"{MANIFEST}: not the one whose sum was told")
    for number, line in enumerate(manifest.decode("utf-8", "replace").splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not _SUM.fullmatch(digest) or not name or name in named:
            found.append(f"{MANIFEST}: line {number} is no sum and name, or names a file again")
        named[name] = digest
    found += [f"{name}: not in the manifest, which every package has" for name in LEAST if name not in named]
    for name in sorted({*named, *sums} - {MANIFEST, *UNLISTED, ""}):
        if name not in sums:
            found.append(f"{name}: missing")
        elif name not in named:
            found.append(f"{name}: not in the manifest")
        elif sums[name] != named[name]:
            found.append(f"{name}: changed")
    return found


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8")


def _transcript(exhibit: Exhibit, maker: Maker) -> list[str]:
    """What was said, row by row; where nothing is kept, why."""
    lines: list[str] = []
    for row in exhibit.rows:
        lines += [f"[{maker.moment(row.audio_began)}] {row.id}"]
        lines += [
            f"{s.start:8.2f}-{s.end:.2f}s {maker.word(s.speaker.value)}:{visible(s.text)}" for s in row.segments
        ]
        lines += [maker.word(why)] if (why := silence(row)) else []
    return lines
