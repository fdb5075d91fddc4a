"""What is asked of Kamailio, over a small HTTP server and a small caller on loopback."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from screener.errors import InputError, PbxError
from screener.proxy import kamailio
from screener.proxy.dialogs import ProxyDialog, serialize
from screener.proxy.kamailio import QUESTION, ReferResult, listed, move, place, refer
from screener.proxy.watch import ProxyWatch
from screener.settings.proxy import Proxy
from screener.sip.message import Headers, Request, Response, parse, respond
from tests.proxy.test_dialogs import AGENT, CALLER, ONE

HERE = ("192.0.2.20", 40000)
THERE = ("192.0.2.50", 5060)


class Lists(BaseHTTPRequestHandler):
    status = 200
    body = serialize([ONE])
    asked: bytes = b""

    def do_POST(self) -> None:
        type(self).asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status if self.headers["Authorization"] == "Bearer s3cret" else 403)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), type("Own", (Lists,), {}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def settings(server: HTTPServer, secret: str = "s3cret") -> Proxy:
    return Proxy(url=f"http://127.0.0.1:{server.server_address[1]}/calls", secret=secret)


def test_the_list(server: HTTPServer) -> None:
    assert listed(settings(server), "127.0.0.1") == (ONE,)
    assert server.RequestHandlerClass.asked == QUESTION  # type: ignore[attr-defined]


def test_no_list(server: HTTPServer) -> None:
    with pytest.raises(PbxError, match="answers 403"):
        listed(settings(server, "guessed"), "")
    server.RequestHandlerClass.body = b"<html>"  # type: ignore[attr-defined]
    with pytest.raises(PbxError, match="not a list"):
        listed(settings(server), "")
    where = settings(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(PbxError, match="does not list"):
        listed(where, "")


@pytest.mark.parametrize(
    ("text", "found"),
    [("a", ("a", 7)), ("a:9", ("a", 9)), ("[::1]:9", ("::1", 9)), ("[::1]", ("::1", 7)), ("", ("", 7))],
)
def test_place(text: str, found: tuple[str, int]) -> None:
    assert place(text, 7) == found


def test_the_refer_is_one_of_the_agent_s_own() -> None:
    request = refer(replace(ONE, caller=replace(CALLER, routes="<sip:edge;lr>")), "sip:analysis@pbx", HERE, THERE)
    again = parse(request.serialize())
    assert isinstance(again, Request)
    assert (again.method, again.uri, again.call_id, again.cseq) == (
        "REFER",
        CALLER.contact,
        "call-1",
        (0, "REFER"),
    )
    assert (again.from_.tag, again.to.tag) == (AGENT.tag, CALLER.tag)
    assert again.headers.values("Route") == ["<sip:192.0.2.50:5060;lr>", "<sip:edge;lr>"]
    assert again.headers.get("Refer-To") == "<sip:analysis@pbx>"
    sent_before = replace(ONE, callee=replace(AGENT, cseq=7))
    assert refer(sent_before, "sip:x", HERE, THERE).cseq == (8, "REFER")


@pytest.mark.parametrize("name", ["a\r\nX: 1", "a b", "a>", 'a"', ""])
def test_names_that_no_message_can_hold(name: str) -> None:
    for wrong in (replace(ONE, call_id=name), replace(ONE, caller=replace(CALLER, contact=name))):
        with pytest.raises(InputError):
            refer(wrong, "sip:x", HERE, THERE)


class Listener:
    """Fails about the first call."""

    def __init__(self) -> None:
        self.begun_calls: list[str] = []
        self.looks = 0

    def begun(self, dialog: ProxyDialog) -> None:
        self.begun_calls.append(dialog.call_id)
        if dialog.call_id == "call-0":
            raise RuntimeError("a fault of ours")

    def over(self, _dialog: ProxyDialog) -> None: ...

    def look(self, _now: float) -> None:
        self.looks += 1


def test_what_fails_about_one_call_is_no_others_fault_and_one_that_cannot_be_read_is_said_once(
    server: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    dialogs = [replace(ONE, call_id=f"call-{number}") for number in range(3)]
    body = serialize(dialogs).replace(b'"from_uri"', b'"other"', 2).replace(b'"other"', b'"from_uri"', 1)
    server.RequestHandlerClass.body = body  # type: ignore[attr-defined]
    listener = Listener()
    watch = ProxyWatch(replace(settings(server), rtpengine=()), "127.0.0.1", listener)
    for _ in range(2):
        watch._look()
    assert listener.begun_calls == ["call-0", "call-2"]
    assert listener.looks == 2
    assert caplog.text.count("of call-1") == 1
    assert {s.name: s.value for s in watch.samples()}["proxy_unread_total"] == 1


class Proxied:
    """The proxy with the caller behind it."""

    def __init__(self, *said: int | str, pause: float = 0.0) -> None:
        self.said, self._pause = said, pause
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.refers = 0
        self.answers: list[int] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                data, source = self.socket.recvfrom(65535)
            except OSError:
                return
            message = parse(data)
            if isinstance(message, Response):
                self.answers.append(message.status)
                continue
            self.refers += 1
            if self.refers > 1:
                continue
            for said in self.said:
                time.sleep(self._pause)
                answer = respond(message, said) if isinstance(said, int) else self._notify(message, said)
                with contextlib.suppress(OSError):  # nobody waits for it any more
                    self.socket.sendto(answer.serialize(), source)

    @staticmethod
    def _notify(refer: Request, fragment: str) -> Request:
        headers = Headers([(name, refer.headers.get(name)) for name in ("Via", "From", "To", "Call-ID")])
        headers.add("CSeq", "9 NOTIFY")
        return Request(headers, fragment.encode(), "NOTIFY", "sip:x")

    def move(self, dialog: ProxyDialog = ONE) -> ReferResult:
        try:
            return move(dialog, "sip:analysis@pbx", self.socket.getsockname()[:2], "127.0.0.1")
        finally:
            self.socket.close()


@pytest.mark.parametrize(
    ("said", "moved"),
    [
        ((100, 202, "SIP/2.0 100 Trying\r\n", "SIP/2.0 200 OK\r\n"), ReferResult(ok=True)),
        (("SIP/2.0 200 OK",), ReferResult(ok=True)),
        (("SIP/2.0 200 OK", "SIP/2.0 100 Trying", 202), ReferResult(ok=True)),  # by two ways through the proxy
        ((202, "SIP/2.0 486 Busy Here\r\n"), ReferResult(ok=False, why="the target answers 486")),
        ((603,), ReferResult(ok=False, why="the caller's system answers 603")),
    ],
)
def test_what_becomes_of_it(said: tuple[int | str, ...], moved: ReferResult) -> None:
    assert Proxied(*said).move() == moved


@pytest.mark.parametrize("said", [100, "SIP/2.0 183 Session Progress"])
def test_who_says_for_ever_that_it_is_tried_is_given_up(said: int | str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's system that trickles holds no thread, and the call is not judged by what comes much later."""
    monkeypatch.setattr(kamailio, "REPEATS", (0.1, 0.1))
    monkeypatch.setattr(kamailio, "FIRST_NOTIFY_SECONDS", 0.3)
    monkeypatch.setattr(kamailio, "NOTIFY_SECONDS", 0.3)
    first = (202,) if isinstance(said, str) else ()
    proxied = Proxied(*first, *([said] * 40), 202, "SIP/2.0 200 OK", pause=0.05)
    assert not proxied.move().ok


@pytest.mark.waits
def test_nobody_answers_or_says_what_became_of_it() -> None:
    silent = Proxied()
    assert silent.move() == ReferResult(ok=False, why="nobody answers the REFER")
    assert silent.refers == 4
    assert Proxied(202).move() == ReferResult(ok=False, why="nobody says what became of the caller")
