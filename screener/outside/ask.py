"""Asks another program over HTTP: within a time, however slowly it talks, and nowhere else than at its address."""

import contextlib
import functools
import http.client
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from typing import Any


def ask(
    request: urllib.request.Request, seconds: float, most: int, authorities: ssl.SSLContext | None = None
) -> bytes:
    """The body of a 2xx answer, as much of it as is wanted.

    Args:
        request: what is asked; its URL is the settings'.
        seconds: of the whole, not of each read. One read more may be waited for.
        most: bytes of the body.
        authorities: who may vouch for it over HTTPS; None takes the machine's own.

    Raises:
        HTTPError: another status; a redirect is one, too: what was sent would go to a stranger, or be lost.
        OSError: nothing in time, or what is no HTTP.
    """
    opened: list[http.client.HTTPConnection] = []
    opener = urllib.request.build_opener(_Stays, _Plain(opened), _Encrypted(opened, authorities))
    until = time.monotonic() + seconds
    cut = threading.Timer(seconds, _cut, (opened,))
    cut.daemon = True
    cut.start()
    body = bytearray()
    try:
        with opener.open(request, timeout=seconds) as answer:
            while len(body) < most and (piece := answer.read1(most - len(body))):
                body += piece
                if time.monotonic() > until:
                    break
            if len(body) < most and answer.length:
                raise http.client.IncompleteRead(bytes(body), answer.length)
        if time.monotonic() > until:  # also where the cut made a head of what had come
            raise TimeoutError(f"the answer took longer than {seconds:g} s")
    except (http.client.HTTPException, ValueError) as problem:
        raise OSError(f"no answer over HTTP: {problem!r}") from problem
    finally:
        cut.cancel()
    return bytes(body)


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A redirect is a failure."""


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, opened: list[http.client.HTTPConnection]) -> None:
        super().__init__()
        self._opened = opened

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Over a connection that can be cut."""
        return self.do_open(functools.partial(_opened, self._opened, http.client.HTTPConnection), req)


class _Encrypted(urllib.request.HTTPSHandler):
    def __init__(self, opened: list[http.client.HTTPConnection], authorities: ssl.SSLContext | None) -> None:
        super().__init__()
        self._opened, self._authorities = opened, authorities

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Likewise. The machine's own authorities take longer to load than a plain answer to come."""
        make = functools.partial(_opened, self._opened, http.client.HTTPSConnection)
        return self.do_open(make, req, context=self._authorities or ssl.create_default_context())


def _opened(
    opened: list[http.client.HTTPConnection],
    kind: type[http.client.HTTPConnection],
    host: str,
    **how: Any,  # noqa: ANN401 - urllib's own
) -> http.client.HTTPConnection:
    opened.append(kind(host, **how))
    return opened[-1]


def _cut(opened: list[http.client.HTTPConnection]) -> None:
    for connection in opened:
        with contextlib.suppress(OSError, AttributeError):  # not connected yet, or not any more
            connection.sock.shutdown(socket.SHUT_RDWR)
