"""Callers who talk and do not arrive, on real sockets: each goes to an agent, is logged and counted."""

import logging
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Verdict
from screener.events import DeafCause
from screener.service.site import Service
from screener.settings.load import load
from screener.store.log import open_log
from tests.sip.unheard import WAYS, Talker
from tests.waiting import wait_for

SITE = """
[sip]
port = 0
[targets]
agents = "sip:agents@127.0.0.1"
[flow]
silence_seconds = 1.0
[speech]
engine = "none"
"""
SECONDS = 25


def test_nobody_whose_voice_does_not_arrive_is_flagged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "screener.toml").write_text(SITE)
    settings = load(tmp_path / "screener.toml")
    service = Service(settings)
    service.start()
    callers = {way: Talker(service.sip_port, way, f"1390000{n:04}", seconds=SECONDS) for n, way in enumerate(WAYS)}
    with caplog.at_level(logging.WARNING):
        threads = [caller.start() for caller in callers.values()]
        assert wait_for(lambda: not any(thread.is_alive() for thread in threads), SECONDS + 30)
    counted = {
        (s.labels["cause"]): s.value for s in service._endpoint.samples() if s.name == "calls_unheard_total"
    }
    service.stop()
    log = open_log(settings.store.url, settings.folder)
    found = {way: log.call(next(r.id for r in log.calls() if r.number.endswith(f"{n:04}")))
             for n, way in enumerate(WAYS)}  # fmt: skip
    log.close()
    silent = {way: call.kind is Kind.SILENT for way, call in found.items()}
    assert silent == {way: way == "quiet" for way in WAYS}, "the control is flagged, and nobody else"
    for way, (_, cause) in WAYS.items():
        if cause is not None:
            assert "agents@" in callers[way].referred, way
            assert found[way].verdict is Verdict.UNDECIDED
            assert found[way].decisions[-1].reason == f"deaf:{cause}"
            assert f"call {found[way].id}: the caller is not heard: {cause}" in caplog.text
    assert counted == {cause: sum(c is cause for _, c in WAYS.values()) for cause in DeafCause}
