"""`screener init` and `screener doctor`: from nothing to a machine that is ready."""

import errno
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener.cli.config import config_option
from screener.cli.say import put, say, show
from screener.cli.speaking import speaking
from screener.errors import InputError
from screener.outside.files import write_private
from screener.resources import config_folder, loading
from screener.settings.load import FILE_NAME
from screener.speech.models import DEFAULT_MODEL, DEFAULT_WHY
from screener.words.terms import labelled
from screener.words.told import told

if TYPE_CHECKING:
    from screener.service.peers import Check


@click.command()
@click.argument("path", default=FILE_NAME, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(path: Path, force: bool) -> None:
    """Write a commented settings file to PATH (default screener.toml), which its owner alone may read.

    Example: screener init /etc/screener/screener.toml
    """
    if path.is_dir():
        path /= FILE_NAME
    try:
        write_private(path, (config_folder() / FILE_NAME).read_bytes(), new=not force)
    except FileExistsError as problem:
        raise InputError(
            f"{path} is there already", "name another file, or overwrite it with --force"
        ) from problem
    except OSError as problem:
        remedy = "choose another folder" if problem.errno in (errno.EROFS, errno.ENOSPC) else "name another file"
        raise InputError(f"{path}: cannot be written ({problem.strerror})", remedy) from problem
    say(
        f"{path}: written. Next: set [sip] and [targets] in it, take a model of people's voices with: "
        f"screener model install {DEFAULT_MODEL} ({DEFAULT_WHY}), then run: screener doctor"
    )


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="A list of objects: name, ok, message, remedy.")
def doctor(config: Path | None, as_json: bool) -> None:
    """Check settings, ports, PBX, speech model, recordings, lexicon, database and disks.

    One line each, with what to do about every failure; a line with ! can wait. Exit code 0: ready; 1: at least one
    line failed.

    Example: screener doctor --config /etc/screener/screener.toml
    """
    logging.getLogger("screener").addHandler(logging.NullHandler())  # what a check meets, its line says
    found = []
    with loading():  # each check loads its part of the product
        from screener.service.doctor import examine  # `init` needs none of them

        for check in examine(config):
            found.append(check)
            if not as_json:
                show(line_of(check), bad=not check.ok)
    if as_json:
        put(json.dumps([asdict(check) for check in found], ensure_ascii=False, indent=1) + "\n")
    if not all(check.ok for check in found):
        raise SystemExit(1)


def line_of(check: "Check") -> str:
    """One line for a terminal."""
    parts = [told(part, speaking()) for part in (check.name, check.message, check.remedy)]
    said = labelled(parts[0], parts[1], speaking())
    sign = "✘" if not check.ok else "!" if check.remedy else "✔"
    return f"{sign} {said}" + (f" → {parts[2]}" if check.remedy else "")
