import urllib.error
import urllib.request

import pytest

from screener.errors import SipError
from screener.operations.metrics import MetricsServer, Sample, render

SAMPLES = [
    Sample("calls", 3, "Calls up."),
    Sample("refused_total", 2, "Refused.", {"status": "503"}),
    Sample("refused_total", 1, "Refused.", {"status": 'a"b\\c\n'}),
]


def test_the_text_that_prometheus_reads():
    assert render(SAMPLES) == (
        "# HELP screener_calls Calls up.\n# TYPE screener_calls gauge\nscreener_calls 3\n"
        "# HELP screener_refused_total Refused.\n# TYPE screener_refused_total counter\n"
        'screener_refused_total{status="503"} 2\nscreener_refused_total{status="a\\"b\\\\c\\n"} 1\n'
    )


def test_it_is_served_on_loopback_and_nothing_else_is():
    server = MetricsServer(0, lambda: SAMPLES)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as page:
        assert page.read().decode() == render(SAMPLES)
        assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=5)
    with pytest.raises(SipError, match="metrics_port"):
        MetricsServer(server.port, lambda: SAMPLES)
    server.stop()
