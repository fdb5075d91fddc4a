"""What people see of a running service from outside: who is on the line, whose number, a full disk."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.events import LineClass
from screener.service.site import Service
from screener.settings.load import load
from screener.store.spool import Spool
from tests.alerts.test_alerts import Peer
from tests.service.test_site import SITE, finished
from tests.sip.caller import Caller
from tests.waiting import wait_for

ENGLISH = {"SCREENER_LANG": "en"}


def service_of(folder: Path, more: str = "") -> Service:
    (folder / "screener.toml").write_text(SITE + more, "utf-8")
    service = Service(load(folder / "screener.toml"))
    service.start()
    return service


def test_status_and_follow_tell_of_a_running_service(tmp_path: Path) -> None:
    config = ("--config", str(tmp_path / "screener.toml"))
    service = service_of(tmp_path)
    follow = subprocess.Popen(
        [sys.executable, "-m", "screener", "--lang", "en", "calls", "follow", *config],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        caller = Caller(service.sip_port, number="13900003333")
        assert caller.call().status == 200

        def status() -> list[dict[str, object]]:
            told = CliRunner().invoke(cli, ["status", "--format", "json", *config], env=ENGLISH)
            assert told.exit_code == 0, told.output
            return list(json.loads(told.stdout))

        assert wait_for(lambda: [row["number"] for row in status()] == ["+8613900003333"])
        (row,) = status()
        assert (row["entrance"], row["verdict"]) == ("in_path", "undecided")
        masked = CliRunner().invoke(cli, ["status", "--mask", *config], env=ENGLISH)
        assert "the service runs; calls: 1" in masked.stderr and "13900003333" not in masked.output
        assert follow.stdout is not None
        line = follow.stdout.readline()
        assert "☎ +8613900003333" in line and "[in path]" in line
        caller.hang_up()
    finally:
        service.stop()
    rest, left = follow.communicate(timeout=60)
    assert follow.returncode == 0 and "the service has left" in left
    assert "■" in rest, "how the call ended"
    gone = CliRunner().invoke(cli, ["status", *config], env=ENGLISH)
    assert gone.exit_code != 0


def test_who_called_goes_by_the_sites_own_plan(tmp_path: Path) -> None:
    """A fixed line without an area code is in the site's city, and its extensions are no numbers."""
    service = service_of(tmp_path, '[site]\narea_code = "021"\nextensions = "8[0-9]{3}"\n')
    try:
        for number in ("88886666", "8001", "01088886666"):
            caller = Caller(service.sip_port, number=number)
            assert caller.call().status == 200
            caller.hang_up()
    finally:
        service.stop()
    found = {call.number: call for call in finished(load(tmp_path / "screener.toml"), 3)}
    assert set(found) == {"+862188886666", "8001", "+861088886666"}
    assert found["+862188886666"].region == "上海市" and found["+861088886666"].region == "北京市"
    assert found["8001"].line is LineClass.INTERNAL
    config = ("--config", str(tmp_path / "screener.toml"))
    told = CliRunner().invoke(cli, ["calls", "list", "--number", "88886666", "--format", "json", *config])
    assert [row["number"] for row in json.loads(told.stdout)] == ["+862188886666"]


def test_a_spool_that_cannot_be_written_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()

    def full(_spool: Spool, _record: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "append", full)
    service = service_of(tmp_path, f'[[alerts.ways]]\nkind = "webhook"\nurl = "{peer.url}"\nsecret = "s"\n')
    try:
        caller = Caller(service.sip_port, number="13900004444")
        assert caller.call().status == 200
        assert wait_for(lambda: any(b"spool" in body for _, _, body in peer.got)), peer.got
        caller.hang_up()
    finally:
        service.stop()
        peer.server.shutdown()
        peer.server.server_close()
    assert [call.number for call in finished(load(tmp_path / "screener.toml"))] == ["+8613900004444"], "not lost"
