"""Alerts reach a server of the tests' own, signed, once, and never hold a call up."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse
from zoneinfo import ZoneInfo

import pytest

from screener.alerts import mail
from screener.alerts.causes import Alert, Cause, Causes
from screener.alerts.outbox import WAITING, Outbox
from screener.alerts.ways import send
from screener.backoff import Backoff
from screener.core.actions import Decided
from screener.core.evidence import Assessment, Decision, Kind, Treatment, Verdict
from screener.errors import AlertError
from screener.events import CallControl, Caller, CallOffered, Ordered, RecognizerLost
from screener.settings.alerts import Alerts, Way
from screener.settings.sections import Site
from screener.webhook.message import TOLERANCE_SECONDS, is_signed
from screener.words.alerts import told
from tests.alerts.mailbox import mailbox
from tests.waiting import wait_for

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
ALERT = Alert(Cause.THREAT, NOON, "call-1", "+86138****00", "+864008001234")
OFFER = CallOffered("call-1", NOON, NOON, Caller("+8613800138000"), "+864008001234")


class Peer:
    """Takes POSTs; answers with what is next in `answers`, else 200 and `{"errcode": 0}`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                peer.got.append((self.path, dict(self.headers), body))
                status, answer = peer.answers.pop(0) if peer.answers else (200, b'{"errcode": 0, "code": 0}')
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_webhook_is_signed_and_says_what_happened(peer: Peer) -> None:
    send(Way("webhook", peer.url, "s3cret"), ALERT, "威胁", 1772596800)
    ((_, headers, body),) = peer.got
    signature = headers["X-Screener-Signature"]
    assert is_signed("s3cret", signature, body, 1772596800)
    assert not is_signed("s3cret", signature, body, 1772596800 + TOLERANCE_SECONDS + 1), "sent again later"
    assert not is_signed("s3cret", signature, body.replace(b"call-1", b"call-2"), 1772596800)
    data = json.loads(body)
    assert (data["cause"], data["call"], data["number"], data["text"]) == (
        "threat",
        "call-1",
        "+86138****00",
        "威胁",
    )


def test_the_robots_get_what_they_ask_for(peer: Peer) -> None:
    send(Way("wecom", peer.url), ALERT, "甲", 1)
    send(Way("dingtalk", peer.url, "key"), ALERT, "乙", 7)
    send(Way("feishu", peer.url, "key"), ALERT, "丙", 9)
    (_, _, first), (path, _, second), (_, _, third) = peer.got
    assert json.loads(first) == {"msgtype": "text", "text": {"content": "甲"}}
    asked = parse_qs(urlparse(path).query)
    sign = base64.b64encode(hmac.new(b"key", b"7000\nkey", hashlib.sha256).digest()).decode()
    assert (asked["timestamp"], asked["sign"]) == (["7000"], [sign])
    assert json.loads(second)["text"]["content"] == "乙"
    sign = base64.b64encode(hmac.new(b"9\nkey", b"", hashlib.sha256).digest()).decode()
    assert json.loads(third) == {
        "msg_type": "text", "content": {"text": "丙"}, "timestamp": "9", "sign": sign,
    }  # fmt: skip


def test_a_refusal_in_the_body_is_a_refusal(peer: Peer) -> None:
    peer.answers = [(200, b'{"errcode": 310000, "errmsg": "sign not match"}')]
    with pytest.raises(AlertError, match="sign not match"):
        send(Way("dingtalk", peer.url, "key"), ALERT, "x", 1)
    peer.answers = [(500, b"")]
    with pytest.raises(AlertError):
        send(Way("webhook", peer.url), ALERT, "x", 1)


@pytest.mark.parametrize("answer", [b"5", b'["code"]', b'"errcode"', b"[" * 6000, b"\xff", b""])
def test_a_strange_answer_ends_nothing(peer: Peer, answer: bytes) -> None:
    peer.answers.append((200, answer))
    send(Way("wecom", peer.url), ALERT, "威胁", 1772596800)


def test_a_fault_of_a_way_costs_one_alert_and_not_the_way() -> None:
    sent: list[Alert] = []

    def sender(_way: Way, alert: Alert, _text: str, _seconds: int) -> None:
        sent.append(alert)
        if len(sent) == 1:
            raise TypeError("not foreseen")

    outbox = Outbox(
        Alerts(ways=(Way("webhook", "http://127.0.0.1/"),)), Site("x", language="en"), lambda: NOON, sender
    )
    outbox.start()
    outbox.put(ALERT)
    outbox.put(ALERT)
    wait_for(lambda: (outbox.lost, outbox.sent) == (1, 1))
    outbox.stop()


def test_e_mail_is_handed_to_the_mail_server() -> None:
    with mailbox() as box:
        send(Way("email", box.place, sender="a@example.org", to=("b@example.org",)), ALERT, "threat\nmore", 1)
    assert box.to == ["b@example.org"]
    assert (box.mails[0]["subject"], box.mails[0].get_content().split()) == ("threat", ["threat", "more"])


def test_what_is_not_taken_is_sent_again_and_only_wanted_causes_go(peer: Peer) -> None:
    peer.answers = [(500, b""), (503, b"")]
    ways = (Way("webhook", peer.url), Way("webhook", peer.url + "2", causes=("burst",)))
    outbox = Outbox(Alerts(ways=ways), Site("某中心"), lambda: NOON, retry=Backoff(0.01, 0.01))
    outbox.start()
    outbox.put(ALERT)
    wait_for(lambda: outbox.sent == 1)
    outbox.stop()
    assert [path for path, _, _ in peer.got] == ["/hook"] * 3
    assert "[某中心] 来电人威胁" in json.loads(peer.got[-1][2])["text"]
    assert outbox.lost == 0


def test_the_outbox_is_bounded_and_putting_never_waits() -> None:
    outbox = Outbox(Alerts(ways=(Way("webhook", "http://127.0.0.1:9/"),)), Site("x", language="en"), lambda: NOON)
    for _ in range(WAITING + 5):  # nobody sends: it was not started
        outbox.put(ALERT)
    assert outbox.lost == 5


def decision(kind: Kind | None, verdict: Verdict = Verdict.HARASSMENT, emergency: bool = False) -> Decided:
    return Decided(
        Decision(verdict, kind, Treatment.NONE, 1.0, 1.0, Assessment(1.0, 2.0, kind, ()), emergency=emergency)
    )


def test_what_is_worth_an_alert() -> None:
    got: list[Alert] = []
    now = [NOON]
    causes = Causes(Alerts(burst_calls=3, burst_seconds=60, deaf_calls=2), got.append, lambda: now[0])

    def see(call: str, item: object) -> None:
        causes.observe(call, OFFER, item, 1.0)  # type: ignore[arg-type]

    see("a", decision(Kind.THREAT))
    see("a", decision(Kind.THREAT))
    see("b", decision(None, Verdict.GENUINE, emergency=True))
    assert [alert.cause for alert in got] == [Cause.THREAT, Cause.EMERGENCY], "each once a call"
    assert "138****" in got[0].number or "****" in got[0].number
    see("c", decision(Kind.LEWD))
    see("d", decision(Kind.LEWD))
    assert got[-1].cause is Cause.BURST and got[-1].count == 3
    now[0] += timedelta(seconds=61)
    see("e", decision(Kind.LEWD))
    see("f", RecognizerLost("x", 1.0))
    assert got[-1].cause is Cause.BURST and len(got) == 3, "the window has passed"
    see("g", RecognizerLost("x", 1.0))
    assert got[-1].cause is Cause.DEAF
    see("h", Ordered(CallControl.LINE_FAULT, "李坐席", 1.0))
    see("h", Ordered(CallControl.SUPERVISOR, "李坐席", 1.0))
    assert (got[-1].cause, got[-1].call, got[-1].by) == (Cause.ASKED, "h", "李坐席")


@contextmanager
def mail_server(act: Callable[[socket.socket], None]) -> Iterator[str]:
    """A mail server that does as it likes; host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    act(connection)

        threading.Thread(target=take, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("said", [b"220-on and on\r\n", b"2"])
def test_a_mail_server_that_never_comes_to_the_point_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(mail, "WITHIN_SECONDS", 0.5)

    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(said)
            time.sleep(0.05)

    with mail_server(drip) as place, pytest.raises(AlertError, match="email"):
        send(Way("email", place, sender="a@example.org", to=("b@example.org",)), ALERT, "threat", 1)


def test_a_reply_without_end_is_not_read_to_its_end() -> None:
    def flood(connection: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection.sendall(b"220-on and on\r\n" * 1000)

    with mail_server(flood) as place, pytest.raises(AlertError, match="without end"):
        send(Way("email", place, sender="a@example.org", to=("b@example.org",)), ALERT, "threat", 1)


def test_what_a_caller_wrote_is_no_header_and_no_fault_of_a_mail() -> None:
    with mailbox() as box:
        way = Way("email", box.place, sender="a@example.org", to=("b@example.org",))
        send(way, ALERT, "threat \rBcc: x@evil.example\udcff\x1b[2J\nmore \udcff\x1b[2J\r\n.\r\nQUIT", 1)
    assert box.to == ["b@example.org"]
    (one,) = box.mails
    assert one["bcc"] is None and "\x1b" not in one.get_content() + one["subject"]
    assert "QUIT" in one.get_content()


def test_an_alert_says_when_by_the_sites_own_clock() -> None:
    text = told("asked", "zh", "某中心", ZoneInfo("Asia/Shanghai"), NOON, "", "", 0, "")
    assert text == "[某中心] 请主管查看来电 2026-03-04 12:00:00"
