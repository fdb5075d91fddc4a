"""The command line: parses, calls, renders; no logic."""

import sys
from importlib import import_module

import click

from screener import __version__
from screener.errors import ScreenerError

COMMANDS = {
    "access": "screener.cli.privacy:access",
    "bench-log": "screener.cli.bench_log:bench_log",
    "calls": "screener.cli.calls:calls",
    "console": "screener.cli.console:console",
    "demo": "screener.cli.demo:demo",
    "doctor": "screener.cli.setup:doctor",
    "evaluate": "screener.cli.evaluate:evaluate",
    "explain": "screener.cli.judging:explain_command",
    "import": "screener.cli.importing:importing",
    "init": "screener.cli.setup:init",
    "list": "screener.cli.lists:lists",
    "model": "screener.cli.model:model",
    "prompts": "screener.cli.prompts:prompts",
    "purge": "screener.cli.privacy:purge_command",
    "replay": "screener.cli.replay:replay",
    "report": "screener.cli.report:report",
    "review": "screener.cli.judging:review",
    "serve": "screener.cli.serve:serve",
    "tune": "screener.cli.judging:tune",
}
"""Each command and where it lives; imported only when it is asked for, so that `--help` is quick."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Screener 骚扰电话识别与处理: screens harassment calls beside any SIP PBX."""


def main() -> None:
    """Run the command line; an error of ours is one line and its own exit code (README: Exit codes)."""
    try:
        cli()
    except ScreenerError as error:
        click.echo(f"screener: {error}", err=True)
        sys.exit(error.exit_code)
