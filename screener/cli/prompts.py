"""`screener prompts`: the recordings that callers hear."""

from pathlib import Path

import click

from screener.cli.config import config_option
from screener.cli.say import say, show
from screener.core.actions import Prompt
from screener.errors import InputError
from screener.media.prompts import find
from screener.media.recordings import LEVEL_DBFS, build, check, convert, load_texts
from screener.resources import audio_folder
from screener.settings.load import load
from screener.settings.recordings import write_said

FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), help="Default: [prompts] folder of the settings file."
)


def site_folder(folder: Path | None, config: Path | None) -> Path | None:
    """The folder named on the command line, else the settings' one, else None."""
    if folder is not None:
        return folder
    return load(config).recordings


def needed(folder: Path | None) -> Path:
    """The folder, which a command that writes must have."""
    if folder is None:
        raise InputError("no folder to write to", "give --folder, or set [prompts] folder in the settings file")
    return folder


@click.group()
def prompts() -> None:
    """Make, check and import the recordings that callers hear."""


@prompts.command(name="build")
@FOLDER
@config_option
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--texts", type=click.Path(path_type=Path), help="A prompts.toml of your own wordings.")
def build_command(folder: Path | None, config: Path | None, language: str, texts: Path | None) -> None:
    """Speak every wording with espeak-ng and generate the signal tone.

    Example: screener prompts build --folder audio
    """
    into, spoken = needed(site_folder(folder, config)), load_texts(language, texts)
    for path in build(into, spoken):
        say(path)
    if into.resolve() != audio_folder().resolve():  # what the shipped ones say is in config/prompts.toml
        write_said(into, spoken.lines)


@prompts.command(name="check")
@FOLDER
@config_option
def check_command(folder: Path | None, config: Path | None) -> None:
    """Measure format, length, level and clipping of what would be played; exit code 1 when one is wrong.

    Example: screener prompts check
    """
    site, wrong = site_folder(folder, config), False
    if site is not None and not site.is_dir():
        raise InputError(f"{site}: no such folder", "correct --folder or [prompts] folder")
    for prompt in Prompt:
        found = check(find(prompt, site))
        sign = "✘" if found.problems else "✔"
        show(f"{sign} {prompt:15} {found.seconds:5.2f} s {found.dbfs:6.1f} dBFS  {found.path}")
        for problem in found.problems:
            wrong = True
            say(f"  {problem}", bad=True)
    if wrong:
        raise SystemExit(1)


@prompts.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as", "prompt", type=click.Choice([p.value for p in Prompt]), help="Default: the file's own name.")
@click.option("--says", default="", help="Its words, for the log of warnings; of one file.")
@FOLDER
@config_option
def import_command(
    files: tuple[Path, ...], prompt: str | None, says: str, folder: Path | None, config: Path | None
) -> None:
    """Convert your own recordings, of any format, into prompts at the product's level.

    Several files at once must bear the prompts' names (greeting.mp3, steer.m4a …).

    Example: screener prompts import w1.mp3 --as warning_abuse_1 --says 请您文明用语
    """
    if (prompt or says) and len(files) > 1:
        raise InputError(
            f"{len(files)} files for one prompt", "import them one by one, or name them as the prompts"
        )
    names = {p.value for p in Prompt}
    for file in files:
        if (name := prompt or file.stem) not in names:
            raise InputError(f"{file}: {name} is no prompt", f"give --as with one of {', '.join(sorted(names))}")
    into = needed(site_folder(folder, config))
    for file in files:
        made = check(convert(file, into, Prompt(prompt or file.stem)))
        write_said(into, {Prompt(prompt or file.stem): says})
        short = f" (peaks keep it below {LEVEL_DBFS:.0f})" if made.dbfs < LEVEL_DBFS - 1 else ""
        say(f"{made.path}: {made.seconds:.2f} s, {made.dbfs:.1f} dBFS{short}")
