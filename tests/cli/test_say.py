"""Whoever wants no colours gets none: https://no-color.org."""

import re

import click
import pytest
from click.testing import CliRunner

from screener.cli.say import may_colour, say, show
from screener.reports.layout import Bars, Heat, Page, Sheet
from screener.reports.render import render

COLOUR = re.compile(r"\x1b\[[0-9;]*(?<![0-9])(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)[;m]")


@click.command()
def bad() -> None:
    say("a mistake", bad=True)
    say("another", err=True, bad=True)
    show("a call", bad=True)
    say("all is well")


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False), ("0", False)])
def test_a_reader_who_wants_no_colours_gets_none(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None, coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    assert may_colour() == coloured
    said = CliRunner().invoke(bad, color=True, catch_exceptions=False).output
    assert "a mistake" in said and "a call" in said
    lines = [bool(COLOUR.search(line)) for line in said.splitlines()]
    assert lines == [coloured, coloured, coloured, False]
    assert ("\x1b" in said) == coloured
    charts = (Bars("竖", ["甲"], [3]), Heat("热", ["周一"], ["00", "01"], [[1, 5]]))
    table = str(render(Page("页", (Sheet("表", ["a"], ["甲"], [[1]]),), charts=charts), "table", colour=True))
    assert bool(COLOUR.search(table)) == coloured
    assert "█" in table, "charts are drawn all the same"
