"""Recording sessions (RFC 7866) as the user agent sees them: what a client changes while they go on."""

import socket
import ssl
from pathlib import Path

import pytest

from screener.events import FRAME_SECONDS, CallAnswered, CallEnded, EndedBy, Event
from screener.media.g711 import Law
from screener.media.srtp import Keys, MasterKey, Srtp, Suite
from screener.ports import RecordingInfo
from screener.settings.encryption import TlsSection
from screener.sip import sdes
from screener.sip.message import Response, respond
from screener.sip.recording import RecordingSession
from screener.siprec.metadata import MediaStream, Metadata, Participant, parse, serialize, updated
from tests.sip.authority import Authority
from tests.sip.caller import Caller, Desk, StreamCaller
from tests.siprec.client import Client
from tests.siprec.offers import MIXED, RFC, SDP, TWO, XML, joined, media, sdp
from tests.waiting import WAIT, wait_for

THREE = sdp(media("1"), "m=video 30004 RTP/AVP 96\na=rtpmap:96 H264/90000\na=sendonly\n", media("2", port=30002))
METADATA_ONLY = "application/rs-metadata+xml"
VOICE = Law.PCMU.decode(bytes(range(160)))


class Followed:
    """A session and what is told of it."""

    def __init__(
        self,
        body: str,
        client: Client | None = None,
        desk: Desk | None = None,
        **settings: object,
    ) -> None:
        self.desk = desk or Desk(recording_extension="srs", **settings)
        self.client = client or Client(self.desk.agent.port)
        self.status = self.client.record(body.encode(), "application/sdp").status
        self.said: list[RecordingInfo] = []
        self.heard: dict[int, int] = {0: 0, 1: 0}
        if self.status == 200:
            self.desk.event(CallAnswered)
            self.session = self.desk.call()
            self.session.follow(self.said.append)
            self.happened: list[Event] = []
            for place in range(min(len(self.heard), len(self.session.streams))):
                events = self.happened.append if place == 0 else None
                self.session.tap(place, lambda pcm, _at, place=place: self._count(place, pcm), events)

    def _count(self, place: int, pcm: bytes) -> None:
        self.heard[place] += any(pcm)

    def hears(self, place: int, line: int) -> bool:
        """Whether what is said on an m= line arrives at a place."""
        before = self.heard[place]
        self.client.say(line, VOICE * 30)
        return wait_for(lambda: self.heard[place] > before + 10)

    def quiet(self, *seconds: float) -> None:
        """Nothing has come on each stream for so long; then time goes on a little."""
        for audio, silent in zip(self.session.streams, seconds, strict=True):
            audio.heard_at = audio.ticks - round(silent / FRAME_SECONDS)
        before = len(self.happened)
        wait_for(lambda: len(self.happened) > before + 2 or not self.session.up, what="time")

    def close(self) -> None:
        self.client.close()
        self.desk.stop()


@pytest.fixture
def three():
    followed = Followed(THREE)
    yield followed
    followed.close()


def test_a_reinvite_without_a_description_is_offered_the_lines_that_there_are(three: Followed) -> None:
    client = three.client
    before = [line.port for line in client.answer.media]
    invite = client.invite = client.request("INVITE")
    client.send(invite)
    response = client.final("INVITE")
    client.connected(response)
    offered = client.answer.media
    assert [line.kind for line in offered] == ["audio", "video", "audio"], "they keep their places"
    assert [line.port for line in offered] == before
    assert [line.direction for line in offered if line.port] == ["recvonly", "recvonly"]
    nameless = THREE.replace("a=label:1\n", "").replace("a=label:2\n", "").replace("video 30004", "video 0")
    client.ack(nameless.encode())
    assert wait_for(lambda: bool(three.said))
    assert three.said[-1].labels == ("1", "2"), "an answer need not repeat them"
    assert three.hears(0, 0)
    assert three.hears(1, 2)


def test_a_client_may_close_every_stream_in_its_answer_and_come_back(three: Followed) -> None:
    client = three.client
    client.invite = client.request("INVITE")
    client.send(client.invite)
    client.final("INVITE")
    client.ack(THREE.replace("audio 3000", "audio 0 RTP/AVP 0\nx=3000").replace("video 30004", "video 0").encode())
    assert wait_for(lambda: bool(three.said) and three.said[-1].active == (False, False))
    assert client.again(THREE.encode(), "application/sdp").status == 200
    assert three.said[-1].active == (True, True)
    assert three.hears(1, 2)


def test_an_answer_that_cannot_be_read_ends_the_session(three: Followed) -> None:
    client = three.client
    client.invite = client.request("INVITE")
    client.send(client.invite)
    client.final("INVITE")
    client.ack(b"nonsense")
    assert client.serve().method == "BYE"
    assert three.desk.event(CallEnded)


WHO = Metadata(
    session="s",
    participants=(Participant("a", "sip:13900001111@x"), Participant("b", "sip:8001@x")),
    streams=(MediaStream("sa", "1"), MediaStream("sb", "2")),
    sends={"a": ("sa",), "b": ("sb",)},
)
MOVED = Metadata(
    complete=False,
    participants=(Participant("c", "sip:8002@x"),),
    sends={"c": ("sb",)},
    left=frozenset("b"),
)
"""The agent has handed the caller on to another one."""


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
@pytest.mark.parametrize("described", [True, False])
def test_snapshots_and_partial_updates_come_by_update_and_reinvite(method: str, described: bool) -> None:
    followed = Followed(TWO)
    known: Metadata | None = None
    for said in (WHO, MOVED):
        body = serialize(said)
        if described:
            kind, body = MIXED + "b", joined("b", (SDP, TWO), (XML, body.decode()))
        else:
            kind = METADATA_ONLY
        if described or method == "UPDATE":
            assert followed.client.again(body, kind, method).status == 200
        else:  # the client wants our offer, and answers it
            invite = followed.client.invite = followed.client.request("INVITE", body, kind)
            followed.client.send(invite)
            followed.client.connected(followed.client.final("INVITE"))
            followed.client.ack(TWO.encode())
        assert wait_for(lambda said=said: any(i.metadata for i in followed.said))
        (document,) = {info.metadata for info in followed.said if info.metadata}
        known = updated(known, parse(document))
        followed.said.clear()
    assert [one.user for one in known.participants] == ["13900001111", "8002"]
    assert [known.speaker(label).user for label in ("1", "2")] == ["13900001111", "8002"]
    assert followed.hears(1, 1)
    followed.close()


def test_a_stream_that_a_participant_has_left_is_nobodys() -> None:
    over = "<disassociate-time>2026-01-01T00:00:00Z</disassociate-time>"
    ended = RFC.replace("<send>sb</send>", f"<send>sb</send>{over}")
    known = parse(ended.encode())
    assert known.speaker("1").user == "13900001111"
    assert known.speaker("2") is None
    again = '<participantstreamassoc participant_id="pb"><send>sb</send></participantstreamassoc></recording>'
    back = parse(ended.replace("</recording>", again).encode())
    assert back.speaker("2").user == "8001", "and may come back to"


def test_recordings_may_be_encrypted_and_must_where_srtp_is_required() -> None:
    keyed = TWO.replace("RTP/AVP", "RTP/SAVP").replace(
        "a=label", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\na=label"
    )
    followed = Followed(keyed, srtp="required")
    assert followed.status == 200
    assert [line.protocol for line in followed.client.answer.media] == ["RTP/SAVP"] * 2
    secrets = {line.crypto[0].keys[0].secret for line in followed.client.answer.media}
    assert len(secrets) == 2, "a key for each stream"
    followed.close()
    clear = Followed(TWO, srtp="required")
    assert clear.status == 488
    clear.close()


@pytest.mark.parametrize(("require", "status"), [("siprec", 200), ("SIPREC, timer", 200), ("", 404)])
def test_that_a_client_requires_it_makes_a_recording_whatever_it_dials(require: str, status: int) -> None:
    """No metadata, and another extension: nothing else says that it is one."""
    desk = Desk(recording_extension="srs")
    client = Client(desk.agent.port, dialled="95500")
    response = client.record(TWO.encode(), "application/sdp", require=require)
    assert response.status == status
    if status == 200:
        assert isinstance(desk.call(), RecordingSession)
        assert client.answer
        assert [line.direction for line in client.answer.media] == ["recvonly", "recvonly"]
    client.close()
    desk.stop()


@pytest.mark.parametrize(
    ("taken", "require", "unsupported"),
    [("", "siprec", "siprec"), ("", "siprec, 100rel", "siprec, 100rel"), ("srs", "siprec, 100rel", "100rel")],
)
def test_what_is_required_and_not_spoken_is_said(taken: str, require: str, unsupported: str) -> None:
    desk = Desk(recording_extension=taken)
    client = Client(desk.agent.port, dialled="100")
    response = client.record(TWO.encode(), "application/sdp", require=require)
    assert (response.status, response.headers.get("Unsupported")) == (420, unsupported)
    client.close()
    desk.stop()


def test_our_contact_says_that_we_are_a_recording_server_and_of_a_call_it_does_not() -> None:
    """RFC 7866 6.1.2."""
    desk = Desk(recording_extension="srs")
    client, caller = Client(desk.agent.port), Caller(desk.agent.port)
    recorded, called = client.record(TWO.encode(), "application/sdp"), caller.call()
    assert recorded.headers.get("Contact").endswith(">;+sip.srs")
    assert "+sip.srs" not in called.headers.get("Contact")
    client.close()
    caller.close()
    desk.stop()


def test_a_recording_on_which_nothing_comes_for_a_minute_is_over() -> None:
    followed = Followed(TWO)
    for silent in ((50.0, 50.0), (61.0, 30.0), (30.0, 61.0)):
        followed.quiet(*silent)
        assert followed.session.up, "somebody has been heard on one of them"
    followed.quiet(61.0, 61.0)
    followed.client.send(respond(followed.client.serve(), 200))
    assert followed.desk.event(CallEnded).by is EndedBy.FAULT
    followed.close()


def test_one_whose_streams_are_all_stopped_is_over_after_an_hour() -> None:
    followed = Followed(TWO)
    stopped = TWO.replace("sendonly", "inactive")
    assert followed.client.again(stopped.encode(), "application/sdp").status == 200
    followed.quiet(3590.0, 3590.0)
    assert followed.session.up
    followed.quiet(3601.0, 3601.0)
    followed.client.send(respond(followed.client.serve(), 200))
    assert followed.desk.event(CallEnded).by is EndedBy.FAULT
    followed.close()


def ports(client: Client) -> list[bool]:
    """Whether each line of the answer is taken."""
    assert client.answer
    return [line.port > 0 for line in client.answer.media]


def test_four_streams_of_a_recording_are_taken_and_no_more() -> None:
    followed = Followed(sdp(*(media(str(n), port=30000 + 2 * n) for n in range(6))))
    assert ports(followed.client) == [True] * 4 + [False] * 2
    assert followed.session.said.labels == ("0", "1", "2", "3")
    assert followed.hears(1, 1)
    followed.close()


def test_a_stream_for_which_there_is_no_port_is_refused_and_the_others_are_heard() -> None:
    followed = Followed(TWO, rtp_port_low=28000, rtp_port_high=28001)
    assert ports(followed.client) == [True, False]
    assert followed.session.said.labels == ("1",)
    assert followed.hears(0, 0)
    assert followed.client.again(TWO.encode(), "application/sdp").status == 200
    assert ports(followed.client) == [True, False], "as long as there is none"
    followed.close()


class OverTcp(Client, StreamCaller):
    """A client that dials over one TCP connection."""

    transport = "TCP"

    def __init__(self, port: int) -> None:
        super().__init__(port, connection=socket.create_connection(("127.0.0.1", port), timeout=WAIT))


class OverTls(Client, StreamCaller):
    """Likewise over TLS, with keys for every stream."""

    transport = "TLS"

    def __init__(self, port: int, authority: Authority) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        context = ssl.create_default_context(cafile=authority.certificate)
        super().__init__(port, connection=context.wrap_socket(plain, server_hostname="127.0.0.1"))
        self.keys = [MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80) for _ in range(2)]
        self.streams: list[Srtp] = []

    @property
    def keyed(self) -> str:
        """`TWO` with a key for each line."""
        head, *lines = TWO.replace("RTP/AVP", "RTP/SAVP").split("m=")
        return head + "".join(f"m={text}{sdes.line(1, key)}\n" for text, key in zip(lines, self.keys, strict=True))

    def connected(self, response: Response) -> None:
        super().connected(response)
        assert self.answer
        agreed = self.answer.recorded("127.0.0.1", 2, "required")
        self.streams = [Srtp(Keys(own, s.theirs)) for own, s in zip(self.keys, agreed, strict=True) if s.theirs]

    def sealed(self, place: int, packet: bytes) -> bytes:
        return self.streams[place].seal(packet)


def test_a_recording_over_tcp_is_heard_on_both_streams() -> None:
    desk = Desk(recording_extension="srs", tcp=True)
    followed = Followed(TWO, OverTcp(desk.agent.port), desk)
    assert followed.status == 200
    assert "transport=tcp" in followed.client.uri
    assert followed.hears(0, 0)
    assert followed.hears(1, 1)
    followed.session.hangup()
    bye = followed.client.serve()
    assert bye.via.transport == "TCP"
    followed.client.send(respond(bye, 200))
    followed.desk.event(CallEnded)
    followed.close()


def test_a_recording_over_tls_with_srtp_is_heard_on_both_streams(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("127.0.0.1")
    tls = TlsSection(
        port=0,
        authorities=str(authority.certificate),
        certificate=str(own.certificate),
        key=str(own.key),
        only=True,
    )
    desk = Desk(recording_extension="srs", tls=tls, srtp="required")
    client = OverTls(desk.agent.port, authority)
    followed = Followed(client.keyed, client, desk)
    assert followed.status == 200
    assert followed.session.encrypted
    assert followed.hears(0, 0)
    assert followed.hears(1, 1)
    followed.close()
