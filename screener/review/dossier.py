"""A package of evidence for the operator, 12321 or the police: what happened, and who vouches for it.

A package is a set of files under names; `MANIFEST.sha256` names each other file and its SHA-256 sum, in the form
that `sha256sum --check` reads, and `MANIFEST.sig` is the site's signature on it. Numbers are whole in it: it is
made for those who may know them.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence

from screener.outside.text import file_name, visible
from screener.review.case import Case, Exhibit, Maker
from screener.review.course import course, silence
from screener.review.cover import cover, dated, sheet
from screener.review.seal import SIGNATURE, sign
from screener.review.stamp import STAMP
from screener.store.records import serialize
from screener.words.terms import labelled

MANIFEST = "MANIFEST.sha256"
COVER = "cover.html"
SHEET = "12321.txt"
LIST = "calls.csv"
"""Every call with its date, where there are several."""
UNLISTED = (SIGNATURE, STAMP)
"""What vouches for the manifest, and is not named in it."""


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


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8")


def _transcript(exhibit: Exhibit, maker: Maker) -> list[str]:
    """What was said, row by row; where nothing is kept, why."""
    lines: list[str] = []
    for row in exhibit.rows:
        lines += [f"[{maker.moment(row.audio_began)}] {row.id}"]
        lines += [
            f"{s.start:8.2f}-{s.end:.2f}s {labelled(maker.word(s.speaker.value), visible(s.text), maker.lang)}"
            for s in row.segments
        ]
        lines += [maker.word(why)] if (why := silence(row)) else []
    return lines
