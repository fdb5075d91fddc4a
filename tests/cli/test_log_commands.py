"""The commands of the log from end to end, on a log of made-up calls."""

import json
import os
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from screener.cli import COMMANDS, cli
from screener.core.evidence import Verdict
from screener.errors import InputError
from screener.store.log import CallLog, open_log
from screener.store.records import CallRecord
from screener.store.spool import REFUSED
from screener.words.told import told

pytestmark = pytest.mark.usefixtures("english")

UNTIL = "2026-11-01T00:00:00+00:00"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def thousands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log to copy."""
    file = tmp_path_factory.mktemp("log") / "calls.db"
    arguments = ["bench-log", "3000", "--db", f"sqlite:///{file}", "--until", UNTIL, "--flagged", "0.1"]
    made = CliRunner().invoke(cli, arguments, catch_exceptions=False, env={"SCREENER_LANG": "en"})
    assert "3000 calls of 3 years in " in made.output
    return file


@pytest.fixture
def database(thousands: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(thousands, tmp_path))


@pytest.fixture
def run(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCREENER_CONFIG", raising=False)

    def invoke(*arguments: str, code: int = 0) -> Result:
        command = list(arguments)
        if arguments[:2] != ("calls", "verify"):
            command += ["--db", f"sqlite:///{database}"]
        result = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def log(database: Path) -> Iterator[CallLog]:
    log = open_log(f"sqlite:///{database}")
    yield log
    log.close()


REPORTS = [
    ["frequency", "--by", "hour"],
    ["frequency", "--by", "heat"],
    ["sources", "--by", "number", "--top", "5"],
    ["sources", "--by", "carrier", "--mask"],
    ["queue", "--by", "month"],
    ["treatment", "--since", "2025-01-01"],
    ["agents"],
    ["accuracy", "--kind", "prank"],
    ["summary", "--until", "2026-11-01"],
]


@pytest.mark.parametrize("arguments", REPORTS, ids=" ".join)
def test_every_report_in_every_form_and_language(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    shown = run("report", *arguments)
    lines = [
        line for line in shown.output.splitlines() if not line.startswith("screener ")
    ]  # a command stays whole
    assert max(map(len, lines)) <= 80
    for form in ("csv", "json", "xlsx", "html"):
        for lang in ("zh", "en"):
            run("report", *arguments, "--format", form, "--lang", lang, "-o", f"r.{form}")
            assert (tmp_path / f"r.{form}").stat().st_size > 50
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["summary", "--until", "2026-11-01"], ("measures", "treatment")),
        (["treatment", "--since", "2025-01-01"], ("treatment",)),
        (["queue", "--by", "month"], ("queue", "periods")),
    ],
    ids=["summary", "treatment", "queue"],
)
def test_a_terminal_shows_the_digits_of_the_page_and_of_the_programs(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], names: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    lines = [squeezed(line) for line in run("report", *arguments).output.splitlines()]
    said = json.loads(run("report", *arguments, "--format", "json").output)
    page = run("report", *arguments, "--format", "html").output
    tables = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    for name, table in zip(names, tables, strict=False):
        rows = [re.findall("<td[^>]*>([^<]*)</td>", row) for row in table.splitlines() if row]
        for values, texts in zip(said[name] if isinstance(said, dict) else said, rows, strict=True):
            assert squeezed("".join(texts)) in lines
            for key, value, text in list(zip(values, values.values(), texts, strict=True))[1:]:
                share = key.endswith("share") or values.get("measure") == "share"
                assert text.endswith("%") == (share and value is not None)
                if value is not None:
                    number = float(text.rstrip("%")) / (100 if share else 1)
                    assert number == pytest.approx(value, rel=0, abs=0.0006 if share else 0.051)
                    assert share or isinstance(value, float) == ("." in text)


def test_a_report_masks_numbers_when_asked(run: Run) -> None:
    rows = json.loads(run("report", "sources", "--format", "json", "--mask").output)
    assert all(row["number"] is None or "****" in row["number"] for row in rows)
    plain = json.loads(run("report", "sources", "--format", "json").output)
    assert [row["flagged"] for row in rows] == [row["flagged"] for row in plain]


def test_days_begin_in_the_zone_that_is_asked_for(run: Run) -> None:
    def days(zone: str) -> list[str]:
        arguments = ("--by", "day", "--since", "2026-10-05", "--until", "2026-10-06", "--tz", zone)
        return [
            row["day"] for row in json.loads(run("report", "frequency", *arguments, "--format", "json").output)
        ]

    assert days("Asia/Shanghai") == ["2026-10-05"]
    assert days("America/New_York") == ["2026-10-05"]
    assert "an IANA name" in run("report", "agents", "--tz", "Mars/Base", code=2).output


def test_a_file_is_of_the_form_that_its_name_says(run: Run, tmp_path: Path) -> None:
    begins = {
        "s.html": b"<!doctype html>",
        "s.XLSX": b"PK",
        "s.csv": b"\xef\xbb\xbf",
        "s.json": b"{",
        "s.txt": b" ",
    }
    for name, beginning in begins.items():
        run("report", "summary", "--since", "2026-01-01", "-o", name)
        assert (tmp_path / name).read_bytes().lower().startswith(beginning.lower()), name
    run("report", "summary", "--format", "json", "-o", "t.csv")
    assert (tmp_path / "t.csv").read_bytes().startswith(b"{"), "what is asked for stands above the name"


def test_what_goes_out_is_on_record(run: Run) -> None:
    before = len(json.loads(run("access", "--limit", "1000", "--format", "json").output))
    run("report", "agents")
    run("report", "sources", "--by", "region", "--mask", "--format", "csv", "-o", "s.csv")
    notes = json.loads(run("access", "--limit", "1000", "--format", "json").output)
    assert len(notes) == before + 3  # a look is on record before it is answered
    newest = notes[1]
    assert newest["action"] == "screener report sources"
    assert (newest["destination"], newest["masked"]) == ("s.csv", True)
    assert "by=region" in newest["subject"]


def test_lists_from_suggestion_to_the_pbx(run: Run, log: CallLog, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    days = str((now - datetime(2023, 11, 1, tzinfo=UTC)).days + 5)
    proposals = json.loads(run("list", "suggest", "--days", days, "--flags", "2", "--format", "json").output)
    assert proposals
    number = proposals[0]["number"]
    assert log.listed(now) == []
    again = run("list", "suggest", "--days", days, "--flags", "2", "--accept", number, "--format", "json")
    assert [row["number"] for row in json.loads(again.output) if row["accepted"]] == [number]
    (entry,) = log.listed(now)
    assert (entry.number, entry.name.value) == (number, proposals[0]["list"])
    left = json.loads(run("list", "suggest", "--days", days, "--flags", "2", "--format", "json").output)
    assert number not in [row["number"] for row in left]
    with pytest.raises(InputError, match="not proposed"):
        run("list", "suggest", "--days", days, "--accept", number)

    run("list", "block", "add", "138 0013 8000", "--reason", "恶作剧", "--expires", "30d")
    (held,) = [entry for entry in log.listed(now) if entry.number == "+8613800138000"]
    assert held.expires_at is not None
    assert timedelta(days=29) < held.expires_at - now < timedelta(days=31)
    exported = run("list", "block", "export", "--format", "asterisk").output
    assert 'database put blacklist 13800138000 "恶作剧"\n' in exported
    run("list", "block", "export", "-o", "block.csv")
    run("list", "block", "remove", "13800138000")
    assert "13800138000" not in run("list", "block", "export", "--format", "asterisk").output
    with (tmp_path / "block.csv").open("a", encoding="utf-8") as file:
        file.write("block,nobody,,\n")
    back = run("list", "block", "import", "block.csv")
    assert "block.csv:4: skipped: the number 'nobody' is none" in back.output
    assert "+8613800138000" in run("list", "block", "show").output
    with pytest.raises(InputError, match=r"not on that list: \+8613800138000 — see: screener list allow show"):
        run("list", "allow", "remove", "13800138000")


def test_lists_are_kept_on_record_and_said_in_the_readers_language(run: Run, log: CallLog, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("13800138001,x\n")
    said = [
        run("list", "watch", "add", "138 0013 8000", "--reason", "x", "--lang", "zh").output,
        run("list", "watch", "import", "w.csv", "--lang", "zh").output,
        run("list", "watch", "remove", "13800138000", "--lang", "zh").output,
    ]
    assert said == ["关注名单 + +8613800138000\n", "关注名单：新加入 1 个，原已在名单上 0 个，略过 0 行\n", ""]
    noted = [(note.action, note.subject, note.destination) for note in reversed(log.accesses()[:3])]
    assert noted == [
        ("list watch add", "+8613800138000", "screener list watch add"),
        ("list watch add", "+8613800138001", "screener list watch import"),
        ("list watch remove", "+8613800138000", "screener list watch remove"),
    ]
    with pytest.raises(InputError) as refused:
        run("list", "watch", "remove", "13800138000")
    assert told(str(refused.value), "zh") == "不在这份名单上：+8613800138000 — 见：screener list watch show"


def test_a_list_takes_no_name_and_no_end_that_is_past(run: Run, log: CallLog, tmp_path: Path) -> None:
    for number in ("abc", "reception"):
        with pytest.raises(
            InputError, match=r"is no number, and no user of the site that \[site\] extensions names"
        ):
            run("list", "block", "add", number, "13800138001", "--reason", "x")
    for expires, said in (("2020-01-01", "is past; name a day to come"), ("abc", "allowed: a day or time")):
        refused = run("list", "block", "add", "13800138001", "--reason", "x", "--expires", expires, code=2)
        assert said in " ".join(refused.output.split())
    assert log.listed(datetime.now(UTC)) == [], "nothing is listed by halves"
    (tmp_path / "screener.toml").write_text('[site]\nextensions = "8[0-9]{3}|reception"\n')
    run("list", "block", "add", "reception", "--reason", "x")
    assert [entry.number for entry in log.listed(datetime.now(UTC))] == ["reception"]


def test_an_entry_says_why_and_an_import_keeps_what_the_file_says(run: Run, log: CallLog, tmp_path: Path) -> None:
    assert "--reason" in run("list", "watch", "add", "13800138001", code=2).output
    with pytest.raises(InputError, match="an entry of a list needs a reason"):
        run("list", "watch", "add", "13800138001", "--reason", "  ")
    assert log.listed(datetime.now(UTC)) == []
    (tmp_path / "watch.csv").write_text("13800138001,\n13800138002,两次 恶作剧\n")
    run("list", "watch", "import", "watch.csv")
    assert {entry.number[-1]: entry.reason for entry in log.listed(datetime.now(UTC))} == {
        "1": "",
        "2": "两次 恶作剧",
    }


def test_a_package_of_evidence_is_checked_by_us_and_by_sha256sum(run: Run, log: CallLog, tmp_path: Path) -> None:
    rows = json.loads(run("calls", "list", "--verdict", "harassment", "--limit", "2", "--format", "json").output)
    ids = [row["id"] for row in rows]
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / f"{ids[0]}.wav").write_bytes(b"RIFF")
    made = run("calls", "export", *ids, "-o", "case", "--audio", "recordings")
    names = {
        file.relative_to(tmp_path / "case").as_posix() for file in (tmp_path / "case").rglob("*") if file.is_file()
    }
    assert names == {
        "cover.html",
        "12321.txt",
        "calls.csv",
        "MANIFEST.sha256",
        "MANIFEST.sig",
        f"calls/{ids[0]}/audio.wav",
        *(f"calls/{i}/{part}" for i in ids for part in ("transcript.txt", "timeline.txt", "record.json")),
    }
    number = log.call(ids[0]).number
    assert number in (tmp_path / "case" / "cover.html").read_text("utf-8")
    checked = run("calls", "verify", "case")
    assert made.output.splitlines()[-2:] == checked.output.splitlines()[-2:], "sum and key"
    command = ["sha256sum", "--check", "--quiet", "MANIFEST.sha256"]
    subprocess.run(command, cwd=tmp_path / "case", check=True)
    assert (
        made.output.splitlines()[1].split()[-1]
        in json.loads(run("access", "--limit", "1000", "--format", "json").output)[1]["subject"]
    )
    (tmp_path / "case" / "cover.html").write_text("x")
    (tmp_path / "case" / "calls" / ids[0] / "audio.wav").unlink()
    (tmp_path / "case" / "more.txt").touch()
    wrong = run("calls", "verify", "case", code=1).output
    assert "cover.html: changed" in wrong
    assert "audio.wav: missing" in wrong
    assert "more.txt: not in the manifest" in wrong


def test_a_package_of_a_number_has_its_other_calls_with_dates(run: Run, log: CallLog, tmp_path: Path) -> None:
    at = datetime(2026, 10, 5, 3, tzinfo=UTC)
    of_it = {"number": "+8613900000001", "ended_at": at + timedelta(hours=9)}
    flag = CallRecord("bad", at, verdict=Verdict.HARASSMENT, **of_it)  # type: ignore[arg-type]
    more = [CallRecord(f"n{n}", at + timedelta(hours=n), verdict=Verdict.GENUINE, **of_it) for n in (1, 2)]  # type: ignore[arg-type]
    longer = CallRecord("longer", at, number="+86139000000012", verdict=Verdict.GENUINE, ended_at=at)
    log.write([flag, *more, longer])
    made = run("calls", "export", "--number", "13900000001", "-o", "n.zip", "--lang", "en")
    assert "further calls of the number, dated in calls.csv as not judged harassment: 2" in made.output
    with zipfile.ZipFile(tmp_path / "n.zip") as package:
        lines = package.read("calls.csv").decode("utf-8-sig").splitlines()
        assert len(lines) == 4 and [line.count("not judged harassment") for line in lines] == [0, 0, 1, 1]
        assert not any("n1" in name for name in package.namelist())
    run("calls", "export", "--number", "13900000001", "--until", "2026-10-05T12:30", "-o", "m.zip")
    with zipfile.ZipFile(tmp_path / "m.zip") as package:
        assert len(package.read("calls.csv").decode("utf-8-sig").splitlines()) == 3
    with pytest.raises(InputError, match="no harassment call"):
        run("calls", "export", "--number", "13900000001", "--since", "2026-10-05T11:30", "-o", "o.zip")


def test_a_package_may_be_one_file_and_is_never_overwritten(run: Run, log: CallLog, tmp_path: Path) -> None:
    (call,) = log.calls(limit=1, verdict=Verdict.HARASSMENT)
    run("calls", "export", call.id, "-o", "case.zip", "--lang", "en")
    run("calls", "verify", "case.zip")
    with zipfile.ZipFile(tmp_path / "case.zip") as package:
        assert "Evidence of harassment calls" in package.read("cover.html").decode("utf-8")
    with pytest.raises(InputError, match="already"):
        run("calls", "export", call.id, "-o", "case.zip")


def test_purge_says_what_it_did_and_reports_stay(run: Run) -> None:
    before = run("report", "accuracy", "--format", "json").output
    assert "nothing is deleted" in run("purge", "--days", "0", "--dry-run").output
    with pytest.raises(InputError, match="the newest call is of 2026-10-3"):
        run("purge", "--days", "0", "--yes")
    sure = ("--days", "0", "--yes", "--clock-is-right")
    assert "utterances" in run("purge", *sure).output
    assert run("purge", *sure).output.endswith("utterances: 0; quoted words: 0\n")
    assert run("report", "accuracy", "--format", "json").output == before


@pytest.mark.parametrize(
    "command", [("purge", "--days", "1", "--yes"), ("erase", "13800138000", "--reason", "x", "--yes")]
)
def test_what_the_database_refused_is_purged_and_erased_with_the_log(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "spool").mkdir()
    refused = tmp_path / "spool" / REFUSED
    refused.write_bytes(b"words, +8613800138000\n")
    os.utime(refused, (0, 0))
    run(*command, *["--clock-is-right"] * (command[0] == "purge"))
    assert refused.read_bytes() == b""


def test_an_import_names_bad_lines_and_twice_is_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "queue_log").write_text(
        "1772000010|x1|support|NONE|ENTERQUEUE||13800138000|1\nbroken\n1772000030|x1|support|NONE|ABANDON|1|1|20\n"
    )
    first = run("import", "queue_log", "queue_log")
    assert "queue_log:2: skipped" in first.output
    assert "calls read: 1; new: 1; lines skipped: 1" in first.output
    assert "calls read: 1; new: 0" in run("import", "queue_log", "queue_log").output
    rows = json.loads(run("report", "frequency", "--queue", "support", "--format", "json").output)
    assert [row["offered"] for row in rows] == [1]


def test_a_context_that_no_call_has_is_the_mistake_and_not_the_file(run: Run, tmp_path: Path) -> None:
    row = '"","13800138000","s","from-trunk","","PJSIP/t-1","","Answer","","2026-11-20 10:00:00","",'
    row += '"2026-11-20 10:00:05",5,0,"NO ANSWER","","17.{}","","17.{}"\n'
    (tmp_path / "Master.csv").write_text("broken\n" + "".join(row.format(n, n) for n in range(7)))
    with pytest.raises(InputError, match="by the context nope — name it as the dialplan does"):
        run("import", "cdr", "Master.csv", "--context", "nope")
    assert "calls read: 7" in run("import", "cdr", "Master.csv", "--context", "from-trunk").output
    (tmp_path / "Master.csv").write_text("broken\n\n" * 9)
    with pytest.raises(InputError, match="not one call in it; lines: 9"):
        run("import", "cdr", "Master.csv", "--context", "nope")


def test_an_import_says_a_handful_of_lines_of_many(run: Run, tmp_path: Path) -> None:
    bad = "x\x1b[2J|\n" * 1000
    call = "1772600000|u1|sales|NONE|ENTERQUEUE||13800138000|1\n1772600009|u1|sales|NONE|ABANDON|1|1|9\n"
    (tmp_path / "queue_log").write_text(call + bad)
    said = run("import", "queue_log", "queue_log").output
    assert "further lines skipped: 995" in said
    assert len(said.splitlines()) == 7
    (tmp_path / "list.csv").write_text("nobody\n" * 100 + "13800138000\n")
    assert len(run("list", "watch", "import", "list.csv").output.splitlines()) == 7


def test_an_import_of_a_wrong_file_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "queue_log").write_text("root:x:0:0\n" * 9)
    with pytest.raises(InputError, match="not one call in it; lines: 9 — is it the right kind of file"):
        run("import", "queue_log", "queue_log")


def test_a_caller_is_forgotten_on_demand(run: Run, log: CallLog) -> None:
    number = next(call.number for call in log.calls(limit=None) if call.number)
    calls = sum(call.number == number for call in log.calls(limit=None))
    assert f"calls: {calls}; nothing is erased without --yes" in run("erase", number, "--reason", "x").output
    assert any(call.number == number for call in log.calls(limit=None))
    said = run("erase", number, "--reason", "书面申请", "--yes").output
    assert f"erased; calls: {calls};" in said
    assert number not in said
    assert not any(call.number == number for call in log.calls(limit=None))
    note = log.accesses(limit=1)[0]
    assert (note.action, note.subject.partition(": ")[2]) == ("screener erase", "书面申请")
    with pytest.raises(InputError, match="no number"):
        run("erase", "anonymous", "--reason", "x")


def commands(group: click.Command, name: str) -> list[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        return [(name, group)]
    context = click.Context(group)
    found = []
    for child in group.list_commands(context):
        command = group.get_command(context, child)
        assert command is not None
        found += commands(command, f"{name} {child}")
    return found


@pytest.mark.parametrize(("name", "command"), commands(cli, "screener"), ids=lambda item: str(item))
def test_every_command_says_what_it_does_with_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert "例：screener" in command.help or name.split()[1] not in ("report", "list", "calls", "import"), name


def test_the_commands_of_the_log_are_registered() -> None:
    assert {"access", "bench-log", "calls", "import", "list", "purge", "report"} <= set(COMMANDS)


def test_calls_are_found_by_a_number_s_beginning_and_a_name_that_no_call_has_is_a_mistake(run: Run) -> None:
    def numbers(begins: str) -> list[str]:
        rows = json.loads(run("calls", "list", "--number", begins, "--limit", "100000", "--format", "json").output)
        return [row["number"] or "" for row in rows]

    every = [
        row["number"] or ""
        for row in json.loads(run("calls", "list", "--limit", "100000", "--format", "json").output)
    ]
    whole = next(number for number in every if number.startswith("+861"))
    for begins in (whole[3:6], whole[:6]):
        assert numbers(begins) == [number for number in every if number.startswith(whole[:6])]
    assert whole in numbers(whole[3:])
    for place in ("queue", "dialled", "region", "carrier"):
        with pytest.raises(InputError, match="nowhere"):
            run("calls", "list", f"--{place}", "nowhere", code=1)


@pytest.mark.parametrize(
    ("report", "sheet", "row", "figure"),
    [
        (["frequency", "--by", "hour"], "", 0, "flagged"),
        (["frequency", "--by", "weekday", "--tz", "America/New_York"], "", 0, "flagged"),
        (["frequency", "--by", "day", "--since", "2026-10-20"], "", 0, "flagged"),
        (["sources", "--by", "region", "--since", "2026-09-01T10:20:30"], "", 0, "flagged"),
        (["sources", "--by", "number", "--kind", "lewd"], "", 0, "flagged"),
        (["queue"], "queue", 1, "entered"),  # the first is all of them
        (["agents", "--until", "2026-08-01"], "", 0, "hit"),
        (["accuracy"], "kinds", 1, "flagged"),
    ],
)
def test_the_hint_under_a_report_lists_the_calls_of_a_row(
    run: Run, report: list[str], sheet: str, row: int, figure: str
) -> None:
    rows = json.loads(run("report", *report, "--format", "json").output)
    shown = run("report", *report).output
    commands = [line for line in shown.splitlines() if line.startswith("screener calls list")]
    assert len(commands) == 2, shown

    def listed(command: str) -> int:
        words = shlex.split(command.removeprefix("screener "))
        return len(json.loads(run(*words, "--limit", "100000", "--format", "json").output))

    rows = rows[sheet] if sheet else rows
    assert listed(commands[1]) == rows[row][figure], commands
    if report[0] == "frequency":
        assert listed(commands[0]) == sum(one[figure] for one in rows), commands


def test_calls_are_asked_for_by_whatever_a_report_counts(run: Run) -> None:
    def listed(*asked: str) -> int:
        return len(json.loads(run("calls", "list", *asked, "--limit", "100000", "--format", "json").output))

    assert listed() == 3000
    assert sum(listed("--weekday", str(day)) for day in range(1, 8)) == 3000
    assert sum(listed("--hour", str(hour)) for hour in (0, 9, 23)) < 3000
    parts = [listed("--flagged", "--way", way) for way in ("automatic", "by_hand")]
    assert sum(parts) == listed("--flagged") and min(parts) > 0
    assert listed("--flagged") + listed("--overturned") == listed("--judged")
    stays = [listed("--entered", "--stay", stay) for stay in ("to_the_end", "abandoned")]
    assert sum(stays) == listed("--entered") > 0
    assert 0 < listed("--treatment", "line_fault") < listed("--treated") < 3000
    with pytest.raises(InputError, match="counted as one of these"):
        run("calls", "list", "--flagged", "--own")
    for wrong in (("--hour", "24"), ("--weekday", "0"), ("--treatment", "abc"), ("--step", "x")):
        run("calls", "list", *wrong, code=2)


def test_made_up_calls_go_into_no_log_of_a_site(run: Run, database: Path, tmp_path: Path) -> None:
    """Neither the one of the settings, nor of a settings file beside it, however its URL is written."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "screener.toml").write_text('[store]\nurl = "sqlite:///site.db"\n')
    refused = "made-up calls never go into a site's log"
    for db, config in (
        (f"sqlite:///{here}/site.db", here / "screener.toml"),
        (f"sqlite+pysqlite:///{here}/../here/site.db", here / "screener.toml"),
        (f"sqlite:///{there}/site.db", here / "screener.toml"),
        ("sqlite:///there/site.db", here / "screener.toml"),
    ):
        arguments = ["bench-log", "10", "--config", str(config), "--db", db]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 2 and refused in " ".join(result.output.split()), (db, result.output)
    assert not (here / "site.db").exists() and not (there / "site.db").exists()
    with_list = f"sqlite:///{tmp_path}/listed.db"
    open_log(with_list).close()
    CliRunner().invoke(
        cli, ["list", "block", "add", "13800138000", "--reason", "x", "--db", with_list], catch_exceptions=False
    )
    with pytest.raises(InputError, match="has lists or accounts of a site"):
        CliRunner().invoke(cli, ["bench-log", "10", "--db", with_list], catch_exceptions=False)


def test_entries_that_have_ended_are_not_imported_and_said(run: Run, log: CallLog, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text(
        "13800138000,x,2020-01-01\n13800138001,x,2019-12-31\n13800138002,x,2999-01-01\n13800138003,x\nnobody,x\n"
    )
    said = run("list", "block", "import", "old.csv").output
    assert "entries skipped that have ended already: 2" in said
    assert "Block list: added: 2; there already: 0; lines skipped: 3" in said
    assert {entry.number for entry in log.listed(datetime.now(UTC))} == {"+8613800138002", "+8613800138003"}
    (tmp_path / "ended.csv").write_text("13800138000,x,2020-01-01\n")
    again = run("list", "block", "import", "old.csv").output
    assert "Block list: added: 0; there already: 2; lines skipped: 3" in again


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff\n \n",
        "number,reason,expires\n",
        "号码,原因\n",
        "nobody\n",
        "x\n000,y\n",
        "13800138000,x,2020-01-01\n",
    ],
)
def test_a_file_without_a_number_for_a_list_is_told_in_one_way(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "few.csv").write_text(text)
    with pytest.raises(InputError, match=r"few\.csv: no number in it that can be listed — one number a line"):
        run("list", "block", "import", "few.csv")


@pytest.mark.parametrize("expires", ["90d", "90天", "2999-12-31", "2999-12-31T18:00"])
def test_an_end_is_written_alike_for_a_number_and_in_a_file(
    run: Run, log: CallLog, tmp_path: Path, expires: str
) -> None:
    (tmp_path / "one.csv").write_text(f"13800138000,x,{expires}\n")
    run("list", "block", "import", "one.csv")
    run("list", "block", "add", "13800138001", "--reason", "x", "--expires", expires)
    one, other = (entry.expires_at for entry in log.listed(datetime.now(UTC)))
    assert one is not None and other is not None and abs(one - other) < timedelta(minutes=5)
