"""Callers who talk and do not arrive, on real sockets: each goes to an agent, is logged and counted."""

import logging
from pathlib import Path

import pytest

from screener.core.actions import Prompt
from screener.core.evidence import Kind, Verdict
from screener.events import DeafCause
from screener.media.prompts import write_wav
from screener.service.site import Service
from screener.settings.load import load
from screener.store.log import open_log
from tests.sip.unheard import WAYS, Talker

SITE = """
[sip]
port = 0
[targets]
agents = "sip:agents@127.0.0.1"
[prompts]
folder = "prompts"
[flow]
silence_seconds = 1.0
[speech]
engine = "none"
processes = 1
"""
SECONDS = 60
"""That a caller stays at most."""
HEARD = {way for way, (_, cause) in WAYS.items() if cause is None and way != "quiet"}
"""Those who stay until everybody else has been sent on or hung up on."""


def short_prompts(folder: Path) -> None:
    """Recordings of half a second: their words are nobody's business here."""
    folder.mkdir()
    for prompt in Prompt:
        write_wav(folder / f"{prompt}.wav", bytes(8000))


def test_nobody_whose_voice_does_not_arrive_is_flagged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "screener.toml").write_text(SITE)
    short_prompts(tmp_path / "prompts")
    settings = load(tmp_path / "screener.toml")
    service = Service(settings)
    service.start()
    callers = {way: Talker(service.sip_port, way, f"1390000{n:04}", seconds=SECONDS) for n, way in enumerate(WAYS)}
    with caplog.at_level(logging.WARNING):
        threads = {way: caller.start() for way, caller in callers.items()}
        for way in sorted(threads, key=lambda way: way in HEARD):
            if way in HEARD:
                callers[way].stop()
            threads[way].join(2 * SECONDS)
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
