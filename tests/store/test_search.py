"""Words are found wherever they were said, by index or without, and leave the index when they are deleted."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.core.evidence import Verdict
from screener.events import Speaker
from screener.store import search
from screener.store.find import find
from screener.store.log import CallLog, open_log
from screener.store.privacy import erase, purge
from screener.store.records import CallRecord, Segment
from screener.store.wanted import Wanted

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
LETTERS = "我的订单到哪里了吗你好%_\"'*ABc é"


def call(name: str, *texts: str, **changes: object) -> CallRecord:
    at = NOON + timedelta(minutes=int(name))
    parts = tuple(Segment(Speaker.CALLER, float(n), n + 0.5, text) for n, text in enumerate(texts))
    made = CallRecord(id=name, started_at=at, ended_at=at, verdict=Verdict.GENUINE, segments=parts)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def log(url: str):
    opened = open_log(url)
    yield opened
    opened.close()


def found(log: CallLog, text: str, limit: int = 1000, **wanted: object) -> list[str]:
    return [c.id for c in find(log, Wanted(text=text, **wanted), limit)]  # type: ignore[arg-type]


@pytest.mark.parametrize("few", [search.FEW, 0])
@pytest.mark.parametrize("seed", range(3))
def test_as_a_plain_loop_finds_them(log: CallLog, monkeypatch: pytest.MonkeyPatch, few: int, seed: int) -> None:
    monkeypatch.setattr(search, "FEW", few)
    dice = random.Random(seed)
    calls = [
        call(str(n), *("".join(dice.choices(LETTERS, k=dice.randrange(1, 9))) for _ in range(dice.randrange(4))))
        for n in range(150)
    ]
    log.write(calls)
    for _ in range(120):
        word = "".join(dice.choices(LETTERS, k=dice.choice((1, 1, 2, 2, 3, 4, 5))))
        expected = [c.id for c in reversed(calls) if any(word.lower() in s.text.lower() for s in c.segments)]
        assert found(log, word) == expected, word


def test_the_other_filters_and_the_limit_hold(log: CallLog) -> None:
    log.write([call(str(n), "我的订单呢", agent="8001" if n % 2 else "") for n in range(10)])
    assert found(log, "订单", 3) == ["9", "8", "7"]
    assert found(log, "订单呢", agent="8001") == ["9", "7", "5", "3", "1"]
    assert found(log, "订", since=NOON + timedelta(minutes=8)) == ["9", "8"]
    assert found(log, "订货") == found(log, "没有") == found(log, "单呢啊") == []


def test_the_index_is_used_and_finds_nothing_that_was_deleted(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/calls.db")
    log.write([call(str(n), "身份证号码", number="+861" if n < 5 else "+862") for n in range(10)])
    with log.reading() as connection:
        assert search.said_by_index(connection, "身份证") is not None
        assert search.said_by_index(connection, "身份") is not None
    assert (
        b"\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81"
        in (tmp_path / "calls.db").read_bytes() + (tmp_path / "calls.db-wal").read_bytes()
    ), "the piece stands in the index"
    erase(log, "+861", "+86*")
    assert found(log, "身份证") == ["9", "8", "7", "6", "5"]
    purge(log, NOON + timedelta(days=1))
    assert found(log, "身份证") == found(log, "身") == []
    log.close()
    assert "身份证".encode() not in (tmp_path / "calls.db").read_bytes(), "nor any piece of it"


def test_a_database_that_cannot_index_is_searched_all_the_same(log: CallLog) -> None:
    log.write([call("1", "我的订单"), call("2", "你好")])
    with log.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("segments_said", "segments_gone", "segments_changed"):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("DROP TABLE segment_terms")
            connection.exec_driver_sql("DROP TABLE segment_texts")
        else:
            connection.exec_driver_sql("DROP INDEX IF EXISTS ix_segments_text")
    assert found(log, "订单") == ["1"] and found(log, "你好") == ["2"]
    search.forget(log)
