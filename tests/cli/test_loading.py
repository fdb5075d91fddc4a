"""What a command need not load it does not load: who asks for help or for a list is not to wait for a model."""

import subprocess
import sys
from pathlib import Path

import pytest

from screener.store.bulk import load
from screener.store.insert import tidy
from screener.store.log import open_log
from tests.reports.random_log import random_calls

SCRIPT = """
import sys
from screener.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert ended.code in (0, None, {code}), ended.code
print(*sys.modules, file=sys.stderr)
"""
SPEAKS = ("numpy", "pypinyin", "vosk", "sherpa_onnx", "pydub")
"""Slow libraries of sound and speech."""
ELSEWHERE = (
    "alembic", "starlette", "uvicorn", "cryptography", "pyVoIP", "panoramisk", "openpyxl", "phonenumbers.geodata",
    "screener.sip.useragent", "screener.service.site", "screener.demo", "screener.training",
)  # fmt: skip
"""Of other commands, or only of sites that use them."""
LOG = ("sqlalchemy", "pydantic", "rich", "phonenumbers", "screener.settings.load")


def loaded(*arguments: str, folder: Path, code: int = 0) -> set[str]:
    """Every module, and every package above one, of a process that has run a command."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(code=code), *arguments], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/calls.db"
    log = open_log(url)
    load(log, map(tidy, random_calls(1, 20)))
    log.close()
    return url


@pytest.mark.parametrize("arguments", [["--help"], ["-V"], ["no-such-command"]])
def test_help_needs_nothing(arguments: list[str], tmp_path: Path) -> None:
    seen = loaded(*arguments, folder=tmp_path, code=2)
    assert not seen & {*SPEAKS, *ELSEWHERE, *LOG}


def test_lists_and_explanations_need_no_speech_and_no_places(db: str, tmp_path: Path) -> None:
    for arguments in (
        ["list", "block", "add", "13800138000", "--reason", "x"],
        ["list", "block", "show"],
        ["list", "block", "remove", "13800138000"],
        ["explain", "c00001"],
    ):
        seen = loaded(*arguments, "--db", db, folder=tmp_path)
        assert "sqlalchemy" in seen, "it has read the log"
        assert not seen & {*SPEAKS, *ELSEWHERE}, arguments


def test_doctor_loads_only_what_the_site_uses(tmp_path: Path) -> None:
    seen = loaded("doctor", folder=tmp_path, code=1)  # no log yet
    assert {"vosk", "screener.settings.judgement"} <= seen, "it has looked at model and lexicon"
    assert not seen & {
        "sqlalchemy",
        "pypinyin",
        *ELSEWHERE,
        "screener.pbx.ami",
        "screener.proxy.kamailio",
        "screener.sip.certificates",
    }
