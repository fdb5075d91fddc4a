"""Lexicon, weights and calendar as files: what is wrong is refused with its place."""

import json
import re
import zlib
from datetime import date
from pathlib import Path

import pytest

from screener.core.actions import Prompt
from screener.core.evidence import Kind
from screener.core.judgement import Calendar, Weights
from screener.core.lexicon import PhraseRole
from screener.errors import SettingsError
from screener.resources import config_folder
from screener.settings.judgement import load_calendar, load_judgement, load_phrases, load_weights, site_acts
from screener.settings.sections import JudgementSection
from screener.speech.pinyin import syllables
from screener.words.told import told

GOOD = """\
[[group]]
id = "lewd.bed"
kind = "lewd"
strength = "decisive"
note = "要求陪睡"
phrases = ["陪我睡觉", "你穿…内衣"]

[[group]]
id = "safe.words"
kind = "safe"
strength = "weak"
phrases = [
  "绿茶",
]
"""


def lexicon(folder: Path, text: str):
    path = folder / "lexicon.toml"
    path.write_text(text, "utf-8")
    return load_phrases(path, Weights(), syllables)


def test_a_lexicon_is_compiled_to_syllables(tmp_path: Path) -> None:
    bed, gap, tea = lexicon(tmp_path, GOOD)
    assert (bed.rule, bed.kind, bed.weight) == ("lewd.bed.1", Kind.LEWD, 5.5)
    assert bed.parts == (("pei", "wo", "shui", "jiao"),)
    assert gap.parts == (("ni", "chuan"), ("nei", "yi"))
    assert (tea.role, tea.kind) == (PhraseRole.SAFE, None)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('kind = "lewd"', 'kind = "rude"', 3, 'found "rude", allowed lewd, abuse'),
        ('kind = "lewd"', 'kind = "silent"', 3, "allowed lewd, abuse"),
        ('"陪我睡觉"', '""', 6, 'lewd.bed: found "", allowed a phrase with a sound'),
        ('"陪我睡觉"', '"……"', 6, "allowed a phrase with a sound"),
        ('"陪我睡觉"', '"？！"', 6, "allowed a phrase with a sound"),
        ('"你穿…内衣"', '"陪我睡觉"', 6, 'found "陪我睡觉", which stands in line 6 too'),
        ('  "绿茶",\n', '  "绿茶",\n  "红茶",\n  "绿茶",\n', 15, 'found "绿茶", which stands in line 13 too'),
        ('strength = "decisive"', 'strength = "huge"', 4, 'found "huge", allowed decisive'),
        ('strength = "decisive"', "weight = 3", 1, "strength"),
        ('id = "lewd.bed"', 'id = "abuse.bed"', 2, "allowed lewd.NAME"),
        ('note = "要求陪睡"', 'remark = "要求陪睡"', 5, "remark"),
    ],
)
def test_a_mistake_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError) as refused:
        lexicon(tmp_path, GOOD.replace(old, new))
    assert f"lexicon.toml:{line}: " in str(refused.value)
    assert says in str(refused.value)


def test_a_table_that_no_lexicon_has_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"lexicon\.toml:16: unknown key rules"):
        lexicon(tmp_path, GOOD + '\n[[rules]]\nid = "x"\n')


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('"陪我睡觉"', '""').replace('"绿茶"', '"绿茶", "绿茶"')
    with pytest.raises(SettingsError) as refused:
        lexicon(tmp_path, text)
    assert len(refused.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "says"), [("", "no [[group]]"), ("[[group", "not TOML"), ('group = "x"', "no [[group]]")]
)
def test_what_is_no_lexicon_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=r"lexicon\.toml") as refused:
        lexicon(tmp_path, text)
    assert says in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load_judgement(JudgementSection(lexicon="none.toml"), tmp_path, syllables, None)


def test_weights(tmp_path: Path) -> None:
    path = tmp_path / "weights.toml"
    path.write_text("prior = -3.0\n[threshold_of]\nprank = 4.0\n", "utf-8")
    weights = load_weights(path)
    assert (weights.prior, weights.threshold_of[Kind.PRANK], weights.carry) == (-3.0, 4.0, Weights().carry)
    path.write_text("priority = 1\n", "utf-8")
    with pytest.raises(SettingsError, match="unknown key priority"):
        load_weights(path)
    path.write_text('prior = "much"\n', "utf-8")
    with pytest.raises(SettingsError, match='prior: found "much", allowed a number'):
        load_weights(path)
    path.write_text("[strength]\ndecisive = 6.5\n", "utf-8")
    with pytest.raises(SettingsError, match="strength: strong, weak missing"):
        load_weights(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prior = nan", "prior: found nan, allowed a finite number"),
        ("redial = -inf", "redial: found -inf, allowed a finite number"),
        ("[line]\npublic = inf", "line.public: found inf"),
        ("prior = 50", "threshold: found 2, allowed above 50"),
        ("threshold = -20", "threshold: found -20, allowed above -4"),
        ("in_path = -7", "in_path: found -7, allowed above -6"),
        ("in_path = -5\n[threshold_of]\nlewd = 0", "in_path: found -5, allowed above -4"),
        ("afterwards = -9", "afterwards: found -9, allowed above -6"),
        ("in_path = -1\n[afterwards_of]\nprank = -9", "afterwards_of.prank: found -9, allowed above -5"),
        ("[threshold_of]\nlewd = 3\n[afterwards_of]\nlewd = -8", "afterwards_of.lewd: found -8, allowed above -7"),
        ("[threshold_of]\nlewd = -5", "threshold_of.lewd: found -5, allowed above -4"),
        ("support = -3", "support: found -3, allowed a number not below 0"),
        ('[factor]\n"act.agent.steer" = -1', "factor.act.agent.steer: found -1, allowed a number not below 0"),
        ("repeat = 2", "repeat: found 2, allowed a number not above 1"),
        ("carry = 0", "carry: found 0, allowed a number above 0"),
    ],
)
def test_weights_that_nobody_can_mean_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "weights.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"weights\.toml: ") as refused:
        load_weights(path)
    (line,) = refused.value.message.splitlines()
    assert says in line
    assert not re.search(r"found|allowed|number|above", told(line, "zh").rpartition("weights.toml")[2])


TABLES = {
    "threshold_of": "lewd",
    "afterwards_of": "lewd",
    "factor": "'act.agent.steer'",
    "strength": "decisive = 5.5\nweak = 0.6\nstrong",
    "line": "public",
}
"""A key in each table of the weights, or the last of those that must be there."""


@pytest.mark.parametrize("key", Weights.__dataclass_fields__)
@pytest.mark.parametrize("value", ["true", "false", '"1.5"'])
def test_what_only_looks_like_a_number_is_none(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "weights.toml"
    inner = TABLES.get(key)
    path.write_text(f"[{key}]\n{inner} = {value}\n" if inner else f"{key} = {value}\n", "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_weights(path)
    named = f"{key}.{(inner or '').split()[-1]}" if inner else key
    assert refused.value.message == f"{path}: {named.replace(chr(39), '')}: found {value}, allowed a number"


def test_a_factor_counts_for_a_rule_that_there_is(tmp_path: Path) -> None:
    weights, section = tmp_path / "weights.toml", JudgementSection(weights="weights.toml")
    known = "act.agent.steer", "act.caller.opening", "dialogue.silent", "lewd.bed.1"
    weights.write_text("[factor]\n" + "".join(f'"{rule}" = 0.5\n' for rule in known), "utf-8")
    assert set(load_judgement(section, tmp_path, syllables, None).weights.factor) == set(known)
    weights.write_text('[factor]\n"act.agent.stear" = 0.5\n"time.night" = 0.5\n', "utf-8")
    with pytest.raises(SettingsError, match=r"weights\.toml: factor: .* act\.agent\.stear\n.* time\.night"):
        load_judgement(section, tmp_path, syllables, None)


def test_a_calendar_is_a_sites_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("night = [21, 6]\nholidays = [2027-01-01, 2027-05-01]\n", "utf-8")
    calendar = load_judgement(JudgementSection(calendar="own.toml"), tmp_path, syllables, None).calendar
    assert (calendar.night, calendar.noon) == ((21, 6), Calendar().noon), "what is left out keeps its default"
    assert calendar.holidays == {date(2027, 1, 1), date(2027, 5, 1)}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("night = [21, 60]", "night.2: found 60"),
        ("night = [-1, 6]", "night.1: found -1"),
        ("night = [true, 6]", "night.1: found true, allowed a whole number"),
        ("noon = 12", "noon: found 12"),
        ('holidays = ["Monday"]', 'holidays.1: found "Monday"'),
        ("weekend = [6, 7]", "weekend: found"),
        ("night = [", "not TOML"),
    ],
)
def test_what_is_no_calendar_is_refused(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "calendar.toml"
    path.write_text(line, "utf-8")
    with pytest.raises(SettingsError, match=r"calendar\.toml") as refused:
        load_calendar(path)
    assert says in str(refused.value)


def test_the_model_of_acts_may_be_a_sites_own(tmp_path: Path) -> None:
    shipped = config_folder() / "acts.bin"
    (tmp_path / "own.bin").write_bytes(shipped.read_bytes())
    assert load_judgement(JudgementSection(acts="own.bin"), tmp_path, syllables, None).acts.version
    with pytest.raises(SettingsError, match=r"acts\.toml: cannot be read"):
        load_judgement(JudgementSection(acts="acts.toml"), tmp_path, syllables, None)


def test_the_recordings_are_known_by_what_they_say() -> None:
    said = load_judgement(JudgementSection(), Path(), syllables, None).prompts
    assert said[Prompt.GREETING][1][:2] == ("nin", "hao")
    assert Prompt.SIGNAL_TONE not in said


@pytest.mark.parametrize(
    ("file", "text", "chinese"),
    [
        ("weights.toml", 'emergency = "x"', 'emergency：见到 "x"，应为数'),
        ("weights.toml", "emergency = true\nthreshold_of = 3", None),
        ("weights.toml", '[threshold_of]\nbark = 3.0\nlewd = "x"', None),
        ("calendar.toml", "night = [25, 3]", "night.1：见到 25，应为不大于 24 的数"),
        ("calendar.toml", 'holidays = ["x"]', 'holidays.1：见到 "x"，应为引号中的日期，如 2026-12-31'),
        ("calendar.toml", "night = [1]\nmidnight = 3", None),
        ("lexicon.toml", 'group = ["x"]', None),
        ("lexicon.toml", GOOD.replace('id = "lewd.bed"\n', ""), "id：没有值，必须填写：没有默认值"),
        ("lexicon.toml", GOOD.replace('"lewd.bed"', '""'), 'id：见到 ""，应为至少 1 个字符'),
        ("lexicon.toml", GOOD.replace("note", "remark"), "remark：不认识的键，可用的见自带的文件"),
        ("lexicon.toml", GOOD.replace('"绿茶"', "3"), "phrases.1：见到 3，应为引号中的文字"),
        ("lexicon.toml", GOOD.replace('"绿茶"', '"？"'), 'safe.words：见到 "？"，应为有读音的词句'),
        ("lexicon.toml", GOOD.replace('"绿茶"', '"绿茶", "绿茶"'), 'safe.words：见到 "绿茶"，第 13 行已有'),
        ("lexicon.toml", "", "没有含词句的 [[group]]"),
    ],
)
def test_what_is_wrong_is_told_in_chinese(tmp_path: Path, file: str, text: str, chinese: str | None) -> None:
    """With no word of the validator's own, and each mistake in a line of its own."""
    (tmp_path / file).write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_judgement(JudgementSection(**{file.removesuffix(".toml"): file}), tmp_path, syllables, None)
    lines = refused.value.message.splitlines()
    assert all(line.startswith(f"{tmp_path / file}:") for line in lines)
    said = [told(line, "zh").removeprefix(str(tmp_path / file)) for line in lines]
    assert not [line for line in said if re.search(r"[a-z]+ [a-z]+|Input|\{'", line)], said
    assert chinese is None or any(line.endswith(f"：{chinese}") for line in said), said


def netless() -> bytes:
    """The shipped model of acts without its nets, as its head says."""
    head, _ = (config_folder() / "acts.bin").read_bytes().split(b"\n", 1)
    return json.dumps(json.loads(head) | {"left_out": []}).encode() + b"\n" + zlib.compress(b"")


@pytest.mark.parametrize("content", [None, b"", b"x", b"{}\nx", b"x\ny", netless()])
def test_a_model_of_acts_that_is_none_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "acts.bin").write_bytes(content)
    why = "无法读取（没有这个文件或文件夹）" if content is None else "不是行为模型，或已损坏"
    with pytest.raises(SettingsError) as own:
        site_acts(JudgementSection(acts="acts.bin"), tmp_path)
    remedy = "改正设置 [judgement] 中的 acts；留空则用自带的"
    assert told(str(own.value), "zh") == f"{tmp_path}/acts.bin：{why} — {remedy}"
    for module in ("judgement", "site_file"):
        monkeypatch.setattr(f"screener.settings.{module}.config_folder", lambda: tmp_path)
    with pytest.raises(SettingsError) as shipped:
        site_acts(JudgementSection(), Path("/site"))
    assert told(str(shipped.value), "zh") == f"{tmp_path}/acts.bin：{why} — 重新安装本产品"


def test_a_shipped_file_that_is_gone_is_not_the_settings_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("judgement", "site_file"):
        monkeypatch.setattr(f"screener.settings.{module}.config_folder", lambda: tmp_path)
    with pytest.raises(SettingsError) as gone:
        load_judgement(JudgementSection(), Path("/site"), syllables, None)
    assert gone.value.remedy == "install the product anew"
