"""deploy/console: nginx before the console, as nginx itself reads it, and with a real console behind it."""

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from screener.console.body import LIMIT
from screener.console.context import STRANGERS, ConsoleContext
from screener.console.logins import Role
from screener.console.server import ConsoleServer
from tests.console.conftest import PASSWORD, clock, context, staffed_log
from tests.server import free_port
from tests.waiting import WAIT, wait_for

__all__ = ["clock", "context", "staffed_log"]
FOLDER = Path(__file__).parents[2] / "deploy/console"
TEXT = (FOLDER / "nginx.conf").read_text("utf-8")
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="needs nginx: apt-get install nginx")
NAME = "screener.example.com"


def directives(text: str) -> list[tuple[str, ...]]:
    """The directives of a file of nginx, each with the blocks that it stands in.

    Raises:
        ValueError: a brace or a semicolon is missing.
    """
    text = re.sub(r"(?m)#.*$", "", text)
    found: list[tuple[str, ...]] = []
    blocks: list[str] = []
    rest = 0
    for end in re.finditer(r"'[^']*'|[;{}]", text):
        if end.group().startswith("'"):
            continue
        words = " ".join(text[rest : end.start()].split())
        if "\n" in text[rest : end.start()].strip():  # ours stand in one line each
            raise ValueError(words)
        rest = end.end()
        match end.group():
            case "{" if words:
                blocks.append(words)
            case ";" if (words and blocks) or words.startswith("log_format"):
                found.append((*blocks, words))
            case "}" if blocks and not words:
                blocks.pop()
            case _:
                raise ValueError(words)
    if blocks or text[rest:].strip():
        raise ValueError(text[rest:])
    return found


def test_the_file_is_whole_and_says_what_the_console_needs() -> None:
    found = directives(TEXT)
    within = [one[-1] for one in found if one[:-1] == ("server", "location /")]
    assert {
        "proxy_pass http://screener",
        "proxy_buffering off",
        "proxy_set_header Host $http_host",
        "proxy_set_header X-Forwarded-For $remote_addr",
        "proxy_set_header X-Forwarded-Proto $scheme",
    } <= set(within)
    assert ("upstream screener", "server 127.0.0.1:8700") in found
    assert ("server", f"client_max_body_size {LIMIT // 1024}k") in found
    (form,) = [one[-1] for one in found if one[-1].startswith("log_format")]
    assert "$uri" in form and "$request " not in form and "$args" not in form and "$request_uri" not in form
    for broken in (TEXT.replace("}", "", 1), TEXT.replace("off;", "off", 1), TEXT + "}"):
        with pytest.raises(ValueError):
            directives(broken)


class Proxy:
    """nginx with the example, on ports and with files of its own."""

    def __init__(self, folder: Path, console: str, path: str = "") -> None:
        self.port, self.clear = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
        subprocess.run(
            [
                *(
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                    "-nodes",
                ),
                *("-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
                *("-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"),
            ],
            check=True,
            capture_output=True,
        )
        text = TEXT.replace("/etc/ssl/screener", str(folder)).replace("/var/log/nginx", str(folder))
        text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{self.port}", text)
        text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{self.clear}", text)
        text = text.replace("127.0.0.1:8700", console).replace("location / {", f"location {path}/ {{")
        places = "".join(
            f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"pid {folder}/pid;\nworker_processes 1;\nevents {{}}\nhttp {{\n{places}access_log off;\n{text}\n}}\n"
        )
        self.command = [
            NGINX,
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
            "-e",
            str(folder / "error.log"),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([*self.command, "-g", "daemon off;"])
        wait_for(lambda: self._answers())

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=WAIT)


@needs_nginx
def test_nginx_takes_the_file(tmp_path: Path) -> None:
    proxy = Proxy(tmp_path, "127.0.0.1:8700")
    found = subprocess.run([*proxy.command, "-t"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "[warn]" not in found.stderr


@pytest.fixture
def proxy(context: ConsoleContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    context.settings = replace(context.settings, console=replace(context.settings.console, proxies=("127.0.0.1",)))
    server = ConsoleServer(context, port=0)
    server.start()
    made = Proxy(tmp_path_factory.mktemp("nginx"), server.address.removeprefix("http://").strip("/"))
    made.start()
    yield made
    made.stop()
    server.stop()


def client(proxy: Proxy, source: str = "127.0.0.1") -> httpx.Client:
    """A browser at an address of its own."""
    trusted = ssl.create_default_context()
    trusted.check_hostname, trusted.verify_mode = False, ssl.CERT_NONE
    transport = httpx.HTTPTransport(verify=trusted, local_address=source)
    return httpx.Client(
        base_url=f"https://127.0.0.1:{proxy.port}",
        transport=transport,
        headers={"host": NAME},
        timeout=WAIT,
    )


def ask(browser: httpx.Client, method: str, path: str, **more: object) -> httpx.Response:
    """With the name that the certificate has."""
    return browser.request(method, path, extensions={"sni_hostname": NAME}, **more)  # type: ignore[arg-type]


@needs_nginx
def test_below_a_path_of_a_host_with_other_pages(
    context: ConsoleContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    console = replace(context.settings.console, proxies=("127.0.0.1",), path="/screener")
    context.settings = replace(context.settings, console=console)
    server = ConsoleServer(context, port=0)
    server.start()
    address = server.address.removeprefix("http://").removesuffix("/screener/")
    made = Proxy(tmp_path_factory.mktemp("nginx"), address, "/screener")
    made.start()
    try:
        with client(made) as browser:
            data = {"name": Role.AUDITOR.value, "password": PASSWORD, "next": "/screener/health"}
            answer = ask(browser, "POST", "/screener/login", data=data)
            assert (answer.status_code, answer.headers["location"]) == (303, "/screener/health")
            assert "Path=/screener;" in answer.headers["set-cookie"]
            cookie = {"cookie": answer.headers["set-cookie"].split(";")[0]}
            page = ask(browser, "GET", "/screener/health", headers=cookie)
            links = re.findall(r' (?:href|src|action)="(/[^"]*)"', page.text)
            assert len(links) > 6 and all(link.startswith("/screener/") for link in links)
            stylesheet = ask(browser, "GET", "/screener/static/console.css")
            assert stylesheet.headers["content-type"].startswith("text/css")
            stream = browser.stream(
                "GET", "/screener/live/events", headers=cookie, extensions={"sni_hostname": NAME}
            )
            with stream as told:
                assert next(told.iter_lines()).startswith("data: ")
            host = {"host": f"{NAME}:{made.port}", **cookie}
            leads = ask(browser, "GET", "/screener/calls/", headers=host).headers["location"]
            assert leads == f"https://{NAME}:{made.port}/screener/calls", "with the port that the browser knows"
            beside = ask(browser, "GET", "/live", headers=cookie)
            assert "content-security-policy" not in beside.headers, "another page's place"
    finally:
        made.stop()
        server.stop()


@needs_nginx
def test_a_client_that_guesses_is_stopped_and_the_others_are_not(proxy: Proxy) -> None:
    with client(proxy, "127.0.0.2") as guesser, client(proxy, "127.0.0.3") as other:
        tried = []
        for n in range(int(STRANGERS) + 2):
            headers = {"authorization": f"Bearer scr_{n}", "x-forwarded-for": f"192.0.2.{n}"}
            tried.append(ask(guesser, "GET", "/api/v1/me", headers=headers).status_code)
        assert tried == [401] * int(STRANGERS) + [429] * 2, "whoever it says that it is"
        assert ask(other, "GET", "/api/v1/me", headers={"authorization": "Bearer scr_1"}).status_code == 401


@needs_nginx
def test_a_login_through_it_is_for_tls_alone_and_a_stream_comes_at_once(
    proxy: Proxy, context: ConsoleContext
) -> None:
    with client(proxy) as browser:
        data = {"name": Role.AUDITOR.value, "password": PASSWORD, "next": "/"}
        answer = ask(browser, "POST", "/login", data=data)
        assert answer.status_code == 303
        assert "secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert "server" not in answer.headers or answer.headers["server"] == "nginx"
        cookie = {"cookie": answer.headers["set-cookie"].split(";")[0]}
        stream = browser.stream("GET", "/live/events", headers=cookie, extensions={"sni_hostname": NAME})
        with stream as told:
            assert told.status_code == 200
            assert next(told.iter_lines()).startswith("data: "), "before the buffer of any proxy is full"
        asked = ask(browser, "GET", "/calls?text=%E4%BD%A0%E5%A5%BD", headers=cookie)
        assert asked.status_code == 200
    written = (Path(proxy.command[2]) / "screener.log").read_text()
    assert "GET /calls" in written and "text=" not in written and "?" not in written


@needs_nginx
def test_another_name_and_the_clear_port_lead_nowhere_else(proxy: Proxy) -> None:
    answer = httpx.get(f"http://127.0.0.1:{proxy.clear}/calls?x=1", headers={"host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{NAME}/calls?x=1")
    with client(proxy) as browser, pytest.raises(httpx.TransportError):
        browser.get("/login", extensions={"sni_hostname": "evil.example"})
