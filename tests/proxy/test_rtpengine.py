"""Copies of voices, asked of a small rtpengine on loopback."""

from collections.abc import Iterator

import pytest

from screener.errors import PbxError
from screener.media.g711 import Law
from screener.proxy.ng import Command
from screener.proxy.rtpengine import Rtpengine, Rtpengines
from screener.sip import sdp
from tests.proxy.engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("c1")
    yield engine
    engine.close()


def test_a_copy_is_offered_and_answered_and_taken_back(engine: Engine) -> None:
    client = Rtpengine(engine.address)
    assert client.ping()
    copy = client.subscribe("c1", "A", 4000)
    assert copy
    assert (copy.tag, copy.stream.law, copy.stream.port) == ("copy2", Law.PCMU, engine.address[1])
    client.unsubscribe(copy)
    kinds = [question.command for question in engine.asked]
    assert kinds == [Command.PING, Command.SUBSCRIBE, Command.ANSWER, Command.UNSUBSCRIBE]
    _, request, answer, left = engine.asked
    assert (request.call_id, request.from_tag) == ("c1", "A")
    (ours,) = sdp.parse(answer.sdp).media
    assert (ours.host, ours.port, ours.formats, ours.direction) == ("127.0.0.1", 4000, ("0",), "recvonly")
    assert answer.to_tag == left.to_tag == "copy2"
    client.close()


def test_a_lost_datagram_is_sent_again_and_carried_out_once(engine: Engine) -> None:
    engine.deaf = 1
    assert Rtpengine(engine.address).subscribe("c1", "A", 4000)
    assert len(engine.asked) == 2


def test_one_that_is_silent_is_left_alone_for_a_while(engine: Engine) -> None:
    engine.deaf = 3
    client = Rtpengine(engine.address)
    for _ in range(20):
        with pytest.raises(PbxError, match="does not answer"):
            client.subscribe("c1", "A", 4000)
    assert not engine.deaf and not engine.asked, "asked once, in vain, and not again at once"


def test_nobody_listens_there(engine: Engine) -> None:
    address = engine.address
    engine.close()
    assert not Rtpengine(address).ping()


def test_whichever_has_the_call_is_asked(engine: Engine) -> None:
    other = Engine("c2")
    engines = Rtpengines([Rtpengine(engine.address), Rtpengine(other.address)])
    assert engines.subscribe("c2", "A", 4000).engine.place.endswith(str(other.address[1]))
    with pytest.raises(PbxError, match="no rtpengine has the call"):
        engines.subscribe("c3", "A", 4000)
    engine.close()
    assert engines.subscribe("c2", "A", 4000)
    engines.close()
    other.close()


def test_refused(engine: Engine) -> None:
    engine.refuses = lambda question: "no\x1b[31m such tag" * (question.command is Command.SUBSCRIBE)
    with pytest.raises(PbxError, match=r"no\\x1b\[31m such tag"):
        Rtpengine(engine.address).subscribe("c1", "A", 4000)
    engine.refuses = lambda question: "no" * (question.command is Command.ANSWER)
    with pytest.raises(PbxError, match="does not send a copy"):
        Rtpengine(engine.address).subscribe("c1", "A", 4000)


def test_another_codec_is_said() -> None:
    engine = Engine("c1", payload_type=9)
    with pytest.raises(PbxError, match=r"without G\.711"):
        Rtpengine(engine.address).subscribe("c1", "A", 4000)
    engine.close()
