"""Graded warnings and pauses on a real Asterisk: the caller hears a warning, the agent does not; a pause ends."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from screener.core.actions import Misconduct, Prompt, WarningStep
from screener.core.evidence import Reason, Treatment
from screener.core.hearing import FEW_UTTERANCES
from screener.core.warnings import ENDING, RULE
from screener.events import CallControl, Entrance
from screener.feed.items import Began, Cautioned, Heard, Item, Order, Paused, PauseOffer
from screener.feed.local import FeedReader
from screener.media.prompts import find
from screener.settings.recordings import SAID
from tests.pbx.network import PHONE, TRUNK, Wiretap
from tests.pbx.rig import BESIDE, Asterisk, Caller, Phone, Screener
from tests.pbx.voices import (
    QUIET,
    apart_from_the_agent,
    enquiry,
    hears_the_agent,
    is_in,
    is_partly_in,
    mulaw,
    place,
    pretext,
    prompt,
    said,
)
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx
Place = Callable[..., Caller]
SUPERVISOR = "王主管"
PAUSE = 6.0
"""Seconds of the pause that an agent is offered."""
WARNINGS = f"""[flow.warnings]
by = ["agent", "supervisor", "rule"]
offences = 1
interval_seconds = 1.0
then = "terminate"

[flow]
pause_seconds = {PAUSE}"""
IDLE = """[flow.warnings]
by = ["rule"]
approve = "nobody"
interval_seconds = 1.0
notice_seconds = 5.0
end_seconds = 30.0

[flow]"""
"""Of calls without a matter, which none is before its caller's tenth utterance, in about 27 seconds here."""


class Desk:
    """Somebody at the console, without its pages: sees the feed and gives orders."""

    def __init__(self, screener: Screener) -> None:
        self._reader = FeedReader(screener.home / "feed.sock", 1.0)
        self.items: list[Item] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for item in self._reader:
            if item is not None:
                self.items.append(item)

    def of(self, kind: type) -> list:
        return [item for item in list(self.items) if isinstance(item, kind)]

    def order(self, act: CallControl, by: str = SUPERVISOR) -> None:
        call = wait_for(lambda: self.of(Began), 20, "a call on the feed")[-1]
        self._reader.order(Order(call.call, act, by))

    def steps(self) -> list[str]:
        return [step.step for step in self.of(Cautioned)]

    def wait_step(self, step: WarningStep, seconds: float = 20, level: int = 1) -> None:
        wait_for(
            lambda: [w for w in self.of(Cautioned) if (w.step, w.level) == (step, level)],
            seconds,
            f"{step} of level {level}; {self.steps()}",
        )

    def close(self) -> None:
        self._reader.close()


@pytest.fixture
def pauses(asterisk: Asterisk) -> Iterator[None]:
    """The manager account with the one right more that deploy/asterisk/manager.conf names for pauses."""
    file = asterisk.home / "etc/manager.conf"
    shipped = file.read_text("utf-8")
    plain = "write = call,originate,user\n"
    assert plain in shipped
    assert plain.strip() + ",agent" in shipped, "what a site has to write is said there"
    file.write_text(shipped.replace(f"\n{plain}", f"\n{plain.strip()},agent\n", 1), "utf-8")
    asterisk.rx("manager reload")
    yield
    file.write_text(shipped, "utf-8")
    asterisk.rx("manager reload")
    asterisk.rx("queue unpause member PJSIP/agent1")


@pytest.fixture
def site(pauses: None, run_screener: Callable[..., Screener]) -> Screener:
    screener = run_screener({"[flow]": WARNINGS})
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    return screener


@pytest.fixture
def desk(site: Screener) -> Iterator[Desk]:
    desk = Desk(site)
    yield desk
    desk.close()


def talk(place_call: Place, phone: Phone, tap: Wiretap, number: str, speech: bytes, stay: float = 60) -> Caller:
    caller = place_call(speech, number=number, dialled=BESIDE, stay=stay)
    phone.answer(30, since=caller.started)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent's voice at the caller", every=0.2)
    return caller


def paused(asterisk: Asterisk) -> bool:
    return "(paused" in asterisk.rx("queue show agents")


def test_beside_an_agent_the_caller_alone_hears_the_warning(
    site: Screener, desk: Desk, phone: Phone, place_call: Place, tap: Wiretap
) -> None:
    caller = talk(place_call, phone, tap, "13900008881", said("enquiry"))
    time.sleep(1)  # the listening leg
    desk.order(CallControl.WARN)
    desk.wait_step(WarningStep.HEARD)
    time.sleep(1)
    warning = prompt("warning_abuse_1")
    at_the_caller = lambda: is_partly_in(warning, apart_from_the_agent(tap.heard_by(TRUNK)))  # noqa: E731
    wait_for(at_the_caller, 10, "warning at the caller", every=0.2)
    assert not is_in(warning, tap.heard_by(PHONE)), "on the way to the agent's phone"
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent at the caller all the same", every=0.2)
    phone.command("hangup")
    assert caller.wait(10) == 0
    wait_for(lambda: is_in(said("enquiry"), mulaw(phone.heard())), 10, "what was there", every=0.2)
    assert not is_in(warning, mulaw(phone.heard())), "in what the agent heard"
    call = site.record("13900008881", "genuine")
    assert call.entrance is Entrance.BESIDE
    assert [(w.step, w.by) for w in call.warnings] == [
        (WarningStep.BEGUN, SUPERVISOR),
        (WarningStep.HEARD, SUPERVISOR),
    ]
    assert call.warnings[0].said == "请注意言辞，您的问题我们会尽力解决。"


def test_in_path_the_caller_hears_it_on_our_own_leg_to_its_end(
    site: Screener, desk: Desk, place_call: Place, tap: Wiretap
) -> None:
    place_call(QUIET, number="13900008882")
    wait_for(lambda: desk.of(Began), 10, "the call on the feed")
    wait_for(lambda: len(tap.heard_by(TRUNK)) > 4000, 10, "the greeting")
    desk.order(CallControl.WARN)  # in the middle of the greeting, which it replaces
    desk.wait_step(WarningStep.HEARD)
    heard = tap.heard_by(TRUNK)
    assert is_in(prompt("warning_abuse_1"), heard)
    _, at = place(prompt("warning_abuse_1"), heard)
    assert at + len(prompt("warning_abuse_1")) / 8000 <= len(heard) / 8000 + 0.1, "counted at its end, not before"


def test_a_sites_own_recording_is_logged_as_what_it_was(
    pauses: None, run_screener: Callable[..., Screener], place_call: Place, tap: Wiretap, tmp_path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name, source in ((Prompt.WARNING_ABUSE_1, Prompt.NOTICE), (Prompt.WARNING_ABUSE_2, Prompt.CONNECTING)):
        (own / f"{name}.wav").write_bytes(find(source).read_bytes())
    (own / SAID).write_text('warning_abuse_1 = "本站自己的话"\n', "utf-8")
    site = run_screener(
        {"[flow]": f"{WARNINGS}\nlisten_seconds = 60.0", "[sip]": f"[prompts]\nfolder = '{own}'\n[sip]"}
    )
    desk = Desk(site)
    try:
        caller = place_call(QUIET, number="13900008883")
        for level in (1, 2):
            wait_for(lambda: desk.of(Began), 10, "the call on the feed")
            time.sleep(1)
            desk.order(CallControl.WARN)
            desk.wait_step(WarningStep.HEARD, level=level)
        heard = tap.heard_by(TRUNK)
        assert is_in(prompt("notice"), heard)
        assert is_in(prompt("connecting"), heard)
        caller.stop()
        wait_for(lambda: [c for c in site.calls() if c.ended_at], 20, "the call in the log", every=0.5)
        (call,) = site.calls()
        said_of = [w.said for w in call.warnings if w.step == WarningStep.BEGUN]
        assert said_of, call
        assert said_of[0] == "本站自己的话"
        assert said_of[1].startswith("warning_abuse_2.wav sha256:")
    finally:
        desk.close()


def test_the_levels_lead_to_the_end_and_the_agent_is_paused_for_as_long_as_the_site_says(
    asterisk: Asterisk, site: Screener, desk: Desk, phone: Phone, place_call: Place, tap: Wiretap
) -> None:
    caller = talk(place_call, phone, tap, "13900008884", said("complaint"))
    for level in (1, 2):
        time.sleep(1.5)
        desk.order(CallControl.WARN)
        desk.wait_step(WarningStep.HEARD, level=level)
    time.sleep(1.5)
    desk.order(CallControl.WARN)  # every level was heard: the end is asked for, and a person grants it
    desk.wait_step(WarningStep.ASKED, level=0)
    desk.order(CallControl.APPROVE)
    phone.wait_event("CALL_CLOSED", 10, since=caller.started)
    wait_for(lambda: is_in(prompt("terminate"), tap.heard_by(TRUNK)), 20, "the farewell at the caller", every=0.5)
    heard = apart_from_the_agent(tap.heard_by(TRUNK))
    places = [place(prompt(name), heard)[1] for name in ("warning_abuse_1", "warning_abuse_2", "terminate")]
    assert places == sorted(places)

    assert not paused(asterisk)
    wait_for(lambda: desk.of(PauseOffer), 10, "the offer of a pause")
    ordered = time.monotonic()
    desk.order(CallControl.PAUSE, "agent1")
    wait_for(lambda: paused(asterisk), 5, "pause of the agent in the queue")
    wait_for(lambda: [paused.ok for paused in desk.of(Paused)] == [True], 5, "word of it on the feed")
    rings = time.monotonic()
    place_call(QUIET, number="13900008885", dialled=BESIDE, line=1, stay=PAUSE * 3)
    wait_for(lambda: not paused(asterisk), PAUSE + 10, "end of the pause")
    began, ended = (int(asterisk.queue_log(event)[-1][0]) for event in ("PAUSE", "UNPAUSE"))
    assert PAUSE - 2 < ended - began < PAUSE + 3, "by the PBX's clock, in whole seconds"
    assert not [
        at
        for at, event in phone.events
        if event.get("type") == "CALL_INCOMING" and rings < at < ordered + PAUSE - 1
    ]
    phone.wait_event("CALL_INCOMING", 10, since=rings)  # whoever waited gets the agent now
    assert not any(name in str(row) for row in asterisk.queue_log("PAUSE") for name in (SUPERVISOR,))


def test_an_account_without_the_right_pauses_nobody_and_says_so(
    asterisk: Asterisk, run_screener: Callable[..., Screener], phone: Phone, place_call: Place, tap: Wiretap
) -> None:
    site = run_screener({"[flow]": WARNINGS})
    wait_for(lambda: "logged in" in site.log, 10, "login at the manager interface")
    desk = Desk(site)
    try:
        caller = talk(place_call, phone, tap, "13900008886", said("enquiry"))
        time.sleep(1)
        desk.order(CallControl.WARN)
        desk.wait_step(WarningStep.HEARD)
        phone.command("hangup")
        caller.wait(10)
        wait_for(lambda: desk.of(PauseOffer), 10, "the offer of a pause")
        desk.order(CallControl.PAUSE, "agent1")
        wait_for(lambda: "a pause could not begin" in site.log, 10, "word of it in the log")
        wait_for(lambda: [paused.ok for paused in desk.of(Paused)] == [False], 5, "word of it on the feed")
        assert not paused(asterisk)
    finally:
        desk.close()


@pytest.fixture
def idle_desk(run_screener: Callable[..., Screener]) -> Iterator[tuple[Screener, Desk]]:
    site = run_screener({"[flow]": IDLE})
    wait_for(lambda: "logged in" in site.log, 10, "login at the manager interface")
    desk = Desk(site)
    yield site, desk
    desk.close()


def test_without_a_matter_the_caller_alone_hears_the_notice_and_then_the_call_ends(
    idle_desk: tuple[Screener, Desk], phone: Phone, place_call: Place, tap: Wiretap
) -> None:
    site, desk = idle_desk
    caller = talk(place_call, phone, tap, "13900008887", pretext(), stay=150)
    desk.wait_step(WarningStep.HEARD, 60)
    wait_for(lambda: hears_the_agent(tap.heard_by(TRUNK)), 10, "agent at the caller: they talk on", every=0.2)
    phone.wait_event("CALL_CLOSED", 60, since=caller.started)
    assert caller.wait(30) == 0, "hung up on, after the farewell"
    notice, heard = prompt("idle_notice"), apart_from_the_agent(tap.heard_by(TRUNK))
    assert is_partly_in(notice, heard), "at the caller"
    assert is_in(prompt("terminate"), heard)
    assert place(notice, heard)[1] < place(prompt("terminate"), heard)[1]
    assert not is_in(notice, tap.heard_by(PHONE)), "on the way to the agent's phone"
    assert not is_in(notice, mulaw(phone.heard())), "in what the agent heard"
    wait_for(lambda: [c for c in site.calls() if c.ended_at], 20, "the call in the log", every=0.5)
    (call,) = site.calls()
    assert {(w.about, w.by) for w in call.warnings} == {(Misconduct.IDLE, RULE)}
    notice_steps = [WarningStep.ASKED, WarningStep.GRANTED, WarningStep.BEGUN, WarningStep.HEARD]
    assert [(w.level, w.step) for w in call.warnings] == [
        *((1, step) for step in notice_steps),
        (ENDING, WarningStep.ASKED),
        (ENDING, WarningStep.GRANTED),
    ]
    assert call.warnings[2].said == "通话时间已久，请说明您要办理的业务，否则本次通话将会结束。"
    assert call.warnings[4].at >= 30.0
    assert (call.treatment, call.decisions[-1].reason) == (Treatment.TERMINATE, Reason.IDLE)


def test_with_a_matter_there_is_neither(
    idle_desk: tuple[Screener, Desk], phone: Phone, place_call: Place, tap: Wiretap
) -> None:
    site, desk = idle_desk
    caller = talk(place_call, phone, tap, "13900008888", enquiry(), stay=150)
    enough = FEW_UTTERANCES + 4
    wait_for(lambda: sum(heard.final for heard in desk.of(Heard)) >= enough, 90, "utterances of the caller")
    wait_for(lambda: desk.of(Heard)[-1].at > 35.0, 30, "past the time of the end")
    phone.command("hangup")
    assert caller.wait(10) == 0
    assert not is_partly_in(prompt("idle_notice"), apart_from_the_agent(tap.heard_by(TRUNK)))
    wait_for(lambda: [c for c in site.calls() if c.ended_at], 20, "the call in the log", every=0.5)
    assert not site.calls()[0].warnings
