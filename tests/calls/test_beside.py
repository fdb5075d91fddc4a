"""A site that listens beside its agents: a real service, real legs by SIP and RTP, and a manager on real TCP."""

import contextlib
import functools
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Treatment, Verdict
from screener.events import EndedBy, Entrance, Speaker
from screener.service.site import Service
from screener.settings.load import load
from screener.settings.sections import Settings
from screener.store.log import open_log
from screener.store.records import CallRecord, Review
from tests.calls.ears import Ears
from tests.pbx.manager import SUCCESS, Manager
from tests.pbx.shapes import Talk, said
from tests.pbx.voices import lewd, speech
from tests.sip.caller import Caller, in_background
from tests.waiting import ENOUGH, wait_for

pytestmark = pytest.mark.usefixtures("everybody_is_heard")
SITE = """
[sip]
port = 0
[targets]
agents = "sip:agents@127.0.0.1"
analysis = "sip:analysis@127.0.0.1"
terminate = "sip:terminate@127.0.0.1"
[pbx]
host = "127.0.0.1"
port = {port}
password = "s3cret"
event_secret = "{secret}"
max_calls = 2
{pbx}
[flow]
{flow}
[flow.treatment_of]
[speech]
processes = {processes}
treat_with_synthetic_model = true
queue_seconds = 300.0
"""
SECRET = "of-events"
NUMBERS = itertools.count(17)


class Pbx(Manager):
    """Dials the listening legs that it is asked for, and keeps everything else that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.port_of_service = 0
        self._dialling = threading.Lock()
        self.legs: dict[str, Caller] = {}
        self.forget()

    def forget(self) -> None:
        """As on the first day: nobody talks, and nothing was told."""
        self.dials = True
        self.refused = 0
        """Legs that were asked for in vain."""
        self.talks: list[Talk] = []
        """Who talks: what is told of channels when somebody asks."""
        self.asks = 0
        self.hang_up()
        self.told: queue.Queue = queue.Queue()
        self.earlier: dict[str, dict[str, str]] = {}
        self.answer = self._answer

    def _answer(self, action: dict[str, str]) -> list[dict[str, str]]:
        if action["action"] == "Originate":
            answered = self.dials and self._dial(action["channel"].removeprefix("PJSIP/").partition("@")[0])
            self.refused += not answered
            queued = {"Response": "Success", "Message": "Originate successfully queued"}
            return [queued, {"Event": "OriginateResponse", "Response": "Success" if answered else "Failure"}]
        if action["action"] == "Status":
            self.asks += "channel" not in action
            up = [one for talk in self.talks for one in talk.statuses()]
            found = [one for one in up if action.get("channel", one["Channel"]) == one["Channel"]]
            if "channel" in action and not found:
                return [{"Response": "Error", "Message": "No such channel"}]
            return [{"Response": "Success", "EventList": "start"}, *found, {"Event": "StatusComplete"}]
        self.told.put(action)
        return [SUCCESS]

    def _dial(self, extension: str) -> bool:
        leg = Caller(self.port_of_service, dialled=extension)
        with self._dialling:
            self.legs[extension.rpartition("-")[2]] = leg
        return leg.is_answered()

    def hang_up(self) -> None:
        """Close every leg; they are dialled on the thread of the connection."""
        with self._dialling:
            legs, self.legs = list(self.legs.values()), {}
        for leg in legs:
            leg.close()

    def talk(self, talk: Talk) -> None:
        """Two talk now."""
        self.talks.append(talk)
        self.event(**talk.connect())

    def end(self, who: str, talk: Talk) -> None:
        """One of them hangs up, and their call is over."""
        self.talks.remove(talk)
        self.event(**talk.hangup(who))

    def leg(self, speaker: Speaker) -> Caller:
        wait_for(lambda: (leg := self.legs.get(speaker)) and leg.remote_rtp, what=f"leg of the {speaker}")
        return self.legs[speaker]

    def asked(self, action: str) -> dict[str, str]:
        """The next action of that name; what comes before it is kept in `earlier`."""
        while (found := self.told.get(timeout=ENOUGH))["action"] != action:
            self.earlier[found["action"]] = found
        return found


class Site:
    """A service with its PBX, on which one caller after the other has an agent.

    Attributes:
        id: of the call that `talk` is about.
        number: of its caller, whom nobody has heard of.
    """

    def __init__(
        self, folder: Path, pbx: str = "", flow: str = "", secret: str = SECRET, processes: int = 1
    ) -> None:
        self.pbx = Pbx()
        text = SITE.format(port=self.pbx.port, pbx=pbx, flow=flow, secret=secret, processes=processes)
        (folder / "screener.toml").write_text(text)
        self.settings: Settings = load(folder / "screener.toml")
        self.ears = Ears()
        self.service = Service(self.settings, [self.ears.observe])
        self.service.start()
        self.stopped = False
        self.pbx.port_of_service = self.service.sip_port
        wait_for(lambda: self.pbx.logins and self.pbx.asks, what="login, and a look at who talks")
        self.begin()

    def begin(self) -> None:
        """A new caller; what was before is over."""
        for talk in self.pbx.talks.copy():
            self.pbx.end("caller", talk)
        wait_for(lambda: not self._heard, what="end of what is listened to")
        self.pbx.forget()
        self._before = self.ears.listening()
        number = next(NUMBERS)
        self.id, self.number = f"{number}.1", f"139{number:08}"
        self.talking = Talk(caller_id=self.id, agent_id=f"{number}.2", number=self.number)

    @property
    def _heard(self) -> float:
        return next(s.value for s in self.service.figures() if s.name == "beside_calls")

    def talk(self) -> None:
        """Caller and agent talk now."""
        self.pbx.talk(self.talking)

    def leg(self, speaker: Speaker = Speaker.CALLER) -> Caller:
        """A leg, once what is said on it is heard."""
        leg = self.pbx.leg(speaker)
        wait_for(lambda: self.ears.listening() - self._before, what="ear for the caller")
        return leg

    def end(self, who: str) -> None:
        """Caller or agent hangs up."""
        self.pbx.end(who, self.talking)

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.service.stop()

    def record(self, verdict: Verdict, *, ended: bool = True) -> CallRecord:
        """What the log says of the call, once it says that it is over; or before."""
        log = open_log(self.settings.store.url, self.settings.folder)

        def written() -> list[CallRecord]:
            found = log.calls(verdict=verdict)
            return [call for call in found if call.linkedid == self.id and (call.ended_at or not ended)]

        try:
            return log.call(wait_for(written, what=f"call that is {verdict}")[0].id)
        finally:
            log.close()

    def close(self) -> None:
        self.stop()
        self.pbx.hang_up()
        self.pbx.close()


Make = Callable[..., Site]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """A service for each choice of settings, which stays for all tests."""
    with contextlib.ExitStack() as made:

        @functools.cache
        def start(**settings: str) -> Site:
            site = Site(tmp_path_factory.mktemp("beside"), **settings)
            made.callback(site.close)
            return site

        yield start


@pytest.fixture
def lasting(sites: Make) -> Make:
    """A service with these settings, and a caller of its own."""

    def begin(**settings: str) -> Site:
        site = sites(**settings)
        site.begin()
        return site

    return begin


@pytest.fixture
def site(lasting: Make) -> Site:
    return lasting()


def test_a_harasser_is_moved_and_log_and_pbx_are_told(site: Site) -> None:
    site.talk()
    leg = site.leg()
    site.leg(Speaker.AGENT)
    leg.speaking(speech("lewd"))  # whole: a pretext first
    move = site.pbx.asked("Redirect")
    assert (move["channel"], move["context"], move["exten"]) == ("PJSIP/trunk-1", "from-screener", "analysis")
    why, told = (site.pbx.earlier[name] for name in ("Setvar", "UserEvent"))
    assert (why["channel"], why["variable"]) == ("PJSIP/trunk-1", "SCREENED_WHY")
    assert why["value"].startswith("analysis_queue|")
    assert (told["userevent"], told["verdict"], told["kind"]) == ("ScreenerVerdict", "harassment", "lewd")
    assert (told["agent"], told["callerlinkedid"], told["dryrun"]) == ("agent1", site.id, "no")
    leg.wait_request("BYE")
    call = site.record(Verdict.HARASSMENT)
    assert (call.entrance, call.kind, call.treatment) == (Entrance.BESIDE, Kind.LEWD, Treatment.ANALYSIS_QUEUE)
    assert (call.uniqueid, call.linkedid, call.agent, call.queue) == (site.id, site.id, "agent1", "agents")
    assert (call.number, call.ended_by) == (f"+86{site.number}", EndedBy.TRANSFER)
    assert call.treatments[0].completed


def test_another_treatment_is_another_extension(lasting: Make) -> None:
    site = lasting(secret="", flow='treatment = "terminate"')
    site.talk()
    leg = site.leg()
    leg.speaking(lewd())
    assert site.pbx.asked("Redirect")["exten"] == "terminate"


def test_in_a_dry_run_nobody_is_moved(lasting: Make) -> None:
    site = lasting(flow="dry_run = true")
    site.talk()
    leg = site.leg()
    leg.speak(lewd())
    told = site.pbx.asked("UserEvent")
    assert (told["verdict"], told["dryrun"]) == ("harassment", "yes")
    site.end("agent")
    call = site.record(Verdict.HARASSMENT)
    assert (call.treatment, call.dry_run, call.ended_by) == (Treatment.NONE, True, EndedBy.AGENT)
    assert site.pbx.told.empty(), "neither moved nor noted"


def test_a_genuine_call_ends_with_the_caller_and_hears_nothing(site: Site) -> None:
    site.talk()
    leg = site.leg()
    before = site.ears.heard(Speaker.CALLER)
    leg.speaking(speech("enquiry") + bytes(2 * 16000))
    heard = {packet.payload for packet in leg.hear(100)}
    assert heard == {b"\xff" * 160}, "a listening leg is silence"
    site.ears.wait(Speaker.CALLER, before)
    site.end("caller")
    call = site.record(Verdict.GENUINE)
    assert (call.entrance, call.treatment, call.ended_by) == (Entrance.BESIDE, Treatment.NONE, EndedBy.CALLER)
    assert site.pbx.told.empty()


def test_a_move_that_fails_leaves_the_caller_with_the_agent(site: Site) -> None:
    answer = site.pbx.answer

    def refuses(action: dict[str, str]) -> list[dict[str, str]]:
        answered = answer(action)
        return [{"Response": "Error", "Message": "no"}] if action["action"] == "Redirect" else answered

    site.pbx.answer = refuses
    site.talk()
    leg = site.leg()
    leg.speaking(lewd())
    site.pbx.asked("Redirect")
    site.end("agent")
    call = site.record(Verdict.HARASSMENT)
    assert call.ended_by is EndedBy.AGENT
    assert [t.completed for t in call.treatments] == [False]


def test_a_leg_that_never_comes_leaves_a_call_unheard_and_logged(site: Site) -> None:
    site.pbx.dials = False
    site.talk()
    wait_for(lambda: site.pbx.refused, what="leg asked for")
    site.end("caller")
    assert site.record(Verdict.UNDECIDED).entrance is Entrance.BESIDE


def test_calls_beyond_the_limit_go_on_unheard(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        agent = f"PJSIP/agent{number}-2"
        site.pbx.talk(Talk(f"PJSIP/trunk-{number}", agent, f"1.{number}", f"2.{number}"))
    wait_for(lambda: "pbx.max_calls is reached" in caplog.text, what="word of the third call")


def test_a_leg_that_nobody_asked_for_is_refused(site: Site) -> None:
    stranger = Caller(site.service.sip_port, dialled="beside-0123456789abcdef-caller")
    assert stranger.call().status == 404
    stranger.close()


def test_a_stopped_service_lets_the_conversation_go_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.talk()
    leg = site.leg()
    stopping = in_background(site.stop)
    leg.wait_request("BYE")
    stopping.join()
    assert site.pbx.told.empty(), "nobody is moved"
    site.close()


TAKE_BACK = said("ScreenerTakeBack", "agent1", SECRET)


def test_an_agent_takes_a_flag_back_and_the_caller_returns(site: Site) -> None:
    site.talk()
    leg = site.leg()
    leg.speaking(lewd())
    site.pbx.asked("Redirect")
    site.record(Verdict.HARASSMENT)
    site.pbx.event(**TAKE_BACK)
    back = site.pbx.asked("Redirect")
    assert (back["channel"], back["exten"]) == ("PJSIP/trunk-1", "agents")
    call = site.record(Verdict.HARASSMENT)
    assert (call.review, call.reviewed_by) == (Review.OVERTURNED, "agent1")


def test_a_caller_whom_the_agent_still_has_stays(lasting: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    site = lasting(flow="dry_run = true")
    site.talk()
    leg = site.leg()
    leg.speak(lewd())
    site.pbx.asked("UserEvent")
    site.record(Verdict.HARASSMENT, ended=False)  # what is not in the log yet cannot be taken back
    site.pbx.event(**said("ScreenerTakeBack", "agent1", SECRET, site.id))
    wait_for(lambda: "flag taken back by agent1" in caplog.text, what="word of the take-back")
    wait_for(lambda: site.pbx.asks, what="look at the PBX's channels, after that of the login")
    time.sleep(0.3)
    site.end("caller")
    assert site.record(Verdict.HARASSMENT).review is Review.OVERTURNED
    assert site.pbx.told.empty(), "nobody is moved"


def test_what_a_caller_writes_into_an_event_does_nothing(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A flag, a take-back, an end and a conversation, from somebody who has no secret and no channel."""
    site.talk()
    leg = site.leg()
    site.pbx.event(**said("ScreenerFlag", "agent1", ""))
    site.pbx.event(**said("ScreenerFlag", "agent1", "guessed", site.id))
    site.pbx.event(**said("ScreenerTakeBack", "agent1", "guessed"))
    site.pbx.event(**site.talking.hangup())
    site.pbx.event(**Talk("PJSIP/trunk-9", "PJSIP/agent9-9", "9.1", "9.2").connect())
    wait_for(lambda: "hung up and is there" in caplog.text, what="doubt")
    assert leg.hear(10), "still listened to"
    assert site.pbx.told.empty(), "nobody is moved"
    assert len(site.pbx.legs) == 2
    site.end("caller")
    assert site.record(Verdict.UNDECIDED).ended_by is EndedBy.CALLER


def test_an_agent_has_no_say_about_another_s_call(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.talk()
    site.leg()
    site.pbx.event(**said("ScreenerFlag", "agent2", SECRET, site.id))
    wait_for(lambda: "agent2 flags a call that this agent does not have" in caplog.text, what="refusal")
    assert site.pbx.told.empty()
    site.pbx.event(**said("ScreenerFlag", "agent1", SECRET, site.id))
    assert site.pbx.asked("Redirect")["exten"] == "by-hand"


def test_without_a_secret_no_user_event_counts(lasting: Make, caplog: pytest.LogCaptureFixture) -> None:
    site = lasting(secret="", flow='treatment = "terminate"')
    site.talk()
    site.leg()
    site.pbx.event(**said("ScreenerFlag", "agent1", ""))
    wait_for(lambda: "event_secret is empty" in caplog.text, what="refusal")
    assert site.pbx.told.empty()
