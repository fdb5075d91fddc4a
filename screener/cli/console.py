"""`screener console`: the web pages of supervisors and agents, and who may use them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import uvicorn

from screener.cli.say import say, show
from screener.console.access import Access, Role
from screener.console.app import build
from screener.console.desk import Desk
from screener.console.hub import Hub
from screener.errors import InputError
from screener.operations.logs import start_logging
from screener.settings.judging import load_notes
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.store.accounts import Accounts
from screener.store.log import CallLog, open_log
from screener.words.judgement import Teller

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file; default screener.toml here."
)


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
    settings = load(config)
    start_logging(settings.operations.log_level, as_json=settings.operations.log_json)
    log = open_log(settings.store.url, settings.folder)
    desk = make_desk(settings, log)
    if not Accounts(log).everybody():
        say("no account yet: screener console adduser NAME --role administrator", err=True)
    desk.hub.start()
    try:
        uvicorn.run(
            build(desk),
            host=host or settings.console.host,
            port=settings.console.port if port is None else port,
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=_file(settings, settings.console.certificate),
            ssl_keyfile=_file(settings, settings.console.key),
        )
    finally:
        desk.hub.stop()
        log.close()


@console.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--extension", default="", help="Of an agent, as the log names agents.")
@click.password_option(help="Asked for when it is not given.")
@click.pass_obj
def adduser(config: Path | None, name: str, role: str, extension: str, password: str) -> None:
    """Let somebody use the console.

    Example: screener console adduser 王主管 --role supervisor
    """
    settings = load(config)
    log = open_log(settings.store.url, settings.folder)
    try:
        make_access(settings, log).add(name, Role(role), password, extension)
    finally:
        log.close()
    show(f"{name}: {role}")


@console.command()
@click.argument("name")
@click.pass_obj
def removeuser(config: Path | None, name: str) -> None:
    """Take somebody's account and logins away.

    Example: screener console removeuser 王主管
    """
    settings = load(config)
    log = open_log(settings.store.url, settings.folder)
    try:
        if not Accounts(log).remove(name):
            raise InputError(f"{name}: no such account", "see: screener console users")
    finally:
        log.close()
    show(f"{name} ✘")


@console.command()
@click.pass_obj
def users(config: Path | None) -> None:
    """Show who may use the console.

    Example: screener console users
    """
    settings = load(config)
    log = open_log(settings.store.url, settings.folder)
    try:
        for account in Accounts(log).everybody():
            show(f"{account.name}\t{account.role}\t{account.extension}")
    finally:
        log.close()


def make_access(settings: Settings, log: CallLog) -> Access:
    """The site's logins."""
    idle = timedelta(minutes=settings.console.session_minutes)
    return Access(Accounts(log), lambda: datetime.now(UTC), idle)


def make_desk(settings: Settings, log: CallLog) -> Desk:
    """What the pages work with; its hub is not started."""
    feeds = settings.console.feeds or (settings.operations.feed,)
    hub = Hub([settings.folder / feed for feed in feeds if feed])
    teller = Teller(settings.site.language, load_notes(settings.judgement, settings.folder))
    return Desk(settings, log, make_access(settings, log), hub, teller)


def _file(settings: Settings, name: str) -> str | None:
    return str(settings.folder / name) if name else None
