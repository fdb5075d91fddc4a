"""`python -m screener.training.acts fit`: makes config/acts.bin and its data card anew from the corpus."""

from collections import Counter
from pathlib import Path

import click

from screener.acts.net import ActsModel
from screener.resources import config_folder
from screener.settings.judgement import load_judgement
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.training.acts.check import check as everything_wrong
from screener.training.acts.check import excess
from screener.training.acts.corpus import KEPT, read_corpus, read_hands, write_hand
from screener.training.acts.measure import nearest, told
from screener.training.acts.written import read_written

VERSION = "8"
NEAREST = 300
"""Protected calls that go with the product, for `screener tune`."""


@click.group()
def main() -> None:
    """The corpus of calls by many hands, and the model of acts that learns from it."""


@main.command()
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder to write into; default where the shipped one is."
)
@click.option("--seed", default=1, show_default=True)
def fit(to: Path | None, seed: int) -> None:
    """Learn from the corpus (needs the extra `train`); the same corpus and seed make the same files.

    Example: python -m screener.training.acts fit
    """
    from screener.training.acts.build import build  # PyTorch is an extra

    folder = to or config_folder()
    for name, data in build(read_corpus(), VERSION, seed).items():
        (folder / name).write_bytes(data)
        click.echo(f"{folder / name}: {len(data):,} bytes")
    judgement = load_judgement(
        JudgementSection(acts=str((folder / "acts.bin").absolute())), Path(), syllables, None
    )
    near = nearest(list(told(read_corpus(), judgement)), NEAREST)
    (folder / "protected.jsonl.gz").write_bytes(near)


@main.command()
@click.option("--seed", default=1, show_default=True)
def curve(seed: int) -> None:
    """Learn from fewer hands and from fewer calls than the shipped model did, and say what that costs.

    Needs the extra `train`.
    """
    from screener.training.acts.curve import curve as tables  # PyTorch is an extra

    judgement = load_judgement(JudgementSection(), Path(), syllables, None)
    assert isinstance(judgement.acts, ActsModel)
    for title, heads, rows in tables(read_corpus(), judgement.acts, seed):
        click.echo("\n".join([title, " | ".join(heads), *(" | ".join(map(str, row)) for row in rows), ""]))


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
def check(paths: tuple[Path, ...]) -> None:
    """Look for shared phrases, templates and contradictions, and fail where there are more than is allowed.

    In the corpus, the hands kept apart, and FILES of its form beside them.
    """
    calls = [*read_corpus(), *read_corpus(KEPT), *read_hands(paths)]
    findings = list(everything_wrong(calls))
    for finding in findings:
        click.echo(f"{finding.where}: {finding.what}")
    labels = Counter(call.label for call in calls)
    click.echo(f"{len(calls)} calls by {len({c.hand for c in calls})} hands: {dict(labels.most_common())}")
    counts = Counter(finding.fault for finding in findings)
    click.echo(", ".join(f"{count} {fault}" for fault, count in counts.items()) or "nothing found")
    if more := excess(findings, calls):
        raise click.ClickException(f"more than is allowed: {', '.join(more)}")


@main.command(name="import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("hand")
@click.argument("file", type=click.Path(path_type=Path))
def import_(folder: Path, hand: str, file: Path) -> None:
    """Turn what a HAND wrote in a FOLDER of text files into a FILE of the corpus's form."""
    calls = list(read_written(folder, hand))
    write_hand(calls, file)
    click.echo(f"{file}: {len(calls)} calls")


if __name__ == "__main__":
    main()
