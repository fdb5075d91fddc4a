"""`screener evaluate`: how good the judgement is, over calls of which somebody has said what they are."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import track

from screener.cli.config import config_option
from screener.cli.finite import Finite
from screener.cli.output import coded, sheet
from screener.cli.say import put, say
from screener.cli.speaking import speaking
from screener.core.evidence import Kind, Verdict
from screener.core.judgement import Judgement, Weights
from screener.core.scoring import counted
from screener.evaluation.count import ConfusionRow, JudgedCall, WordList, table, worst
from screener.evaluation.labelled import HARASSMENT, HARMLESS, UNAIMED, LabelledCall, read_labelled, steered
from screener.evaluation.noise import Garbler
from screener.numbers.plan import lines_of
from screener.replay.files import some
from screener.replay.run import Replayer
from screener.reports.layout import Cell, Page, Sheet
from screener.reports.render import Format, render
from screener.settings.judgement import load_judgement
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.speech.load import load_model
from screener.speech.pinyin import syllables
from screener.training.acts import measure, variants
from screener.training.acts.corpus import FOLDER, KEPT, CorpusCall, read_corpus, read_hands
from screener.words.judgement import Teller
from screener.words.terms import word
from screener.words.told import measured

NOISE = (0.0, 0.1, 0.2, 0.3)
WIDTH = 160
"""Columns of a table that goes into a file."""


@click.command()
@click.argument("paths", nargs=-1, metavar="DIR|FILE…", type=click.Path(path_type=Path))
@config_option
@click.option(
    "--noise",
    multiple=True,
    type=Finite(0, 1),
    help="Share of syllables made wrong; default 0 .1 .2 .3.",
)
@click.option("--seed", default=1, show_default=True, help="Of the errors.")
@click.option("--steer", default=2, show_default=True, help="Steering attempts put into calls labelled chitchat.")
@click.option("--steer-all", is_flag=True, help="Put them into every call.")
@click.option("--no-lexicon", is_flag=True, help="No harassing word of the lexicon counts.")
@click.option("--hands", is_flag=True, help="The corpus of the tree, or FILEs of its form: every table of it.")
@click.option("--kept", is_flag=True, help="With --hands: the hands kept apart, by all nets; none heard any.")
@click.option("--in-path", is_flag=True, help="With --hands: a machine answered the callers of FILE.")
@click.option("--slices", is_flag=True, help="A row for each slice of a set.")
@click.option("--worst", "show", default=10, show_default=True, help="So many false flags, with their evidence.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
def evaluate(
    paths: tuple[Path, ...],
    config: Path | None,
    noise: tuple[float, ...],
    seed: int,
    steer: int,
    steer_all: bool,
    no_lexicon: bool,
    hands: bool,
    kept: bool,
    in_path: bool,
    slices: bool,
    show: int,
    form: Format,
) -> None:
    """Judge labelled calls (.jsonl, .jsonl.gz) and count what came out.

    Each line is a call as screener/replay/README.md has it, with a `label`: a kind of harassment, or genuine,
    complaint, abusive_complaint, vulnerable, benign, undecided; and a `set` and a `slice` if it belongs to any.
    Each call stands for itself: no history builds up. Beside the judgement stands what a plain list of the same
    words flags.

    With --hands the calls of the corpus are judged by those nets of the model that never heard their writer, and
    counted by hand, kind and label, and at most 6,000 of them also without a part of the judgement; a FILE by a
    hand that nobody learned from is judged by all nets, and so are with --kept the hands from whom nothing was
    learned and on whom nothing was chosen.
    With --in-path the thresholds are those of a caller whom the product answers.

    Example: screener evaluate tests/data/calls --slices --noise 0 --noise 0.2
    """
    settings = load(config)
    judgement = load_judgement(settings.judgement, settings.folder, syllables, settings.recordings)
    if no_lexicon:
        judgement = variants.wordless(judgement)
    if kept and (paths or not hands):
        raise click.UsageError("say --kept together with --hands, and without files")
    if hands:
        here = KEPT if kept else FOLDER
        written = list(read_hands(paths)) if paths else read_corpus(here)
        some(written, paths)
        _by_hands(written, judgement, form, in_path=in_path)
        return
    if not paths:
        raise click.UsageError("name files or folders of labelled calls, or say --hands")
    calls = read_labelled(paths)
    known = HARASSMENT | HARMLESS | {UNAIMED}
    if strange := sorted({c.label for c in calls} - known):
        told = f"{', '.join(strange)}: no usual label, counted as what must not be flagged"
        say(f"screener: {told} — usual are {', '.join(sorted(known))}", err=True)
    judged: list[JudgedCall] = []
    console = Console(stderr=True)
    for share in noise or NOISE:
        done = _judge(calls, share, seed, (steer, steer_all), judgement, settings)
        judged += track(done, f"{share:.0%}", len(calls), console=console, disable=not console.is_terminal)
    rows, false = table(judged, slices=slices), _false(worst(judged, show), judgement.weights)
    _put([_shown(rows), *([false] if false.rows else [])] if form == "table" else [_counts(rows), false], form)


def _put(sheets: Sequence[Sheet], form: Format) -> None:
    """One document, whatever the form."""
    put(render(Page("", tuple(sheets)), form, None if sys.stdout.isatty() else WIDTH))


def _by_hands(calls: Sequence[CorpusCall], judgement: Judgement, form: Format, *, in_path: bool) -> None:
    """Every table of calls of the corpus's form."""
    answered = {call.hand for call in calls} if in_path else None
    console = Console(stderr=True)
    fewer = variants.thinned(calls)
    with ProcessPoolExecutor(initializer=variants.ask, initargs=(fewer, judgement, answered)) as pool:
        rows = pool.map(variants.row, range(len(variants.VARIANTS)))
        plain = track(
            measure.told(calls, judgement, in_path=answered),
            measured("as written", speaking()),
            len(calls),
            console=console,
            disable=not console.is_terminal,
        )
        tables = [*measure.tables(list(plain)), (measure.SUMMARY_TITLE, measure.SUMMARY, list(rows))]
    made = _in_words if form == "table" else _numbers
    _put([made(*table_, len(fewer)) for table_ in tables], form)


def _in_words(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[measure.MeasuredCell]], varied: int
) -> Sheet:
    """A table for people; what names a row is said in their language like the heads."""
    lang = speaking()
    cells = [
        [measured(str(name), lang), *("-" if cell is None else str(cell) for cell in rest)] for name, *rest in rows
    ]
    return Sheet(measured(title, lang).format(varied), heads, [measured(head, lang) for head in heads], cells)


def _numbers(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[measure.MeasuredCell]], _varied: int
) -> Sheet:
    """The same for programs: of shares how many, and of how many."""
    name = _key(title)
    keys = [_key(head) for head in heads]
    wide = [any(isinstance(row[n], measure.Share) for row in rows) for n in range(len(keys))]
    names = [name for key, two in zip(keys, wide, strict=True) for name in ((key, f"{key}_of") if two else (key,))]
    cells: list[list[Cell]] = [
        [
            value
            for cell in row
            for value in ((cell.hits, cell.total) if isinstance(cell, measure.Share) else (cell,))
        ]
        for row in rows
    ]
    return Sheet(name, names, names, cells, name=name)


def _key(title: str) -> str:
    """A title as a name for programs, without what it says in brackets."""
    return re.sub(r"\W+", "_", title.partition(" (")[0]).strip("_")


def _judge(
    calls: list[LabelledCall],
    share: float,
    seed: int,
    steering: tuple[int, bool],
    judgement: Judgement,
    settings: Settings,
) -> Iterator[JudgedCall]:
    garbler = Garbler(share)
    words = WordList(judgement.lexicon.phrases)
    zone = ZoneInfo(settings.site.timezone)
    identify = lines_of(settings).identify
    times, everyone = steering
    for labelled in calls:
        call = steered(labelled.call, times) if everyone or labelled.label == "chitchat" else labelled.call
        call = garbler.hear(call, seed)
        replayer = Replayer(
            judgement,
            settings.flow,
            zone,
            identify,
            syllables,
            lambda: load_model(settings.speech, settings.folder),
        )
        yield JudgedCall(labelled, replayer.replay(call), words.flags(call), share)


def _counts(rows: list[ConfusionRow]) -> Sheet:
    """Every number, for programs."""
    others = [v for v in Verdict if v is not Verdict.HARASSMENT]
    keys = ["noise_share", "set", "slice", "label", "calls", "flagged", "flagged_share", "low_share", "high_share"]
    keys += [*(f"kind_{kind}" for kind in Kind), "word_list", "word_list_share", *(v.value for v in others)]
    cells: list[list[Cell]] = [
        [
            *(r.noise, r.set, r.slice, r.label, r.calls, r.flagged, r.flagged / r.calls, *r.interval),
            *(r.kinds[kind.value] for kind in Kind),
            *(r.listed, r.listed / r.calls),
            *(r.verdicts[v] for v in others),
        ]
        for r in rows
    ]
    return Sheet("", keys, keys, cells, name="counts")


def _shown(rows: list[ConfusionRow]) -> Sheet:
    """The same in as few columns as a terminal has."""
    keys = [
        "noise_share",
        "set",
        "label",
        "calls",
        "flagged",
        "share",
        "interval",
        "kinds",
        "list_share",
        "others",
    ]
    lang = speaking()
    cells: list[list[Cell]] = []
    for r in rows:
        low, high = r.interval
        others = ((Teller(lang).verdict(v), n) for v, n in r.verdicts.most_common() if v is not Verdict.HARASSMENT)
        cells.append(
            [
                *(r.noise, f"{r.set} {r.slice}".strip(), r.label, r.calls, r.flagged, r.flagged / r.calls),
                *(
                    f"{low:.1%}–{high:.1%}",
                    _listed((word(k, lang), n) for k, n in r.kinds.most_common()),
                    r.listed / r.calls,
                    _listed(others),
                ),
            ]
        )
    return sheet("t_evaluate", keys, cells)


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return " ".join(f"{name} {count}" for name, count in counts)


def _false(judged: list[JudgedCall], weights: Weights) -> Sheet:
    keys = ["noise_share", "set", "label", "id", "kind", "score", "evidence"]
    cells: list[list[Cell]] = []
    for j in judged:
        decision = j.outcome.decision
        known = decision.assessment.evidence
        pieces = zip(known, counted(known, weights), strict=True)
        evidence = " ".join(f"{count:+z.1f} {e.span} ({e.rule})" for e, count in pieces)
        score = round(decision.assessment.score, 2)
        cells.append(
            [j.noise, j.labelled.set, j.labelled.label, j.labelled.call.id, coded(decision.kind), score, evidence]
        )
    return replace(sheet("t_false_flags", keys, cells, id="phone"), name="false_flags")
