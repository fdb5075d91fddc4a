"""What a trunk may send to deploy/kamailio as shipped: who it says it is and where it aims media."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from screener.sip.message import respond
from tests.pbx.network import PHONE, PROXY, TRUNK, Network, Wiretap
from tests.pbx.nodes import HOSTS, Nodes, answered, calling_the_proxy, pbx, server, tapped, two_nodes
from tests.pbx.outside import AIMS, ALLOWED, believed, headers, names
from tests.pbx.rig import Asterisk
from tests.store.databases import Postgres
from tests.waiting import wait_for

__all__ = ["pbx", "server"]
pytestmark = [pytest.mark.pbx, pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def nodes(
    lan: Network, pbx: Asterisk, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nodes]:
    """They stay up: no test here stops one."""
    with two_nodes(lan, pbx, server, tmp_path_factory.mktemp("nodes")) as nodes:
        yield nodes


@pytest.fixture
def tap(lan: Network) -> Iterator[Wiretap]:
    with tapped(lan) as tap:
        yield tap


def test_a_trunk_that_calls_the_proxy_is_screened(lan: Network, nodes: Nodes, tap: Wiretap) -> None:
    with calling_the_proxy(lan, TRUNK, "13800000060") as trunk:
        assert trunk.call(trunk.sdp.replace(b"a=sendrecv", ALLOWED)).status == 200
        assert answered(tap, "13800000060") in HOSTS
        assert trunk.ask("BYE").status == 200


def test_what_a_trunk_says_of_itself_is_taken_off(lan: Network, nodes: Nodes, tap: Wiretap) -> None:
    with calling_the_proxy(lan, TRUNK, "13800000080") as trunk:
        assert trunk.call(**headers()).status == 200
        assert trunk.ask("BYE").status == 200
    (asked,) = {p.data for p in tap.sip("INVITE ", source=PROXY) if b"13800000080" in p.data}
    assert not believed(asked)
    assert {"via", "from", "to", "call-id", "cseq", "contact", "content-type"} <= names(asked)
    ended = lambda: [c for c in nodes.calls() if c.number.endswith("13800000080") and c.ended_at]  # noqa: E731
    (call,) = wait_for(ended, 10, "the call in the log", every=0.5)
    assert (call.referred_by, call.linkedid, call.uniqueid) == ("", "", "")


@pytest.mark.parametrize("way", AIMS)
def test_a_trunk_cannot_aim_media_at_others(lan: Network, nodes: Nodes, tap: Wiretap, way: str) -> None:
    with calling_the_proxy(lan, TRUNK, "13800000081") as trunk:
        assert AIMS[way][0] in trunk.sdp
        assert trunk.call(trunk.sdp.replace(*AIMS[way])).status == 488
    assert not [p for p in tap.sip("INVITE ", source=PROXY) if b"13800000081" in p.data]


def test_a_trunk_cannot_aim_media_at_others_later(lan: Network, nodes: Nodes) -> None:
    with calling_the_proxy(lan, TRUNK, "13800000082") as trunk:
        assert trunk.call().status == 200
        assert trunk.ask("INVITE", trunk.sdp.replace(*AIMS["session"])).status == 488
        assert trunk.ask("INVITE", trunk.offer("0 101", direction="sendonly")).status == 200, "a hold"
        trunk.ack(cseq=3)
        assert trunk.ask("BYE").status == 200


def passed_on(tap: Wiretap, start: str, number: str) -> list[bytes]:
    return [p.data for p in tap.sip(start, source=PROXY) if number.encode() in p.data]


def test_a_trunk_cannot_aim_media_at_others_in_its_ack(lan: Network, nodes: Nodes, tap: Wiretap) -> None:
    """An INVITE without a description is answered with an offer; the answer comes with the ACK."""
    number = "13800000083"
    with calling_the_proxy(lan, TRUNK, number) as trunk:
        trunk.invite = trunk.request("INVITE")
        trunk.send(trunk.invite)
        offer = trunk.final("INVITE")
        assert offer.status == 200
        trunk.connected(offer)
        trunk.ack(trunk.sdp.replace(*AIMS["session"]))
        time.sleep(0.5)
        assert not passed_on(tap, "ACK ", number)
        trunk.ack(trunk.sdp)
        wait_for(lambda: passed_on(tap, "ACK ", number), 5, "ACK that aims at nobody else")
        assert trunk.ask("BYE").status == 200


def test_a_trunk_cannot_aim_media_at_others_by_an_answer(lan: Network, nodes: Nodes, tap: Wiretap) -> None:
    number = "13800000084"
    with calling_the_proxy(lan, TRUNK, number) as trunk:
        assert trunk.call().status == 200
        refer = trunk.wait_request("REFER")  # nothing arrives: the caller is not heard, and goes to an agent
        aimed = replace(respond(refer, 202), body=trunk.sdp.replace(*AIMS["session"]))
        aimed.headers.add("Content-Type", "application/sdp")
        trunk.send(aimed)
        time.sleep(1)
        assert not passed_on(tap, "SIP/2.0 202", number)
        trunk.send(respond(refer, 202))
        wait_for(lambda: passed_on(tap, "SIP/2.0 202", number), 5, "answer that aims at nobody else")
        assert trunk.ask("BYE").status == 200


def test_a_stranger_is_not_answered(lan: Network, nodes: Nodes) -> None:
    with calling_the_proxy(lan, PHONE, "13800000070") as stranger:
        stranger.sip.settimeout(2)
        with pytest.raises(TimeoutError):
            stranger.call()
