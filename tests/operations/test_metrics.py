import logging
import select
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress

import pytest

from screener.errors import SipError
from screener.operations import metrics
from screener.operations.metrics import AT_ONCE, MetricsServer, Sample, render
from tests.waiting import ENOUGH, WAIT, wait_for

SAMPLES = [
    Sample("calls", 1234567, "Calls up."),
    Sample("refused_total", 2, "Refused.", {"status": "503"}),
    Sample("refused_total", 1, "Refused.", {"status": 'a"b\\c\n'}),
]


def test_the_text_that_prometheus_reads():
    assert render(SAMPLES) == (
        "# HELP screener_calls Calls up.\n# TYPE screener_calls gauge\nscreener_calls 1234567\n"
        "# HELP screener_refused_total Refused.\n# TYPE screener_refused_total counter\n"
        'screener_refused_total{status="503"} 2\nscreener_refused_total{status="a\\"b\\\\c\\n"} 1\n'
    )


def is_told(server: MetricsServer) -> bool:
    """Whether the page is had: a thread that has just let somebody go is free a moment later."""
    with (
        suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=WAIT) as page,
    ):
        return page.status == 200
    return False


def test_it_is_served_on_loopback_and_nothing_else_is():
    server = MetricsServer(0, lambda: SAMPLES)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=WAIT) as page:
        assert page.read().decode() == render(SAMPLES)
        assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=WAIT)
    with pytest.raises(SipError, match="metrics_port"):
        MetricsServer(server.port, lambda: SAMPLES)
    server.stop()


def test_whoever_asks_and_says_nothing_takes_so_many_threads_and_no_more(monkeypatch: pytest.MonkeyPatch):
    for limit in ("READ_SECONDS", "WHOLE_SECONDS"):
        monkeypatch.setattr(metrics, limit, ENOUGH)
    server = MetricsServer(0, lambda: SAMPLES)
    before = threading.active_count()
    with ExitStack() as lines:
        asking = [
            lines.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(4 * AT_ONCE)
        ]
        wait_for(lambda: len(select.select(asking, [], [], 0)[0]) == 3 * AT_ONCE, what="end of those beyond")
        assert threading.active_count() - before <= AT_ONCE
    wait_for(lambda: is_told(server), what="page once they have left")
    server.stop()


def test_a_question_that_trickles_in_holds_nobody_up_for_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metrics, "WHOLE_SECONDS", 1.0)
    server = MetricsServer(0, lambda: SAMPLES)
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(AT_ONCE)]
        until, cut = time.monotonic() + WAIT, 0
        while cut < AT_ONCE and time.monotonic() < until:
            time.sleep(0.2)
            cut = 0
            for line in lines:  # every one goes on talking, well within the time of one read
                try:
                    line.sendall(b"G")
                except OSError:
                    cut += 1
        assert cut == AT_ONCE
        wait_for(lambda: is_told(server), what="page once they are cut")
    server.stop()


def test_who_leaves_before_the_page_is_worth_no_line(
    capfd: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
):
    asked, left = threading.Event(), threading.Event()

    def samples() -> list[Sample]:
        asked.set()
        left.wait(WAIT)
        return SAMPLES * 10_000

    server = MetricsServer(0, samples)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert asked.wait(WAIT)
    left.set()
    wait_for(lambda: not server._server._since)
    server.stop()
    assert "Traceback" not in capfd.readouterr().err
    assert not caplog.records


def test_a_fault_of_ours_is_said(caplog):
    def samples() -> list[Sample]:
        raise ValueError("ours")

    server = MetricsServer(0, samples)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert line.recv(100) == b""
    server.stop()
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.ERROR, "metrics: a fault of ours")
    ]
