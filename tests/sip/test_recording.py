"""Recording sessions (RFC 7866) as the user agent sees them: what a client changes while they go on."""

import pytest

from screener.events import CallAnswered, CallEnded
from screener.media.g711 import Law
from screener.ports import RecordingInfo
from screener.siprec.metadata import MediaStream, Metadata, Participant, parse, serialize, updated
from tests.sip.caller import Desk
from tests.siprec.client import Client
from tests.siprec.offers import MIXED, RFC, SDP, TWO, XML, joined, media, sdp
from tests.waiting import wait_for

THREE = sdp(media("1"), "m=video 30004 RTP/AVP 96\na=rtpmap:96 H264/90000\na=sendonly\n", media("2", port=30002))
METADATA_ONLY = "application/rs-metadata+xml"
VOICE = Law.PCMU.decode(bytes(range(160)))


class Followed:
    """A session and what is told of it."""

    def __init__(self, body: str, **settings: object) -> None:
        self.desk = Desk(recording_extension="srs", **settings)
        self.client = Client(self.desk.agent.port)
        self.status = self.client.record(body.encode(), "application/sdp").status
        self.said: list[RecordingInfo] = []
        self.heard: dict[int, int] = {0: 0, 1: 0}
        if self.status == 200:
            self.desk.event(CallAnswered)
            self.session = self.desk.call()
            self.session.follow(self.said.append)
            for place in self.heard:
                self.session.tap(place, lambda pcm, _at, place=place: self._count(place, pcm), None)

    def _count(self, place: int, pcm: bytes) -> None:
        self.heard[place] += any(pcm)

    def hears(self, place: int, line: int) -> bool:
        """Whether what is said on an m= line arrives at a place."""
        before = self.heard[place]
        self.client.say(line, VOICE * 30)
        return wait_for(lambda: self.heard[place] > before + 10)

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
