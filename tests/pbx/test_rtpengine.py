"""Beside the agents behind a real Kamailio and a real rtpengine, with deploy/rtpengine as it is shipped."""

import contextlib
import http.client
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from screener.core.evidence import Treatment, Verdict
from screener.events import EndedBy, Entrance, Speaker
from screener.proxy import kamailio
from screener.proxy.dialogs import ProxyDialog
from screener.proxy.kamailio import QUESTION
from screener.settings.proxy import Proxy
from screener.sip.message import Request, respond
from tests.pbx.behind_proxy import DEPLOY, BehindProxy, behind_proxy, missing
from tests.pbx.network import PHONE, PROXY, SCREENER, SECOND_SCREENER, TRUNK, Packet, Wiretap
from tests.pbx.outside import AIMS, ALLOWED, believed, headers, names
from tests.pbx.rig import Screener, doctor
from tests.pbx.voices import QUIET, said
from tests.sip.caller import Caller
from tests.waiting import ENOUGH, wait_for

pytestmark = pytest.mark.pbx
ACTS = {"dry_run = true": "dry_run = false", "[flow]": "[flow.treatment_of]\n\n[flow]"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BehindProxy]:
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace")
    if reason := missing():
        pytest.skip(reason)
    with behind_proxy(tmp_path_factory.mktemp("proxy"), said("agent")) as site:
        yield site


@pytest.fixture(scope="module")
def screener(site: BehindProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screener]:
    home = tmp_path_factory.mktemp("screener") / "home"
    screener = Screener(site.network, home, ACTS, shipped=DEPLOY / "screener.toml")
    yield screener
    screener.stop()


@pytest.fixture(autouse=True)
def nobody_stays(site: BehindProxy) -> Iterator[None]:
    yield
    site.hang_up()


def streams(packets: list[Packet]) -> list[int]:
    """How many packets came to each port of the screener, copies of them not counted."""
    found: dict[int, set[bytes]] = {}
    for packet in packets:
        if packet.target[0] == SCREENER and packet.is_pcmu:
            found.setdefault(packet.target[1], set()).add(packet.data[2:4])
    return sorted(map(len, found.values()))


def test_both_voices_come_whole_and_the_call_is_not_disturbed(site: BehindProxy, screener: Screener) -> None:
    tap = Wiretap(site.network)
    try:
        call = site.call(QUIET, "13800138001")
        agent = site.agents.talkers[call.call_id]
        wait_for(lambda: len(streams(tap.packets)) == 2, 10, "copies of both voices")
        tap.packets.clear()
        heard, sent = len(agent.heard), call.talker.sent
        wait_for(lambda: call.talker.sent >= sent + 300, 15, "300 packets")
        call.talker.target = None
        spoken = call.talker.sent - sent
        wait_for(lambda: min(streams(list(tap.packets))) >= 300, 10, "copies of as many")
        wait_for(lambda: len(agent.heard) - heard >= spoken, 10, "every packet of the caller at the agent")
        call.hang_up()
    finally:
        tap.stop()
    found = screener.record("13800138001", "undecided")
    assert (found.entrance, found.queue, found.agent[:5]) == (Entrance.BESIDE, "agents", "agent")
    assert {segment.speaker for segment in found.segments} <= {Speaker.AGENT}


def test_bytes_that_are_no_text_in_one_caller_s_number_make_nobody_unheard(
    site: BehindProxy, screener: Screener
) -> None:
    tap = Wiretap(site.network)
    try:
        site.call(QUIET, "1380\udcff\udcfe99")
        site.call(QUIET, "13800138007")
        wait_for(lambda: len(streams(tap.packets)) == 4, 10, "copies of the voices of both calls")
    finally:
        tap.stop()
    site.hang_up()
    assert screener.record("13800138007", "undecided").ended_by is not EndedBy.FAULT
    assert "Traceback" not in screener.log


def test_a_flag_moves_the_caller_by_a_refer_and_frees_the_agent(site: BehindProxy, screener: Screener) -> None:
    call = site.call(said("lewd"), "13800138002")
    assert call.accept_refer() == "<sip:analysis@192.0.2.10>"
    wait_for(lambda: call.call_id in site.agents.gone, 5, "free line of the agent")
    found = screener.record("13800138002", "harassment")
    assert (found.verdict, found.treatment, found.ended_by) == (
        Verdict.HARASSMENT,
        Treatment.ANALYSIS_QUEUE,
        EndedBy.TRANSFER,
    )
    assert [treatment.completed for treatment in found.treatments] == [True]
    assert {segment.speaker for segment in found.segments} == set(Speaker)


def test_both_lines_are_freed_however_soon_one_answers(site: BehindProxy) -> None:
    """An answer to the first BYE ends Kamailio's dialog, and in one that is over it sends no second."""
    settings = Proxy(url=f"http://{PROXY}:8080/calls", secret="change-me-proxy")

    def listed(call_id: str) -> ProxyDialog | None:
        return next((one for one in kamailio.listed(settings, SCREENER) if one.call_id == call_id), None)

    for number in range(30):
        call = site.call(b"", f"138001390{number:02}")
        freed = call.answer_at_once()
        with site.network.entered():
            dialog = wait_for(lambda call_id=call.call_id: listed(call_id), 5, "dialog")
            assert dialog and kamailio.move(dialog, "sip:analysis@192.0.2.10", (PROXY, 5060), SCREENER).ok
        assert freed.wait(ENOUGH), f"the caller's line, {number}"
        wait_for(lambda call_id=call.call_id: call_id in site.agents.gone, 5, f"free line of the agent, {number}")


@pytest.mark.parametrize("status", [603, 486])
def test_a_caller_who_cannot_be_moved_talks_on(site: BehindProxy, screener: Screener, status: int) -> None:
    """The caller's system refuses the REFER, or the target the caller."""
    number = f"13800138{status}"
    call = site.call(said("lewd"), number)
    if status == 603:
        call.refuse_refer()
    else:
        call.accept_refer(status)
    wait_for(lambda: "a caller stays with" in screener.log and str(status) in screener.log, 10, "word of it")
    time.sleep(1)
    wait_for(call.talker.hears, 10, "the agent, who talks on")
    assert call.call_id not in site.agents.gone
    call.hang_up()
    found = screener.record(number, "harassment")
    assert not any(treatment.completed for treatment in found.treatments)
    assert found.ended_by is EndedBy.CALLER


def test_rtpengine_is_restarted_and_both_voices_come_again(site: BehindProxy, screener: Screener) -> None:
    call = site.call(QUIET * 3 + said("enquiry"), "13800138003")
    tap = Wiretap(site.network)
    try:
        wait_for(lambda: len(streams(tap.packets)) == 2, 10, "copies of both voices")
        site.rtpengine.kill()
        time.sleep(2)
        site.rtpengine.start()
        agent = site.agents.talkers[call.call_id]
        wait_for(lambda: call.talker.hears() and agent.hears(), 15, "each other again")
        time.sleep(5)
        tap.packets.clear()
        wait_for(lambda: len([n for n in streams(tap.packets) if n > 50]) >= 2, 20, "both copies again")
    finally:
        tap.stop()
    call.hang_up()
    assert screener.record("13800138003", "genuine").entrance is Entrance.BESIDE


def test_a_stranger_gets_no_list_and_sends_no_refer(site: BehindProxy) -> None:
    with site.network.entered():
        connection = http.client.HTTPConnection("192.0.2.50", 8080, timeout=5)
        secret = {"Authorization": "Bearer change-me-proxy"}
        connection.request("POST", "/calls", QUESTION, secret)
    assert connection.getresponse().status == 403, "another address"


def test_the_doctor_finds_both(site: BehindProxy, screener: Screener) -> None:
    said_by_doctor = doctor(site.network, screener.config).stdout
    assert "Kamailio lists its calls" in said_by_doctor
    assert "rtpengine 192.0.2.50:2223 answers" in said_by_doctor


@contextlib.contextmanager
def at(site: BehindProxy, host: str, number: str = "13800138090") -> Iterator[Caller]:
    """Somebody at an address who speaks to the proxy."""
    with site.network.entered():
        caller = Caller(5060, "4008001234", number, host=host, peer=PROXY)
    with contextlib.closing(caller):
        yield caller


def invited(site: BehindProxy, number: str) -> list[Request]:
    """What the agents were asked of a caller."""
    return [asked for asked in site.agents.asked if number in asked.headers.get("From")]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "MESSAGE"])
def test_a_stranger_is_not_answered(site: BehindProxy, method: str) -> None:
    with at(site, SECOND_SCREENER, "13800138091") as stranger:
        stranger.sip.settimeout(1)
        stranger.send(stranger.request(method, stranger.sdp))
        with pytest.raises(TimeoutError):
            stranger.receive()
    assert not invited(site, "13800138091")


def test_a_stranger_is_not_answered_where_the_list_is_asked_for(site: BehindProxy) -> None:
    """That port takes SIP too."""
    with at(site, SECOND_SCREENER, "13800138092") as stranger, site.network.entered():
        data = stranger.request("INVITE", stranger.sdp).serialize().replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
        with socket.create_connection((PROXY, 8080), 5, (SECOND_SCREENER, 0)) as line:
            line.settimeout(1)
            line.sendall(data)
            with pytest.raises(TimeoutError):
                line.recv(100)
    assert not invited(site, "13800138092")


@pytest.mark.parametrize("method", ["BYE", "REFER", "INVITE", "CANCEL", "NOTIFY", "INFO"])
def test_a_stranger_does_nothing_to_a_call(site: BehindProxy, method: str) -> None:
    """Who knows every tag and the route of it."""
    call = site.call(QUIET, "13800138093")
    with at(site, SECOND_SCREENER) as stranger:
        stranger.sip.settimeout(1)
        theirs = call.caller
        stranger.call_id, stranger.from_, stranger.to = theirs.call_id, theirs.from_, theirs.to
        stranger.routes, stranger.uri = theirs.routes, theirs.uri
        stranger.send(stranger.request(method, cseq=50, Refer_To="<sip:1@192.0.2.21>", Event="refer"))
        with pytest.raises(TimeoutError):
            stranger.receive()
    assert {asked.method for asked in invited(site, "13800138093") if asked.call_id == call.call_id} == {
        "INVITE",
        "ACK",
    }


def test_what_a_trunk_says_of_itself_is_taken_off(site: BehindProxy) -> None:
    with at(site, TRUNK, "13800138094") as trunk:
        assert trunk.call(**headers()).status == 200
        assert trunk.ask("INFO", **headers()).status == 200
        assert trunk.ask("BYE").status == 200
    asked = [request for request in invited(site, "13800138094") if request.method in ("INVITE", "INFO")]
    assert {request.method for request in asked} == {"INVITE", "INFO"}
    for request in asked:
        assert not believed(request.serialize())
        assert {"via", "from", "to", "call-id", "cseq", "contact"} <= names(request.serialize())


@pytest.mark.parametrize("method", ["REFER", "SUBSCRIBE", "MESSAGE", "PUBLISH"])
def test_a_trunk_gives_no_orders_to_an_agents_phone(site: BehindProxy, method: str) -> None:
    number = "13800138099"
    with at(site, TRUNK, number) as trunk:
        assert trunk.call().status == 200
        extra = {"Refer_To": "<sip:0090012345@192.0.2.30>", "Event": "dialog"}
        assert trunk.ask(method, **extra).status == 405
        assert trunk.ask("BYE").status == 200
    assert {asked.method for asked in invited(site, number)} == {"INVITE", "ACK", "BYE"}


@pytest.mark.parametrize("way", AIMS)
def test_a_trunk_cannot_aim_media_at_others(site: BehindProxy, way: str) -> None:
    with at(site, TRUNK, "13800138095") as trunk:
        assert AIMS[way][0] in trunk.sdp
        assert trunk.call(trunk.sdp.replace(*AIMS[way])).status == 488
    assert not invited(site, "13800138095")


def test_a_trunk_may_aim_media_at_its_own_networks(site: BehindProxy) -> None:
    with at(site, TRUNK, "13800138098") as trunk:
        assert trunk.call(trunk.sdp.replace(b"a=sendrecv", ALLOWED)).status == 200
        assert trunk.ask("BYE").status == 200


def test_a_trunk_cannot_aim_media_at_others_later(site: BehindProxy) -> None:
    with at(site, TRUNK, "13800138096") as trunk:
        assert trunk.call().status == 200
        assert trunk.ask("INVITE", trunk.sdp.replace(*AIMS["session"])).status == 488
        asked = {one.headers.get("CSeq") for one in invited(site, "13800138096") if one.method == "INVITE"}
        assert len(asked) == 1, "the second one went no further"
        assert trunk.ask("UPDATE", trunk.offer("0 101", direction="sendonly")).status == 200, "a hold"
        assert trunk.ask("BYE").status == 200


def test_a_trunk_cannot_aim_media_at_others_by_an_answer(site: BehindProxy) -> None:
    """An agent calls out. Nor does a stranger answer who knows the branch."""
    with at(site, PHONE, "13800138097") as agent, at(site, TRUNK) as trunk, at(site, SECOND_SCREENER) as stranger:
        agent.uri = f"sip:13800138097@{TRUNK}:{trunk.port}"
        agent.send(agent.request("INVITE", agent.sdp))
        invite = trunk.wait_request("INVITE")
        answer = replace(respond(invite, 200, tag="trunk"), body=trunk.sdp)
        answer.headers.add("Contact", f"<sip:{TRUNK}:{trunk.port}>")
        answer.headers.add("Content-Type", "application/sdp")
        agent.sip.settimeout(1)
        stranger.send(answer)
        for way in ("session", "media", "reports", "candidate"):
            trunk.send(replace(answer, body=trunk.sdp.replace(*AIMS[way])))
        with pytest.raises(TimeoutError):
            agent.final("INVITE")
        trunk.send(answer)
        agent.sip.settimeout(5)
        answered = agent.final("INVITE")
        assert answered.status == 200
        agent.connected(answered)
        assert agent.remote_rtp and agent.remote_rtp[0] == PROXY
