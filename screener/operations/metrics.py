"""Figures of the running program in Prometheus' text format, and the HTTP endpoint on loopback for them."""

import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from screener.errors import SipError

log = logging.getLogger(__name__)

PREFIX = "screener_"
HOST = "127.0.0.1"
READ_SECONDS = 5.0
WHOLE_SECONDS = 10.0
"""From the connection to the end of the page, however the question trickles in."""
AT_ONCE = 16
"""Whoever asks beside so many is not heard."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure.

    Attributes:
        name: without the prefix; a counter's ends with `_total`.
        value: now.
        text: what it means, the same for all samples of a name.
        labels: that tell samples of a name apart.
    """

    name: str
    value: float
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["counter", "gauge"]:
        """Prometheus' type."""
        return "counter" if self.name.endswith("_total") else "gauge"

    def __str__(self) -> str:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in self.labels.items())
        return f"{PREFIX}{self.name}{f'{{{labels}}}' if labels else ''} {self.value:.15g}"


def render(samples: Iterable[Sample]) -> str:
    """The page that Prometheus reads (text format 0.0.4)."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    lines: list[str] = []
    for name, group in by_name.items():
        lines += [f"# HELP {PREFIX}{name} {group[0].text}", f"# TYPE {PREFIX}{name} {group[0].kind}"]
        lines += map(str, group)
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class _Few(ThreadingHTTPServer):
    """A thread for each who asks, but not for any number of them, nor for ever."""

    daemon_threads = True

    def __init__(self, *about: Any) -> None:  # noqa: ANN401 - the library's own
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._since: dict[socket.socket, float] = {}
        """Who is served, and since when."""
        super().__init__(*about)

    def process_request(self, *about: Any) -> None:  # noqa: ANN401
        if self._free.acquire(blocking=False):
            self._since[about[0]] = time.monotonic()
            super().process_request(*about)
        else:
            self.shutdown_request(about[0])

    def process_request_thread(self, *about: Any) -> None:  # noqa: ANN401
        try:
            super().process_request_thread(*about)
        finally:
            self._since.pop(about[0], None)
            self._free.release()

    def handle_error(self, *_about: Any) -> None:  # noqa: ANN401
        """Whoever leaves before the page is worth no line; the library would print a traceback."""
        if not isinstance(sys.exc_info()[1], OSError):
            log.exception("metrics: a fault of ours")

    def service_actions(self) -> None:
        """A few times a second: cut whoever takes too long."""
        now = time.monotonic()
        for line, since in list(self._since.items()):
            if now - since > WHOLE_SECONDS:
                with contextlib.suppress(OSError):  # gone by itself
                    line.shutdown(socket.SHUT_RDWR)


class MetricsServer:
    """Serves `/metrics` on loopback.

    Args:
        port: 0 takes a free one.
        samples: collected anew for every request.

    Raises:
        SipError: the port is taken.
    """

    def __init__(self, port: int, samples: Callable[[], Iterable[Sample]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = READ_SECONDS

            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                page = render(samples()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_args: object) -> None:
                """Nothing: a line every few seconds says nothing."""

        try:
            self._server = _Few((HOST, port), Handler)
        except OSError as problem:
            raise SipError(
                f"cannot serve metrics on {HOST}:{port} ({problem.strerror})", "change operations.metrics_port"
            ) from problem
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the socket and end the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
