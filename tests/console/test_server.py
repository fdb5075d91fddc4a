import re
import select
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from screener.console import connections
from screener.console.context import ConsoleContext
from screener.console.server import ConsoleServer
from screener.errors import InputError, SettingsError
from screener.service import doctor
from screener.words.told import faults_told, told
from tests.console.conftest import PASSWORD
from tests.server import free_port
from tests.service.test_killed import SETTINGS, serving
from tests.sip.authority import Authority
from tests.waiting import WAIT, wait_for


def test_it_serves_and_stops(context: ConsoleContext) -> None:
    server = ConsoleServer(context, port=0)
    server.start()
    try:
        with urllib.request.urlopen(f"{server.address}login", timeout=WAIT) as answer:
            assert answer.status == 200
            assert "server" not in {name.lower() for name in answer.headers}
    finally:
        address = server.address
        server.stop()
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(address, timeout=WAIT)


@pytest.mark.parametrize(
    ("host", "proxies", "warns"),
    [("127.0.0.1", (), False), ("0.0.0.0", (), True), ("0.0.0.0", ("192.0.2.1",), False)],
)
def test_pages_that_others_reach_without_tls_are_warned_of(
    context: ConsoleContext, caplog: pytest.LogCaptureFixture, host: str, proxies: tuple[str, ...], warns: bool
) -> None:
    console = replace(context.settings.console, proxies=proxies)
    context.settings = replace(context.settings, console=console)
    server = ConsoleServer(context, host, port=0)
    server.start()
    server.stop()
    told = "the pages on 0.0.0.0 show calls, and take passwords, in clear — give [console] certificate and key"
    warned = [record.getMessage() for record in caplog.records if "in clear" in record.getMessage()]
    assert [told in line for line in warned] == [True] * warns
    assert all(faults_told(line).startswith("明文：[console] host：0.0.0.0 上的页面") for line in warned)


def test_an_open_page_does_not_keep_it_from_stopping(
    context: ConsoleContext, caplog: pytest.LogCaptureFixture
) -> None:
    server = ConsoleServer(context, port=0)
    server.start()
    with httpx.Client(base_url=server.address) as client:
        client.post("/login", data={"name": "auditor", "password": PASSWORD})
        with client.stream("GET", "/live/events") as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            server.stop()
            assert not [line for line in lines if line.startswith("event")], "it ends; the login does not"
    assert "exceeded" not in caplog.text, "nothing had to be cut off"
    assert not [record for record in caplog.records if record.exc_info]


def test_a_port_that_is_taken_is_a_clear_error(context: ConsoleContext) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        for begin in (ConsoleServer.start, lambda server: server.run(print)):
            with pytest.raises(InputError, match="cannot listen") as refused:
                begin(ConsoleServer(context, port=taken.getsockname()[1]))
            port = taken.getsockname()[1]
            assert told(str(refused.value), "zh") == (
                f"控制台无法在 127.0.0.1:{port} 监听（地址已被占用） — 改 [console] host 或 port"
            )


def test_a_certificate_without_its_key_is_a_clear_error(context: ConsoleContext, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.issue("one"), authority.issue("other")
    console = replace(context.settings.console, certificate=one.certificate.name, key=other.key.name)
    context.settings = replace(context.settings, console=console)
    with pytest.raises(SettingsError) as refused:
        ConsoleServer(context, port=0)
    assert "证书与密钥不成对" in told(refused.value.message, "zh")
    assert told(refused.value.remedy, "zh") == "改正设置 [console] 中的 certificate 与 key"
    assert not doctor.check_console(console, tmp_path).ok
    paired = replace(console, key=one.key.name)
    assert doctor.check_console(paired, tmp_path).ok
    context.settings = replace(context.settings, console=paired)
    ConsoleServer(context, port=0)


def test_the_service_serves_the_pages_too_where_the_site_wants_them(tmp_path: Path) -> None:
    port, program = free_port(), tmp_path / "log.txt"
    pages = "[console]\nwith_serve = true\nport = 0\n"
    (tmp_path / "screener.toml").write_text(SETTINGS.format(port=port) + pages)
    with serving(tmp_path, port) as service:
        said = wait_for(lambda: re.search(r"console on (http://\S+)", program.read_text()), 60, "console")
        assert urllib.request.urlopen(f"{said[1]}login", timeout=WAIT).status == 200
        service.terminate()
        assert service.wait(60) == 0


@pytest.fixture
def server(context: ConsoleContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleServer]:
    monkeypatch.setattr(connections, "CONNECTIONS", 10)
    monkeypatch.setattr(connections, "ASKING_SECONDS", 1.5)
    made = ConsoleServer(context, port=0)
    made.start()
    yield made
    made.stop()


def connected(server: ConsoleServer) -> socket.socket:
    host, _, port = server.address.strip("/").rpartition("/")[2].partition(":")
    return socket.create_connection((host, int(port)), 5)


def is_over(line: socket.socket, seconds: float) -> bool:
    """Whether the other side closes it, whatever it says before."""
    line.settimeout(seconds)
    with suppress(ConnectionError):
        try:
            while line.recv(65536):
                pass
        except TimeoutError:
            return False
    return True


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /login HTTP/1.1\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n" + FORM,
    ],
)
def test_who_is_slow_to_say_what_they_want_is_left(server: ConsoleServer, beginning: bytes) -> None:
    began = time.monotonic()
    with connected(server) as line:
        line.sendall(beginning)
        with suppress(OSError):
            while beginning and not select.select([line], [], [], 0.2)[0] and time.monotonic() < began + WAIT:
                line.sendall(b"a")
        assert is_over(line, WAIT)


def test_a_page_that_stays_open_is_not_left(server: ConsoleServer) -> None:
    with connected(server) as line:
        for _ in range(8):  # one connection, one request after the other, longer than one may take
            line.sendall(b"GET /static/report.css HTTP/1.1\r\nHost: a\r\n\r\n")
            line.settimeout(WAIT)
            got = b""
            while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < length(got):
                more = line.recv(65536)
                assert more, "it is not left"
                got += more
            time.sleep(0.3)


def length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def test_so_many_connections_and_no_more(server: ConsoleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has asked nothing for longest gives way to whoever comes: others are served at any time."""
    monkeypatch.setattr(connections, "ASKING_SECONDS", 60)
    with ExitStack() as lines:
        idle = [lines.enter_context(connected(server)) for _ in range(10)]
        time.sleep(0.2)
        with urllib.request.urlopen(f"{server.address}login", timeout=WAIT) as answer:
            assert answer.status == 200, "the eleventh"
        assert is_over(idle[0], WAIT)
        for _ in range(30):
            idle.append(lines.enter_context(connected(server)))
        assert all(is_over(line, WAIT) for line in idle[:-10])
        assert not any(is_over(line, 0.05) for line in idle[-10:]), "the newest ten stay"


def test_pages_that_are_open_give_way_to_nobody(server: ConsoleServer) -> None:
    with httpx.Client(base_url=server.address, timeout=2) as client:
        client.post("/login", data={"name": "auditor", "password": PASSWORD})
        with client.stream("GET", "/live/events") as answer, ExitStack() as lines:
            news = answer.iter_lines()
            assert next(news).startswith("data: ")
            for _ in range(40):
                lines.enter_context(connected(server))
            with suppress(httpx.ReadTimeout):  # no news, and no end
                for _ in range(3):
                    next(news)


def test_after_many_others_are_served_again(server: ConsoleServer) -> None:
    with ExitStack() as lines:
        idle = [lines.enter_context(connected(server)) for _ in range(10)]
        assert all(is_over(line, WAIT) for line in idle)
    with urllib.request.urlopen(f"{server.address}login", timeout=WAIT) as answer:
        assert answer.status == 200, "others are served again"
