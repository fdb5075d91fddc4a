"""A running site on loopback: a real caller, real SIP and RTP, and what the log says afterwards."""

import dataclasses
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.core.evidence import Treatment, Verdict
from screener.core.flow import Flow
from screener.errors import ScreenerError
from screener.events import CallControl, Entrance
from screener.feed.items import Began, Judged, Order
from screener.feed.local import FeedReader
from screener.service import site
from screener.service.site import Service, site_flow
from screener.service.system import all_at_once
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.sip.message import respond
from screener.speech.recognizer import ModelInfo
from screener.store.log import open_log
from screener.store.spool import REFUSED
from tests.sip.caller import Caller
from tests.waiting import WAIT, wait_for

SITE = """
[sip]
port = 0
[targets]
agents = "sip:agents@127.0.0.1"
[flow]
tone_seconds = 0.4
stay_seconds = 0.2
silence_seconds = 60
listen_seconds = 1.0
[speech]
engine = "none"
processes = 1
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "screener.toml").write_text(SITE)
    return load(tmp_path / "screener.toml")


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    service = Service(settings)
    service.start()
    yield service
    service.stop()


def finished(settings: Settings, count: int = 1):
    """The calls that have ended, read from the database as anybody else reads it, once there are so many."""
    log = open_log(settings.store.url, settings.folder)
    assert wait_for(lambda: sum(bool(record.ended_at) for record in log.calls()) == count)
    found = [log.call(record.id) for record in log.calls()]
    log.close()
    return found


def test_a_caller_put_in_by_an_agent_hears_the_queue_and_is_logged_as_confirmed(
    service: Service, settings: Settings
) -> None:
    caller = Caller(service.sip_port, dialled=settings.sip.analysis_extension, number="13900001111")
    assert caller.call(Referred_By="<sip:2001@127.0.0.1>").status == 200
    caller.send(respond(caller.wait_request("BYE"), 200))
    caller.close()
    (call,) = finished(settings)
    assert (call.entrance, call.verdict, call.number) == (Entrance.BY_HAND, Verdict.HARASSMENT, "+8613900001111")
    assert call.treatment is Treatment.ANALYSIS_QUEUE
    assert "2001" in (call.referred_by, *call.decisions[-1].reason.split(":"))
    assert call.answered_at
    assert call.ended_at


def test_words_of_records_that_the_database_refused_are_purged_too(settings: Settings) -> None:
    settings.spool.mkdir()
    refused = settings.spool / REFUSED
    refused.write_bytes(b"words of nobody knows when\n")
    os.utime(refused, (0, 0))
    service = Service(settings)
    service.start()
    wait_for(lambda: not refused.read_bytes(), what="an end of them")
    service.stop()


def test_time_up_sends_the_caller_to_the_agents(service: Service, settings: Settings) -> None:
    caller = Caller(service.sip_port, number="13900002222")
    assert caller.call().status == 200
    noise = bytes(range(256)) * 2 * 16000  # something like a voice, which nobody understands
    speech = caller.speaking(noise[: 16000 * 3])
    refer = caller.wait_request("REFER")
    assert "agents@127.0.0.1" in refer.headers.get("Refer-To")
    caller.moved(refer)
    caller.send(respond(caller.wait_request("BYE"), 200))
    speech.join()
    caller.close()
    (call,) = finished(settings)
    assert call.verdict is Verdict.UNDECIDED
    assert call.transfers[-1].target == "agents"


def test_a_stopped_service_has_written_every_call(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "HAND_OVER_SECONDS", 0.5)  # nobody takes them over
    service = Service(settings)
    service.start()
    callers = [Caller(service.sip_port, number=f"1390000{n:04}") for n in range(5)]
    for caller in callers:
        assert caller.call().status == 200
    service.stop()
    log = open_log(settings.store.url, settings.folder)
    assert all(record.ended_at for record in log.calls())
    assert len(log.calls()) == 5
    log.close()
    for caller in callers:
        caller.close()


def test_a_stop_ends_in_its_time_whatever_hangs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst of what STOPS_WITHIN adds up: a caller whom nobody takes over, and every helper hangs."""
    for name in ("HAND_OVER_SECONDS", "CALLS_THREAD_SECONDS", "HELPERS_SECONDS"):
        monkeypatch.setattr(site, name, 0.5)
    service = Service(settings)
    service.start()
    caller = Caller(service.sip_port)
    assert caller.call().status == 200
    helpers = [service._pool, service._purger, service._take_backs, service._outbox, service._summaries]
    helpers += [service._history, service._monitored]
    stops = {type(helper): type(helper).stop for helper in helpers}
    hang, hanging = threading.Event(), []
    for kind in stops:
        monkeypatch.setattr(kind, "stop", lambda helper: (hanging.append(helper), hang.wait(60)))
    service.stop()
    assert not hang.is_set(), "none is waited for"
    wait_for(lambda: len(hanging) == len(helpers), what="all that were asked")
    hang.set()
    for helper in helpers:
        stops[type(helper)](helper)
    caller.close()
    assert finished(settings), "and the call is in the log"


def test_what_helps_is_stopped_at_the_same_time() -> None:
    together = threading.Barrier(3)
    all_at_once([lambda: together.wait(WAIT)] * 3, 2 * WAIT)
    assert not together.broken and not together.n_waiting, "each has waited for the others"


def test_a_model_of_synthetic_speech_treats_nobody_unless_the_site_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    synthetic = ModelInfo("vosk", "screener-embedded-zh", synthetic_only=True)
    assert site_flow(settings, synthetic).dry_run
    assert "synthetic demo speech only" in caplog.text
    assert not site_flow(settings, ModelInfo("vosk", "vosk-model-small-cn-0.22")).dry_run
    chosen = dataclasses.replace(settings.speech, treat_with_synthetic_model=True)
    assert site_flow(dataclasses.replace(settings, speech=chosen), synthetic) == Flow(
        **{field.name: getattr(settings.flow, field.name) for field in dataclasses.fields(Flow)}
    )


def test_a_port_that_is_taken_is_an_error_that_names_it(service: Service, settings: Settings) -> None:
    taken = dataclasses.replace(settings, sip=dataclasses.replace(settings.sip, port=service.sip_port))
    other = dataclasses.replace(taken, store=dataclasses.replace(taken.store, spool="other"))
    second = Service(other)
    with pytest.raises(ScreenerError, match=str(service.sip_port)):
        second.start()
    second.stop()


def test_the_feed_tells_a_running_call_and_a_person_may_order_what_becomes_of_it(tmp_path_factory) -> None:
    folder = tmp_path_factory.getbasetemp() / "f"
    folder.mkdir()
    (folder / "screener.toml").write_text(SITE.replace("listen_seconds = 1.0", "listen_seconds = 60"))
    service = Service(load(folder / "screener.toml"))
    service.start()
    reader = FeedReader(folder / "feed.sock", timeout=WAIT)
    try:
        caller = Caller(service.sip_port, number="13900003333")
        assert caller.call().status == 200
        caller.speaking(bytes(range(256)) * 2 * 160)  # who sends nothing is deaf to us
        seen = iter(reader)
        began = next(item for item in seen if isinstance(item, Began))
        assert (began.number, began.entrance) == ("+8613900003333", "in_path")
        reader.order(Order(began.call, CallControl.AGENTS, "王主管"))
        judged = next(item for item in seen if isinstance(item, Judged))
        assert (judged.verdict, judged.reason) == ("genuine", "ordered:王主管")
        assert "agents@127.0.0.1" in caller.wait_request("REFER").headers.get("Refer-To")
        caller.hang_up()
    finally:
        reader.close()
        service.stop()
    assert not (folder / "feed.sock").exists()
