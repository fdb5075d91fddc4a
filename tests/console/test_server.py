import re
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import pytest

from screener.console.context import Context
from screener.console.server import LEAVE_SECONDS, ConsoleServer
from screener.errors import InputError
from tests.bench.live import serving
from tests.console.conftest import PASSWORD


def test_it_serves_and_stops(context: Context) -> None:
    server = ConsoleServer(context, port=0)
    server.start()
    try:
        with urllib.request.urlopen(f"{server.address}login", timeout=5) as answer:
            assert answer.status == 200
            assert "server" not in {name.lower() for name in answer.headers}
    finally:
        address = server.address
        server.stop()
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(address, timeout=2)


def test_an_open_page_does_not_keep_it_from_stopping(context: Context, caplog: pytest.LogCaptureFixture) -> None:
    server = ConsoleServer(context, port=0)
    server.start()
    with httpx.Client(base_url=server.address) as client:
        client.post("/login", data={"name": "auditor", "password": PASSWORD})
        with client.stream("GET", "/live/events") as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            began = time.monotonic()
            server.stop()
            assert not [line for line in lines if line.startswith("event")], "it ends; the login does not"
    assert time.monotonic() - began < LEAVE_SECONDS, "nothing had to be cut off"
    assert not [record for record in caplog.records if record.exc_info]


def test_a_port_that_is_taken_is_a_clear_error(context: Context) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        with pytest.raises(InputError, match="cannot listen"):
            ConsoleServer(context, port=taken.getsockname()[1]).start()


def test_the_service_serves_the_pages_too_where_the_site_wants_them() -> None:
    with serving("[console]\nwith_serve = true\nport = 0\n") as (service, _):
        told = Path(service.args[-1]).parent / "log.txt"
        until = time.monotonic() + 60
        while not (said := re.search(r"console on (http://\S+)", told.read_text())):
            assert time.monotonic() < until, told.read_text()
            time.sleep(0.1)
        assert urllib.request.urlopen(f"{said[1]}login", timeout=10).status == 200
        service.terminate()
        assert service.wait(60) == 0
