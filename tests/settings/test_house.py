"""Each thing about a key of the settings has one place: its words, its check, its way in."""

import ast
import re
from pathlib import Path

import pytest

import screener
from screener.resources import config_folder
from screener.settings import load

PACKAGE = Path(screener.__file__).parent
SHIPPED = (config_folder() / "screener.toml").read_text("utf-8")
KEY = re.compile(r"^(?:# )?(\w+) = .*?(?:\s#\s(.*))?$", re.M)
DATA = {"acts/file.py", "acts/caller_types.py", "numbers/identify.py", "operations/systemd.py", "review/tune.py"}
"""Raise the error of settings about what is no key: a data file, or what systemd hands over."""


def wordless(text: str) -> list[str]:
    """The keys of a settings file whose comment lacks Chinese or English."""
    return [key for key, words in KEY.findall(text) if not re.search(r"[\u4e00-\u9fff].* · .*[a-z]{2}", words)]


def imported(path: Path) -> set[str]:
    """The names that a module imports, each with its module."""
    tree = ast.parse(path.read_text("utf-8"))
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in froms for alias in node.names}


def checks(path: Path) -> set[str]:
    """The functions of a module that check settings."""
    tree = ast.parse(path.read_text("utf-8"))
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("check_")}


def test_every_key_has_its_words_in_both_languages() -> None:
    assert len(KEY.findall(SHIPPED)) > 150
    assert wordless(SHIPPED) == []


@pytest.mark.parametrize(
    "line", ["port = 1", "port = 1 # 端口", "port = 1 # the port", "# port = 1", "port = 1 # the port · 端口"]
)
def test_a_key_without_words_is_found(line: str) -> None:
    assert wordless(f"[sip]\n{line}\n") == ["port"]


def test_a_wrong_setting_is_told_by_this_room_alone() -> None:
    raising = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "screener.errors.SettingsError" in imported(path) and "raise SettingsError" in path.read_text("utf-8")
    }
    assert {path for path in raising if not path.startswith("settings/")} == DATA


def test_every_check_of_the_room_is_made_by_cross_checks() -> None:
    room = PACKAGE / "settings"
    every = {f"screener.settings.{path.stem}.{check}" for path in room.glob("*.py") for check in checks(path)}
    assert every <= imported(room / "checks.py")
    assert len(every) >= 4


def test_the_file_is_checked_by_cross_checks_and_nothing_else() -> None:
    assert not re.search(r"^def _check", Path(load.__file__).read_text("utf-8"), re.M)
    users = [p.name for p in PACKAGE.rglob("*.py") if "screener.settings.checks.cross_checks" in imported(p)]
    assert users == ["load.py"]
