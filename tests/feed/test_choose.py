from pathlib import Path

import pytest

from screener.errors import InputError
from screener.feed.choose import DATABASE, open_sink, open_source
from screener.feed.local import FeedServer


def test_a_path_is_a_socket_beside_the_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    teller = open_sink("x.sock", folder, "sqlite:///log.db", lambda _order: None)
    assert isinstance(teller, FeedServer)
    open_source("x.sock", folder, "sqlite:///log.db", 1.0).close()
    teller.stop()


def test_only_postgresql_carries_a_feed(tmp_path: Path) -> None:
    for begin in (
        lambda: open_sink(DATABASE, tmp_path, "sqlite:///log.db", lambda _order: None),
        lambda: open_source(DATABASE, tmp_path, "sqlite:///log.db", 1.0),
    ):
        with pytest.raises(InputError, match="needs PostgreSQL"):
            begin()
