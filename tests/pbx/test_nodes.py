"""Two screeners behind deploy/kamailio as shipped, one PostgreSQL: calls spread, one dies, nothing is lost."""

import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from screener.core.evidence import Verdict
from screener.store.records import CallRecord
from tests.pbx.network import SCREENER, SECOND_SCREENER, TRUNK, Network, Wiretap
from tests.pbx.nodes import (
    HOSTS,
    SHIPPED,
    URL,
    Nodes,
    answered,
    asked,
    calling_the_proxy,
    pbx,
    server,
    tapped,
    two_nodes,
)
from tests.pbx.rig import Asterisk, Caller, Phone, Screener
from tests.pbx.voices import QUIET, said
from tests.sip.caller import in_background
from tests.store.databases import Postgres
from tests.waiting import ENOUGH, wait_for

__all__ = ["pbx", "server"]
pytestmark = [pytest.mark.pbx, pytest.mark.postgres, pytest.mark.timeout(300)]
Place = Callable[..., Caller]


@pytest.fixture(scope="module")
def desk(lan: Network, pbx: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    phone = Phone(lan, tmp_path_factory.mktemp("phone"))
    wait_for(lambda: pbx.contact("agent1"), 10, "registration of the agent's phone")
    yield phone
    phone.stop()


@pytest.fixture
def nodes(lan: Network, pbx: Asterisk, server: Postgres, tmp_path: Path) -> Iterator[Nodes]:
    with two_nodes(lan, pbx, server, tmp_path) as nodes:
        yield nodes


@pytest.fixture
def tap(lan: Network) -> Iterator[Wiretap]:
    with tapped(lan) as tap:
        yield tap


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


def queued(pbx: Asterisk, queue: str, number: str) -> int:
    place = 6 if queue == "agents" else -1
    return sum(line[2] == queue and line[place] == number for line in pbx.queue_log("ENTERQUEUE"))


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
    waits = sorted(at - tap.dialled(number) for number, host, at in asked(tap) if host == SECOND_SCREENER)
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
    waited = rang - tap.dialled("13800000051")
    print(f"both known to be dead: INVITE to ringing {waited:.2f} s")
    assert waited < 1
    caller.stop()
    pbx.rx("channel request hangup all")
    wait_for(lambda: not pbx.channels(), 10, "quiet PBX")

    with calling_the_proxy(lan, TRUNK, "13800000052") as trunk:
        begun = time.monotonic()
        calling = in_background(trunk.call)
        desk.answer(10, since=begun)
        calling.join(ENOUGH)
        assert queued(pbx, "agents", "13800000052")
        assert trunk.ask("BYE").status == 200


def _silent(tap: Wiretap, host: str) -> bool:
    """Whether calls that begin now no longer go there: four pings have been lost."""
    return len({re.search(rb"(?mi)^Call-ID: *(\S+)", p.data)[1] for p in tap.sip("OPTIONS ", target=host)}) > 4
