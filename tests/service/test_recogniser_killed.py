"""Recogniser processes that die under live calls: in path an agent has the caller; beside it is heard again."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.core.evidence import Reason, Verdict
from screener.events import Entrance, Speaker
from screener.service.site import Service
from screener.settings.load import load
from screener.store.log import open_log
from tests.calls.test_beside import Site
from tests.pbx.voices import speech
from tests.recognisers import recognisers_of
from tests.sip.caller import Caller
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("everybody_is_heard")
KILLS = (signal.SIGKILL, signal.SIGSEGV)


def recognisers() -> list[int]:
    """The recogniser processes of this one."""
    return recognisers_of(os.getpid())


def kill_all(how: signal.Signals) -> None:
    for pid in recognisers():
        os.kill(pid, how)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("killed"), processes=2, flow="silence_prompts = 0")
    yield site
    site.close()


@pytest.fixture
def site(lasting: Site) -> Site:
    """The same service for every test; a caller who does not answer the agent once would be silent."""
    lasting.begin()
    return lasting


def kill_all_and_wait(how: signal.Signals, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    kill_all(how)
    wait_for(lambda: caplog.text.count("is back after") == 2, what="both processes")


@pytest.mark.parametrize("how", KILLS)
def test_a_call_beside_is_heard_again_and_nobody_is_flagged(
    site: Site, how: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    site.talk()
    leg = site.pbx.leg(Speaker.CALLER)
    site.pbx.leg(Speaker.AGENT)
    leg.speak(bytes(8000))
    kill_all_and_wait(how, caplog)
    wait_for(lambda: "nobody listens any more" in caplog.text, what="word of it")
    before = site.ears.heard(Speaker.CALLER)
    leg.speaking(speech("enquiry") + bytes(2 * 16000))
    site.ears.wait(Speaker.CALLER, before)
    site.end("caller")
    call = site.record(Verdict.GENUINE)
    assert [s.text for s in call.segments], "what was said after the kill"
    assert site.pbx.told.empty(), "nobody is moved"


def test_a_silent_caller_beside_whose_recogniser_died_is_not_silent(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.talk()
    caller, agent = site.pbx.leg(Speaker.CALLER), site.pbx.leg(Speaker.AGENT)
    caller.speak(bytes(8000))
    kill_all_and_wait(signal.SIGKILL, caplog)
    before = site.ears.heard(Speaker.AGENT)
    for _ in range(2):
        quiet = caller.speaking(bytes(len(speech("agent"))))
        agent.speak(speech("agent"))
        quiet.join()
    site.ears.wait(Speaker.AGENT, before)
    site.end("agent")
    call = site.record(Verdict.UNDECIDED)
    assert call.entrance is Entrance.BESIDE
    assert {s.speaker for s in call.segments} == {Speaker.AGENT}


def test_a_caller_in_path_goes_to_an_agent_and_the_figures_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "screener.toml").write_text(
        "[sip]\nport = 0\n[targets]\nagents = 'sip:agents@127.0.0.1'\n[operations]\nmetrics_port = 0\n"
    )
    settings = load(tmp_path / "screener.toml")
    service = Service(settings)
    service.start()
    try:
        caller = Caller(service.sip_port)
        caller.call()
        caller.speak(bytes(8000))
        wait_for(lambda: service._pool.voices == 1, what="a recogniser of the caller's")
        kill_all(signal.SIGKILL)
        refer = caller.wait_request("REFER")
        assert "agents@" in refer.headers.get("Refer-To")

        def figures() -> dict[tuple[str, str | None], float]:
            return {(s.name, s.labels.get("cause")): s.value for s in service.figures()}

        assert figures()["voices_lost_total", "crash"] == 1
        wait_for(lambda: figures()["recogniser_restarts_total", None] == 2, what="both restarts")
        assert "died (SIGKILL)" in caplog.text
        late = Caller(service.sip_port)
        assert late.call().status == 200, "who calls meanwhile is taken"
        caller.hang_up()
        late.hang_up()
    finally:
        service.stop()
    log = open_log(settings.store.url, settings.folder)
    calls = [log.call(call.id) for call in log.calls(limit=None)]
    log.close()
    assert Reason.UNHEARD in {row.reason for call in calls for row in call.decisions}
    assert {call.verdict for call in calls} == {Verdict.UNDECIDED}
