"""A site whose phone system sends recordings: real SIP and RTP, and another system that is asked to act."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from screener.core.evidence import Treatment, Verdict
from screener.events import EndedBy, Entrance, Speaker
from screener.service.site import Service
from screener.settings.load import load
from screener.siprec.metadata import Metadata, Participant, serialize
from screener.siprec.roles import Known
from screener.store.log import open_log
from screener.store.records import CallRecord
from screener.webhook.message import Disposition, FlagAnswer, write_answer
from tests.calls.ears import Ears
from tests.pbx.voices import lewd, speech
from tests.siprec.client import Client
from tests.siprec.offers import (
    INACTIVE,
    MIXED,
    PLAIN,
    RFC,
    SHAPES,
    SHARED,
    SHARED_SHAPES,
    TWO,
    XML,
    Shape,
    joined,
    media,
    sdp,
)
from tests.waiting import wait_for
from tests.webhook.receiver import Receiver, every_one_is_moved

pytestmark = pytest.mark.usefixtures("everybody_is_heard")
SECRET = "s3cret"
SITE = """
[sip]
port = 0
recording_extension = "srs"
[targets]
agents = "sip:agents@127.0.0.1"
analysis = "sip:analysis@192.0.2.1"
[siprec]
agents = ["8*"]
caller_label = "a_leg"
[webhook]
url = "{url}"
secret = "s3cret"
[flow.treatment_of]
[speech]
treat_with_synthetic_model = true
queue_seconds = 300.0
"""
AT_ONCE = 4
"""Calls that a test plays at once: its machine has other things to do."""


class Site:
    def __init__(self, folder: Path) -> None:
        self.receiver = Receiver(SECRET)
        (folder / "screener.toml").write_text(SITE.format(url=self.receiver.url))
        self.settings = load(folder / "screener.toml")
        self.ears = Ears()
        self.service = Service(self.settings, [self.ears.observe])
        self.service.start()
        self.clients: list[Client] = []
        self.seen: set[str] = set()
        """Calls that are no business of the test, or that it has looked at."""

    def begin(self) -> None:
        """As on the first day: no call goes on, and the other system moves every caller."""
        self.part()
        wait_for(lambda: self.service.status().endswith(", 0 calls"), what="end of what a test has left")
        self.seen = set(self.ears.begun())
        self.receiver.reply = every_one_is_moved

    def part(self) -> None:
        """End what a test that failed did not."""
        for client in self.clients:
            if client.sip.fileno() >= 0:
                client.send(client.request("BYE"))
                client.close()
        self.clients.clear()

    def client(self) -> Client:
        self.clients.append(Client(self.service.sip_port))
        return self.clients[-1]

    def call(self, wanted: Callable[[CallRecord], bool] = lambda _call: True) -> CallRecord:
        """The test's next call that has ended and is wanted."""
        log = open_log(self.settings.store.url, self.settings.folder)
        try:
            new = lambda: [c for c in log.calls() if c.ended_at and c.id not in self.seen and wanted(c)]  # noqa: E731
            found = wait_for(new, what="call that has ended")[0]
            self.seen.add(found.id)
            return log.call(found.id)
        finally:
            log.close()

    def close(self) -> None:
        self.part()
        self.service.stop()
        self.receiver.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("siprec"))
    yield site
    site.close()


@pytest.fixture
def site(lasting: Site) -> Site:
    """The same service for every test."""
    lasting.begin()
    return lasting


def talk(site: Site, *recorded: tuple[Client, Shape]) -> None:
    """Every agent speaks, and once all are heard every caller, until the recording server has enough.

    A flag ends a recording, and whoever is not heard by then never is; callers are heard before agents.
    """
    before, told = site.ears.heard(Speaker.AGENT), len(site.receiver.flags)
    agents = [(client, shape) for client, shape in recorded if shape.agent is not None]
    for client, shape in agents:
        client.say(shape.agent or 0, pause(shape) + speech("agent"))
    site.ears.wait(Speaker.AGENT, before, len(agents))
    for client, shape in recorded:
        client.say(shape.caller or 0, (b"" if shape.agent is not None else pause(shape)) + lewd())
    for client, shape in recorded:
        with contextlib.closing(client):
            if shape.known is Known.MIXED:
                only_told = lambda: [flag for flag in site.receiver.flags[told:] if not flag.act]  # noqa: E731
                wait_for(only_told, what="flag that asks for nothing")
                assert client.ask("BYE").status == 200
            else:
                client.serve()


def pause(shape: Shape) -> bytes:
    """What is waited for metadata before anybody is heard."""
    return b"" if shape.number else bytes(16 * 3500)


def check(site: Site, call: CallRecord, shape: Shape) -> None:
    """One call beside an agent, both heard, flagged, and the other system asked to move the caller."""
    assert (call.entrance, call.verdict) == (Entrance.BESIDE, Verdict.HARASSMENT)
    assert (call.number.removeprefix("+86"), call.display_name) == (shape.number.lstrip("0"), shape.name)
    said = {speaker: [s for s in call.segments if s.speaker is speaker] for speaker in Speaker}
    flags = [flag for flag in site.receiver.flags if flag.call == call.id]
    assert said[Speaker.CALLER] or any(evidence.span for evidence in call.evidence), "the caller is heard"
    if shape.known is Known.MIXED:
        assert not said[Speaker.AGENT]
        assert {(flag.act, flag.verdict) for flag in flags} == {("", "harassment")}, "told, and nothing asked for"
        assert not any(treatment.completed for treatment in call.treatments)
        return
    assert said[Speaker.AGENT], "both are heard"
    assert call.ended_by is EndedBy.TRANSFER
    assert (call.treatment, [t.completed for t in call.treatments]) == (Treatment.ANALYSIS_QUEUE, [True])
    (flag,) = flags
    assert (flag.act, flag.to, flag.kind) == ("analysis_queue", "sip:analysis@192.0.2.1", call.kind)
    assert (flag.number, flag.agent, flag.session) == (call.number, call.agent, call.uniqueid)


def _apart(body: bytes, place: int) -> bytes:
    """With a number and a session of its own: two calls of one session are one call to the log."""
    return body.replace(b"13900001111", b"1390000%04d" % place).replace(b'"00FA"', b'"00F%d"' % place)


NUMBERED = {
    name: replace(shape, body=_apart(shape.body, place), number=f"1390000{place:04}")
    for place, (name, shape) in enumerate(SHAPES.items())
    if shape.number
}
ASSOCIATED = SHAPES["associated, agents by setting"]
NAMELESS = {name: shape for name, shape in SHAPES.items() if not shape.number}


def is_of(call: CallRecord, shape: Shape) -> bool:
    """Whether that call came of that shape; those that nobody is named in differ by whether they can be moved."""
    mixed = shape.known is Known.MIXED
    named = call.number.endswith(shape.number.lstrip("0")) if shape.number else not call.number
    return named and call.display_name == shape.name and mixed is (call.ended_by is EndedBy.CALLER)


def play_together(site: Site, shapes: dict[str, Shape]) -> None:
    to_play = list(shapes.values())
    for begin in range(0, len(to_play), AT_ONCE):
        recorded = [(site.client(), shape) for shape in to_play[begin : begin + AT_ONCE]]
        for client, shape in recorded:
            assert client.record(shape.body, shape.content_type).status == 200
        talk(site, *recorded)
    for name, shape in shapes.items():
        print(name)
        check(site, site.call(lambda call, shape=shape: is_of(call, shape)), shape)


def test_both_parties_of_every_shape_are_heard_and_one_call_is_judged(site: Site) -> None:
    play_together(site, NUMBERED)


def test_so_are_they_where_nobody_is_named(site: Site) -> None:
    play_together(site, NAMELESS)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/siprec")
def test_offers_of_real_clients(site: Site) -> None:
    play_together(site, SHARED_SHAPES)


def test_streams_that_stop_and_come_back_and_a_stream_that_comes_late(site: Site) -> None:
    client = site.client()
    assert client.record(INACTIVE.replace(b"00FA", b"00FX"), MIXED + "uniqueBoundary").status == 200
    assert client.answer
    assert [line.direction for line in client.answer.media] == ["inactive", "inactive"]
    one = sdp(media("1", direction="sendonly"), media("2", direction="inactive", port=30002))
    assert client.again(one.encode(), "application/sdp").status == 200
    assert [line.direction for line in client.answer.media] == ["recvonly", "inactive"]
    client.say(0, speech("enquiry")[:16000]).join()
    assert client.again(TWO.encode(), "application/sdp", "UPDATE").status == 200
    assert [line.direction for line in client.answer.media] == ["recvonly", "recvonly"]
    shape = Shape(b"", "", Known.AGENTS, number="13900001111")
    talk(site, (client, shape))
    check(site, site.call(), shape)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/siprec")
def test_a_real_offer_that_begins_inactive_comes_to_life(site: Site) -> None:
    """As its gateway does: the call is on hold when it is first told of, and metadata say no stream of whom."""
    body = (SHARED / "inactive-sdp-offer.txt").read_bytes()
    client = site.client()
    assert client.record(body, "multipart/mixed").status == 200
    assert client.answer
    assert [line.direction for line in client.answer.media] == ["inactive", "inactive"]
    held = [line.port for line in client.answer.media]
    assert client.again(body.replace(b"a=inactive", b"a=sendonly"), "multipart/mixed").status == 200
    assert [line.direction for line in client.answer.media] == ["recvonly", "recvonly"]
    assert [line.port for line in client.answer.media] == held
    shape = Shape(b"", "", Known.ORDER, number="02055500009")
    talk(site, (client, shape))
    check(site, site.call(), shape)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/siprec")
def test_a_payload_that_is_no_siprec_is_a_recording_by_its_extension_alone(site: Site) -> None:
    """One stream and no metadata: what it is its place says, and by itself it is a call like any other."""
    written = (SHARED / "non-siprec-payload.txt").read_bytes()
    body = written.lstrip()
    client = site.client()
    assert client.record(body, "application/sdp", require="").status == 200
    shape = Shape(body, "application/sdp", Known.MIXED, 0, None)
    talk(site, (client, shape))
    check(site, site.call(), shape)
    for extension, status, entrance in (("100", 200, Entrance.IN_PATH), ("nobody", 404, None)):
        client = site.client()
        client.uri = client.uri.replace("srs@", f"{extension}@")
        assert client.record(body, "application/sdp", require="").status == status
        if entrance:
            assert client.answer
            assert [line.direction for line in client.answer.media] == ["recvonly"]
            assert client.ask("BYE").status == 200
            assert site.call().entrance is entrance
        client.close()
    for sent, kind, status in ((written, "application/sdp", 400), (body, "multipart/mixed", 415)):
        client = site.client()
        assert client.record(sent, kind).status == status, "it begins with an empty line; it has no parts"
        client.close()


def test_metadata_that_come_later_say_who_is_who(site: Site) -> None:
    """By UPDATE, without a description, while one who is the agent speaks on the first stream."""
    client = site.client()
    assert client.record(TWO.encode(), "application/sdp", require="").status == 200
    crossed = RFC.replace("<label>1<", "<label>x<").replace("<label>2<", "<label>1<")
    crossed = crossed.replace("<label>x<", "<label>2<").replace("00FA", "00FY")
    assert client.again(joined("b", (XML, crossed)), MIXED + "b", "UPDATE").status == 200
    shape = Shape(b"", "", Known.AGENTS, 1, 0, number="13900001111")
    talk(site, (client, shape))
    check(site, site.call(), shape)


def test_who_talks_counts_also_where_it_is_said_while_the_call_goes_on(site: Site) -> None:
    """The call has begun without a name; then both are named, and the caller is handed on to another agent."""
    client = site.client()
    before = site.ears.begun()
    assert client.record(TWO.encode(), "application/sdp", require="").status == 200
    client.say(0, bytes(16 * 4000))
    wait_for(lambda: site.ears.begun() - before, what="call that nobody is named in")
    said = RFC.replace("00FA", "00FZ").replace("13900001111", "13900007777")
    assert client.again(joined("b", (XML, said)), MIXED + "b", "UPDATE").status == 200
    handed = Metadata(
        complete=False,
        participants=(Participant("pc", "sip:8002@example.org"),),
        sends={"pc": ("sb",)},
        left=frozenset({"pb"}),
    )
    assert client.again(joined("b", (XML, serialize(handed).decode())), MIXED + "b", "UPDATE").status == 200
    shape = Shape(b"", "", Known.AGENTS, number="13900007777")
    talk(site, (client, shape))
    call = site.call()
    check(site, call, shape)
    assert (call.agent, call.uniqueid, call.linkedid) == ("8002", "00FZ", "00FZ")
    assert [e.rule for e in call.evidence if e.rule.startswith("voices.")] == ["voices.order", "voices.agents"]


def test_a_person_at_the_other_system_says_that_a_flag_is_a_mistake(site: Site) -> None:
    site.receiver.reply = lambda _n: (200, write_answer(FlagAnswer(Disposition.GENUINE, "Wang")))
    client = site.client()
    assert client.record(_apart(ASSOCIATED.body, 97), ASSOCIATED.content_type).status == 200
    client.say(0, lewd())
    client.serve()
    client.close()
    call = site.call()
    assert (call.verdict, call.decisions[-1].reason, call.ended_by) == (
        Verdict.GENUINE,
        "ordered:Wang",
        EndedBy.SCREENER,
    )
    assert [t.completed for t in call.treatments] == [False]


def test_a_system_that_does_not_answer_leaves_the_caller_with_the_agent(site: Site) -> None:
    site.receiver.reply = lambda _n: (503, b"")
    before = len(site.receiver.flags)
    client = site.client()
    assert client.record(_apart(ASSOCIATED.body, 98), ASSOCIATED.content_type).status == 200
    client.say(0, lewd())
    wait_for(lambda: len(site.receiver.flags) == before + 3, 30, "third try")
    assert len({flag.id for flag in site.receiver.flags[before:]}) == 1
    assert client.ask("BYE").status == 200
    client.close()
    call = site.call()
    assert (call.verdict, call.ended_by) == (Verdict.HARASSMENT, EndedBy.CALLER)
    assert [t.completed for t in call.treatments] == [False]


def test_a_client_that_offers_nothing_or_no_sound_that_is_spoken_is_refused(site: Site) -> None:
    for body, status in ((b"", 488), (sdp(media("1", "18")).encode(), 488), (joined("b", (XML, PLAIN)), 415)):
        client = site.client()
        kind = MIXED + "b" if body.startswith(b"\n--") else "application/sdp"
        assert client.record(body, kind).status == status
        client.close()


def test_a_call_to_an_extension_without_a_word_of_recording_is_a_call(site: Site) -> None:
    client = site.client()
    client.uri = client.uri.replace("srs@", "nobody@")
    assert client.record(TWO.encode(), "application/sdp", require="").status == 404
    client.close()
