"""A log full of what strangers may send: no command dies of it, nothing reaches a terminal, and no file strays."""

import ast
import csv
import hashlib
import io
import json
import logging
import os
import shutil
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import screener
from screener.cli import cli, person
from screener.errors import InputError, ScreenerError, StoreError
from screener.events import ListName
from screener.operations.logs import start_logging
from screener.review.dossier import MANIFEST
from screener.review.files import write_package
from screener.review.seal import SIGNATURE, sign
from screener.store.log import CallLog, open_log
from screener.store.records import ListedNumber, Review
from tests.store.test_log import FLAGGED

pytestmark = pytest.mark.usefixtures("english")

EVIL = [
    "[/nope]",
    "[bold red]x[/bold red]",
    "\x1b]0;owned\x07\x1b[2J",
    "1\r\n2026-01-01 INFO forged",
    "\x9b31m",
    "\u202e0008310083168+",
    "=HYPERLINK(1)",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "13800138000\ncore stop now",
]
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every piece of evil as number, name, queue, agent, words, three flagged calls each: a log to copy."""
    path = tmp_path_factory.mktemp("evil") / "calls.db"
    log = open_log(f"sqlite:///{path}")
    log.write(
        [
            replace(
                FLAGGED,
                id=f"c{number}-{turn}{text}",
                started_at=NOW - timedelta(hours=turn),
                answered_at=None,
                ended_at=NOW,
                number=text,
                display_name=text,
                region=text,
                carrier=text,
                dialled=text,
                agent=text,
                referred_by=text,
                linkedid=f"../{text}{turn}",
                uniqueid=f"../../{text}",
                review=Review.NONE,
                segments=(replace(FLAGGED.segments[0], text=text),),
                evidence=(replace(FLAGGED.evidence[0], span=text, detail=text, rule=text),),
                decisions=(replace(FLAGGED.decisions[0], reason=text),),
            )
            for number, text in enumerate(EVIL)
            for turn in range(3)
        ]
    )
    log.enlist(*(ListedNumber(ListName.BLOCK, f"+86138001380{n:02}", text, NOW) for n, text in enumerate(EVIL)))
    log.close()
    return path


@pytest.fixture
def database(evil: Path, tmp_path: Path) -> str:
    shutil.copy(evil, tmp_path)
    return f"sqlite:///{tmp_path}/calls.db"


def run(database: str, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [*arguments, "--db", database], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def harmless(output: str) -> None:
    bad = {c for c in output if unicodedata.category(c) == "Cc" and c not in "\n"} | set(output) & set("\u202e")
    assert not bad, bad


SHOWN = [
    ["calls", "list"],
    ["calls", "list", "--mask"],
    *(["report", "sources", "--by", by] for by in ("number", "prefix", "region", "carrier")),
    *(["report", name] for name in ("agents", "queue", "summary", "treatment", "accuracy", "frequency")),
    ["report", "warnings"],
    ["list", "suggest", "--flags", "1"],
    *(["list", name.value, "show"] for name in ListName),
    ["list", "ladder"],
    ["tune"],
    ["sample"],
    ["access"],
]


FIGURES = [["report", name] for name in ("queue", "treatment", "accuracy", "frequency", "warnings")]
"""Tell of nobody: whoever may read the log may take them away."""


@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
@pytest.mark.parametrize("form", ["table", "json"])
def test_every_table_is_shown_and_harmless(database: str, arguments: list[str], form: str) -> None:
    result = run(database, *arguments, "--format", form)
    harmless(result.output)
    if form == "json":
        json.loads(result.stdout)


def test_what_a_stranger_called_itself_is_shown_as_it_is(database: str) -> None:
    output = run(database, "calls", "list").output
    assert "[/nope]" in "".join(output.split())
    assert "[boldred]" in "".join(output.split())


@pytest.mark.parametrize("command", [("calls", "show"), ("explain",)], ids=" ".join)
def test_a_story_has_no_line_of_a_stranger(database: str, command: tuple[str, ...]) -> None:
    for number in range(len(EVIL)):
        output = run(database, *command, f"c{number}-0").output
        harmless(output)
        assert not [line for line in output.splitlines() if line.startswith(("2026-01-01", "core stop"))]


def test_errors_say_no_more_than_a_line(database: str) -> None:
    with pytest.raises(ScreenerError) as raised:
        run(database, "calls", "show", "\x1b[2J\r\nforged")
    harmless(str(raised.value))


@pytest.mark.parametrize(
    "arguments", [["calls", "list"], ["report", "sources"], ["list", "block", "show"]], ids=" ".join
)
def test_no_cell_of_a_csv_is_a_formula(database: str, arguments: list[str]) -> None:
    text = run(database, *arguments, "--format", "csv").stdout_bytes.decode("utf-8-sig")
    check_cells(text)
    harmless(text.replace("\r\n", "\n").replace("\t", ""))


@pytest.mark.parametrize("form", ["csv", "freepbx"])
def test_no_cell_of_a_list_is_a_formula(database: str, form: str, tmp_path: Path) -> None:
    run(database, "list", "block", "export", "--format", form, "-o", str(tmp_path / "list.csv"))
    text = (tmp_path / "list.csv").read_text("utf-8-sig")
    check_cells(text)
    harmless(text.replace("\r\n", "\n").replace("\t", ""))


def check_cells(text: str) -> None:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) > 5
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\r\n")]


def test_lists_for_a_pbx_hold_numbers_only(database: str) -> None:
    run(database, "list", "suggest", "--flags", "1", "--accept-all")
    lines = run(database, "list", "block", "export", "--format", "asterisk").output.splitlines()
    assert len(lines) == len(EVIL)
    assert all(line.startswith("database put blacklist 1380013") for line in lines)
    harmless("".join(lines))
    lines = run(database, "list", "watch", "export", "--format", "kamailio").output.splitlines()
    assert not lines, "nothing that is no number is proposed"
    with pytest.raises(InputError, match="has signs in it that no number has"):
        run(database, "list", "block", "add", "1380013\ncore stop now", "--reason", "x")


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_an_export_stays_in_its_folder(database: str, tmp_path: Path, suffix: str) -> None:
    log = open_log(database)
    log.write([replace(FLAGGED, id="../../evil"), replace(FLAGGED, id="/abs/evil", linkedid="x")])
    log.close()
    place = tmp_path / "deep" / "er"
    place.mkdir(parents=True)
    ids = ["../../evil", "/abs/evil", "c3-0"]
    run(database, "calls", "export", *ids, "-o", str(place / f"case{suffix}"))
    strays = [path for path in tmp_path.rglob("*") if path.is_file() and place not in path.parents]
    assert {path.name.partition("-")[0] for path in strays} <= {"calls.db"}
    if suffix:
        with zipfile.ZipFile(place / "case.zip") as package:
            names = package.namelist()
    else:
        names = [path.relative_to(place / "case").as_posix() for path in (place / "case").rglob("*")]
    assert not [name for name in names if ".." in name or name.startswith("/") or "\n" in name or "\\" in name]
    assert "files are as the manifest says" in verify(place / f"case{suffix}").output


def test_a_package_takes_no_name_that_leads_out(tmp_path: Path) -> None:
    for name in ("../x", "/x", "a/../../x", "a\\x", "c:x", "a//x"):
        with pytest.raises(InputError, match="no name"):
            write_package(tmp_path / "case", {name: b""})
    assert not (tmp_path / "case").exists()


# Packages that somebody changed.


def verify(path: Path, *options: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["calls", "verify", str(path), *options], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def package(database: str, tmp_path: Path) -> Path:
    run(database, "calls", "export", "c0-0", "-o", str(tmp_path / "case"))
    return tmp_path / "case"


def test_words_and_manifest_that_were_both_changed_are_found_by_the_sum(package: Path) -> None:
    told = hashlib.sha256((package / MANIFEST).read_bytes()).hexdigest()
    assert "as they were made" in verify(package, "--sum", told).output
    transcript = next(package.glob("calls/*/transcript.txt"))
    old = hashlib.sha256(transcript.read_bytes()).hexdigest()
    transcript.write_text("他没有说过这句话\n", "utf-8")
    new = hashlib.sha256(transcript.read_bytes()).hexdigest()
    manifest = package / MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace(old, new), "utf-8")
    assert "not the one whose sum was told" in verify(package, "--sum", told, code=1).output
    blind = verify(package, code=1).output
    assert "as they were made" not in blind
    assert "✘" in blind, "the signature is not of this manifest"


@pytest.mark.parametrize("manifest", [b"", b"\n\n", b"0" * 64 + b"  \n", b"nothing\n"])
def test_an_empty_manifest_vouches_for_nothing(tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / MANIFEST).write_bytes(manifest)
    assert "✘" in verify(tmp_path / "case", code=1).output


def test_a_package_that_somebody_else_signed_anew_is_found_by_key_and_by_the_record(
    package: Path, database: str
) -> None:
    """Words, manifest and signature changed: whole in itself, and made by nobody of the site."""
    ours = verify(package).output.splitlines()[-1].removeprefix("signed with the key ")
    assert "as they were made" in verify(package, "--key", ours).output
    assert "as they were made" in verify(package, "--db", database).output
    transcript = next(package.glob("calls/*/transcript.txt"))
    old = hashlib.sha256(transcript.read_bytes()).hexdigest()
    transcript.write_text("他没有说过这句话\n", "utf-8")
    manifest = package / MANIFEST
    changed = manifest.read_text("utf-8").replace(old, hashlib.sha256(transcript.read_bytes()).hexdigest())
    manifest.write_text(changed, "utf-8")
    (package / SIGNATURE).write_bytes(sign(manifest.read_bytes(), Ed25519PrivateKey.generate()))
    blind = verify(package).output
    assert "as they were made" not in blind
    assert "only its sum or key tells" in blind
    assert "by another key" in verify(package, "--key", ours, code=1).output
    assert "not in the access record" in verify(package, "--db", database, code=1).output


def zipped(tmp_path: Path, *members: tuple[str, bytes]) -> Path:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members:
            package.writestr(name, data)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("cover.html", b"a"), ("cover.html", b"b"), (MANIFEST, b""))
    with pytest.raises(InputError, match="twice"):
        verify(path)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../x", "a\\x", "c:x", "x\x1b", "../x/", "/x/", "/"])
def test_a_member_that_lies_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="outside"):
        verify(zipped(tmp_path, (name, b""), (MANIFEST, b"")))


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read piece by piece, and given up where it is too much: whatever its directory says."""
    monkeypatch.setattr("screener.review.files.BYTES_MOST", 10_000_000)
    path = zipped(tmp_path, *((f"{number}", bytes(4_000_000)) for number in range(5)), (MANIFEST, b""))
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="unpacks to more"):
        verify(path)
    monkeypatch.setattr("screener.review.files.FILES_MOST", 3)
    with pytest.raises(InputError, match="more than 3 files"):
        verify(zipped(tmp_path, *((f"{number}", b"") for number in range(9))))


def test_a_damaged_zip_is_said(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("cover.html", os.urandom(5000)), (MANIFEST, b""))
    data = bytearray(path.read_bytes())
    data[2000:2100] = bytes(100)
    path.write_bytes(data)
    assert "cover.html: changed" in verify(path, "--lang", "en", code=1).output
    for cut in (path.read_bytes()[:3000], b""):
        path.write_bytes(cut)
        with pytest.raises(InputError, match="not a whole ZIP file: cut short, damaged, or none at all"):
            verify(path)


def test_links_are_no_part_of_a_package(package: Path, tmp_path: Path) -> None:
    (package / "more").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="no plain file"):
        verify(package)
    for mode in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFDIR):
        link = zipfile.ZipInfo("more")
        link.external_attr = (mode | 0o777) << 16
        with zipfile.ZipFile(tmp_path / "link.zip", "w") as packed:
            packed.writestr(link, "/etc/passwd")
            packed.writestr(MANIFEST, "")
        with pytest.raises(InputError, match="no plain file"):
            verify(tmp_path / "link.zip")


@pytest.mark.parametrize("way", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_package_is_packed_as_ours_are(tmp_path: Path, way: int) -> None:
    """LZMA takes as much memory as its data ask for, and fails in ways of its own."""
    with zipfile.ZipFile(tmp_path / "case.zip", "w", way) as packed:
        packed.writestr("cover.html", bytes(5000))
        packed.writestr(MANIFEST, "")
    with pytest.raises(InputError, match="packed in a way"):
        verify(tmp_path / "case.zip")


# Files for their owner alone.


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_what_is_written_is_for_its_owner_alone(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.csv").touch(0o644)
    run(database, "calls", "list", "--format", "csv", "-o", "old.csv")
    run(database, "calls", "list", "--format", "xlsx", "-o", "new.xlsx")
    run(database, "list", "block", "export", "-o", "block.csv")
    run(database, "calls", "export", "c0-0", "-o", "case")
    run(database, "calls", "export", "c0-0", "-o", "case.zip")
    CliRunner().invoke(cli, ["init", "made.toml"], catch_exceptions=False)
    found = [path for path in tmp_path.rglob("*") if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    assert not found


# Who took what.


def test_every_answer_is_on_record_before_it_is_given(database: str, tmp_path: Path) -> None:
    asked = [*SHOWN, ["list", "block", "export"], ["list", "watch", "export", "-o", str(tmp_path / "w")]]
    asked += [
        ["calls", "show", "c0-0"],
        ["explain", "c0-0"],
        ["calls", "export", "c0-0", "-o", str(tmp_path / "e")],
    ]
    for arguments in asked:
        log = open_log(database)
        before = len(log.accesses(limit=1000))
        run(database, *arguments)
        notes = log.accesses(limit=1000)
        log.close()
        assert len(notes) == before + 1, arguments
        assert (
            notes[0].action
            == "screener " + " ".join(a for a in arguments if a.isalpha())[: len(notes[0].action) - 9]
        )
        assert notes[0].who == person.user()


TELLING = {
    *(("list", name.value, "export") for name in ListName),
    ("calls", "show"),
    ("calls", "export"),
    ("explain",),
    ("status",),
    ("calls", "follow"),
}
"""What tells of callers without `--format`, under other forms, or of the running service."""
SILENT = {
    ("bench-log",), ("erase",), ("purge",), ("review",), ("import", "cdr"), ("import", "queue_log"),
    ("list", "lift"), *(("list", name.value, verb) for name in ListName for verb in ("add", "remove", "import")),
    ("serve",), ("demo",), ("console",), ("calls", "verify"),
}  # fmt: skip
"""What works on the log, or on its own, and hands no caller of it out."""


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def test_no_command_of_the_log_goes_unnamed_here() -> None:
    """By its kind: whoever adds a command that tells of callers must see it go on record, above."""
    of_the_log = {path for path, command in commands(cli) if {p.name for p in command.params} >= {"db", "config"}}
    asked = {tuple(word for word in arguments if word.isalpha()) for arguments in SHOWN}
    shown = {path for path in of_the_log if any(path == one[: len(path)] for one in asked)}
    assert of_the_log - shown - TELLING - SILENT == set()
    assert len(shown) > 15


def test_who_may_not_write_the_record_sees_tables_on_the_terminal_alone(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallLog, "may_write", lambda _log: False)
    for more in ([], ["--format", "json"], ["-o", str(tmp_path / "out")]):  # into a pipe, as here: no terminal
        for arguments in (
            ["calls", "list"],
            ["report", "sources"],
            ["report", "summary"],
            ["list", "block", "show"],
        ):
            with pytest.raises(StoreError, match="cannot be written"):
                run(database, *arguments, *more)
            assert not (tmp_path / "out").exists()
            assert run(database, *arguments, "--mask", *more).exit_code == 0
            (tmp_path / "out").unlink(missing_ok=True)
        for arguments in (*FIGURES, ["tune"]):
            assert run(database, *arguments, *more).exit_code == 0
            (tmp_path / "out").unlink(missing_ok=True)
    with pytest.raises(StoreError, match="cannot be written"):
        run(database, "list", "block", "export", "-o", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _stream: True)
    assert run(database, "calls", "list").output


def test_what_cannot_be_put_on_record_is_not_given(database: str, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "calls.db") as connection:
        connection.execute("DROP TABLE accesses")
    for arguments in (
        ["calls", "list"],
        ["list", "block", "export", "-o", str(tmp_path / "out")],
        ["explain", "c0-0"],
    ):
        with pytest.raises(ScreenerError):
            run(database, *arguments)
    assert not (tmp_path / "out").exists()


def test_nobody_chooses_the_name_on_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = person.user()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert person.user() == real
    (tmp_path / "loginuid").write_text("1")
    monkeypatch.setattr(person, "LOGIN_ID", tmp_path / "loginuid")
    assert person.user() == ("daemon as root" if os.getuid() == 0 else f"daemon as {real}")


# The program's own log.


@pytest.mark.parametrize("as_json", [False, True])
def test_no_line_of_the_log_is_a_stranger_s(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    start_logging("info", as_json=as_json)
    log = logging.getLogger("screener.test")
    log.info("call from %s", EVIL[3])
    try:
        raise ValueError(EVIL[3] + EVIL[2] + EVIL[5])
    except ValueError:
        log.exception("of %s", EVIL[2])
    err = capsys.readouterr().err
    harmless(err)
    assert not [line for line in err.splitlines() if line.startswith("2026-01-01 INFO forged")]
    if as_json:
        assert [json.loads(line)["logger"] for line in err.splitlines()] == ["screener.test"] * 2


def test_one_place_writes_to_the_terminal() -> None:
    """No `print`, no `click.echo` but in `cli/say.py`: else somebody forgets."""
    package = Path(screener.__file__).parent
    found = []
    for path in package.rglob("*.py"):
        if path == package / "cli/say.py" or package / "training" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case (
                    ast.Call(func=ast.Name(id="print"))
                    | ast.Call(
                        func=ast.Attribute(value=ast.Name(id="click"), attr="echo" | "secho" | "echo_via_pager")
                    )
                ):
                    found.append(f"{path.relative_to(package)}:{node.lineno}")
    assert not found
