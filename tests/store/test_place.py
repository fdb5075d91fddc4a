"""Where a log is, told by its URL: the same as the library says that opens it."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from screener.store.engine import database_file
from screener.store.place import database_at, password_in

URLS = [
    "sqlite:///screener.db",
    "sqlite:////var/lib/screener/log.db",
    "sqlite+pysqlite:///a%20b.db?mode=ro",
    "sqlite:///来电.db",
    "sqlite://",
    "sqlite:///:memory:",
    "postgresql://screener@db/log",
    "postgresql+psycopg://u:s3cret@127.0.0.1:5432/log",
    "postgresql://u:p%40ss:w/rd@db/log?sslmode=require",
]


@pytest.mark.parametrize("url", URLS)
def test_the_file_and_the_password_of_a_url(url: str) -> None:
    assert database_at(url, Path("/site")) == database_file(make_url(url), Path("/site"))
    assert bool(password_in(url)) == bool(make_url(url).password)


@pytest.mark.parametrize("url", ["", "sqlite", "nonsense", "sqlite:/x.db"])
def test_what_is_no_url_has_neither(url: str) -> None:
    assert database_at(url, Path()) is None
    assert password_in(url) == ""
