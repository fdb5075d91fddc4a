"""Servers that talk slowly, elsewhere, or no HTTP: an answer or an error, and in time."""

import contextlib
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from screener.outside.ask import ask
from screener.outside.objects import read_object
from tests.waiting import WAIT

HEAD = b"HTTP/1.1 200 OK\r\n"


def drip(connection: socket.socket, text: bytes) -> None:
    """A byte every 50 ms: no single read is ever late."""
    for at in range(len(text)):
        connection.sendall(text[at : at + 1])
        time.sleep(0.05)


@contextlib.contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    talk(connection)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    listening.close()


def asked(url: str, most: int = 1000, seconds: float = WAIT) -> bytes:
    return ask(urllib.request.Request(url, b"{}", method="POST"), seconds, most)


def test_an_answer_is_read_as_far_as_is_wanted() -> None:
    with server(lambda c: c.sendall(HEAD + b"Content-Length: 10\r\n\r\n0123456789")) as url:
        assert asked(url) == b"0123456789"
        assert asked(url, 4) == b"0123"


def test_who_may_vouch_is_looked_up_for_an_encrypted_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(ssl, "create_default_context", lambda: looked.append(1))
    with server(lambda c: c.sendall(HEAD + b"Content-Length: 1\r\n\r\nx")) as url:
        assert asked(url) == b"x" and not looked
        with pytest.raises(OSError):
            asked(url.replace("http:", "https:"))
    assert looked


@pytest.mark.parametrize(
    "before", [b"", HEAD, HEAD + b"Content-Length: 500\r\n\r\n"], ids=["status", "header", "body"]
)
def test_who_talks_slowly_is_cut_off(before: bytes) -> None:
    said_all = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(before)
        drip(connection, HEAD * 30 if not before else b"x" * 500)
        said_all.set()

    with server(talk) as url:
        with pytest.raises(OSError):
            asked(url, seconds=0.4)
        assert not said_all.is_set()


@pytest.mark.parametrize(
    "said", [b"", b"hello\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n", HEAD + b"Content-Length: 9\r\n\r\nx", b"\xff" * 99]
)
def test_what_is_no_answer_is_an_error(said: bytes) -> None:
    with server(lambda c: c.sendall(said)) as url, pytest.raises(OSError):
        asked(url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_led_elsewhere(status: int) -> None:
    elsewhere: list[bytes] = []
    with server(lambda c: elsewhere.append(b"came")) as other:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode()
        with server(lambda c: c.sendall(moved)) as url, pytest.raises(OSError):
            asked(url)
    assert elsewhere == []


@pytest.mark.parametrize(
    "text", ["", "[]", "5", '"errcode"', '["code"]', "[" * 6000, b"\xff", "nul", r'{"by": ["\ud800"]}']
)
def test_what_is_no_object(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        read_object(text)


def test_an_object() -> None:
    assert read_object(b'{"code": 0}') == {"code": 0}
