"""Loads the cue cards of agents, from a TOML file that a site can replace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from screener.acts.caller_types import load_caller_types
from screener.core.cards import Card, Cards, Showing, Sound
from screener.errors import SettingsError
from screener.resources import config_folder
from screener.settings.found import complaints, validated
from screener.settings.judgement import site_acts
from screener.settings.sections import JudgementSection
from screener.settings.site_file import read_toml

POINTS_MOST = 1_000_000
"""Either way, of any number."""
GAP, OR = "…", "/"
Text = Annotated[str, Field(min_length=1, max_length=80)]
"""Short enough to be read while somebody talks."""
English = Annotated[str, Field(min_length=1, max_length=160)]
"""Likewise."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class _English:
    name: English
    sign: English
    do: tuple[English, ...]
    avoid: tuple[English, ...]
    say: English


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class _Card:
    id: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    name: Text
    sign: Text
    do: tuple[Text, ...]
    avoid: tuple[Text, ...]
    say: Text
    phrases: tuple[str, ...]
    hints: tuple[str, ...] = ()
    acts: dict[str, float] = field(default_factory=dict)
    en: _English | None = None
    length: tuple[Annotated[int, Field(ge=0)], int, Annotated[float, Field(ge=0)]] = (0, 0, 0.0)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class _File:
    card: list[_Card] = field(default_factory=list)
    showing: Showing = field(default_factory=Showing)


_FILE = TypeAdapter(_File)


def load_cards(
    name: str, folder: Path, syllables: Callable[[str], tuple[str, ...]], language: str = "zh"
) -> Cards:
    """Read the cards.

    Args:
        name: of the file, relative to `folder`; empty takes the shipped one.
        folder: where the settings lie.
        syllables: text to toneless pinyin.
        language: which words the cards have, `zh` or `en`; Chinese where a site's own card has no English.

    Raises:
        SettingsError: the file cannot be read, or a card is wrong.
    """
    path = folder / name if name else config_folder() / "cards.toml"
    try:
        file = validated(_FILE, read_toml(path, "correct [console] cards")[1])
    except ValidationError as problem:
        lines = [f"{path}: {wrong}" for _, wrong in complaints(problem)]
        raise SettingsError("\n".join(lines), "correct the cards") from problem
    allowed = f"allowed a number from -{POINTS_MOST} to {POINTS_MOST}"
    if beyond := [
        f"{path}: {name}: found {number:g}, {allowed}"
        for name, number in _numbers(file)
        if not abs(number) <= POINTS_MOST  # nan is none too
    ]:
        raise SettingsError("\n".join(beyond), "correct the cards")
    cards = []
    for c in file.card:
        sounds, hints = (
            tuple(_sound(phrase, syllables) for phrase in phrases) for phrases in (c.phrases, c.hints)
        )
        if not all(way for parts in sounds + hints for part in parts for way in part):
            raise SettingsError(f"{path}: card {c.id}: a phrase without a sound", "correct the cards")
        told = c.en if c.en is not None and language == "en" else c
        words = told.name, told.sign, told.do, told.avoid, told.say
        cards.append(Card(c.id, *words, c.acts, sounds, hints, c.length))
    if len({card.id for card in cards}) != len(cards):
        raise SettingsError(f"{path}: two cards have one id", "correct the cards")
    shipped = config_folder()
    types = load_caller_types(shipped / "cards.bin", site_acts(JudgementSection(), folder))
    learned = {card.id for card in cards} & set(types.names)
    return Cards(cards, types if learned else None, file.showing)


def _numbers(file: _File) -> Iterator[tuple[str, float]]:
    """Every number, and where it stands."""
    yield from ((f"showing.{spec.name}", getattr(file.showing, spec.name)) for spec in fields(Showing))
    for card in file.card:
        yield from ((f"{card.id} acts.{act}", points) for act, points in card.acts.items())
        yield from ((f"{card.id} length", number) for number in card.length)


def _sound(phrase: str, syllables: Callable[[str], tuple[str, ...]]) -> Sound:
    """A phrase such as `叫/找…领导/经理` as it sounds."""
    return tuple(tuple(syllables(way) for way in part.split(OR)) for part in phrase.split(GAP))
