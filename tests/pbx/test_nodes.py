"""Two screeners behind deploy/kamailio as shipped, one PostgreSQL: calls spread, one dies, nothing is lost."""

import contextlib
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from screener.core.evidence import Verdict
from screener.sip.message import respond
from screener.store.log import open_log
from screener.store.records import CallRecord
from tests.pbx.kamailio import kamailio
from tests.pbx.network import ASTERISK, PHONE, PROXY, SCREENER, SECOND_SCREENER, TRUNK, Network, Wiretap
from tests.pbx.outside import AIMS, ALLOWED, believed, headers, names
from tests.pbx.rig import DEPLOY, ROOT, Asterisk, Caller, Phone, Screener
from tests.pbx.voices import QUIET, said
from tests.sip.caller import Caller as Direct
from tests.sip.caller import in_background
from tests.store.databases import Postgres, running_postgres
from tests.waiting import wait_for

pytestmark = [pytest.mark.pbx, pytest.mark.postgres, pytest.mark.timeout(300)]
SHIPPED = ROOT / "deploy/kamailio"
HOSTS = SCREENER, SECOND_SCREENER
URL = "postgresql://screener@db.example/screener"
QUALIFY_TIMEOUT = 1.0
"""Of deploy/kamailio/pjsip.conf."""
Place = Callable[..., Caller]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Reached by its socket in a folder, which is the same in every network namespace."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def pbx(lan: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """deploy/asterisk with the proxy's sections in the place of the screener's."""
    sections = re.split(r"(?m)^(?=\[)", (DEPLOY / "pjsip.conf").read_text("utf-8"))
    kept = [section for section in sections if not section.startswith("[screener]")]
    assert len(kept) < len(sections)
    pjsip = "".join([*kept, "\n", (SHIPPED / "pjsip.conf").read_text("utf-8")])
    asterisk = Asterisk(lan, tmp_path_factory.mktemp("asterisk"), replaced={"pjsip.conf": pjsip})
    yield asterisk
    asterisk.stop()


@pytest.fixture(scope="module")
def desk(lan: Network, pbx: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    phone = Phone(lan, tmp_path_factory.mktemp("phone"))
    wait_for(lambda: pbx.contact("agent1"), 10, "registration of the agent's phone")
    yield phone
    phone.stop()


class Nodes:
    """Both screeners and their log."""

    def __init__(self, lan: Network, home: Path, url: str) -> None:
        self._lan, self._home, self._url = lan, home, url
        self.screeners: dict[str, Screener] = {}

    def start(self, host: str) -> None:
        replaced = {URL: self._url, f'host = "{SCREENER}"': f'host = "{host}"'}
        self.screeners[host] = Screener(self._lan, self._home / host, replaced, shipped=SHIPPED / "screener.toml")

    def calls(self) -> list[CallRecord]:
        log = open_log(self._url)
        try:
            return log.calls(limit=None)
        finally:
            log.close()

    def command(self, host: str, *words: str) -> str:
        """What a command prints that is given on one of the nodes."""
        line = [sys.executable, "-m", "screener", *words, "--config", self.screeners[host].config]
        return subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout

    def close(self) -> None:
        for screener in self.screeners.values():
            screener.stop()


@pytest.fixture
def nodes(lan: Network, pbx: Asterisk, server: Postgres, tmp_path: Path, tap: Wiretap) -> Iterator[Nodes]:
    list_file = SHIPPED / "dispatcher.list"
    with contextlib.closing(Nodes(lan, tmp_path, server.new_database())) as nodes:
        for host in HOSTS:
            nodes.start(host)
        with kamailio(lan, tmp_path, SHIPPED / "kamailio.cfg", PROXY, "-A", f'DISPATCHER_LIST="{list_file}"'):

            def answers() -> bool:
                pbx.rx("pjsip qualify screener")
                return bool(tap.sip("SIP/2.0 200", source=PROXY, target=ASTERISK))

            wait_for(answers, 15, "answer of the proxy to Asterisk", every=0.3)
            time.sleep(QUALIFY_TIMEOUT)  # until then a ping that it has not answered still counts against it
            answers()
            wait_for(lambda: pbx.contact("screener") == "Avail", 15, "proxy that Asterisk dials")
            yield nodes


@pytest.fixture
def tap(lan: Network) -> Iterator[Wiretap]:
    tap = Wiretap(lan)
    yield tap
    tap.stop()


@pytest.fixture
def place(lan: Network, pbx: Asterisk, desk: Phone, tmp_path: Path) -> Iterator[Place]:
    callers: list[Caller] = []

    def start(speech: bytes, number: str, **options: object) -> Caller:
        line = len(callers)
        callers.append(Caller(lan, tmp_path / f"caller{line}", speech, number=number, line=line, **options))
        return callers[-1]

    yield start
    for caller in callers:
        caller.stop()
    pbx.rx("channel request hangup all")
    wait_for(lambda: not pbx.channels(), 10, "quiet PBX")


def asked(tap: Wiretap) -> list[tuple[str, str, float]]:
    """Every first INVITE to a screener: caller's number, the screener, when."""
    found: dict[tuple[str, str], float] = {}
    for packet in tap.sip("INVITE ", source=PROXY):
        if packet.target[0] in HOSTS and (number := re.search(rb"(?m)^From:.*?sip:\+?(\d+)@", packet.data)):
            found.setdefault((number[1].decode(), packet.target[0]), packet.at)
    return [(number, host, at) for (number, host), at in found.items()]


def answered(tap: Wiretap, number: str) -> str:
    """The screener that has answered this number's call; empty while none has."""
    for packet in tap.sip("SIP/2.0 200", target=PROXY):
        if packet.source[0] in HOSTS and b" INVITE\r\n" in packet.data and f":{number}@".encode() in packet.data:
            return packet.source[0]
    return ""


def queued(pbx: Asterisk, queue: str, number: str) -> int:
    place = 6 if queue == "agents" else -1
    return sum(line[2] == queue and line[place] == number for line in pbx.queue_log("ENTERQUEUE"))


@contextlib.contextmanager
def calling_the_proxy(lan: Network, host: str, number: str) -> Iterator[Direct]:
    """A caller who does not come through the PBX."""
    with lan.entered():
        caller = Direct(5060, dialled="4008001234", number=number, host=host, peer=PROXY, own_port=5062)
    with contextlib.closing(caller):
        yield caller


def numbers(first: int, count: int) -> list[str]:
    return [str(13800000000 + first + n) for n in range(count)]


def test_calls_are_spread_and_a_dead_node_loses_none(
    pbx: Asterisk, nodes: Nodes, place: Place, tap: Wiretap
) -> None:
    before = numbers(0, 6)
    for number in before:
        place(QUIET, number)
    wait_for(lambda: all(answered(tap, number) for number in before), 10, "answer to every call")
    taken = {host: [number for number in before if answered(tap, number) == host] for host in HOSTS}
    assert [len(taken[host]) for host in HOSTS] == [3, 3], "in turn"

    killed = nodes.screeners[SECOND_SCREENER].kill()
    fresh = numbers(10, 4)
    callers = {number: place(QUIET, number) for number in fresh}
    wait_for(lambda: all(answered(tap, number) for number in fresh), 10, "answer to every new call")
    assert {answered(tap, number) for number in fresh} == {SCREENER}
    waited = [
        next(at for number, host, at in asked(tap) if (number, host) == (fresh_one, SCREENER)) - caller.started
        for fresh_one, caller in callers.items()
    ]
    print(
        f"\nnew calls after the death reach the other node {min(waited):.2f} to {max(waited):.2f} s after dialling"
    )

    wait_for(lambda: all(queued(pbx, "agents", n) for n in taken[SECOND_SCREENER]), 15, "the dead node's callers")
    print(f"kill -9 to the agents' queue, all three: {time.monotonic() - killed:.2f} s at most")
    wait_for(lambda: _silent(tap, SECOND_SCREENER), 20, "end of calls to the dead node", every=0.5)

    later = numbers(20, 3)
    for number in later:
        place(QUIET, number)
    wait_for(lambda: all(answered(tap, number) for number in later), 10, "answer to every later call")
    assert not [n for n, host, _ in asked(tap) if n in later and host == SECOND_SCREENER], "it is known to be dead"

    nodes.start(SECOND_SCREENER)
    everyone = {*before, *fresh, *later}

    def whole() -> bool:
        return {call.number.removeprefix("+86") for call in nodes.calls()} >= everyone

    wait_for(whole, 20, "every call in the log", every=0.5)
    nodes.close()
    calls = nodes.calls()
    assert Counter(call.number.removeprefix("+86") for call in calls) == Counter(everyone), "no gap, no double"
    assert len({call.uniqueid for call in calls}) == len(everyone)
    cut = {call.number.removeprefix("+86") for call in calls if call.ended_at is None}
    assert cut == set(taken[SECOND_SCREENER]), "only those that the dead node could not end have no end"
    print(f"{len(calls)} calls in the log, {len(cut)} without an end")


def test_a_number_blocked_on_one_node_is_treated_by_the_other(
    pbx: Asterisk, desk: Phone, nodes: Nodes, place: Place, tap: Wiretap
) -> None:
    nodes.command(SCREENER, "list", "block", "add", "13911110000", "--reason", "test")
    begun = time.monotonic()
    for _ in range(2):
        place(QUIET, "13911110000")
    wait_for(lambda: queued(pbx, "analysis", "13911110000") == 2, 20, "both calls in the analysis queue")
    assert {host for number, host, _ in asked(tap) if number == "13911110000"} == set(HOSTS)
    assert not desk.rang(since=begun)


def test_a_flag_confirmed_on_one_node_is_history_to_the_other(
    pbx: Asterisk, nodes: Nodes, place: Place, tap: Wiretap
) -> None:
    number = "13922220000"
    place(said("lewd"), number)
    wait_for(lambda: queued(pbx, "analysis", number), 40, "the flagged call in the analysis queue")
    (first,) = {host for _, host, _ in asked(tap)}
    (other,) = {*HOSTS} - {first}

    def flagged() -> list[CallRecord]:
        return [call for call in nodes.calls() if call.verdict is Verdict.HARASSMENT and call.ended_at]

    (call,) = wait_for(flagged, 10, "the flag in the log", every=0.5)
    nodes.command(first, "review", "confirm", call.id)
    place(QUIET, number)
    wait_for(lambda: queued(pbx, "analysis", number) == 2, 10, "the silent call in the analysis queue")
    assert [host for _, host, _ in asked(tap)] == [first, other]


def test_a_hanging_node_costs_a_second(nodes: Nodes, place: Place, tap: Wiretap) -> None:
    hanging = nodes.screeners[SCREENER].process
    hanging.send_signal(signal.SIGSTOP)
    try:
        callers = {number: place(QUIET, number) for number in numbers(30, 2)}
        wait_for(lambda: all(answered(tap, number) for number in callers), 10, "answer to every call")
    finally:
        hanging.send_signal(signal.SIGCONT)
    assert {answered(tap, number) for number in callers} == {SECOND_SCREENER}
    waits = sorted(at - callers[number].started for number, host, at in asked(tap) if host == SECOND_SCREENER)
    print(f"\ndialled to the second node: {waits[0]:.2f} and {waits[1]:.2f} s")
    assert waits[1] < 2, "before the PBX gives up"
    (late,) = wait_for(
        lambda: [call for call in nodes.calls() if call.ended_at], 10, "end of the call that it lost"
    )
    assert late.answered_at is None, "when it wakes, it is told that the call is no longer its own"


def test_a_full_node_sends_the_call_to_the_other_at_once(
    lan: Network, pbx: Asterisk, server: Postgres, tmp_path: Path, tap: Wiretap, place: Place, nodes: Nodes
) -> None:
    """Full is what a stopping node says too."""
    nodes.screeners[SCREENER].stop()
    small = {URL: server.new_database(), "[targets]": "max_calls = 1\n[targets]"}
    nodes.screeners[SCREENER] = Screener(lan, tmp_path / "small", small, shipped=SHIPPED / "screener.toml")
    begun = time.monotonic()
    wait_for(lambda: [p for p in tap.sip("SIP/2.0 200", source=SCREENER) if p.at > begun], 10, "answer to a ping")
    four = numbers(40, 4)
    for number in four:
        place(QUIET, number)
    wait_for(lambda: all(answered(tap, number) for number in four), 10, "answer to every call")
    assert Counter(answered(tap, number) for number in four) == {SCREENER: 1, SECOND_SCREENER: 3}


def test_without_any_screener_the_callers_go_to_the_agents(
    lan: Network, pbx: Asterisk, desk: Phone, nodes: Nodes, place: Place, tap: Wiretap
) -> None:
    for screener in nodes.screeners.values():
        screener.kill()
    caller = place(QUIET, "13800000050")
    rang = desk.wait_event("CALL_INCOMING", 10, since=caller.started)
    print(f"\nboth just killed: INVITE to ringing {rang - caller.started:.2f} s")
    caller.stop()
    pbx.rx("channel request hangup all")

    wait_for(lambda: pbx.contact("screener") != "Avail", 30, "silence of the proxy", every=0.2)
    caller = place(QUIET, "13800000051")
    rang = desk.wait_event("CALL_INCOMING", 10, since=caller.started)
    print(f"both known to be dead: INVITE to ringing {rang - caller.started:.2f} s")
    assert rang - caller.started < 1
    caller.stop()
    pbx.rx("channel request hangup all")
    wait_for(lambda: not pbx.channels(), 10, "quiet PBX")

    with calling_the_proxy(lan, TRUNK, "13800000052") as trunk:
        begun = time.monotonic()
        calling = in_background(trunk.call)
        desk.answer(10, since=begun)
        calling.join(10)
        assert queued(pbx, "agents", "13800000052")
        assert trunk.ask("BYE").status == 200


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
    (call,) = [c for c in nodes.calls() if c.number.endswith("13800000080")]
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


def _silent(tap: Wiretap, host: str) -> bool:
    """Whether calls that begin now no longer go there: four pings have been lost."""
    return len({re.search(rb"(?mi)^Call-ID: *(\S+)", p.data)[1] for p in tap.sip("OPTIONS ", target=host)}) > 4
