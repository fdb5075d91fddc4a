import contextlib
import itertools
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.errors import InputError
from screener.events import CallControl
from screener.feed import local
from screener.feed.items import Heard, Missed, Order, Over
from screener.feed.local import READER_LINES, FeedReader, FeedServer
from tests.waiting import WAIT, wait_for


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "feed.sock"


@contextlib.contextmanager
def server(place: Path, orders: "queue.Queue[Order] | None" = None) -> Iterator[FeedServer]:
    made = FeedServer(place, (orders or queue.Queue()).put)
    try:
        yield made
    finally:
        made.stop()


def heard(number: int, text: str = "喂") -> Heard:
    return Heard("a", float(number), "caller", number, text, final=True)


def test_a_reader_hears_what_is_up_and_then_what_comes_and_its_order_arrives(place: Path) -> None:
    orders: queue.Queue[Order] = queue.Queue()
    with server(place, orders) as feed:
        assert place.stat().st_mode & 0o777 == 0o600
        feed.put(heard(0))
        reader = FeedReader(place, timeout=WAIT)
        seen = iter(reader)
        assert next(seen) == heard(0)
        feed.put(heard(1))
        assert next(seen) == heard(1)
        reader.order(Order("a", CallControl.LINE_FAULT, "王主管"))
        assert orders.get(timeout=WAIT) == Order("a", CallControl.LINE_FAULT, "王主管")
        feed.put(Over("a", 2.0, "caller"))
        assert next(seen) == Over("a", 2.0, "caller")
        late = FeedReader(place, timeout=0.3)
        assert next(iter(late)) is None, "a call that is over is no news"
        reader.close()
        late.close()
    assert not place.exists()


class Full:
    """A socket that finds no file for the next connection, and one again afterwards."""

    def __init__(self, real: socket.socket) -> None:
        self.real, self.refused = real, 0

    def accept(self) -> tuple[socket.socket, object]:
        self.refused += 1
        if self.refused == 1:
            raise OSError(24, "Too many open files")
        return self.real.accept()

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_without_a_file_for_another_reader_the_next_ones_are_taken_later(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "AGAIN_SECONDS", 0.05)
    with server(place) as feed:
        feed._socket = full = Full(feed._socket)  # type: ignore[assignment]
        feed.put(heard(0))
        readers = [FeedReader(place, timeout=WAIT) for _ in range(2)]
        assert [next(iter(reader)) for reader in readers] == [heard(0)] * 2
        assert full.refused > 1
        for reader in readers:
            reader.close()


def test_a_reader_that_does_not_read_loses_lines_and_is_told_and_nobody_waits_for_it(place: Path) -> None:
    with server(place) as feed:
        lazy = FeedReader(place, timeout=WAIT)
        feed.put(heard(0))
        seen = iter(lazy)
        assert next(seen) == heard(0)
        for number in range(1, 3 * READER_LINES):
            feed.put(heard(number, "很长的话" * 50))
            if number % 500 == 0:  # what the server's own queue has no place for reaches no reader's
                wait_for(feed._items.empty)
        done = threading.Event()

        def keep_talking() -> None:
            for number in itertools.count(10**6):
                if done.wait(0.01):
                    return
                feed.put(heard(number))

        thread = threading.Thread(target=keep_talking)
        thread.start()
        try:
            missed = (item.lines for item in itertools.islice(seen, 4 * READER_LINES) if isinstance(item, Missed))
            assert next(missed) > 0
        finally:
            done.set()
            thread.join()
        lazy.close()


def test_a_socket_that_a_killed_service_left_is_taken_over_and_a_live_one_is_not(place: Path) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(place))
    left.close()
    with server(place), pytest.raises(InputError, match="no feed can be told there"):
        FeedServer(place, lambda _order: None)
    with pytest.raises(InputError, match="serve"):
        FeedReader(place)


def test_a_path_that_is_no_socket_or_too_long_is_refused_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("mine")
    with pytest.raises(InputError, match=r"operations\.feed"):
        FeedServer(file, lambda _order: None)
    assert file.read_text() == "mine"
    with pytest.raises(InputError, match=r"operations\.feed"):
        FeedServer(tmp_path / ("x" * 200), lambda _order: None)


def test_an_item_that_cannot_be_told_ends_no_feed(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    with server(place) as feed:
        reader = FeedReader(place, timeout=WAIT)
        feed.put("no item")  # type: ignore[arg-type]
        feed.put(heard(1))
        assert next(iter(reader)) == heard(1)
        reader.close()
    assert "feed: a fault of ours; it goes on" in caplog.messages
