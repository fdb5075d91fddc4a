"""`screener console`: the web pages of supervisors and agents, their API, and who may use them."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import click

from screener.cli.config import config_option
from screener.cli.say import say, show
from screener.cli.speaking import as_spoken, speaking
from screener.console.logins import Role
from screener.console.server import ConsoleServer, make_access, make_context
from screener.errors import MissingError
from screener.operations.logs import start_logging
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.speech.pinyin import syllables
from screener.store.accounts import Account, Accounts
from screener.store.log import CallLog, open_log
from screener.words.console import said
from screener.words.terms import labelled, word


@click.group(invoke_without_command=True)
@config_option
@click.option("--host", help="Where it listens; default from the settings.")
@click.option("--port", type=click.IntRange(0, 65535), help="Likewise.")
@click.pass_context
def console(context: click.Context, config: Path | None, host: str | None, port: int | None) -> None:
    """Serve the console until stopped; the first account: screener console adduser.

    Example: screener console --config /etc/screener/screener.toml
    """
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    settings = as_spoken(load(config))
    start_logging(settings.operations.log_level, as_json=settings.operations.log_json)
    log = open_log(settings.store.url, settings.folder, must_exist=True)
    _everybody(log)
    try:
        server = ConsoleServer(make_context(settings, log, syllables), host, port)
        server.run(lambda address: say(f"console on {address}"))
    finally:
        log.close()


@console.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--extension", default="", help="Of an agent, as the log names agents.")
@click.option("--password", default="", help="Asked for when it is not given.")
@config_option
def adduser(config: Path | None, name: str, role: str, extension: str, password: str) -> None:
    """Let somebody use the console.

    Example: screener console adduser wang --role supervisor
    """
    with _opened(config) as (settings, log):
        access = make_access(settings, log)
        access.check(name, Role(role), extension)  # before anybody types a password
        access.add(name, Role(role), password or _asked(), extension)
    show(labelled(name, word(f"role_{role}", speaking()), speaking()))


@contextmanager
def _opened(config: Path | None) -> Iterator[tuple[Settings, CallLog]]:
    """The site's settings, and its log as long as it is needed."""
    settings = load(config)
    with closing(open_log(settings.store.url, settings.folder, must_exist=True)) as log:
        yield settings, log


def _asked() -> str:
    """A password that is typed twice and shown nowhere."""
    lang = speaking()
    again = said("password_again", lang)
    hide = _typed()  # a pipe shows nothing, and there is nothing to warn of
    return str(click.prompt(said("new_password", lang), hide_input=hide, confirmation_prompt=again))


def _typed() -> bool:
    """Whether somebody types at a terminal."""
    return sys.stdin.isatty()


@console.command()
@click.argument("name")
@config_option
def removeuser(config: Path | None, name: str) -> None:
    """Take somebody's account and logins away.

    Example: screener console removeuser wang
    """
    with _opened(config) as (_, log):
        if not Accounts(log).remove(name):
            raise MissingError(f"{name}: no such account", "see: screener console users")
    show(f"{name} ✘")


@console.command()
@config_option
def users(config: Path | None) -> None:
    """Show who may use the console.

    Example: screener console users
    """
    with _opened(config) as (_, log):
        for account in _everybody(log):
            role = word(f"role_{account.role}", speaking())
            show(f"{account.name}  {role}  {account.extension}".rstrip())


def _everybody(log: CallLog) -> list[Account]:
    """Who may use the console; says what to do where nobody may."""
    found = Accounts(log).everybody()
    if not found:
        say("no account yet: screener console adduser NAME --role administrator", err=True)
    return found


@console.group()
def token() -> None:
    """Programs that may use the API: a CRM, a desktop, a wallboard."""


@token.command(name="add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--extension", default="", help="Of an agent, as the log names agents.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it holds; default for ever.")
@config_option
def token_add(config: Path | None, name: str, role: str, extension: str, days: int | None) -> None:
    """Let a program in; prints its token, which is kept nowhere, once.

    Example: screener console token add crm --role supervisor --days 365
    """
    with _opened(config) as (settings, log):
        lasts = timedelta(days=days) if days else None
        made = make_access(settings, log).add_token(name, Role(role), extension, lasts)
    show(made)


@token.command(name="list")
@config_option
def token_list(config: Path | None) -> None:
    """Show which programs may use the API, and until when.

    Example: screener console token list
    """
    with _opened(config) as (_, log):
        tokens = Accounts(log).tokens()
        if not tokens:
            say("no program may use the API yet: screener console token add NAME --role auditor", err=True)
        for one in tokens:
            until = f"→ {one.expires_at:%Y-%m-%d}" if one.expires_at else ""
            show(f"{one.name}  {word(f'role_{one.role}', speaking())}  {one.extension}  {until}".rstrip())


@token.command(name="remove")
@click.argument("name")
@config_option
def token_remove(config: Path | None, name: str) -> None:
    """Let a program in no more.

    Example: screener console token remove crm
    """
    with _opened(config) as (_, log):
        if not Accounts(log).remove_token(name):
            raise MissingError(f"{name}: no such token", "see: screener console token list")
    show(f"{name} ✘")
