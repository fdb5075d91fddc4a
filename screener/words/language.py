"""Which language a person reads: what they ask for, else the environment, else the settings file, else Chinese."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from screener.words.terms import Language

VARIABLE = "SCREENER_LANG"
SETTINGS_VARIABLE = "SCREENER_CONFIG"
SETTINGS_FILE = "screener.toml"


def language_of(name: str) -> Language | None:
    """`zh` or `en` of a name such as `zh_CN.UTF-8` or `English`; None for any other."""
    begins = name.strip().lower()[:2]
    return "zh" if begins == "zh" else "en" if begins == "en" else None


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of one run of the command line.

    Args:
        arguments: of the command; `--lang` in them holds, and `--config` names the settings file.
        environment: `SCREENER_LANG`, `SCREENER_CONFIG`.
    """
    asked = _value(arguments, "--lang") or environment.get(VARIABLE, "")
    return language_of(asked) or _of_settings(_value(arguments, "--config"), environment) or "zh"


def without_lang(arguments: Sequence[str]) -> list[str]:
    """The arguments without `--lang` and its value, wherever it stands."""
    kept: list[str] = []
    skip = False
    for number, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument == "--":
            return [*kept, *arguments[number:]]
        elif argument == "--lang":
            skip = True
        elif not argument.startswith("--lang="):
            kept.append(argument)
    return kept


def _value(arguments: Sequence[str], option: str) -> str:
    for number, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
        if argument == option and number + 1 < len(arguments):
            return arguments[number + 1]
    return ""


def _of_settings(named: str, environment: Mapping[str, str]) -> Language | None:
    """What the settings file says, if it can be read; whatever else is wrong with it is not for now."""
    path = Path(named or environment.get(SETTINGS_VARIABLE, "") or SETTINGS_FILE)
    try:
        site = tomllib.loads(path.read_text("utf-8-sig")).get("site")
    except (OSError, ValueError):
        return None
    said = site.get("language") if isinstance(site, dict) else None
    return language_of(said) if isinstance(said, str) else None
