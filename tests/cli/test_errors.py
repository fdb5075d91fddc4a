"""Every command, given something wrong: a line that says what it is, in the reader's language, and its code."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from screener.cli import COMMANDS, main
from screener.errors import InputError
from screener.store.log import open_log

CHINESE = re.compile(r"[\u4e00-\u9fff]")
USAGE, SETTINGS, MODEL, STORE, INPUT = 2, 3, 5, 8, 9
NO_LOG = ("--db", "sqlite:///nobody.db")
WRONG: dict[str, tuple[int, tuple[str, ...]]] = {
    "access": (STORE, NO_LOG),
    "bench-log": (USAGE, ("10",)),
    "calls export": (STORE, ("a", "-o", "x", *NO_LOG)),
    "calls follow": (STORE, NO_LOG),
    "calls list": (STORE, NO_LOG),
    "calls show": (STORE, ("a", *NO_LOG)),
    "calls verify": (INPUT, ("empty.txt",)),
    "console": (SETTINGS, ("--config", "broken.toml")),
    "demo": (USAGE, ("--nonsense",)),
    "doctor": (USAGE, ("--nonsense",)),
    "erase": (STORE, ("13800138000", "--reason", "x", *NO_LOG)),
    "evaluate": (USAGE, ()),
    "explain": (STORE, ("a", *NO_LOG)),
    "import cdr": (USAGE, ("nobody.txt",)),
    "import queue_log": (USAGE, ("nobody.txt",)),
    "init": (INPUT, ("broken.toml",)),
    "list allow add": (STORE, ("13800138000", "--reason", "x", *NO_LOG)),
    "list allow export": (STORE, NO_LOG),
    "list allow import": (STORE, ("latin.txt", *NO_LOG)),
    "list allow remove": (STORE, ("1", *NO_LOG)),
    "list allow show": (STORE, NO_LOG),
    "list ladder": (STORE, NO_LOG),
    "list lift": (STORE, ("13800138000", *NO_LOG)),
    "list suggest": (STORE, NO_LOG),
    "model install": (MODEL, ("no-such-model",)),
    "model verify": (MODEL, ("no-such-model",)),
    "purge": (STORE, NO_LOG),
    "replay": (INPUT, ("nobody.wav",)),
    "report accuracy": (STORE, NO_LOG),
    "report agents": (STORE, NO_LOG),
    "report frequency": (STORE, NO_LOG),
    "report queue": (STORE, NO_LOG),
    "report sources": (STORE, NO_LOG),
    "report summary": (STORE, NO_LOG),
    "report treatment": (STORE, NO_LOG),
    "review": (STORE, ("confirm", "a", *NO_LOG)),
    "sample": (STORE, NO_LOG),
    "serve": (SETTINGS, ("--config", "broken.toml")),
    "status": (STORE, NO_LOG),
    "tune": (STORE, NO_LOG),
}


def paths() -> list[str]:
    """Every command that does something; the lists have the same ones."""
    found: list[str] = []

    def walk(path: str, command: click.Command) -> None:
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                found.append(path)
            for name, below in command.commands.items():
                walk(f"{path} {name}", below)
        else:
            found.append(path)

    for name, (place, _) in COMMANDS.items():
        module, attribute = place.split(":")
        walk(name, getattr(importlib.import_module(module), attribute))
    left_out = ("list block", "list watch", "model build")  # the last is an extra, and says so first
    return [path for path in found if not path.startswith(left_out)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCREENER_LANG", raising=False)
    (tmp_path / "broken.toml").write_text("[sip\n")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xfa")
    return tmp_path


@pytest.mark.parametrize("path", paths())
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_error_run(path: str, lang: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, arguments = WRONG.get(path, (USAGE, ("--nonsense",)))
    with pytest.raises(SystemExit) as ended:
        main([*path.split(), *arguments, "--lang", lang])
    told = capsys.readouterr()
    assert ended.value.code == code, told.err
    lines = told.err.strip().splitlines()
    assert lines[-1].startswith("screener: "), told.err
    assert "Traceback" not in told.err and told.out == ""
    if lang == "zh":
        assert CHINESE.search(lines[-1]), lines[-1]
    else:
        assert not CHINESE.search(told.err), told.err
    made = {p.name for p in folder.iterdir()} - {"broken.toml", "empty.txt", "latin.txt"}
    assert not made


@pytest.mark.parametrize("path", ["console adduser", "console token add", "calls export", "erase"])
def test_what_is_lacking_is_told_in_one_line(path: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where click has one for each choice, too."""
    with pytest.raises(SystemExit) as ended:
        main([*path.split(), "x"])
    assert ended.value.code == USAGE
    (told,) = capsys.readouterr().err.splitlines()
    assert "缺少选项 -" in told and "见：" in told and "\\x" not in told and "'" not in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("calls", "list", "--number"), ("calls", "show"), ("calls", "list", "-o"), ("explain",),
        ("erase", "--reason", "x", "--yes"), ("list", "block", "add", "13800138000", "--reason"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_are_refused_in_one_line(
    arguments: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What somebody pastes from a page in GBK."""
    open_log("sqlite:///calls.db", folder).close()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "\udcd5\udcc5", "--db", "sqlite:///calls.db"])
    assert ended.value.code == InputError.exit_code
    assert capsys.readouterr().err.startswith("screener: \\udcd5\\udcc5：不是本终端编码的文字")


@pytest.mark.parametrize("path", ["cals list", "calls lst", "list block ad", "report somary", "list blok show"])
def test_a_mistyped_command_is_told_in_the_reader_s_language(
    path: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(path.split())
    assert ended.value.code == USAGE
    told = capsys.readouterr().err
    assert "没有命令" in told and "是否想用" in told and "such" not in told


@pytest.mark.parametrize("content", [b"not a database at all" * 20, b"SQLite format 3\0" + b"x" * 5000])
def test_what_the_database_says_is_told_in_the_reader_s_language(
    content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wrong.db").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main(["report", "summary", "--db", "sqlite:///wrong.db"])
    assert ended.value.code == STORE
    told = capsys.readouterr().err
    assert re.search(r"（(不是 SQLite 数据库|数据库已损坏)）", told), told


ACCOUNTS = (
    ("adduser", "wang", "--role", "supervisor", "--password", "long enough it is"),
    ("removeuser", "wang"),
    ("users",),
    ("token", "add", "crm", "--role", "agent"),
    ("token", "list"),
    ("token", "remove", "crm"),
)


@pytest.mark.parametrize(
    "command",
    [
        *(("console", *account) for account in ((), *ACCOUNTS)),
        *(("list", name, "add", "13800138000", "--reason", "x") for name in ("allow", "block", "watch")),
        ("list", "block", "import", "numbers.csv"),
        ("erase", "13800138000", "--reason", "x", "--yes"),
        ("review", "confirm", "a"),
        ("import", "queue_log", "broken.toml"),
        ("import", "cdr", "broken.toml"),
        ("bench-log", "9", "--until", "abc", "--db", "sqlite:///other.db"),
    ],
)
def test_only_what_fills_a_log_makes_one(
    command: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped log is a mistake; an import or a measurement that was refused leaves nothing behind."""
    (folder / "numbers.csv").write_text("13800138000,x\n")
    before = set(folder.iterdir())
    with pytest.raises(SystemExit) as ended:
        main(list(command))
    assert ended.value.code
    assert set(folder.iterdir()) == before


def test_a_new_log_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "queue_log").write_text(
        "1772600000|u1|sales|NONE|ENTERQUEUE||13800138000|1\n1772600009|u1|sales|NONE|ABANDON|1|1|9\n"
    )
    main(["import", "queue_log", "empty.txt"])
    assert not (folder / "screener.db").exists(), "nothing to be written"
    capsys.readouterr()
    for new in (True, False):
        main(["import", "queue_log", "queue_log"])
        assert ("新建来电记录库" in capsys.readouterr().err) == new


def test_a_file_without_a_number_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_log("sqlite:///screener.db").close()
    (folder / "wrong.csv").write_text("root:x:0\n" * 40)
    for name, said in (("wrong.csv", "里面没有可列入名单的号码"), ("latin.txt", "从第 0 字节起不是 UTF-8 文本")):
        with pytest.raises(SystemExit) as ended:
            main(["list", "block", "import", name])
        assert ended.value.code == INPUT
        assert said in capsys.readouterr().err


def test_nothing_found_is_said_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_log("sqlite:///screener.db").close()
    main(["calls", "list"])
    assert capsys.readouterr().out.split() == ["来电", "没有数据"]
    main(["calls", "list", "--format", "json"])
    assert capsys.readouterr().out == "[]\n"


def test_a_closed_terminal_is_no_fault_of_ours(folder: Path) -> None:
    """Neither stream is there: nothing to read, and no traceback in a log."""
    script = f"exec {sys.executable} -m screener -V >&- 2>errors.txt"
    assert subprocess.run(["/bin/sh", "-c", script], cwd=folder).returncode == 0
    script = f"exec {sys.executable} -m screener init made.toml >&- 2>>errors.txt"
    assert subprocess.run(["/bin/sh", "-c", script], cwd=folder).returncode == 0
    assert (folder / "errors.txt").read_text() == ""


def test_a_terminal_of_gbk_reads_what_it_can(folder: Path) -> None:
    """The console of a Chinese Windows, or an old SSH client: no traceback, and Chinese that it shows."""
    open_log("sqlite:///screener.db").close()
    main(["list", "block", "add", "13800138000", "--reason", "恶作剧 ✔ 😀"])
    for arguments in (("list", "block", "show"), ("calls", "list"), ("calls", "list", "--hour", "77")):
        made = subprocess.run(
            [sys.executable, "-m", "screener", *arguments],
            cwd=folder, env={**os.environ, "PYTHONIOENCODING": "gbk"}, capture_output=True,
        )  # fmt: skip
        shown = made.stdout.decode("gbk") + made.stderr.decode("gbk")
        assert "Traceback" not in shown and CHINESE.search(shown), shown


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[sip\n", "不是 TOML：第 1 行第 5 列：节名后面缺 ]"),
        ("[sip]\nport = 1\nport = 2\n", "不是 TOML：第 3 行第 9 列：键 port 前面已有，不能出现两次"),
        ('x = """', "不是 TOML：文件末尾（第 1 行）：引号或括号没有闭合"),
    ],
)
def test_what_a_parser_says_is_told_in_the_reader_s_language(
    content: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wrong.toml").write_text(content)
    with pytest.raises(SystemExit) as ended:
        main(["calls", "list", "--config", "wrong.toml"])
    assert ended.value.code == SETTINGS
    assert told in capsys.readouterr().err


def test_what_is_no_call_is_told_in_the_reader_s_language(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "wrong.jsonl").write_text("喂\n")
    turn = '{"t": 1e308, "speaker": "caller", "text": "喂"}'
    (folder / "late.jsonl").write_text(f'{{"id": "a", "turns": [{turn}]}}\n')
    (folder / "wrong.wav").write_bytes(b"RIFF\0\0\0\0WAVEjunk")
    monkeypatch.setenv("PATH", "")
    for name, told in (
        ("wrong.jsonl", "不是 JSON（第 1 列）"),
        ("wrong.wav", "WAV，已损坏：不是可读的录音 — 请从录音的地方重新复制"),
    ):
        with pytest.raises(SystemExit):
            main(["replay", name])
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["purge", "--days", "0"], ["console", "adduser", "王", "--role", "supervisor"]]
)
def test_a_question_that_nobody_answers_says_so(command: list[str], folder: Path) -> None:
    open_log(f"sqlite:///{folder}/screener.db").close()
    done = subprocess.run(
        [sys.executable, "-m", "screener", *command],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == USAGE
    assert done.stderr.splitlines()[-1] == "screener: 没有人回答 — 请用选项写明：见 --help"
    assert "Warning" not in done.stderr and "Traceback" not in done.stderr


def test_a_full_disk_says_what_to_do(folder: Path) -> None:
    open_log(f"sqlite:///{folder}/log.db").close()
    command = [sys.executable, "-m", "screener", "access", "--db", "sqlite:///log.db"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == INPUT
    assert done.stderr.strip() == "screener: 输出：无法写入（磁盘已满） — 腾出空间，或写到别处"


def test_a_language_that_is_none_of_ours_is_said_not_to_be_heeded(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCREENER_LANG", "fr")
    with pytest.raises(SystemExit):
        main(["users"])
    assert capsys.readouterr().err.splitlines()[0] == "screener: SCREENER_LANG=fr：未采用，可用 zh 或 en"
    for heeded in ("", "en_US.UTF-8", "zh"):
        monkeypatch.setenv("SCREENER_LANG", heeded)
        with pytest.raises(SystemExit):
            main(["users"])
        assert "SCREENER_LANG" not in capsys.readouterr().err
