"""Beside the agents of a FreeSWITCH: a real service, real legs by SIP and RTP, and an event socket on real TCP."""

import queue
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Treatment, Verdict
from screener.events import EndedBy, Entrance, Speaker
from screener.service.site import Service
from screener.settings.load import load
from screener.store.log import open_log
from screener.store.records import CallRecord
from tests.calls.ears import Ears
from tests.freeswitch.peer import Freeswitch, bridged, hung_up, queued
from tests.pbx.voices import lewd, speech
from tests.sip.caller import Caller
from tests.waiting import ENOUGH, wait_for
from tests.webhook.receiver import Receiver, every_one_is_moved

pytestmark = pytest.mark.usefixtures("everybody_is_heard")
SITE = """
[sip]
port = 0
[targets]
agents = "sip:agents@127.0.0.1"
analysis = "sip:analysis@127.0.0.1"
[freeswitch]
host = "127.0.0.1"
port = {port}
password = "ClueCon"
extensions = ["1005"]
max_calls = 2
[webhook]
url = "{url}"
secret = "s3cret"
[speech]
processes = 1
treat_with_synthetic_model = true
queue_seconds = 300.0
"""
NUMBERS = count(1)


class Site:
    """A service and its FreeSWITCH, which dials the legs that it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.peer = Freeswitch()
        self.peer.answer = self._answer
        self.moves = True
        self.dials = True
        self.legs: dict[tuple[str, str], Caller] = {}
        """By whom each listens to, a channel and a speaker; each is dialled on a thread of its own."""
        self._dialling = threading.Lock()
        self.told: queue.Queue[str]
        self.ears = Ears()
        self.other = Receiver("s3cret")
        (folder / "screener.toml").write_text(SITE.format(port=self.peer.port, url=self.other.url))
        self.settings = load(folder / "screener.toml")
        self.service = Service(self.settings, [self.ears.observe])
        self.service.start()
        wait_for(lambda: self.peer.subscribed, what="login and subscription")
        self.begin()

    def begin(self) -> None:
        """A new caller and agent; what was before is over, and what was told of it."""
        self._hang_up()
        self.moves, self.dials, self.told = True, True, queue.Queue()
        self.other.flags.clear()
        self.other.reply = lambda _n: (200, b"")
        self._before = self.ears.listening()
        number = next(NUMBERS)
        self.caller, self.agent, self.number = f"caller-{number}", f"agent-{number}", f"138{number:08}"

    def _hang_up(self) -> None:
        with self._dialling:
            legs, self.legs = list(self.legs.values()), {}
        for leg in legs:
            leg.close()

    def _answer(self, command: str) -> str:
        name, _, what = command.partition(" ")
        if name == "originate":
            return self._dial(what) if self.dials else "-ERR NO_ROUTE_DESTINATION\n"
        self.told.put(command)
        return "+OK\n" if self.moves else "-ERR No such channel!\n"

    def _dial(self, what: str) -> str:
        extension = what.partition("sofia/gateway/screener/")[2].partition(" ")[0]
        spied = what.partition("&eavesdrop(")[2].partition(")")[0]
        leg = Caller(self.service.sip_port, dialled=extension)
        with self._dialling:
            self.legs[spied, extension.rpartition("-")[2]] = leg
        return "+OK 1f2e\n" if leg.is_answered() else "-ERR CALL_REJECTED\n"

    def leg(self, speaker: Speaker) -> Caller:
        """The leg that listens to the caller or to the agent, once what is said on it is heard."""
        leg = self.leg_of(self.caller if speaker is Speaker.CALLER else self.agent, speaker)
        wait_for(lambda: self.ears.listening() - self._before, what="ear for the caller")
        return leg

    def leg_of(self, spied: str, speaker: Speaker = Speaker.CALLER) -> Caller:
        """The leg that listens to whoever has that channel, once it is answered."""
        wait_for(lambda: (leg := self.legs.get((spied, speaker))) and leg.remote_rtp, what=f"leg of {spied}")
        return self.legs[spied, speaker]

    def figure(self, name: str) -> float:
        return next(s.value for s in self.service.figures() if s.name == name)

    def record(self, verdict: Verdict) -> CallRecord:
        log = open_log(self.settings.store.url, self.settings.folder)
        try:
            done = lambda: [c for c in log.calls(verdict=verdict) if c.ended_at and c.uniqueid == self.caller]  # noqa: E731
            return log.call(wait_for(done, what=f"call that is {verdict}")[0].id)
        finally:
            log.close()

    def close(self) -> None:
        self.service.stop()
        self._hang_up()
        self.peer.close()
        self.other.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("freeswitch"))
    yield site
    site.close()


@pytest.fixture
def site(lasting: Site) -> Iterator[Site]:
    lasting.begin()
    yield lasting
    lasting.peer.happen(hung_up(lasting.caller))
    wait_for(lambda: not lasting.figure("eavesdropped_calls"), what="end of what is listened to")


def test_a_harasser_of_a_queue_is_moved(site: Site) -> None:
    site.peer.happen(queued(site.caller, site.agent, site.number))
    site.leg(Speaker.AGENT)
    site.leg(Speaker.CALLER).speaking(lewd())
    assert site.told.get(timeout=ENOUGH) == f"uuid_transfer {site.caller} analysis XML from-screener"
    site.peer.happen(hung_up(site.agent))
    call = site.record(Verdict.HARASSMENT)
    assert (call.entrance, call.kind, call.treatment) == (Entrance.BESIDE, Kind.LEWD, Treatment.ANALYSIS_QUEUE)
    assert (call.number, call.agent, call.queue) == (f"+86{site.number}", "1001", "agents@default")
    assert call.ended_by is EndedBy.TRANSFER
    assert call.treatments[0].completed
    assert site.other.flags == [], "nobody else is asked"


def test_a_caller_who_cannot_be_moved_is_asked_for_at_the_other_system(site: Site) -> None:
    site.moves, site.other.reply = False, every_one_is_moved
    site.peer.happen(bridged(site.caller, site.agent, "1005", site.number))
    site.leg(Speaker.CALLER).speaking(lewd())
    call = site.record(Verdict.HARASSMENT)
    assert (call.ended_by, [t.completed for t in call.treatments]) == (EndedBy.TRANSFER, [True])
    (flag,) = site.other.flags
    assert (flag.act, flag.number, flag.agent, flag.session) == (
        *("analysis_queue", f"+86{site.number}"),
        *("1005", site.caller),
    )


def test_whom_nobody_moves_stays_and_the_flag_stands(site: Site) -> None:
    site.moves = False
    before = site.figure("freeswitch_stayed_total")
    site.peer.happen(bridged(site.caller, site.agent, "1005", site.number))
    site.leg(Speaker.CALLER).speaking(lewd())
    site.told.get(timeout=ENOUGH)
    wait_for(lambda: site.figure("freeswitch_stayed_total") > before, what="the refusal")
    wait_for(lambda: site.other.flags, what="message to the other system")
    site.peer.happen(hung_up(site.caller))
    call = site.record(Verdict.HARASSMENT)
    assert (call.agent, call.queue, call.ended_by) == ("1005", "", EndedBy.CALLER)
    assert not call.treatments[0].completed


def test_who_hangs_up_is_known_and_a_genuine_caller_is_left_alone(site: Site) -> None:
    site.peer.happen(queued(site.caller, site.agent, site.number))
    leg = site.leg(Speaker.CALLER)
    before = site.ears.heard(Speaker.CALLER)
    leg.speaking(speech("enquiry") + bytes(2 * 16000))  # a pause, in which the recogniser comes to the end of it
    site.ears.wait(Speaker.CALLER, before)
    site.peer.happen(hung_up(site.agent))
    call = site.record(Verdict.GENUINE)
    assert call.ended_by is EndedBy.AGENT
    leg.wait_request("BYE")
    assert site.told.empty()


def test_an_agent_whom_nobody_named_is_not_listened_to(site: Site) -> None:
    site.peer.happen(bridged(site.caller, site.agent, "1006", site.number))
    site.peer.happen(queued("other-1", "other-2", "13811112222"))
    site.leg_of("other-1")
    assert site.figure("eavesdropped_calls") == 1
    site.peer.happen(hung_up("other-1"))
    assert not site.told.qsize()


def test_a_leg_that_nobody_asked_for_is_refused(site: Site) -> None:
    stranger = Caller(site.service.sip_port, dialled="beside-0123456789abcdef-caller")
    try:
        assert stranger.call().status == 404
    finally:
        stranger.close()


def test_calls_go_on_while_the_connection_is_away_and_what_changed_meanwhile_is_taken_up(site: Site) -> None:
    site.peer.happen(queued(site.caller, site.agent, site.number))
    stays = site.leg(Speaker.CALLER)
    first, before = site.caller, site.ears.heard(Speaker.CALLER)
    site.peer.happen(bridged("goes-1", "goes-2", "1005", "13811112222"))
    goes = site.leg_of("goes-1")
    site.peer.away(hung_up("goes-2"), bridged("comes-1", "comes-2", "1005", "13811113333"))
    goes.wait_request("BYE")
    site.leg_of("comes-1")
    assert site.figure("eavesdropped_calls") == 2
    assert [spied for spied, speaker in list(site.legs) if speaker == "caller"] == [first, "goes-1", "comes-1"]
    stays.speaking(speech("enquiry") + bytes(2 * 16000))
    site.ears.wait(Speaker.CALLER, before)
    site.peer.happen(hung_up("comes-1"))


def test_a_caller_of_a_queue_who_came_while_the_connection_was_away_is_heard_and_moved(site: Site) -> None:
    site.peer.away(
        queued(site.caller, site.agent, site.number), bridged("other-1", "other-2", "1006", "13811112222")
    )
    site.leg(Speaker.AGENT)
    site.leg(Speaker.CALLER).speaking(lewd())
    assert site.told.get(timeout=ENOUGH) == f"uuid_transfer {site.caller} analysis XML from-screener"
    site.peer.happen(hung_up(site.agent))
    site.peer.happen(hung_up("other-1"))
    call = site.record(Verdict.HARASSMENT)
    assert (call.number, call.agent, call.queue) == (f"+86{site.number}", "1001", "agents@default")
    assert ("other-1", "caller") not in site.legs
