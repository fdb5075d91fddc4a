"""The rules of the lists: what is put there and taken off, and what of it is on record, whoever acts."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from screener.core.evidence import Kind, Verdict
from screener.core.ladder import Ladder, LadderStep
from screener.errors import InputError, MissingError, StoreError
from screener.events import ListName, Rung
from screener.numbers.identify import Lines
from screener.numbers.plan import lines_of
from screener.review import lists
from screener.review.by import By
from screener.review.lists import IN_A_NOTE
from screener.settings.load import load
from screener.store.log import CallLog, open_log
from screener.store.records import Access, CallRecord, ListedNumber, Review

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NUMBER, OTHER = "+8613800138000", "+8613912345678"
LINES = lines_of(load(None))
BY = By("王", NOW, "console")
SITE = Ladder((LadderStep(Rung.SUSPENDED, 2, 30, 7),))


def entry(number: str = "138 0013 8000", name: ListName = ListName.BLOCK, **changes) -> ListedNumber:
    return replace(ListedNumber(name, number, "恶作剧", NOW), **changes)


def flags(number: str = NUMBER, count: int = 3, **changes) -> list[CallRecord]:
    times = [NOW - timedelta(days=n + 1) for n in range(count)]
    return [
        replace(
            CallRecord(
                id=f"{number}-{n}", number=number, started_at=at, ended_at=at, verdict=Verdict.HARASSMENT,
                kind=Kind.LEWD, review=Review.CONFIRMED, reviewed_at=at,
            ),
            **changes,
        )
        for n, at in enumerate(times)
    ]  # fmt: skip


def held(log: CallLog) -> set[tuple[ListName, str]]:
    return {(entry.name, entry.number) for entry in log.listed(NOW)}


@pytest.fixture
def log(tmp_path: Path, log_file: Path) -> Iterator[CallLog]:
    log = open_log(f"sqlite:///{shutil.copy(log_file, tmp_path / 'log.db')}")
    yield log
    log.close()


def enlist(log: CallLog) -> object:
    return lists.enlist(log, LINES, [entry()], BY)


def delist(log: CallLog) -> object:
    log.enlist(entry(NUMBER))
    return lists.delist(log, LINES, ListName.BLOCK, ["138-0013-8000"], BY)


def accept(log: CallLog) -> object:
    log.write(flags())
    return lists.accept(log, LINES, lists.proposed(log, NOW), ["13800138000"], None, BY)


def lift(log: CallLog) -> object:
    log.write(flags())
    return lists.lift(log, LINES, SITE, ["13800138000"], BY)


@pytest.mark.parametrize(
    ("act", "action"),
    [(enlist, "list block add"), (delist, "list block remove"), (accept, "list block add"), (lift, "list lift")],
)
def test_whatever_is_done_is_on_record_with_who_when_and_by_what_way(
    log: CallLog, act: Callable[[CallLog], object], action: str
) -> None:
    act(log)
    assert log.accesses() == [Access(NOW, "王", action, NUMBER, "console")]


@pytest.mark.parametrize("act", [enlist, delist, accept, lift])
def test_what_cannot_be_put_on_record_is_not_done(tmp_path: Path, act: Callable[[CallLog], object]) -> None:
    class Unwilling(CallLog):
        def note_access(self, *accesses: Access) -> None:
            raise StoreError("the disk is full")

    opened = open_log("sqlite:///log.db", tmp_path)
    log = Unwilling(opened.engine)
    with pytest.raises(StoreError):
        act(log)
    assert held(log) == ({(ListName.BLOCK, NUMBER)} if act is delist else set())
    with log.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM lifts").scalar() == 0
    log.close()


def test_a_number_stands_in_its_one_form_and_why_in_one_line(log: CallLog) -> None:
    [listed] = lists.enlist(log, LINES, [entry(reason=" 恶作剧\n\x1b[31m" + "长" * 300)], BY)
    assert log.listed(NOW) == [listed] and listed.number == NUMBER
    assert listed.reason.startswith("恶作剧 \\x1b[31m长") and len(listed.reason) == 200
    lists.delist(log, LINES, ListName.BLOCK, [" 0086 138 0013 8000"], BY)
    assert held(log) == set()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": "abc"}, "is no number"),
        ({"number": "000000"}, "no number at all"),
        ({"expires_at": NOW}, "past"),
        ({"reason": " \n"}, "needs a reason"),
    ],
)
def test_all_or_none_are_listed(log: CallLog, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        lists.enlist(log, LINES, [entry(OTHER), entry(**wrong)], BY)
    assert held(log) == set() and log.accesses() == [], "nor is it said to be"


def test_what_a_file_says_is_taken_over_without_a_reason_too(log: CallLog) -> None:
    assert lists.take_over(log, LINES, [(1, entry(reason=""))], BY) == lists.TakenOver(1, 0, (), 0)
    [listed] = log.listed(NOW)
    assert (listed.number, listed.reason) == (NUMBER, "")
    assert [note.action for note in log.accesses()] == ["list block add"]


def test_of_a_file_what_is_new_is_counted_and_what_cannot_be_is_left_out(log: CallLog) -> None:
    log.enlist(entry(NUMBER), entry(OTHER, ListName.WATCH))
    twice = [(1, entry(OTHER, reason="a")), (2, entry(OTHER, reason="b")), (3, entry(NUMBER, reason="c"))]
    bad = [(4, entry("abc")), (5, entry("000000")), (6, entry(expires_at=NOW))]
    taken = lists.take_over(log, LINES, [*twice, *bad], BY)
    assert (taken.new, taken.known, taken.ended) == (1, 1, 1)
    assert [line for line, _ in taken.refused] == [4, 5]
    reasons = {one.number: one.reason for one in log.listed(NOW) if one.name is ListName.BLOCK}
    assert reasons == {OTHER: "b", NUMBER: "c"}
    assert lists.take_over(log, LINES, [], BY) == lists.TakenOver(0, 0, (), 0)


def test_a_number_is_looked_up_once_and_all_are_listed_at_once(log: CallLog) -> None:
    """A hundred thousand numbers took a minute: the plan was asked three times, and a statement made for each."""
    asked: list[str] = []

    class Counting(Lines):
        def normal_or_wrong(self, number: str) -> tuple[str, str]:
            asked.append(number)
            return super().normal_or_wrong(number)

    statements: list[int] = []

    def count(*call: Any) -> None:
        statements.append(len(call[3]) if call[5] else 1)

    many = [(n, entry(f"138{n:08}")) for n in range(300)]
    event.listen(log.engine, "before_cursor_execute", count)
    lists.take_over(log, Counting(), many, BY)
    event.remove(log.engine, "before_cursor_execute", count)
    assert len(asked) == 300
    assert max(statements) == 300 and len(statements) < 20


def test_what_is_not_there_is_told_and_the_rest_is_taken_off(log: CallLog) -> None:
    log.enlist(entry(NUMBER), entry(OTHER, ListName.WATCH))
    with pytest.raises(MissingError, match=r"not on that list: \+8613912345678, nobody"):
        lists.delist(log, LINES, ListName.BLOCK, [OTHER, "nobody", NUMBER], BY)
    assert held(log) == {(ListName.WATCH, OTHER)}
    log.write([*flags(), *flags(OTHER, 1)])
    with pytest.raises(MissingError, match=r"not on the ladder: \+8613912345678"):
        lists.lift(log, LINES, SITE, [OTHER, NUMBER], BY)
    with pytest.raises(MissingError, match=r"not on the ladder: \+8613800138000"):
        lists.lift(log, LINES, SITE, [NUMBER], BY)


def test_a_long_list_is_on_record_in_lines_that_can_be_read(log: CallLog) -> None:
    numbers = [f"+861380013{n:04}" for n in range(IN_A_NOTE + 1)]
    entries = [*(entry(number) for number in numbers), entry(OTHER, ListName.WATCH)]
    lists.enlist(log, LINES, entries, BY)
    noted = [(note.action, note.subject) for note in reversed(log.accesses())]
    assert noted == [
        ("list block add", " ".join(numbers[:IN_A_NOTE])),
        ("list block add", numbers[IN_A_NOTE]),
        ("list watch add", OTHER),
    ]
    assert len(held(log)) == len(entries)


def test_only_what_is_proposed_is_accepted_and_until_then(log: CallLog) -> None:
    log.write([*flags(), *flags(OTHER, 3, review=Review.NONE), *flags("+8613600000000", 2)])
    proposals = lists.proposed(log, NOW)
    assert [(one.name, one.number) for one in proposals] == [(ListName.BLOCK, NUMBER), (ListName.WATCH, OTHER)]
    assert lists.proposed(log, NOW, days=1) == () and len(lists.proposed(log, NOW, flags=2)) == 3
    with pytest.raises(MissingError, match=r"not proposed: \+8613600000000"):
        lists.accept(log, LINES, proposals, [NUMBER, "13600000000"], None, BY)
    assert held(log) == set() and log.accesses() == []
    until = NOW + lists.KEPT
    listed = lists.accept(log, LINES, proposals, ["139 1234 5678"], until, BY)
    assert log.listed(NOW) == list(listed) == [ListedNumber(ListName.WATCH, OTHER, "suggested:3:0:王", NOW, until)]
