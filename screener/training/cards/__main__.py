"""`python -m screener.training.cards fit`: makes config/cards.bin anew from the corpus, in minutes."""

from pathlib import Path

import click

from screener.acts.caller_types import save_caller_types
from screener.acts.file import load_acts
from screener.resources import config_folder
from screener.training.acts.corpus import read_corpus
from screener.training.cards.fit import fit as learn
from screener.training.cards.written import corpus, ordinary


@click.group()
def main() -> None:
    """The model of types of callers."""


@main.command()
@click.option("--to", type=click.Path(path_type=Path), help="File to write; default where the shipped one is.")
@click.option("--without", multiple=True, help="Hand whose calls are left out, to be measured on; again for more.")
def fit(to: Path | None, without: tuple[str, ...]) -> None:
    """Learn from the corpus; the same corpus makes the same file.

    Example: python -m screener.training.cards fit
    """
    path = to or config_folder() / "cards.bin"
    found = list(corpus(without))
    easy = list(ordinary(call for call in read_corpus() if call.hand not in without))
    path.write_bytes(save_caller_types(learn(found, easy, load_acts(config_folder() / "acts.bin"))))
    click.echo(f"{path}: {path.stat().st_size:,} bytes from {len(found)} beginnings and {len(easy)} whole calls")


main()
