"""Loads the cue cards of agents, from a TOML file that a site can replace."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from screener.core.cards import Card, Cards
from screener.errors import SettingsError
from screener.resources import config_folder

GAP = "…"
Text = Annotated[str, Field(min_length=1, max_length=80)]
"""Short enough to be read while somebody talks."""


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
    acts: dict[str, float] | None = None


_CARDS = TypeAdapter(list[_Card])


def load_cards(name: str, folder: Path, syllables: Callable[[str], tuple[str, ...]]) -> Cards:
    """Read the cards.

    Args:
        name: of the file, relative to `folder`; empty takes the shipped one.
        folder: where the settings lie.
        syllables: text to toneless pinyin.

    Raises:
        SettingsError: the file cannot be read, or a card is wrong.
    """
    path = folder / name if name else config_folder() / "cards.toml"
    try:
        found = _CARDS.validate_python(tomllib.loads(path.read_text("utf-8")).get("card", []))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsError(f"{path}: cannot be read ({problem})", "correct [console] cards") from problem
    except ValidationError as problem:
        lines = [f"{path}: card {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors()]
        raise SettingsError("\n".join(lines), "correct the cards") from problem
    cards = []
    for card in found:
        sounds = tuple(tuple(syllables(part) for part in phrase.split(GAP)) for phrase in card.phrases)
        if not all(all(parts) for parts in sounds):
            raise SettingsError(f"{path}: card {card.id}: a phrase without a sound", "correct the cards")
        cards.append(Card(card.id, card.name, card.sign, card.do, card.avoid, card.say, card.acts or {}, sounds))
    if len({card.id for card in cards}) != len(cards):
        raise SettingsError(f"{path}: two cards have one id", "correct the cards")
    return Cards(cards)
