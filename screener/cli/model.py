"""`screener model`: install, list, verify and build speech models."""

from importlib import import_module
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from screener.cli.say import say, show
from screener.errors import InputError, ModelError
from screener.resources import embedded_model_folder
from screener.speech.install import ARCHIVES, PUBLISHED, install
from screener.speech.models import (
    DEFAULT_MODEL,
    Shape,
    check_folder,
    describe,
    find_model,
    installed,
    models_folder,
    shape_of,
    transducer_in,
)


@click.group()
def model() -> None:
    """Speech models: what is there, what is sound, and how to get a production one."""


@model.command("install")
@click.argument("name", required=False)
@click.option(
    "--from", "source", type=click.Path(path_type=Path), help="A zip, tar or folder that is here already."
)
@click.option("--sha256", default="", help="The sum that the file must have, for models not known here.")
def install_command(name: str | None, source: Path | None, sha256: str) -> None:
    """Fetch a model, or take it from a file or folder.

    Without NAME and --from it says which there are, and what is known of them.

    Example: screener model install --from vosk-model-cn-0.22.zip
    """
    if source is not None and not source.exists():
        raise InputError(f"there is no file {source}")
    if name is None and source is None:
        say("Name the one to fetch:")
        for known, published in PUBLISHED.items():
            show("")
            show(f"{known}  {published.size >> 20} MB")
            if known == DEFAULT_MODEL:
                say("take this one, unless its last remark forbids it")
            say(published.known)
        return
    name = name or _named(source)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None, visible=False)  # until there is something to wait for
        folder = install(
            name,
            source,
            sha256=sha256,
            progress=lambda done, total: bar.update(task, completed=done, total=total, visible=True),
        )
    show(folder)
    shape = check_folder(folder)
    _say_what(folder, shape)
    say("in screener.toml, under [speech]:")
    if shape.engine:
        show(f'  engine = "{shape.engine}"')
        show(f'  model = "{name}"')
        return
    show(f'  second = "{name}"')
    say("and under [flow], how long a flag waits for it:")
    show("  second_seconds = 2.0")


def _say_what(folder: Path, shape: Shape) -> None:
    """What kind of model it is and what for; and which files are loaded, where a folder holds several sets."""
    if shape.engine:
        say(f"{shape}: hears calls as they go on, for [speech] model")
    else:
        say(f"{shape}: reads whole utterances, for [speech] second; it hears no calls")
    if shape in (Shape.STREAMING, Shape.TRANSDUCER) and not (chosen := transducer_in(folder)).alone:
        say(f"it holds several sets of files; the one that is loaded: {chosen.files['encoder'].name}")


def _named(source: Path | None) -> str:
    """A file's name without its ending, a folder's whole name."""
    assert source is not None
    where = source.resolve()
    return next((where.name.removesuffix(e) for e in ARCHIVES if where.name.endswith(e)), where.name)


@model.command("list")
def list_command() -> None:
    """The models on this machine.

    Example: screener model list
    """
    if (embedded := shape_of(embedded_model_folder())) is not None:
        say(f"embedded  {embedded.engine}  understands synthetic demo speech only")
    for found in installed():
        if (shape := found.shape) is None:
            say(f"{found.name}  no model  {found.folder}")
        elif shape.engine:
            say(f"{found.name}  {shape.engine}  hears calls  {found.folder}")
        else:
            say(f"{found.name}  {shape}  for a second reading only  {found.folder}")
    if not any(installed()):
        say(f"nothing installed in {models_folder()}; `screener model install` says what there is")


@model.command("verify")
@click.argument("name", default="embedded")
def verify_command(name: str) -> None:
    """Check every file of a model: a name, or a folder.

    Example: screener model verify vosk-model-small-cn-0.22
    """
    folder = find_model(name).folder
    shape = check_folder(folder)
    sums = len(describe(folder).sha256)
    say(f"{name}: sound" + (f", {sums} sums agree" if sums else ", but it carries no sums to compare"))
    _say_what(folder, shape)


@model.command("build", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def build_command(arguments: tuple[str, ...]) -> None:
    """Make the embedded model from nothing (needs the extra `train`)."""
    # Loaded only here: training brings libraries that nothing else needs.
    try:
        build: click.Command = import_module("screener.cli.model_build").build
    except ModuleNotFoundError as error:
        raise ModelError(
            f"models cannot be built here: no module {error.name}", "pip install 'screener[train]'"
        ) from error
    build.main(list(arguments), prog_name="screener model build", standalone_mode=False)
