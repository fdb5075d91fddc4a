"""The unit file, as systemd itself reads and judges it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from screener.service.site import STOPS_WITHIN

UNIT = Path(__file__).parents[2] / "deploy/systemd/screener.service"
CONSOLE = UNIT.with_name("screener-console.service")
RECOGNISER = UNIT.parents[1] / "recognisers/sherpa-onnx-server.service"
both = pytest.mark.parametrize("file", [UNIT, CONSOLE], ids=lambda file: file.stem)
every = pytest.mark.parametrize("file", [UNIT, CONSOLE, RECOGNISER], ids=lambda file: file.stem)
EXPOSURE_MOST = 1.5
"""Of systemd's scale from 0 to 10; a service without any hardening has 9.6."""


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze (apt-get install systemd)")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


@every
def test_systemd_finds_nothing_wrong_with_it(file: Path, tmp_path: Path) -> None:
    text = file.read_text("utf-8")
    program = tmp_path / "program"  # verify wants one that is there
    program.symlink_to(sys.executable)
    unit = tmp_path / file.name
    unit.write_text(re.sub(r"(?m)^ExecStart=/opt/\S+", f"ExecStart={program}", text), "utf-8")
    result = analyze("verify", "--man=no", unit)
    complaints = [line for line in result.stderr.splitlines() if file.name in line]
    assert not complaints
    assert result.returncode == 0, result.stderr


def test_verify_would_find_a_mistake(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("WatchdogSec=20", "WatchdogSeconds=soon"), "utf-8")
    assert "WatchdogSeconds" in analyze("verify", "--man=no", unit).stderr


@every
def test_it_is_exposed_little(file: Path) -> None:
    result = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MOST * 10:.0f}", file)
    found = re.search(rf"exposure level for {file.name}: ([\d.]+)", result.stdout)
    assert found, result
    print(f"exposure {found[1]} of 10")
    assert result.returncode == 0, result.stdout


def test_the_recipe_installs_nothing_past_the_hashes() -> None:
    installs = re.findall(r"pip install (.*?)(?:  |\n)", UNIT.read_text("utf-8"))
    assert installs == ["--require-hashes -r requirements.txt", "--no-deps --no-index ./screener-*.whl"]


@pytest.mark.parametrize("key", ["url", "spool", "feed", "key"])
def test_the_recipe_names_a_place_that_can_be_written_for_all_that_is_kept(key: str) -> None:
    assert re.search(rf'(?m)^# .*\b{key} = "(sqlite:///)?/var/lib/screener/\w', UNIT.read_text("utf-8"))


@both
def test_what_it_writes_is_its_own_alone(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert "UMask=0077" in lines
    assert "StateDirectoryMode=0700" in lines


def test_a_manager_waits_longer_than_the_worst_stop_takes() -> None:
    waits = re.search(r"(?m)^TimeoutStopSec=(\d+)$", UNIT.read_text("utf-8"))
    assert waits
    assert float(waits[1]) >= STOPS_WITHIN + 10
    compose = (UNIT.parents[1] / "container/compose.yaml").read_text("utf-8")
    grace = re.search(r"stop_grace_period: (\d+)s", compose)
    assert grace
    assert float(grace[1]) >= STOPS_WITHIN + 10


def test_the_console_runs_as_the_services_user_in_its_folder() -> None:
    same = ("DynamicUser=", "User=", "StateDirectory=", "WorkingDirectory=", "UMask=")
    units = [
        {line for line in file.read_text("utf-8").splitlines() if line.startswith(same)}
        for file in (UNIT, CONSOLE)
    ]
    assert units[0] == units[1] and len(units[0]) == len(same)
    text = CONSOLE.read_text("utf-8")
    assert "ExecStart=/opt/screener/bin/screener console --config /etc/screener/screener.toml\n" in text
    assert "LimitRTPRIO" not in text, "calls come first"
