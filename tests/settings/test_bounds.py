"""No number of the settings is without a least and a most, and no text holds what no name or path has."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from screener.errors import SettingsError
from screener.settings.cards import load_cards
from screener.settings.judgement import load_weights
from screener.settings.load import parse
from screener.settings.sections import Settings
from screener.words.told import told

FILE = Path("/site/screener.toml")
NEEDED = {
    "sip.registrars": 'host = "192.0.2.1"\nusername = "u"\n',
    "ladder.steps": 'rung = "warned"\nconfirmed = 1\nwithin_days = 1\ndays = 1\n',
    "alerts.ways": 'kind = "webhook"\nurl = "https://example.org/x"\n',
    "alerts.summaries": 'every = "day"\nurl = "mail.example:25"\nsender = "a@b.example"\nto = ["c@b.example"]\n',
}
"""What a table of a list cannot do without."""
FAR = ("1" + "0" * 23, "-1" + "0" * 23, "1e300", "-1e300", "inf", "-inf", "nan")


def keys(section: Any = Settings, table: str = "") -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Every key that a file may have: its table, its name, the types that it may hold."""
    for name, hint in get_type_hints(section).items():
        if section is Settings and name == "folder":
            continue
        below = f"{table}.{name}" if table else name
        types = tuple(inner for inner in _leaves(hint))
        inner = next((one for one in types if is_dataclass(one)), None)
        if inner is not None:
            yield from keys(inner, below)
        else:
            yield table, name, types


def _leaves(hint: Any) -> Iterator[Any]:
    if arguments := get_args(hint):
        for argument in arguments:
            yield from _leaves(argument)
    elif isinstance(hint, type):
        yield hint


KEYS = list(keys())
NUMBERS = [(table, key) for table, key, types in KEYS if {int, float} & set(types)]
TEXTS = [(table, key) for table, key, types in KEYS if {str, Path} & set(types)]


def text_with(table: str, key: str, value: str) -> str:
    """A file that says one key, and what its table cannot do without."""
    if table not in NEEDED:
        return f"[{table}]\n{key} = {value}\n"
    others = re.sub(rf"^{key} = .*\n", "", NEEDED[table], flags=re.M)
    return f"[[{table}]]\n{others}{key} = {value}\n"


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as wrong:
        parse(text, FILE)
    return str(wrong.value)


def test_all_kinds_of_keys_are_found() -> None:
    assert len(NUMBERS) > 40
    assert len(TEXTS) > 70
    assert {("flow", "steer_prompts"), ("flow.warnings", "end_seconds"), ("ladder.steps", "days")} <= set(NUMBERS)
    assert {("sip.tls", "port"), ("sip.registrars", "expires"), ("store", "transcript_days")} <= set(NUMBERS)


@pytest.mark.parametrize(("table", "key"), NUMBERS, ids=str)
def test_every_number_has_a_least_and_a_most(table: str, key: str) -> None:
    for far in FAR:
        said = refusal(text_with(table, key, far))
        assert key in said
        assert "found" in said
        chinese = told(said, "zh")
        assert not re.search(r"found|allowed|number", chinese), chinese


@pytest.mark.parametrize(("table", "key"), TEXTS, ids=str)
def test_no_text_holds_control_characters(table: str, key: str) -> None:
    for sign in ("\0", "\n", "\t", "\x7f", "\x85"):
        value = json.dumps(f"/srv/a{sign}b").replace("\x7f", "\\u007f")
        listed = isinstance(parse_default(table, key), tuple)
        said = refusal(text_with(table, key, f"[{value}]" if listed else value))
        assert f"{key}: found" in said
        assert "allowed a text without control characters" in said
        assert "不含控制字符的文字" in told(said, "zh")


def parse_default(table: str, key: str) -> object:
    """The value of a key that nothing is said of."""
    value: Any = parse(text_with(table, key, "x").partition("[")[0], FILE)
    for part in table.split("."):
        value = getattr(value, part)
        if isinstance(value, tuple):
            return () if key in ("to", "causes") else ""
    return getattr(value, key)


@pytest.mark.parametrize(
    "line",
    [
        "transcript_days = " + "9" * 5000,
        "transcript_days = 0x" + "f" * 5000,
        "transcript_days = " + "[" * 5000,
    ],
    ids=["decimal", "hex", "nested"],
)
def test_what_nothing_can_hold_is_one_clear_refusal(line: str) -> None:
    said = told(refusal(f"[store]\n{line}\n"), "zh")
    assert said.startswith("/site/screener.toml：")
    assert "改正该文件" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[store]\ntranscript_days = 800000", "[store] transcript_days：见到 800000，应为不大于 36500 的数"),
        ("[store]\nqueue_rows = 9000000", "[store] queue_rows：见到 9000000，应为不大于 1000000 的数"),
        ("[console]\nsession_minutes = 1e300", "[console] session_minutes：见到 1e+300，应为不大于 43200 的数"),
        ("[flow]\nlisten_seconds = 1e300", "[flow] listen_seconds：见到 1e+300，应为不大于 86400 的数"),
        ("[flow]\nsteer_prompts = 5000", "[flow] steer_prompts：见到 5000，应为不大于 1000 的数"),
        ('[site]\nname = "a\\u0000b"', '[site] name：见到 "a\\u0000b"，应为不含控制字符的文字'),
    ],
)
def test_a_bound_is_told_in_chinese(text: str, message: str) -> None:
    assert message in told(refusal(text), "zh")


def test_every_section_is_walked() -> None:
    walked = {table.partition(".")[0] for table, _, _ in KEYS}
    assert walked == {f.name for f in fields(Settings)} - {"folder"}


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1000001"])
@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("weights.toml", "prior = {}", load_weights),
        ("weights.toml", "[factor]\n'act.agent.steer' = {}", load_weights),
        ("cards.toml", "[showing]\nphrase = {}", lambda path: load_cards(path.name, path.parent, tuple)),
    ],
)
def test_numbers_of_the_files_that_judge_have_a_most_too(
    tmp_path: Path, name: str, content: str, number: str, read: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    path.write_text(f"{content.format(number)}\n")
    with pytest.raises(SettingsError) as wrong:
        read(path)
    said = told(str(wrong.value), "zh")
    assert not re.search(r"found|allowed|number", said.replace(str(path), "")), said


def test_a_card_that_is_no_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cards.toml").write_text("[showing]\nfade = nan\n")
    with pytest.raises(SettingsError, match=r"showing\.fade: found nan, allowed a number from -1000000"):
        load_cards("cards.toml", tmp_path, tuple)
