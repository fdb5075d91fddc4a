"""Whoever may only read the log, for real: another user of a group that may, without rights to write anything."""

import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from screener.core.evidence import Verdict
from screener.feed.local import FeedServer
from screener.settings.sections import Settings
from screener.store.log import CallLog, open_log
from screener.store.records import Review
from tests.reports.random_log import random_calls

pytestmark = pytest.mark.waits
Asked = Callable[..., list[tuple[int, str]]]
NOBODY, READERS = 65534, 60017
"""A user with no rights, and a group that only the log's files know."""
ROOM = Path(__file__).parents[2]
READER = """
import json, os, socket, sys
from importlib import import_module
from screener.cli import COMMANDS, main

for name in ("access", "calls", "explain", "list", "report", "review", "status", "tune"):
    import_module(COMMANDS[name][0].partition(":")[0])
line = socket.socket(fileno=int(sys.argv[1]))
line.send(b"ready")
while True:
    asked, files, *_ = socket.recv_fds(line, 65536, 1)
    if not asked:
        break
    (told,) = files
    if process := os.fork():
        os.close(told)
        os.waitpid(process, 0)
        continue
    line.close()
    for stream in (0, 1, 2):
        os.dup2(told, stream)
    os.close(told)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)
    folder, commands = json.loads(asked)
    os.chdir(folder)
    for arguments in commands:
        try:
            main(["--lang", "en", *arguments])
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        print(f"##{code}", flush=True)
    os._exit(0)
"""
"""The other user: for each question a process of its own, forked once everything is loaded."""
REPORTS = ("frequency", "sources", "queue", "treatment", "agents", "warnings", "accuracy", "summary")
CALL = "c00001"
NEWEST = 20
READING = [
    *(["report", name] for name in REPORTS),
    ["report", "frequency", "--by", "heat"],
    ["calls", "list"],
    ["calls", "show", CALL],
    ["explain", CALL],
    ["list", "block", "show"],
    ["list", "suggest"],
    ["list", "ladder"],
    ["access"],
    ["tune"],
    ["sample"],
]


@pytest.fixture
def folder(asked: Asked) -> Iterator[Path]:
    """A site's folder that the group may read; not below pytest's own, where nobody gets in."""
    made = Path(tempfile.mkdtemp())
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of all calls but the newest, which every test copies."""
    path = tmp_path_factory.mktemp("older") / "log.db"
    log = open_log(f"sqlite:///{path}")
    log.write(random_calls(3)[:-NEWEST])
    log.close()
    return path


@pytest.fixture
def log(folder: Path, older: Path) -> Iterator[CallLog]:
    """A service's: it is open, and its newest calls are in the write-ahead log."""
    (folder / "screener.toml").write_text('[store]\nurl = "sqlite:///log.db"\n')
    log = open_log(f"sqlite:///{shutil.copy(older, folder)}")
    log.write(random_calls(3)[-NEWEST:])
    for path in (folder, *folder.iterdir()):
        os.chown(path, 0, READERS)
        path.chmod(0o750 if path.is_dir() else 0o640)
    yield log
    log.close()


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    """Asks the other user, on a terminal or into a pipe: what each command ends with, and what it says."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    for python in (sys.executable, "/usr/bin/python3"):  # this one may lie in a folder of root's own
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs, suppress(PermissionError):
            number = theirs.fileno()
            command = [python, "-c", READER, str(number)]
            with subprocess.Popen(command, pass_fds=[number], **_as_reader()), ours:  # type: ignore[call-overload]
                theirs.close()
                if ours.recv(9):
                    yield partial(_ask, ours)
                    return
    pytest.skip("no Python that another user may run")


def _as_reader() -> dict[str, object]:
    paths = os.pathsep.join([str(ROOM), *(path for path in sys.path if path.endswith("site-packages"))])
    environment = {
        "PYTHONPATH": paths,
        "PATH": os.environ["PATH"],
        "COLUMNS": "100",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {"user": NOBODY, "group": READERS, "extra_groups": [], "env": environment}


def _ask(line: socket.socket, folder: Path, *commands: list[str], terminal: bool = True) -> list[tuple[int, str]]:
    ours, theirs = pty.openpty() if terminal else os.pipe()
    socket.send_fds(line, [json.dumps([str(folder), commands]).encode()], [theirs])
    os.close(theirs)
    said = b"".join(_read(ours)).decode()
    os.close(ours)
    answers, last = [], ""
    for part in said.splitlines():
        if part.startswith("##"):
            answers.append((int(part[2:]), last))
            last = ""
        else:
            last += part + "\n"
    assert len(answers) == len(commands), said
    return answers


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return
        if not data:
            return
        yield data


@pytest.mark.parametrize("service", ["runs", "was stopped", "was killed"])
def test_every_report_is_read_on_a_terminal(folder: Path, asked: Asked, log: CallLog, service: str) -> None:
    if service == "was stopped":
        log.close()
        assert not (folder / "log.db-wal").exists()
    elif service == "was killed":
        left = {name: (folder / name).read_bytes() for name in ("log.db", "log.db-wal", "log.db-shm")}
        log.close()
        for name, data in left.items():
            (folder / name).write_bytes(data)
            os.chown(folder / name, 0, READERS)
            (folder / name).chmod(0o640)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir() if "shm" not in path.name)
    for command, (code, said) in zip(READING, asked(folder, *READING), strict=True):
        assert code == 0, (command, said)
        assert said.strip(), command
    assert before == sorted((p.name, p.stat().st_mtime_ns) for p in folder.iterdir() if "shm" not in p.name)


@pytest.mark.usefixtures("log")
def test_nothing_is_taken_away_that_is_not_on_record(folder: Path, asked: Asked) -> None:
    commands = [["calls", "list"], ["calls", "show", CALL], ["report", "sources", "--format", "json"]]
    for code, said in asked(folder, *commands, terminal=False):
        assert code == 8
        assert "see them on the terminal, or add --mask" in said


@pytest.mark.usefixtures("log")
def test_what_tells_of_nobody_may_be_taken_away(folder: Path, asked: Asked) -> None:
    names = ("frequency", "queue", "treatment", "agents", "warnings", "accuracy")
    commands = [["report", name, "--format", form] for name in names for form in ("table", "csv", "json")]
    ways = ("prefix", "region", "carrier", "line", "dialled", "queue")
    commands += [["report", "sources", "--by", way, "--format", form] for way in ways for form in ("table", "csv")]
    commands += [["report", "frequency", "--by", "month"]]
    commands += [["report", name, "--mask", "--format", "csv"] for name in ("sources", "summary")]
    commands += [["calls", "list", "--mask"], ["tune"]]
    for command, (code, said) in zip(commands, asked(folder, *commands, terminal=False), strict=True):
        assert code == 0 and said.strip(), (command, said)
        assert not re.search(r"(?<!\d)\+?861\d{10}", said), command


def test_a_prefix_that_is_a_whole_number_tells_of_somebody(folder: Path, asked: Asked, log: CallLog) -> None:
    flag = next(call for call in random_calls(3) if call.verdict is Verdict.HARASSMENT and not call.linkedid)
    log.write([replace(flag, id="from-niue", number="+6834002", review=Review.NONE)])
    ((code, said),) = asked(folder, ["report", "sources", "--by", "prefix"], terminal=False)
    assert code == 8
    assert "+6834002" not in said and "see them on the terminal" in said


@pytest.mark.usefixtures("log")
def test_what_a_reader_may_not_do_says_who_may(folder: Path, asked: Asked) -> None:
    writing = [
        ["review", "confirm", CALL],
        ["list", "block", "add", "13800138000", "--reason", "x"],
        ["list", "lift", "13800138000"],
    ]
    for code, said in asked(folder, *writing):
        assert code == 8, said
        assert "the service's user" in said
        assert said.count("\n") == 1


@pytest.mark.usefixtures("log")
def test_who_may_not_listen_is_told_who_may_and_how(folder: Path, asked: Asked) -> None:
    feed = FeedServer(folder / Settings().operations.feed, lambda _order: None)
    try:
        for code, said in asked(folder, ["status"], ["calls", "follow"]):
            assert code == 9
            assert "feed.sock: cannot be reached (Permission denied)" in said
            assert "sudo -u root screener" in said
    finally:
        feed.stop()


def test_what_a_killed_service_left_behind_is_not_passed_over(folder: Path, asked: Asked, log: CallLog) -> None:
    waiting = (folder / "log.db-wal").read_bytes()
    log.close()
    (folder / "log.db-wal").write_bytes(waiting)
    ((code, said),) = asked(folder, ["calls", "list"])
    assert code == 8
    assert "start the service once" in said


@pytest.mark.parametrize("closed", ["", "log.db", "screener.toml"])
@pytest.mark.usefixtures("log")
def test_a_log_that_is_not_theirs_to_read_says_so(folder: Path, asked: Asked, closed: str) -> None:
    (folder / closed).chmod(0o600)
    command = ["calls", "list", "--config", str(folder / "screener.toml")]
    ((code, said),) = asked(Path("/"), command)
    assert code in (3, 8)
    assert "cannot be read (Permission denied)" in said
    assert "let a group of yours read it" in said
