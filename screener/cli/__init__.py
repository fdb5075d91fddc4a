"""The command line: parses, calls, renders; no logic."""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from screener import version
from screener.cli.say import put, say_lines
from screener.cli.speaking import SpeakingContext, in_language, speaking, translated
from screener.errors import InputError, ScreenerError
from screener.outside.text import visible
from screener.resources import loading
from screener.words.language import VARIABLE, choose, language_of, without_lang
from screener.words.told import AND_DO, helped, told

COMMANDS = {
    "access": ("screener.cli.privacy:access", "Show who took data out of the log."),
    "bench-log": ("screener.cli.bench_log:bench_log", "Fill a call log with made-up calls, for measuring."),
    "calls": ("screener.cli.calls:calls", "Look at single calls of the log; packages of evidence."),
    "console": ("screener.cli.console:console", "Serve the web pages of supervisors and agents; their accounts."),
    "demo": ("screener.cli.demo:demo", "Place scripted calls and watch them being judged and treated."),
    "doctor": ("screener.cli.setup:doctor", "Check settings, ports, PBX, speech model, recordings and database."),
    "erase": ("screener.cli.privacy:erase_command", "Forget a caller: number, name and words."),
    "evaluate": ("screener.cli.evaluate:evaluate", "Judge labelled calls and count what came out."),
    "explain": ("screener.cli.review:explain_command", "Tell why a call was judged so."),
    "import": ("screener.cli.importing:importing", "Bring an Asterisk site's history into the log."),
    "init": ("screener.cli.setup:init", "Write a commented settings file."),
    "list": ("screener.cli.lists:lists", "Keep the lists: allow, block, watch."),
    "model": ("screener.cli.model:model", "Install and check speech models."),
    "prompts": ("screener.cli.prompts:prompts", "Build, check and import the recordings."),
    "purge": ("screener.cli.privacy:purge_command", "Delete transcripts that are older than they may be kept."),
    "replay": ("screener.cli.replay:replay", "Judge calls in recordings or transcripts."),
    "report": ("screener.cli.report:report", "How often harassment comes, from where, what came of it."),
    "review": ("screener.cli.review:review", "Confirm a flag or take it back."),
    "sample": ("screener.cli.review:sample", "Draw unflagged calls to look at: how much is missed?"),
    "serve": ("screener.cli.serve:serve", "Take calls until stopped."),
    "status": ("screener.cli.status:status", "Show whether the service runs, and what it does."),
    "tune": ("screener.cli.review:tune", "Propose weights, with their effect on the site's own calls."),
}
"""Each command, where it lives, and its help in a line; imported only when asked for, so that help is quick."""


class _Commands(click.Group):
    context_class = SpeakingContext

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        with loading():
            command: click.Command = getattr(import_module(module), name)
        return in_language(command, cmd_name, speaking(ctx))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]}?" if near else "see: screener --help"
            raise click.UsageError(f"there is no command {args[0]} — {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        chinese = speaking(ctx) == "zh"
        rows = [(name, helped(f"in short {name}") if chinese else text) for name, (_, text) in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        parameters = super().get_params(ctx)
        return [translated(parameter) for parameter in parameters] if speaking(ctx) == "zh" else parameters

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text = helped("screener") if speaking(ctx) == "zh" else (self.help or "")
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401
    ) -> click.Context:
        """`--lang` may stand anywhere; what it says holds for everything below."""
        lang = choose(args, os.environ)
        with suppress(ValueError, IndexError):
            asked = args[args.index("--lang") + 1]
            if language_of(asked) is None:
                raise click.BadParameter(f"--lang {asked}: allowed: zh or en")
        named = os.environ.get(VARIABLE, "")
        if named and language_of(named) is None:  # in a service's environment: no reason not to take calls
            say_lines(told(f"screener: {VARIABLE}={named}: not heeded; allowed: zh or en", lang), err=True)
        return super().make_context(info_name, without_lang(args), parent, obj=lang, **extra)


def _version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        put(f"screener, version {version()}\n")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-V", "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), expose_value=False, help="Of everything; may stand anywhere."
)
def cli() -> None:
    """Screener: screens harassment calls beside any SIP PBX."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Whatever goes wrong is one line, `screener: what — what to do`, and an exit code.

    The codes are in deploy/README.md, “Exit codes”.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:  # closed by whoever started us: nobody reads what we say
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as we run
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a terminal of another encoding shows what it can
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        _check_texts(arguments)
        cli.main(arguments, prog_name="screener", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort as ended:
        if not isinstance(ended.__context__, EOFError):
            sys.exit(130)
        put("\n", file=sys.stderr)
        _fail(f"nobody is there to answer{AND_DO}say it with an option: see --help", arguments, 2)
    except KeyboardInterrupt:
        sys.exit(130)
    except click.ClickException as wrong:
        _fail(_with_help(wrong), arguments, 2)
    except ScreenerError as error:
        _fail(str(error), arguments, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as problem:
        if problem.errno == errno.EPIPE:
            sys.exit(0)
        what = problem.filename or "output"
        full = problem.errno == errno.ENOSPC
        remedy = "choose another folder" if problem.errno == errno.EROFS else "name another file"
        remedy = "make room there, or write to another place" if full else remedy
        _fail(f"{what}: cannot be written ({problem.strerror}){AND_DO}{remedy}", arguments, InputError.exit_code)


def _check_texts(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text here: no log takes them. A file that is there may be called by any.

    Raises:
        InputError: an argument is such.
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            if not os.path.exists(argument):  # noqa: PTH110 - it need not be a path
                raise InputError(
                    f"{visible(argument)}: is no text in the encoding of this terminal",
                    "look at LANG, or write it in UTF-8",
                ) from None


def _with_help(wrong: click.ClickException) -> str:
    """What is wrong with an invocation, in one line, and where it stands how it is done."""
    text, context = wrong.format_message().replace("\n\t", " "), getattr(wrong, "ctx", None)
    if context is None or "\n" in text or AND_DO in text:
        return text
    return f"{text}{AND_DO}see: {context.command_path} --help"


def _fail(text: str, arguments: Sequence[str], code: int) -> None:
    with suppress(OSError, ValueError):
        say_lines(f"screener: {told(text, choose(arguments, os.environ))}", err=True)
    sys.exit(code)
