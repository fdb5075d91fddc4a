"""How an alert reaches people: a signed webhook, the robots of 企业微信, 钉钉 and 飞书, e-mail."""

import base64
import hashlib
import hmac
import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict

from screener.alerts.causes import Alert
from screener.alerts.mail import post
from screener.errors import AlertError
from screener.outside.ask import ask
from screener.outside.objects import read_object
from screener.settings.alerts import Way
from screener.webhook.message import SIGNATURE, sign

SECONDS = 10.0
ANSWER_MOST = 65536


def webhook(way: Way, alert: Alert, text: str, seconds: int) -> urllib.request.Request:
    """JSON, signed as every message of ours is (`screener/webhook/message.py`)."""
    data = asdict(alert) | {"at": alert.at.isoformat(), "cause": alert.cause.value, "text": text}
    body = json.dumps(data, ensure_ascii=False).encode()
    return _request(way.url, body, {SIGNATURE: sign(way.secret, seconds, body)} if way.secret else {})


def wecom(way: Way, _alert: Alert, text: str, _seconds: int) -> urllib.request.Request:
    """企业微信: the key in its URL is the secret."""
    return _request(way.url, json.dumps({"msgtype": "text", "text": {"content": text}}).encode())


def dingtalk(way: Way, _alert: Alert, text: str, seconds: int) -> urllib.request.Request:
    """钉钉: time and signature in the URL, in milliseconds."""
    url = way.url
    if way.secret:
        stamp = str(seconds * 1000)
        digest = hmac.new(way.secret.encode(), f"{stamp}\n{way.secret}".encode(), hashlib.sha256).digest()
        sign = urllib.parse.quote_plus(base64.b64encode(digest))
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={sign}"
    return _request(url, json.dumps({"msgtype": "text", "text": {"content": text}}).encode())


def feishu(way: Way, _alert: Alert, text: str, seconds: int) -> urllib.request.Request:
    """飞书: time and signature in the body; the text to sign is the key, and nothing is signed with it."""
    data: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    if way.secret:
        digest = hmac.new(f"{seconds}\n{way.secret}".encode(), b"", hashlib.sha256).digest()
        data |= {"timestamp": str(seconds), "sign": base64.b64encode(digest).decode()}
    return _request(way.url, json.dumps(data).encode())


_REQUESTS: Mapping[str, Callable[[Way, Alert, str, int], urllib.request.Request]] = {
    "webhook": webhook, "wecom": wecom, "dingtalk": dingtalk, "feishu": feishu,
}  # fmt: skip


def send(way: Way, alert: Alert, text: str, seconds: int) -> None:
    """Send an alert one way.

    Args:
        way: which.
        alert: what.
        text: the same in words.
        seconds: since 1970, for signatures.

    Raises:
        AlertError: it was not taken.
    """
    if way.kind == "email":
        post(way, text)
        return
    request = _REQUESTS[way.kind](way, alert, text, seconds)
    try:
        said = ask(request, SECONDS, ANSWER_MOST)
    except OSError as problem:
        raise AlertError(
            f"{way.kind}: {getattr(problem, 'reason', problem)}", "look at [[alerts.ways]]"
        ) from problem
    if way.kind != "webhook" and (refused := _refusal(said)):
        raise AlertError(f"{way.kind}: {refused}", "look at [[alerts.ways]]")


def _refusal(said: bytes) -> str:
    """Robots answer 200 and say in the body that they did not take it."""
    try:
        data = read_object(said)
    except ValueError:
        return ""
    code = next((data[key] for key in ("errcode", "code", "StatusCode") if key in data), 0)
    return "" if code == 0 else str(data.get("errmsg") or data.get("msg") or code)


def _request(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> urllib.request.Request:
    given = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return urllib.request.Request(url, body, given, method="POST")  # noqa: S310 - checked by the settings
