"""A Kamailio proxy in front that records its route, over UDP and TCP."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.events import CallAnswered, CallEnded, EndedBy, Target, TransferEnded
from screener.ports import Destination
from screener.sip.message import respond
from tests.pbx.kamailio import kamailio
from tests.pbx.network import PROXY, SCREENER, TRUNK, Network, Wiretap
from tests.pbx.rig import HERE, fill
from tests.sip.caller import Caller, Desk

pytestmark = pytest.mark.pbx
MODULES = Path("/usr/lib/x86_64-linux-gnu/kamailio/modules/")


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root for a network namespace")
    network = Network()
    yield network
    network.stop()


@contextlib.contextmanager
def proxying(network: Network, home: Path, target: str) -> Iterator[None]:
    fill(HERE / "peers/kamailio.cfg", home / "kamailio.cfg", ADDRESS=PROXY, TARGET=target, MODULES=MODULES)
    with kamailio(network, home, home / "kamailio.cfg", PROXY):
        yield


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_everything_of_a_call_goes_through_the_proxy(lan: Network, tmp_path: Path, over: str) -> None:
    with lan.entered():
        desk = Desk(host=SCREENER, port=5060, peers=(PROXY,), rtp_port_low=20000, rtp_port_high=20998, tcp=True)
        caller = Caller(5060, host=TRUNK, peer=PROXY, own_port=5060)
    tap = Wiretap(lan)
    try:
        with proxying(lan, tmp_path, f"{SCREENER}:5060;transport={over}"):
            _calls(desk, caller)
        sent = {p.target[0] for p in tap.packets if p.is_sip and p.source[0] == SCREENER}
        assert sent == ({PROXY} if over == "udp" else set()), "nothing past the proxy"
    finally:
        tap.stop()
        caller.close()
        desk.stop()


def _calls(desk: Desk, caller: Caller) -> None:
    answered = caller.call()
    assert answered.status == 200
    assert answered.headers.values("Record-Route"), "the proxy stays in the dialog"
    call = desk.call()
    desk.event(CallAnswered)
    assert len(caller.hear(10)) == 10, "media goes directly"
    assert caller.ask("UPDATE", caller.offer("0 101", direction="sendonly")).status == 200
    assert caller.ask("UPDATE", caller.offer("0 101")).status == 200
    call.transfer(Destination(Target.AGENTS, "sip:agents@192.0.2.10"))
    refer = caller.wait_request("REFER")
    assert len(refer.headers.values("Via")) == 2
    caller.send(respond(refer, 202))
    extra = {"Event": "refer", "Subscription_State": "terminated;reason=noresource"}
    assert caller.ask("NOTIFY", b"SIP/2.0 404 Not Found\r\n", "message/sipfrag", **extra).status == 200
    assert desk.event(TransferEnded).status == 404
    call.hangup()
    caller.send(respond(caller.wait_request("BYE"), 200))
    assert desk.event(CallEnded).by is EndedBy.SCREENER
