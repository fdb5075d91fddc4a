"""What the documents name is there: commands and options, settings, metrics, files; and in both languages."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import pytest

from screener.cli import COMMANDS
from screener.settings.sections import Settings
from tests.pbx.test_trust import SCREENER_MAY, TRIED

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "config/README.md", "deploy/**/*.md", "screener/**/README.md", "tests/bench/README.md")
    for path in ROOT.glob(pattern)
)
EVERYWHERE = {"--help", "--lang"}


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def spans(name: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text(name)))


def command_lines(name: str) -> Iterator[list[str]]:
    """The words after `screener`, of code blocks and of spans; what a code block says beside them is left out."""
    blocks = re.findall(r"(?m)^    (?:\S*/)?screener (\S.*?)(?:\s{2,}.*|\s*#.*)?$", text(name))
    inline = (span.removeprefix("screener ") for span in spans(name) if span.startswith("screener "))
    yield from (shlex.split(line) for line in (*blocks, *inline))


def found(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words lead to, and what is left of them."""
    module, name = COMMANDS[words[0]][0].split(":")
    command, rest = getattr(import_module(module), name), words[1:]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def settings() -> dict[str, set[str]]:
    """Sections and their keys."""
    whole = Settings()
    tables = {f.name: getattr(whole, f.name) for f in fields(Settings)}
    tables |= {"sip.tls": whole.sip.tls, "flow.warnings": whole.flow.warnings}
    return {name: {f.name for f in fields(table)} for name, table in tables.items() if is_dataclass(table)}


@cache
def metrics() -> set[str]:
    """Names of figures, as the sources write them."""
    sources = (path.read_text("utf-8") for path in (ROOT / "screener").rglob("*.py"))
    return {name for source in sources for name in re.findall(r'Sample\(\s*"(\w+)"', source)}


def test_there_are_documents() -> None:
    assert len(DOCUMENTS) > 12


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_and_option_is_one(name: str) -> None:
    for words in command_lines(name):
        assert words[0] in COMMANDS, words
        command, rest = found(words)
        known = EVERYWHERE | {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
        assert {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)} <= known, words
        waits = isinstance(command, click.Group) and not command.invoke_without_command
        assert not waits or not rest or not re.fullmatch(r"[a-z]+", rest[0]), f"no such subcommand: {words}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_setting_is_one(name: str) -> None:
    known = settings()
    written = "\n".join(spans(name))
    named = re.findall(r"\[([a-z.]+)\] ([a-z_]+)", written)
    named += re.findall(r"(?m)^([a-z]+)\.(?!toml)([a-z_]+)(?: = .*)?$", written)
    assert [f"[{section}] {key}" for section, key in named if section in known and key not in known[section]] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_metric_is_one(name: str) -> None:
    assert set(re.findall(r"\bscreener_([a-z_]*[a-z])\b", text(name))) <= metrics()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_is_there(name: str) -> None:
    rooted = (span for span in spans(name) if re.fullmatch(r"(tests|screener|config|deploy|audio)/[\w./-]+", span))
    linked = re.findall(r"\]\((?!https?:)([\w./-]+)(?:#[^)]*)?\)", text(name))
    assert [path for path in rooted if not (ROOT / path).exists()] == []
    assert [path for path in linked if not ((ROOT / name).parent / path).exists()] == []


@pytest.mark.parametrize("bench", sorted((ROOT / "tests" / "bench").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_bench_runs_is_there(bench: Path) -> None:
    named = re.findall(r'"((?:tests|screener|config|deploy|audio)/[\w./-]+)"', bench.read_text("utf-8"))
    made = ROOT / "tests" / "bench"  # some write their figures there
    assert [path for path in named if not (ROOT / path).exists() and (ROOT / path).parent != made] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_no_command_goes_unnamed(name: str) -> None:
    named = {words[0] for words in command_lines(name)} | {span.split()[0] for span in spans(name)}
    assert COMMANDS.keys() - named == set()


def test_the_two_deployment_documents_name_the_same() -> None:
    english, chinese = (
        {span for span in spans(name) if span.isascii() and " " not in span}
        for name in ("deploy/README.md", "deploy/README.zh-CN.md")
    )
    assert english ^ chinese == set()


@pytest.mark.parametrize("name", ["deploy/README.md", "deploy/README.zh-CN.md"])
def test_the_table_of_accounts_names_everything_that_was_tried_and_refused(name: str) -> None:
    """tests/pbx/test_trust.py tries it at a real Asterisk."""
    (row,) = [line for line in text(name).splitlines() if "`manager.conf`" in line and "`QueueLog`" in line]
    refused = row.split("|")[3]
    told = {action for action in TRIED if f"`{action.partition(' ')[0]}`" in refused}
    assert told == set(TRIED) - SCREENER_MAY | {"Originate"}, "Originate of a shell is told by its name"
