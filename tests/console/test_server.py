import socket
import urllib.error
import urllib.request

import pytest

from screener.console.context import Context
from screener.console.server import ConsoleServer
from screener.errors import InputError


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


def test_a_port_that_is_taken_is_a_clear_error(context: Context) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        with pytest.raises(InputError, match="cannot listen"):
            ConsoleServer(context, port=taken.getsockname()[1]).start()
