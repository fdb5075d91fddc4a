"""A package of evidence for the operator, 12321 or the police: what happened, and sums that nothing was changed.

A package is a set of files under names; `MANIFEST.sha256` names each other file and its SHA-256 sum, in the form
that `sha256sum --check` reads. Numbers are whole in it: it is made for those who may know them.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from screener.outside.text import file_name, visible
from screener.review.timeline import timeline
from screener.store.records import CallRecord, serialize
from screener.words.judgement import Teller
from screener.words.terms import Language, word

MANIFEST = "MANIFEST.sha256"
COVER = "cover.html"
LEAST = (COVER,)
"""What is in every package, besides a call."""
_SUM = re.compile(r"[0-9a-f]{64}")
EARLIER_MOST = 200
"""Earlier flags of a number that the cover lists."""

_WORDS = {
    "title": ("骚扰来电证据材料", "Evidence of harassment calls"),
    "made": ("制作时间", "Made"),
    "by": ("制作人", "Made by"),
    "site": ("单位", "Site"),
    "call": ("来电", "Call"),
    "number": ("主叫号码", "Caller's number"),
    "line": ("线路、地区、运营商", "Line, region, carrier"),
    "began": ("开始", "Began"),
    "ended": ("结束", "Ended"),
    "duration": ("时长(秒)", "Duration, s"),
    "kind": ("类别", "Kind"),
    "description": ("说明", "Description"),
    "treatment": ("处理", "Treatment"),
    "count": ("本号码被判骚扰次数", "Harassment calls of this number"),
    "earlier": ("本号码历次骚扰来电", "All harassment calls of this number"),
    "files": ("附件", "Files"),
    "sums": ("全部文件的SHA-256见", "SHA-256 sums of all files are in"),
    "purged": ("转写已按保存期限清除。", "The transcript was deleted at the end of its retention time."),
}
_STYLE = """
body { font: 15px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif; color: #1b2733;
  max-width: 48rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 2px solid #d5dde5; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #d5dde5; }
th { width: 12rem; font-weight: 600; } tr { break-inside: avoid; } @page { margin: 16mm; }
"""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One call of a package.

    Attributes:
        call: whole.
        flags: every flagged call of its number in the log, newest first; empty for a withheld number.
        audio: its recording as a WAV file, None when none was kept.
    """

    call: CallRecord
    flags: Sequence[CallRecord]
    audio: bytes | None


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a package, when, and for readers of what language and time zone."""

    site: str
    who: str
    at: datetime
    teller: Teller
    zone: ZoneInfo

    @property
    def lang(self) -> Language:
        """Of the package's words."""
        return self.teller.lang

    def word(self, key: str) -> str:
        """A word of the cover."""
        return _WORDS[key][self.lang == "en"]

    def moment(self, at: datetime | None) -> str:
        """A time as the site's clocks showed it, and in UTC."""
        return (
            f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S} ({self.zone}; {at:%Y-%m-%d %H:%M:%S} UTC)"
            if at
            else "?"
        )


def pack(exhibits: Sequence[Exhibit], maker: Maker) -> dict[str, bytes]:
    """The files of a package by name, the manifest last."""
    files: dict[str, bytes] = {}
    for exhibit in exhibits:
        folder = f"calls/{file_name(exhibit.call.id)}"
        files[f"{folder}/transcript.txt"] = _text(_transcript(exhibit.call, maker))
        told = timeline(exhibit.call, maker.teller, maker.zone)
        files[f"{folder}/timeline.txt"] = _text([visible(line) for line in told])
        files[f"{folder}/record.json"] = _text([serialize(exhibit.call)])
        if exhibit.audio is not None:
            files[f"{folder}/audio.wav"] = exhibit.audio
    files[COVER] = _cover(exhibits, sorted(files), maker).encode("utf-8")
    files[MANIFEST] = _text([f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)])
    return files


def sum_of(files: Mapping[str, bytes]) -> str:
    """The sum of the manifest: written down elsewhere, it vouches for the whole package."""
    return hashlib.sha256(files[MANIFEST]).hexdigest()


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
    for name in sorted({*named, *sums} - {MANIFEST, ""}):
        if name not in sums:
            found.append(f"{name}: missing")
        elif name not in named:
            found.append(f"{name}: not in the manifest")
        elif sums[name] != named[name]:
            found.append(f"{name}: changed")
    return found


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8")


def _transcript(call: CallRecord, maker: Maker) -> list[str]:
    if not call.segments:
        return [maker.word("purged")]
    return [f"{s.start:8.2f}-{s.end:.2f}s {s.speaker.value}: {visible(s.text)}" for s in call.segments]


def _cover(exhibits: Sequence[Exhibit], names: Sequence[str], maker: Maker) -> str:
    about = _table([("site", maker.site), ("by", maker.who), ("made", maker.moment(maker.at))], maker)
    calls = "".join(_exhibit(exhibit, maker) for exhibit in exhibits)
    files = "".join(f"<li>{escape(name)}</li>" for name in names)
    title = maker.word("title")
    return f"""<!doctype html>
<html lang="{"en" if maker.lang == "en" else "zh-CN"}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>{about}{calls}
<h2>{maker.word("files")}</h2><ul>{files}</ul><p>{maker.word("sums")} {MANIFEST}</p></body></html>
"""


def _exhibit(exhibit: Exhibit, maker: Maker) -> str:
    call = exhibit.call
    seconds = f"{(call.ended_at - call.started_at).total_seconds():.0f}" if call.ended_at else "?"
    reasons = dict.fromkeys(maker.teller.reason(d.reason) for d in call.decisions if d.reason)
    verdict = maker.teller.verdict(call.verdict)
    where = [word(call.line.value, maker.lang), call.region, call.carrier]
    calls = {flag.linkedid or flag.id: flag for flag in exhibit.flags}  # one call may have been flagged twice
    times = [flag.started_at for flag in calls.values()][:EARLIER_MOST]
    rows = [
        ("number", call.number or word("withheld", maker.lang)),
        ("line", " ".join(part for part in where if part)),
        ("began", maker.moment(call.started_at)),
        ("ended", maker.moment(call.ended_at)),
        ("duration", seconds),
        ("kind", f"{verdict} {word(call.kind, maker.lang) if call.kind else ''}"),
        ("description", "; ".join(reasons)),
        ("treatment", word(call.treatment, maker.lang)),
        ("count", str(len(calls))),
        ("earlier", "; ".join(f"{at.astimezone(maker.zone):%Y-%m-%d %H:%M}" for at in times)),
    ]
    return f"<h2>{maker.word('call')} {escape(call.id)}</h2>{_table(rows, maker)}"


def _table(rows: Sequence[tuple[str, str]], maker: Maker) -> str:
    cells = "".join(f"<tr><th>{maker.word(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows)
    return f"<table>{cells}</table>"
