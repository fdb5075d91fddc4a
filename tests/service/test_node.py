"""A running service tells how it is, with the newest warnings of its log."""

import logging
from datetime import UTC, datetime

import pytest

from screener.feed.items import Item, Node
from screener.operations.logs import FAULT_CHARACTERS, FAULTS
from screener.ports import RegistrationState
from screener.service.node import StateTeller
from screener.speech.recognizer import ModelInfo
from tests.waiting import wait_for

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


class Told:
    dropped = 3

    def __init__(self) -> None:
        self.items: list[Item] = []

    def put(self, item: Item) -> None:
        self.items.append(item)

    def stop(self) -> None:
        pass


FAILING = ("10.0.0.9:2700",)


def test_it_tells_again_and_again_and_ends_with_the_service() -> None:
    told = Told()
    states = [RegistrationState("a.example", True), RegistrationState("b.example", False, "403")]
    about = ModelInfo("vosk", "small"), True
    teller = StateTeller(
        told, *about, lambda: 2, lambda: states, lambda: 9, lambda: FAILING, lambda: NOON, every=0.02
    )
    teller.start()
    try:
        log = logging.getLogger("screener.sip.x")
        log.info("nothing to see")
        for n in range(FAULTS + 2):
            log.warning("fault %d %s\x1b[31m", n, "长" * 500)
        newest = f"fault {FAULTS + 1} "
        wait_for(lambda: told.items and newest in str(told.items[-1]), what="the newest fault")
        node = told.items[-1]
        assert isinstance(node, Node)
        assert (node.calls, node.registered, node.registrars, node.problem) == (2, 1, 2, "b.example: 403")
        assert node.failing == FAILING
        assert (node.waiting, node.dropped, node.model, node.dry_run) == (9, 3, "vosk small", True)
        assert [fault.split(" ")[3] for fault in node.faults] == ["fault"] * FAULTS
        assert " sip.x: fault 7 " in node.faults[-1] and "\x1b" not in node.faults[-1]
        assert all(len(fault) < FAULT_CHARACTERS + 60 for fault in node.faults)
    finally:
        teller.stop()
    after = len(told.items)
    log.warning("unheard")
    assert len(told.items) == after and "unheard" not in str(teller.state().faults)


def test_a_fault_of_one_telling_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    told, faults = Told(), [RuntimeError("gone")]

    def calls() -> int:
        if faults:
            raise faults.pop()
        return 2

    about = ModelInfo("vosk", "small"), True
    teller = StateTeller(told, *about, calls, list, lambda: 0, tuple, lambda: NOON, every=0.02)
    teller.start()
    try:
        wait_for(lambda: told.items)
    finally:
        teller.stop()
    assert "state: a fault of ours; it is told again" in caplog.messages
