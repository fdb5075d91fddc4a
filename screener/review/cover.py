"""The page on top of a package of evidence, and the sheet in the order in which 12321 asks."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from html import escape

from screener.outside.text import IN_A_CELL, cell, visible
from screener.reports.web import unbroken
from screener.review.case import Case, Exhibit, Maker
from screener.review.course import course, quoted
from screener.store.records import CallRecord, Review
from screener.words.places import place
from screener.words.terms import aside, labelled, listed, word

NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
LISTED_MOST = 500
"""Calls in the list of a number; all are in the file beside it."""
_DATED = ("nth", "began", "duration", "dialled", "agents", "what")
_STYLE = """
body { font: 14px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif; color: #1b2733;
  background: #fff; max-width: 48rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; text-align: center; } h2 { font-size: 1.1rem; margin-top: 1.8rem;
  border-bottom: 2px solid #d5dde5; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #d5dde5; }
.about th { width: 11rem; font-weight: 600; } .list th { border-bottom-width: 2px; white-space: nowrap; }
.list .other td { color: #5c6b7a; } .list td { white-space: nowrap; }
.list td:last-child { white-space: normal; min-width: 8em; } .date { white-space: nowrap; }
.note { border: 2px solid #a33; padding: .6rem; font-weight: 600; } .course { margin: 0; padding-left: 1.2rem; }
.sign { display: flex; gap: 2rem; margin-top: 3rem; }
.sign div { flex: 1; border-top: 1px solid #1b2733; padding-top: .3rem; }
.files { columns: 2; font-size: .85em; color: #5c6b7a; overflow-wrap: anywhere; }
@media (max-width: 40rem) { body { padding: .8rem; } .about th { width: 7rem; } .scroll { overflow-x: auto; } }
@media print { body { padding: 0; max-width: none; font-size: 9.5pt; line-height: 1.45; }
  th, td { padding: .1rem .5rem; } h2 { margin: 1rem 0 .4rem; } p { margin: .4rem 0; }
  tr, .about, .sign, .course li { break-inside: avoid; } .files { font-size: 7pt; } }
@page { size: A4; margin: 16mm; }
"""


def cover(case: Case, names: Sequence[str], maker: Maker) -> str:
    """The page; needs nothing from anywhere."""
    good = case.flagged
    title = maker.word("title" if good else "title_record")
    about = [
        ("site", maker.site),
        ("by", maker.who),
        ("made", f"{maker.moment(maker.at)}{aside(maker.zone, maker.lang)}"),
    ]
    parts = [f"<h1>{title}</h1>", _table([*about, ("key", maker.fingerprint)], maker)]
    if not good:
        parts.append(f'<p class="note">{maker.word("not_harassment")}</p>')
    signing = "".join(f"<div>{maker.word(key)}</div>" for key in ("signed_by", "date", "stamp"))
    signing = f'<div class="sign">{signing}</div>'
    exhibits = [_exhibit(exhibit, maker) for exhibit in case.exhibits]
    if len(case.dated) > 1:  # signed on the first sheet, however many follow
        parts += [_summary(case, maker), signing, _list(case, maker), *exhibits]
    else:
        parts += [*exhibits, signing]
    files = "".join(f"<li>{escape(name)}</li>" for name in _by_folder(names))
    parts.append(f'<h2>{maker.word("files")}</h2><ul class="files">{files}</ul><p>{maker.word("sums")}</p>')
    return f"""<!doctype html>
<html lang="{"en" if maker.lang == "en" else "zh-CN"}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_STYLE}</style></head>
<body>
{"".join(parts)}
</body></html>
"""


def _by_folder(names: Sequence[str]) -> list[str]:
    """Files of one folder on one line: `calls/ID/ record.json timeline.txt`."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folder, slash, file = name.rpartition("/")
        folders.setdefault(folder + slash, []).append(file)
    alone = folders.pop("", [])
    return [*alone, *(f"{folder} {' '.join(files)}" for folder, files in folders.items())]


def sheet(case: Case, maker: Maker) -> list[str]:
    """What 12321 asks, in its order: number, type, time, duration, description; of each number by itself.

    It has no field for the number that was dialled: that is part of the description.
    """
    lines = [maker.word("sheet_title")]
    for caller in case.by_caller:
        if caller.flagged:
            lines += ["", *_reported(caller, maker)]
    return lines


def _reported(case: Case, maker: Maker) -> list[str]:
    """One number's report."""
    good = case.flagged
    last = good[-1]
    kinds = maker.kinds(good)
    days = len({maker.moment(exhibit.first.started_at)[:10] for exhibit in good})
    events = maker.in_turn(moment.text for moment in course(last.rows, maker.teller))
    first, newest = maker.moment(good[0].first.started_at), maker.moment(last.first.started_at)
    dialled = listed(
        dict.fromkeys(visible(exhibit.first.dialled) for exhibit in good if exhibit.first.dialled), maker.lang
    )
    others = maker.word("sheet_others").format(len(case.others)) if case.others else ""
    description = maker.word("sheet_last").format(
        first, newest, dialled or maker.word("unknown"), len(good), days, kinds, others, events
    )
    kind = maker.teller.kind(last.kind) or maker.word("no_kind")
    fields = [
        ("sheet_number", _number(last, maker)),
        ("sheet_type", maker.word("sheet_type_of").format(kind)),
        ("sheet_time", newest),
        ("sheet_duration", maker.duration(last)),
        ("sheet_description", description),
    ]
    return [labelled(maker.word(key), value, maker.lang) for key, value in fields]


def _summary(case: Case, maker: Maker) -> str:
    callers = case.by_caller
    good = case.flagged or list(case.exhibits)
    local = [exhibit.first.started_at.astimezone(maker.zone) for exhibit in good]
    days = Counter(f"{at:%Y-%m-%d}" for at in local)
    day, most = days.most_common(1)[0]
    first = good[0].first
    rows = [
        ("number", listed(dict.fromkeys(_number(exhibit, maker) for exhibit in good), maker.lang)),
        *([("line", _where(first, maker))] if len(callers) == 1 else []),
        ("count", str(len(case.flagged))),
        ("count_confirmed", str(sum(exhibit.confirmed for exhibit in case.flagged))),
        *([("others", str(len(case.others)))] if case.others else []),
        *([("all_calls", str(case.all_calls))] if case.all_calls is not None else []),
        ("from_to", f"{maker.moment(first.started_at)} – {maker.moment(good[-1].first.started_at)}"),
        ("days", str(len(days))),
        ("worst_day", labelled(day, most, maker.lang)),
        ("night", str(sum(at.hour in NIGHT for at in local))),
        *([("kinds", maker.kinds(case.flagged))] if case.flagged else []),
    ]
    each = _callers(callers, maker) if len(callers) > 1 else ""
    return f"<h2>{maker.word('summary')}</h2>{_table(rows, maker)}{each}"


def _callers(cases: Sequence[Case], maker: Maker) -> str:
    """Of several numbers: what is said of each by itself."""
    rows = []
    for case in cases:
        good = case.flagged or list(case.exhibits)
        first, last = good[0].first, good[-1].first
        rows.append(
            [
                _number(good[0], maker),
                _where(first, maker),
                str(len(case.flagged)),
                f"{maker.moment(first.started_at)} – {maker.moment(last.started_at)}",
                maker.kinds(case.flagged),
            ]
        )
    keys = ("number", "line", "count", "from_to", "kinds")
    return f"<h2>{maker.word('each')}</h2>{_listed(keys, [(row, '') for row in rows], maker)}"


def dated(case: Case, maker: Maker) -> str:
    """Every call of the case with its date and what it is, as CSV for people."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([maker.word(key) for key in ("nth", "number", *_DATED[1:])])
    for number, exhibit in enumerate(case.dated, start=1):
        nth, *cells = _dated(number, exhibit, maker)
        writer.writerow([nth, IN_A_CELL + _number(exhibit, maker), *map(cell, cells)])
    return "\ufeff" + out.getvalue()


def _list(case: Case, maker: Maker) -> str:
    several = len(case.by_caller) > 1
    rows = []
    for nth, exhibit in enumerate(case.dated[:LISTED_MOST], start=1):
        cells = _dated(nth, exhibit, maker)
        if several:
            cells.insert(1, _number(exhibit, maker))
        rows.append((cells, "" if exhibit.holds else ' class="other"'))
    keys = ("nth", "number", *_DATED[1:]) if several else _DATED
    title = maker.word("list_all" if case.others else "list")
    more = maker.word("list_more").format(len(case.dated)) if len(case.dated) > LISTED_MOST else ""
    return f"<h2>{title}</h2>{_listed(keys, rows, maker)}{f'<p>{more}</p>' if more else ''}"


def _listed(keys: Sequence[str], rows: Sequence[tuple[Sequence[str], str]], maker: Maker) -> str:
    """A table with a head; each row with the mark that it bears."""
    head = "".join(f"<th>{maker.word(key)}</th>" for key in keys)
    body = "".join(f"<tr{mark}>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row, mark in rows)
    return f'<div class="scroll"><table class="list"><thead><tr>{head}</tr></thead>{body}</table></div>'


def _dated(number: int, exhibit: Exhibit, maker: Maker) -> list[str]:
    """A call on one line, by the columns of `_DATED`."""
    return [
        str(number),
        maker.moment(exhibit.first.started_at),
        maker.duration(exhibit),
        visible(exhibit.first.dialled),
        _agents(exhibit),
        _what(exhibit, maker),
    ]


def _what(exhibit: Exhibit, maker: Maker) -> str:
    """What a call is, in the words of who knows nothing of this product: nobody takes it for more than it is."""
    if exhibit.flags:
        looked = maker.word("confirmed" if exhibit.confirmed else "review_none")
        return _verdict(exhibit, maker) + (aside(looked, maker.lang) if exhibit.holds else "")
    last = exhibit.rows[-1]
    if all(row.answered_at is None for row in exhibit.rows):
        return maker.word("no_flag") + aside(maker.word("unanswered"), maker.lang)
    told = maker.teller.verdict(last.verdict) if last.verdict else maker.word("unknown")
    return maker.word("no_flag") + aside(told, maker.lang)


def _exhibit(exhibit: Exhibit, maker: Maker) -> str:
    first = exhibit.first
    ids = [row.id for row in exhibit.rows]
    pbx = dict.fromkeys(value for row in exhibit.rows for value in (row.uniqueid, row.linkedid) if value)
    given = dict.fromkeys(word(row.treatment.value, maker.lang) for row in exhibit.rows if row.treatment != "none")
    said = quoted(exhibit.rows)
    audio = exhibit.audio is not None
    rows = [
        ("number", _number(exhibit, maker)),
        ("line", _where(first, maker)),
        ("dialled", visible(first.dialled) or maker.word("unknown")),
        *([("queue", visible(first.queue))] if first.queue else []),
        ("agents", _agents(exhibit) or maker.word("unknown")),
        ("began", maker.moment(first.started_at)),
        ("ended", maker.moment(exhibit.ended_at)),
        ("duration", maker.duration(exhibit)),
        ("verdict", _verdict(exhibit, maker)),
        ("review", maker.in_turn(_review(row, maker) for row in exhibit.flags) or maker.word("review_none")),
        ("treatment", listed(given, maker.lang) or word("none", maker.lang)),
        *([("quoted", "".join(f"“{text}”" for text in said))] if said else []),
        (
            "recording",
            maker.word("has_audio").format(f"calls/{first.id}/audio.wav") if audio else maker.word("no_audio"),
        ),
        ("ids", f"{', '.join(ids)}; {', '.join(pbx) or '-'}"),
    ]
    events = "".join(
        f"<li>{maker.moment(moment.at)[11:]} {escape(moment.text)}</li>"
        for moment in course(exhibit.rows, maker.teller)
    )
    return (
        f"<h2>{maker.word('call')} {maker.moment(first.started_at)}</h2>{_table(rows, maker)}"
        f'<p><b>{maker.word("course")}</b></p><ul class="course">{events}</ul>'
    )


def _number(exhibit: Exhibit, maker: Maker) -> str:
    return visible(exhibit.first.number) or maker.word("withheld")


def _where(call: CallRecord, maker: Maker) -> str:
    parts = word(call.line.value, maker.lang), place(call.region, maker.lang), place(call.carrier, maker.lang)
    return " ".join(filter(None, parts))


def _agents(exhibit: Exhibit) -> str:
    return ", ".join(dict.fromkeys(visible(row.agent) for row in exhibit.rows if row.agent))


def _verdict(exhibit: Exhibit, maker: Maker) -> str:
    row = next(iter(exhibit.flags), exhibit.rows[-1])
    text = f"{maker.teller.verdict(row.verdict, over=row.is_over)} {maker.teller.kind(exhibit.kind)}".rstrip()
    if exhibit.flags and not exhibit.holds:
        text += aside(_review(exhibit.flags[-1], maker), maker.lang)
    return text


def _review(row: CallRecord, maker: Maker) -> str:
    if row.review is Review.NONE:
        return maker.word("review_none")
    by = visible(row.reviewed_by) or maker.word("unknown")
    return maker.word(f"review_{row.review.value}").format(by, maker.moment(row.reviewed_at))


def _table(rows: Sequence[tuple[str, str]], maker: Maker) -> str:
    cells = "".join(
        f"<tr><th>{maker.word(key)}</th><td>{unbroken(escape(value))}</td></tr>" for key, value in rows
    )
    return f'<table class="about">{cells}</table>'
