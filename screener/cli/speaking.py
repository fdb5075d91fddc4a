"""The command line in the reader's language: help, and what commands say."""

import copy
import os
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import click

from screener.words.language import choose
from screener.words.terms import Language
from screener.words.told import HEADINGS, PLACES, REMARKS, helped, option_helped

if TYPE_CHECKING:  # help waits for no settings
    from screener.settings.sections import Settings

COLUMNS = 78
"""Of help, also on wider terminals: it is read, not scanned."""


def speaking(context: click.Context | None = None) -> Language:
    """The language of the command at work."""
    here = context or click.get_current_context(silent=True)
    found = here.find_root().obj if here else None
    if found in ("zh", "en"):
        return "en" if found == "en" else "zh"
    return choose((), os.environ)  # a group of commands on its own


def width_of(text: str) -> int:
    """Columns that a text takes; Chinese characters take two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def as_spoken(settings: "Settings") -> "Settings":
    """Settings of a site that speaks the language of the command at work: pages, alerts and summaries too."""
    return replace(settings, site=replace(settings.site, language=speaking()))


class Formatter(click.HelpFormatter):
    """Help that knows how wide Chinese is. The language is that of the text itself."""

    lang: Language = "zh"

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: D102
        if self.lang == "zh":
            prefix = f"{HEADINGS['Usage']}："
            for english, chinese in PLACES.items():
                args = args.replace(english, chinese)
        super().write_usage(prog, args, prefix)

    def write_heading(self, heading: str) -> None:  # noqa: D102
        if self.lang == "zh":
            self.write(f"{' ' * self.current_indent}{HEADINGS.get(heading, heading)}：\n")
        else:
            super().write_heading(heading)

    def write_text(self, text: str) -> None:  # noqa: D102
        indent = " " * self.current_indent
        for number, paragraph in enumerate(re.split(r"\n\s*\n", textwrap.dedent(text))):
            self.write("\n" if number else "")
            joined = re.sub(r"\s*\n\s*", "" if self.lang == "zh" else " ", paragraph.strip())
            self.write("".join(f"{indent}{line}\n" for line in wrapped(joined, COLUMNS - len(indent))))

    def write_dl(  # noqa: D102
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = [(name, _remarked(text) if self.lang == "zh" else text) for name, text in rows]
        first = min(max((width_of(name) for name, _ in rows), default=0), col_max) + col_spacing
        indent = " " * self.current_indent
        for name, text in rows:
            lines = list(wrapped(text, COLUMNS - len(indent) - first)) or [""]
            gap = " " * (first - width_of(name))
            if width_of(name) > first - col_spacing:
                self.write(f"{indent}{name}\n")
                name, gap = "", " " * first
            self.write(f"{indent}{name}{gap}{lines[0]}\n".rstrip(" "))
            for line in lines[1:]:
                self.write(f"{indent}{' ' * first}{line}\n")


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Lines of at most so many columns: between words, and between any two Chinese characters."""
    line = ""
    for piece in re.findall(
        r"\s+|[^\s\u2e80-\uffef]+[,.;:!?)，；：？！）。、”]*|[（“]*[\u2e80-\uffef][,，；：？！）。、”]*", text
    ):
        if line and width_of(line + piece.rstrip()) > columns:
            yield line.rstrip()
            line = ""
        line += piece if line or not piece.isspace() else ""
    if line.strip():
        yield line.rstrip()


def _remarked(text: str) -> str:
    for english, chinese in REMARKS.items():
        text = text.replace(english, chinese)
    return text


class _English(Formatter):
    lang: Language = "en"


class SpeakingContext(click.Context):
    """Of every command of ours."""

    @property
    def formatter_class(self) -> type[click.HelpFormatter]:  # type: ignore[override]
        """Knows the language."""
        return _English if speaking(self) == "en" else Formatter


@cache
def in_language(command: click.Command, path: str, lang: Language) -> click.Command:
    """A copy of a command, and of those below it, whose help is in the reader's language."""
    spoken = copy.copy(command)
    spoken.context_class = SpeakingContext
    if lang == "zh":
        spoken.help = helped(path) or command.help
        spoken.short_help = (spoken.help or "").split("\n")[0]
        spoken.params = [translated(parameter) for parameter in command.params]
    if isinstance(spoken, click.Group) and isinstance(command, click.Group):
        spoken.commands = {
            name: in_language(below, f"{path} {name}", lang) for name, below in command.commands.items()
        }
    return spoken


def translated(parameter: click.Parameter) -> click.Parameter:
    """An option with Chinese help."""
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    spoken = copy.copy(parameter)
    spoken.help = option_helped(parameter.help)
    return spoken
