"""What people get wrong at the command line, told in their language: no filter does nothing, no cause is lost."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from screener.cli import main
from screener.core.actions import WarningStep
from screener.core.evidence import Kind, Source, Verdict
from screener.store.log import open_log
from screener.store.records import CallRecord, EvidenceRow, Review, WarningRow

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DB = ("--db", "sqlite:///calls.db")
Say = Callable[..., tuple[int, str]]
END = "应为日期或时间，如 2026-12-31（1970 至 8999 年），或天数如 90d"
PROSE = re.compile(r"[a-z]{2,} [a-z]{2,}")


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Exit status and what was said, of a command in a folder with a log of three calls."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCREENER_LANG", raising=False)
    rows = (EvidenceRow(1.0, "prank.a", Source.WORDS, Kind.PRANK, 6.5, "x", ""),)
    warned = (WarningRow(2.0, "abuse", 1, WarningStep.HEARD, "101", "x"),)
    call = CallRecord("20260304-1", NOON, ended_at=NOON, verdict=Verdict.HARASSMENT, number="+8613800138000")
    log = open_log("sqlite:///calls.db", tmp_path)
    log.write(
        [
            replace(call, evidence=rows, review=Review.CONFIRMED),
            replace(call, id="20260304-2", warnings=warned),
            replace(call, id="20260304-3", verdict=Verdict.GENUINE),
        ]
    )
    log.close()

    def run(*arguments: str, lang: str = "zh") -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--lang", lang])
            raise SystemExit(0)
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--exact",), 9, "没有 number 时 exact 不起作用 — 设置 number，或去掉 exact"),
        (("--stay", "abandoned"), 9, "没有 entered 时 stay 不起作用 — 设置 entered，或去掉 stay"),
        (("--rule", "nonsense"), 9, "没有来电的依据中有规则 nonsense — screener explain 在 [ ] 中写出各条的名称"),
        (("--warned", "x"), 9, "没有来电有事由为 x 的警告 — 现有：abuse"),
        (("-o", "x.docx"), 2, "-o x.docx：文件名的结尾应为其中之一：.txt, .csv, .json, .xlsx, .html"),
        (("--format", "xlsx"), 2, "工作簿不是文本：用 -o 指定文件"),
        (("--since", "0001-01-01"), 2, "--since 的值不对：0001-01-01：可用日期或时间"),
        (("--until", "abc"), 2, "--until 的值不对：abc：可用日期或时间"),
        (("--tz", "Mars"), 2, "--tz 的值不对：Mars：可用 IANA 时区名"),
    ],
)  # fmt: skip
def test_a_filter_that_would_do_nothing_is_refused(
    say: Say, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    status, told = say("calls", "list", *DB, *arguments)
    assert (status, told.startswith(f"screener: {said}")) == (code, True), told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "x.docx").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--exact", "--number", "13800138000"), ("--stay", "abandoned", "--entered"), ("--rule", "prank.a"),
        ("--past", "new"), ("--warned", "abuse"), ("-o", "x"), ("-o", "x.txt"),
        ("-o", "x.docx", "--format", "csv"), ("-o", "x.CSV"),
    ],
)  # fmt: skip
def test_one_that_does_something_is_taken(say: Say, arguments: tuple[str, ...]) -> None:
    assert say("calls", "list", *DB, *arguments)[0] == 0


def test_a_beginning_of_several_ids_names_them(say: Say) -> None:
    status, told = say("explain", "2026", *DB)
    ids = "20260304-1, 20260304-2, 20260304-3"
    assert (status, told) == (9, f"screener: 有多个来电的编号以 '2026' 开头 — 现有：{ids}\n")


def test_a_tune_with_too_few_reviews_says_how_many_it_needs(say: Say) -> None:
    told = say("tune", *DB)[1]
    assert "已复核 1 通，其中同一规则或类别最多出现在 1 通里；一项建议至少要 3 通" in told


CALL = json.dumps({"id": "1", "turns": [{"speaker": "caller", "text": "你好"}]}).encode()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("cut.jsonl.gz", gzip.compress(CALL * 9, mtime=0)[:-12], "无法读取（被截断）"),
        ("plain.jsonl.gz", CALL, "无法读取（不是 gzip 压缩的文件）"),
        ("bad.jsonl.gz", gzip.compress(b"", mtime=0)[:10] + b"\xff" * 30, "无法读取（已损坏）"),
        ("sum.jsonl.gz", gzip.compress(CALL, mtime=0)[:-8] + b"\0" * 8, "无法读取（已损坏）"),
        ("bytes.jsonl", b"\xff\xfe", "无法读取（从第 0 字节起不是 UTF-8 文本）"),
        ("none.jsonl", b"", "里面没有一通来电"),
        ("none.jsonl.gz", gzip.compress(b"\n", mtime=0), "里面没有一通来电"),
    ],
)
@pytest.mark.parametrize("command", [("replay",), ("evaluate",), ("evaluate", "--hands")], ids=" ".join)
def test_calls_that_cannot_be_read_are_told_in_one_language(
    say: Say, tmp_path: Path, command: tuple[str, ...], name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    status, told = say(*command, name)
    assert status == 9
    assert told.startswith(f"screener: {name}：{said}"), told
    assert not PROSE.search(told.replace("screener/replay", "")) and len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("cdr", "你好,x,y\n".encode("gbk"), "略过：有 3 个字段，应为 19"),
        ("queue_log", b"a|b|c\n", "略过：有 3 个字段，应为 epoch|uniqueid|queue|member|event|data…"),
        ("cdr", b'"a,b\n', "略过：不是 CSV 文件的完整一行：引号没有闭合？"),
    ],
)
def test_a_line_that_is_skipped_is_told_in_one_language(
    say: Say, tmp_path: Path, kind: str, data: bytes, said: str
) -> None:
    (tmp_path / "history").write_bytes(data)
    status, told = say("import", kind, "history", *DB)
    assert status == 9 and told.splitlines()[0] == f"history:1：{said}"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("13800138000,x,abc", f"到期时间 'abc' 写法不对，{END}"),
        ("nobody9,x", "'nobody9' 不是号码"),
        ("13800138000;x", "号码、原因、到期之间须用半角逗号，不能用别的符号"),
        ("13800138000,a,b,c", f"到期时间 'b' 写法不对，{END}"),
        ("13800138000,a,,c", "有 4 个字段；原因中有逗号时须加英文双引号"),
        ('13800138000,"a', "不是 CSV 文件的完整一行：引号没有闭合？"),
        ("000,a", "不代表任何号码：全为零、被遮盖，或为空"),
    ],
)  # fmt: skip
def test_a_row_of_a_list_that_is_skipped_is_told_in_one_language(
    say: Say, tmp_path: Path, row: str, said: str
) -> None:
    (tmp_path / "block.csv").write_text(f"number,reason,expires\n{row}\n13800138001,y\n")
    status, told = say("list", "block", "import", "block.csv", *DB)
    summary = "黑名单：新加入 1 个，原已在名单上 0 个，略过 1 行"
    assert (status, sorted(told.splitlines())) == (0, sorted([f"block.csv:2：略过：{said}", summary]))


@pytest.mark.parametrize("expires", ["2020-01-01", "abc", "", "-3d", "0001-01-01"])
def test_an_end_that_is_none_names_its_option(say: Say, expires: str) -> None:
    status, told = say("list", "block", "add", "13800138000", "--reason", "x", "--expires", expires, *DB)
    assert status == 2 and "--expires" in told.splitlines()[-1] and len(told.splitlines()) == 1


def test_what_somebody_is_in_the_console_is_told_in_the_readers_language(say: Say, tmp_path: Path) -> None:
    (tmp_path / "screener.toml").write_text('[store]\nurl = "sqlite:///calls.db"\n')
    add = ("console", "adduser", "王主管", "--role", "supervisor", "--password", "correct horse battery")
    assert say(*add) == (0, "王主管：主管\n")
    assert say("console", "users") == (0, "王主管  主管\n")
    assert say("console", "users", lang="en") == (0, "王主管  supervisor\n")
    assert say("console", "token", "add", "crm", "--role", "auditor")[0] == 0
    assert say("console", "token", "list") == (0, "crm  审计员\n")


def test_one_is_no_plural(say: Say, tmp_path: Path) -> None:
    (tmp_path / "block.csv").write_text("13800138001,y\nx9\n13800138002,z,2020-01-01\n")
    told = say("list", "block", "import", "block.csv", *DB, lang="en")[1]
    told += say("import", "queue_log", "block.csv", *DB, lang="en")[1]
    assert not re.search(r"\b1 \w+s\b", told), told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sip]\n[sip]\n", "第 2 行第 5 列：节 [sip] 前面已有，不能出现两次"),
        ("[sip]\nport = ５\n", "第 2 行第 8 列：这里有中文标点或全角字符（５），请改用半角（英文输入法）"),
    ],
)  # fmt: skip
def test_why_settings_are_no_toml_is_told(say: Say, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    told = say("calls", "list", "--config", "bad.toml")
    assert told == (3, f"screener: bad.toml：不是 TOML：{said} — 改正该行\n")


@pytest.mark.parametrize(
    "command",
    [("evaluate", "calls.jsonl", "--noise"), ("demo", "--noise"), ("bench-log", "1", *DB, "--flagged")],
    ids=lambda command: command[0],
)
def test_a_number_of_an_option_is_one(say: Say, command: tuple[str, ...]) -> None:
    for number in ("nan", "NaN", "-nan"):
        status, told = say(*command, number)
        assert status == 2
        assert f"{command[-1]} 的值不对：{number} 不是数" in told
    for number in ("inf", "-inf"):
        status, told = say(*command, number)
        assert (status, "不在范围" in told) == (2, True)
