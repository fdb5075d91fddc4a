"""Whatever a person may see exists in both languages, and nothing is mixed."""

import ast
import errno
import importlib
import os
import re
from pathlib import Path

import click
import pytest

from screener.cli import COMMANDS
from screener.words.evidence import SAID
from screener.words.language import choose, without_lang
from screener.words.terms import WORDS
from screener.words.told import _catalogue, faults_told, helped, option_helped, told
from tests.words.sentences import PACKAGE, faults, files, sentences

CHINESE = re.compile(r"[\u4e00-\u9fff]")
TEMPLATES = set(_catalogue()["sentences"])


def known(sentence: str) -> bool:
    """Whether a sentence of the code, gaps and all, is told in Chinese."""
    return sentence in TEMPLATES or told(sentence, "zh") != sentence


def is_prose(sentence: str) -> bool:
    """Whether it is no sign, no unit and no command."""
    return len(re.findall(r"[A-Za-z]{2,}", sentence)) > 1 and not sentence.startswith("pip install")


@pytest.mark.parametrize("place", files(), ids=Path.as_posix)
def test_every_sentence_is_told_in_chinese(place: Path) -> None:
    untold = [(line, text) for line, text in sentences(place) if is_prose(text) and not known(text)]
    assert untold == [], "add them to screener/words/zh.toml"


@pytest.mark.parametrize("place", files(), ids=Path.as_posix)
def test_every_warning_of_the_log_is_told_in_chinese(place: Path) -> None:
    untold = [(line, text) for line, text in faults(place) if text != "{}" and not faults_told(text)]
    assert untold == [], "add them to [faults] of screener/words/zh.toml"


def test_warnings_are_found() -> None:
    assert sum(1 for place in files() for _ in faults(place)) > 90


@pytest.mark.parametrize(
    ("line", "chinese"),
    [
        ("call 5f: the caller is not heard: no_media", "来电 5f：听不到来电人：没有音频"),
        ("recogniser process 2 died (SIGKILL): 3 voices are not heard; it is started again in 4 s",
         "识别进程 2 退出（SIGKILL）：3 路声音未被识别；4 秒后重启"),
        ("10.0.0.9: asks too fast; refused (7 so far)", "10.0.0.9：请求过快，已拒绝（至今 7 次）"),
        ("calls wait in the spool: x.db: cannot be written (disk I/O error) — run: screener doctor",
         "来电在暂存目录中等待：x.db：无法写入（磁盘读写出错） — 请运行：screener doctor"),
        ("calls wait in the spool: server closed the connection", ""),
        ("broken", ""),
        ("a line of a library", ""),
    ],
)  # fmt: skip
def test_a_line_of_the_log_is_chinese_or_not_told(line: str, chinese: str) -> None:
    assert faults_told(line) == chinese


def test_sentences_are_found() -> None:
    assert sum(is_prose(text) for place in files() for _, text in sentences(place)) > 500


def commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []

    def walk(path: str, command: click.Command) -> None:
        found.append((path, command))
        if isinstance(command, click.Group):
            for name, below in command.commands.items():
                walk(f"{path} {name}", below)

    for name, (place, _) in COMMANDS.items():
        module, attribute = place.split(":")
        walk(name, getattr(importlib.import_module(module), attribute))
    return found


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_has_chinese_help(path: str, command: click.Command) -> None:
    assert CHINESE.search(helped(path)), path
    for parameter in command.params:
        if text := getattr(parameter, "help", None):
            assert CHINESE.search(option_helped(text)) or option_helped(text) != text, (path, text)


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_option_is_named_as_it_is_typed(path: str, command: click.Command) -> None:
    """One with a short name too has a sentence of its own: click quotes both."""
    context = click.Context(command, info_name=path)
    for option in command.params:
        if isinstance(option, click.Option):
            problems: list[click.UsageError] = [click.BadParameter("x", ctx=context, param=option)]
            if option.required:
                problems.append(click.MissingParameter(ctx=context, param=option))
            for problem in problems:
                sentence = told(problem.format_message().replace("\n\t", " "), "zh")
                assert CHINESE.search(sentence)
                assert "'" not in sentence
                assert " / ".join(option.opts) in sentence


def test_every_command_has_its_line() -> None:
    assert all(CHINESE.search(helped(f"in short {name}")) for name in COMMANDS)


def test_a_sentence_is_filled_in_wherever_its_parts_stand() -> None:
    assert told("/tmp/x.db: there is no call log — see: screener calls list", "zh") == (
        "/tmp/x.db：没有来电记录库 — 见：screener calls list"
    )
    assert told("am/final.mdl in small is damaged: cut", "zh") == "small 中的 am/final.mdl 已损坏：cut"
    assert told("no words of ours", "zh") == "no words of ours"
    assert told("no words of ours", "en") == "no words of ours"


def test_english_words_are_english_and_chinese_ones_chinese() -> None:
    for key, (chinese, english) in {**WORDS, **SAID}.items():
        assert not CHINESE.search(english), key
        assert CHINESE.search(chinese) or not re.search(r"[a-z]{3}", chinese), key


def test_chinese_lives_in_words_alone() -> None:
    """Rooms whose texts no person sees, or whose business is Chinese itself, are named."""
    allowed = {"words", "training", "demo", "console", "speech", "media", "evaluation"}
    own = {
        "numbers/written.py",
        "cli/moments.py",
        "numbers/mask.py",
        "settings/sections.py",
        "cli/demo.py",
    }
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] in allowed or place.as_posix() in own:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else None
            seen = isinstance(text, str) and id(node) not in docs and CHINESE.search(text) and len(text) > 1
            if seen and "今天" not in text and "骚扰电话识别" not in text:
                found.append(f"{place}:{node.lineno}: {text[:40]}")
    assert found == []


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["report"], {}, "zh"),
        (["report", "--lang", "en"], {"SCREENER_LANG": "zh"}, "en"),
        (["--lang=en", "report"], {}, "en"),
        (["report"], {"SCREENER_LANG": "en_US.UTF-8"}, "en"),
        (["report", "--config", "site.toml"], {}, "en"),
        (["report"], {"SCREENER_CONFIG": "site.toml"}, "en"),
        (["report", "--config", "broken.toml"], {}, "zh"),
    ],
)
def test_the_language_is_chosen_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    language: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site.toml").write_text('[site]\nlanguage = "en"\n')
    Path("broken.toml").write_text("[site\n")
    assert choose(arguments, environment) == language
    assert "--lang" not in without_lang(arguments)


def test_a_key_that_nobody_knows_is_told_in_one_language() -> None:
    line = "screener.toml: [sip] prot: found an unknown key, allowed host, port; did you mean port?"
    assert told(line, "zh") == "screener.toml：[sip] prot：不认识的键，可用 host, port；是否想用 port？"


def test_a_key_of_any_file_is_said_as_it_stands_there() -> None:
    skipped = "calls.csv:3: skipped: epoch: found 'a: b', allowed seconds since 1970"
    assert told(skipped, "zh") == "calls.csv:3：略过：epoch：见到 'a: b'，应为自 1970 年起的秒数"


def test_a_key_of_the_settings_is_said_as_it_stands_there() -> None:
    wrong = '/etc/screener.toml: [evidence] recordings: found "x", allowed an existing folder'
    assert told(wrong, "zh") == '/etc/screener.toml：[evidence] recordings：见到 "x"，应为已有的文件夹'


def test_why_a_place_cannot_be_used_is_told_and_the_place_stays() -> None:
    assert told("127.0.0.1:5060/UDP: Address already in use", "zh") == "127.0.0.1:5060/UDP：地址已被占用"
    assert told("[::1]:5060/TCP: Permission denied", "zh") == "[::1]:5060/TCP：没有权限"
    assert told("who is there: Permission denied", "zh") == "who is there: Permission denied"
    first = "taken at rec; where metadata say nothing, the first stream is the {}'s"
    assert told(first.format("caller"), "zh").endswith("算作来电人")
    assert told(first.format("agent"), "zh").endswith("算作坐席")


REASONS = """
    EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EBUSY ECONNABORTED ECONNREFUSED ECONNRESET EDQUOT EEXIST EFBIG
    EHOSTUNREACH EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENETDOWN ENETUNREACH ENFILE ENOENT ENOMEM ENOSPC ENOTDIR
    ENOTEMPTY ENXIO EPERM EPIPE EROFS ETIMEDOUT
"""
"""Names of `errno`."""


@pytest.mark.parametrize("name", re.findall(r"\w+", REASONS))
def test_what_the_system_says_of_files_and_connections_is_told_in_chinese(name: str) -> None:
    reason = os.strerror(getattr(errno, name))
    assert CHINESE.search(told(reason, "zh"))
    assert CHINESE.search(faults_told(reason))
