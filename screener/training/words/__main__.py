"""`python -m screener.training.words --data DIR`: makes config/learned.bin and its data card anew."""

from pathlib import Path

import click

from screener.resources import config_folder
from screener.settings.judging import load_judgement
from screener.settings.sections import Judgement
from screener.speech.pinyin import syllables
from screener.training.words.build import build


@click.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, exists=True), help="Folder of the public sets."
)
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder to write into; default where the shipped one is."
)
@click.option("--seed", default=1, show_default=True)
def main(data: Path, to: Path | None, seed: int) -> None:
    """Fit the learned model; the same data, lexicon and seed make the same file.

    Example: python -m screener.training.words --data ../shared/text
    """
    judgement = load_judgement(Judgement(learned="none"), Path(), syllables)
    made = build(data, judgement.lexicon, seed)
    folder = to or config_folder()
    (folder / "learned.bin").write_bytes(made.model)
    (folder / "learned.md").write_text(made.card, "utf-8")
    click.echo(f"{folder / 'learned.bin'}: {len(made.model):,} bytes")


main()
