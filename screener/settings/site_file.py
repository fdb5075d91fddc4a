"""A text file of the site's as it is read: what is wrong with one, in words, and what to do about it."""

from pathlib import Path
from typing import Any

from screener.errors import SettingsError
from screener.outside import toml
from screener.outside.files import read_utf8, reason_of, to_read
from screener.resources import config_folder


def remedy_for(path: Path, remedy: str) -> str:
    """What to do about a file: nobody is to correct a shipped one."""
    return "install the product anew" if path.parent == config_folder() else remedy


def read_text(path: Path, absent: str) -> str:
    """All of it.

    Args:
        path: of the file.
        absent: what to do where there is none.

    Raises:
        SettingsError: it cannot be read, or is no text in UTF-8.
    """
    try:
        return read_utf8(path)
    except (OSError, UnicodeDecodeError) as problem:
        what = f"{path}: cannot be read ({reason_of(problem)})"
        raise SettingsError(what, remedy_for(path, to_read(problem, absent))) from problem


def read_toml(path: Path, absent: str) -> tuple[str, dict[str, Any]]:
    """Its text and what that says; arguments and errors as of `read_text`, and those of `parse_toml`."""
    text = read_text(path, absent)
    return text, parse_toml(text, path)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """What a text says.

    Raises:
        SettingsError: it is no TOML; names the line. Or it says what nothing can hold.
    """
    try:
        return toml.tables_of(text)
    except toml.TomlError as problem:
        remedy = "correct that line" if problem.at_line else "correct the file"
        raise SettingsError(f"{path}: {problem}", remedy_for(path, remedy)) from problem
