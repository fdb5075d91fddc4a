"""Loads what judges: lexicon, weights and calendar, from TOML files that a site can replace."""

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind
from screener.core.judgement import Calendar, Judgement, Strength, Weights
from screener.core.lexicon import GAP, Lexicon, Phrase, PhraseRole
from screener.core.signals import OPENING, SILENCE, rule_of
from screener.errors import SettingsError
from screener.outside.files import reason_of
from screener.resources import config_folder
from screener.settings import sections
from screener.settings.found import complaints, validated
from screener.settings.recordings import load_played, load_words
from screener.settings.site_file import read_toml, remedy_for

if TYPE_CHECKING:
    from screener.acts.net import ActsModel

Syllables = Callable[[str], tuple[str, ...]]
"""Text to toneless pinyin; lives in speech/, which is above this room and handed in."""
Hour = Annotated[int, Field(ge=0, le=24)]
Loaded = TypeVar("Loaded")

HARASSING = (Kind.LEWD, Kind.ABUSE, Kind.PRANK, Kind.CHITCHAT, Kind.THREAT)
"""Kinds that words can speak for."""
ROLES: dict[str, tuple[PhraseRole, Kind | None]] = {
    **{kind.value: (PhraseRole.HARASSMENT, kind) for kind in HARASSING},
    **{role.value: (role, None) for role in PhraseRole if role is not PhraseRole.HARASSMENT},
}

FACTORED = frozenset({*map(rule_of, Act), OPENING, SILENCE})
"""Rules besides listed words that a factor counts for; caller, hour, history and sound have keys of their own."""
WEIGHT_MOST = 1_000_000
"""Either way: sums of such are still numbers."""
NOT_BELOW_0 = ("release", "emergency", "support", "repeat", "again", "silent", "laughter", "factor", "strength")
"""Weights that turn what they are for into its opposite below 0."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class _Group:
    """One `[[group]]` of the lexicon file."""

    id: Annotated[str, Field(min_length=1)]
    kind: str
    strength: Strength
    phrases: tuple[str, ...]
    note: str = ""
    note_en: str = ""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class _CalendarFile:
    night: tuple[Hour, Hour] = Calendar().night
    noon: tuple[Hour, Hour] = Calendar().noon
    holidays: tuple[date, ...] = ()


_GROUP = TypeAdapter(_Group)
_CALENDAR = TypeAdapter(_CalendarFile)
_WEIGHTS = TypeAdapter(Weights)


def load_judgement(
    settings: sections.JudgementSection, folder: Path, syllables: Syllables, recordings: Path | None
) -> Judgement:
    """Everything that judges.

    Args:
        settings: the section; an empty name takes the shipped file.
        folder: where the settings file lies; names are relative to it.
        syllables: text to toneless pinyin.
        recordings: a site's own recordings, as of `[prompts] folder`; None when it has none.

    Raises:
        SettingsError: a file is missing or wrong; names the file, and the line of a lexicon mistake.
    """
    weights = site_weights(settings, folder)
    return Judgement(
        lexicon=Lexicon(site_phrases(settings, folder, weights, syllables)),
        weights=weights,
        calendar=site_calendar(settings, folder),
        acts=site_acts(settings, folder),
        prompts=load_words(syllables, recordings),
        played=load_played(recordings),
    )


def site_weights(settings: sections.JudgementSection, folder: Path) -> Weights:
    """The weights alone; arguments as of `load_judgement`.

    Raises:
        SettingsError: the file is missing or wrong.
    """
    return load_weights(_place(folder, settings.weights, "weights.toml"))


def site_phrases(
    settings: sections.JudgementSection, folder: Path, weights: Weights, syllables: Syllables
) -> tuple[Phrase, ...]:
    """The phrases of the lexicon; likewise, and refuses `weights` with factors for none of them."""
    phrases = load_phrases(_place(folder, settings.lexicon, "lexicon.toml"), weights, syllables)
    _check_factors(_place(folder, settings.weights, "weights.toml"), weights, {phrase.rule for phrase in phrases})
    return phrases


def site_calendar(settings: sections.JudgementSection, folder: Path) -> Calendar:
    """The calendar alone; likewise."""
    return load_calendar(_place(folder, settings.calendar, "calendar.toml"))


def site_acts(settings: sections.JudgementSection, folder: Path) -> "ActsModel":
    """The model of acts alone; likewise."""
    from screener.acts.file import parse  # with numpy; who asks for the weights alone needs neither

    path = _place(folder, settings.acts, "acts.bin")
    remedy = "correct acts in [judgement] of the settings; empty takes the shipped one"
    try:
        return parse(path.read_bytes())
    except OSError as problem:
        raise SettingsError(
            f"{path}: cannot be read ({reason_of(problem)})", remedy_for(path, remedy)
        ) from problem
    except ValueError as problem:
        raise SettingsError(f"{path}: no model of acts, or damaged", remedy_for(path, remedy)) from problem


def _place(folder: Path, name: str, shipped: str) -> Path:
    return folder / name if name else config_folder() / shipped


def load_phrases(path: Path, weights: Weights, syllables: Syllables) -> tuple[Phrase, ...]:
    """Read and compile a lexicon file.

    Raises:
        SettingsError: lists every mistake with its line: an unknown kind, an empty phrase, one that stands twice.
    """
    text, data = _read(path)
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, start=1) if line.strip().startswith("[[group]]")]
    groups = data.get("group")
    others = (key for key in data if key != "group")
    problems = [f"{path}:{_line_of(lines, key)}: unknown key {key}" for key in others]
    phrases: list[Phrase] = []
    seen: dict[tuple[str, str], tuple[int, int, str, int]] = {}
    for number, raw in enumerate(groups if isinstance(groups, list) else []):
        head = heads[number] if number < len(heads) else 1
        end = heads[number + 1] - 1 if number + 1 < len(heads) else len(lines)
        try:
            group = validated(_GROUP, raw)
        except ValidationError as error:
            problems += [f"{path}:{_find(lines, head, end, key)}: {text}" for key, text in complaints(error)]
            continue
        if group.kind not in ROLES:
            at = _find(lines, head, end, "kind")
            problems.append(f"{path}:{at}: kind: found {json.dumps(group.kind)}, allowed {', '.join(ROLES)}")
            continue
        if not group.id.startswith(f"{group.kind}."):
            at = _find(lines, head, end, "id")
            problems.append(f"{path}:{at}: id: found {json.dumps(group.id)}, allowed {group.kind}.NAME")
        role, kind = ROLES[group.kind]
        for index, phrase in enumerate(group.phrases, start=1):
            quoted = json.dumps(phrase, ensure_ascii=False)
            said = tuple(syllables(part) for part in phrase.split(GAP))
            key = (group.kind, phrase)
            # The nth time a phrase stands in its group is on the nth line that quotes it.
            place = head, end, phrase, group.phrases[:index].count(phrase)
            if not all(said):
                at = _find_quoted(lines, *place)
                problems.append(f"{path}:{at}: {group.id}: found {quoted}, allowed a phrase with a sound")
            elif key in seen:
                at, before = _find_quoted(lines, *place), _find_quoted(lines, *seen[key])
                problems.append(f"{path}:{at}: {group.id}: found {quoted}, which stands in line {before} too")
            else:
                seen[key] = place
                weight = weights.strength[group.strength]
                rule = f"{group.id}.{index}"
                phrases.append(Phrase(rule, role, kind, weight, phrase, said))
    if not phrases and not problems:
        problems.append(f"{path}:1: no [[group]] with phrases")
    if problems:
        raise SettingsError("\n".join(problems), remedy_for(path, "correct the lexicon"))
    return tuple(phrases)


def load_notes(settings: sections.JudgementSection, folder: Path) -> dict[str, tuple[str, str]]:
    """What the lexicon's groups are called, in Chinese and English, by their ids.

    Raises:
        SettingsError: the file cannot be read or is no TOML.
    """
    _, data = _read(_place(folder, settings.lexicon, "lexicon.toml"))
    groups = data.get("group")
    found = [g for g in groups if isinstance(g, dict)] if isinstance(groups, list) else []
    named = {str(g.get("id", "")): (str(g.get("note", "")), str(g.get("note_en", ""))) for g in found}
    return {group: (zh or group, en or group) for group, (zh, en) in named.items()}


def load_weights(path: Path) -> Weights:
    """Read a weights file; a key that it leaves out keeps its default.

    Raises:
        SettingsError: a key is unknown, or a value is not a number or one that cannot be meant.
    """
    _, data = _read(path)
    known = sorted(Weights.__dataclass_fields__)
    if unknown := sorted(set(data) - set(known)):
        raise SettingsError(f"{path}: unknown key {', '.join(unknown)}", f"allowed: {', '.join(known)}")
    weights = _validated(_WEIGHTS, path, data)
    if missing := sorted(set(Weights().strength) - set(weights.strength)):
        raise SettingsError(f"{path}: strength: {', '.join(missing)} missing", "give each a number")
    if problems := list(_senseless(weights)):
        raise SettingsError("\n".join(f"{path}: {problem}" for problem in problems), "correct the file")
    return weights


def _check_factors(path: Path, weights: Weights, listed: Collection[str]) -> None:
    """Refuse factors that would count for nothing.

    Args:
        path: of the weights, for the message.
        weights: read from it.
        listed: rules of the lexicon's phrases.

    Raises:
        SettingsError: a factor's rule is none that is weighed so.
    """
    if unknown := [rule for rule in weights.factor if rule not in FACTORED and rule not in listed]:
        raise SettingsError(
            "\n".join(f"{path}: factor: no act and no listed word has the rule {rule}" for rule in unknown),
            "screener explain shows the rules in [ ]",
        )


def _senseless(weights: Weights) -> Iterator[str]:
    """What no site can mean: no number, a limit that turns into its opposite, a call that begins as flagged."""
    numbers: dict[str, float] = {}
    for name in Weights.__dataclass_fields__:
        value = getattr(weights, name)
        numbers |= {f"{name}.{key}": n for key, n in value.items()} if isinstance(value, dict) else {name: value}
    infinite = [name for name, number in numbers.items() if not math.isfinite(number)]
    yield from (f"{name}: found {numbers[name]}, allowed a finite number" for name in infinite)
    beyond = [name for name, number in numbers.items() if math.isfinite(number) and abs(number) > WEIGHT_MOST]
    allowed = f"allowed a number from -{WEIGHT_MOST} to {WEIGHT_MOST}"
    yield from (f"{name}: found {numbers[name]:g}, {allowed}" for name in beyond)
    if infinite or beyond:
        return
    for name, number in numbers.items():
        if number < 0 and name.partition(".")[0] in NOT_BELOW_0:
            yield f"{name}: found {number:g}, allowed a number not below 0"
    if weights.repeat > 1:
        yield f"repeat: found {weights.repeat:g}, allowed a number not above 1"
    if weights.carry <= 0:
        yield f"carry: found {weights.carry:g}, allowed a number above 0"
    yield from _flagged_from_the_start(weights)


def _flagged_from_the_start(weights: Weights) -> Iterator[str]:
    """Thresholds that the prior reaches, else what lowers them so far."""
    of_kind, prior = weights.threshold_of, weights.prior
    lowest, in_path = min([weights.threshold, *of_kind.values()]), min(0.0, weights.in_path)
    unnamed = [limit for kind, limit in of_kind.items() if kind not in weights.afterwards_of]
    over = {
        f"afterwards_of.{kind}": (by, of_kind.get(kind, weights.threshold) + in_path)
        for kind, by in weights.afterwards_of.items()
    }
    over["afterwards"] = weights.afterwards, min([weights.threshold, *unnamed]) + in_path
    stages = (
        {"threshold": (weights.threshold, 0.0)} | {f"threshold_of.{k}": (n, 0.0) for k, n in of_kind.items()},
        {"in_path": (weights.in_path, lowest)},
        over,
    )
    for stage in stages:
        reached = [(name, n, prior - others) for name, (n, others) in stage.items() if n + others <= prior]
        for name, number, least in reached:
            yield f"{name}: found {number:g}, allowed above {least:g}: else a call begins as a flagged one"
        if reached:
            return


def load_calendar(path: Path) -> Calendar:
    """Read a calendar file.

    Raises:
        SettingsError: an hour or a day is none.
    """
    _, data = _read(path)
    found = _validated(_CALENDAR, path, data)
    return Calendar(found.night, found.noon, frozenset(found.holidays))


def _read(path: Path) -> tuple[str, Mapping[str, Any]]:
    return read_toml(path, "correct [judgement] in the settings")


def _validated(adapter: TypeAdapter[Loaded], path: Path, data: Mapping[str, Any]) -> Loaded:
    try:
        return validated(adapter, data)
    except ValidationError as error:
        problems = "\n".join(f"{path}: {text}" for _, text in complaints(error))
        raise SettingsError(problems, remedy_for(path, "correct the file")) from error


def _find(lines: list[str], begin: int, end: int, key: str) -> int:
    """The line, from 1, of a key in a group; the group's own where it is missing."""
    return next((n for n in range(begin, end + 1) if lines[n - 1].strip().startswith(key)), begin)


def _line_of(lines: list[str], key: str) -> int:
    """The line, from 1, in which a key of the file or a table's name first stands."""
    return next((n for n, line in enumerate(lines, start=1) if line.strip().lstrip("[ ").startswith(key)), 1)


def _find_quoted(lines: list[str], begin: int, end: int, phrase: str, nth: int) -> int:
    """The line of the nth time that a phrase stands quoted in a group."""
    for number in range(begin, end + 1):
        line = lines[number - 1]
        nth -= line.count(f'"{phrase}"') + line.count(f"'{phrase}'")
        if nth <= 0:
            return number
    return begin
