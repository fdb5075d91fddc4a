"""An example of the other end of `[webhook]`: checks a message, and says what was done with the caller.

    python3 receiver.py webhook.secret 8443      # behind a server that has the certificate

Put the phone system's own way of moving a call in the place of `move`. Standard library only.
"""

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DONE: dict[str, str] = {}
"""Decisions by message: Screener sends a message again when it has not heard our answer."""


def move(flag: Mapping[str, object]) -> bool:
    """Bring the caller of `session` (or `number`, `agent`) to `to`; whether the agent's line is free now."""
    sys.stderr.write(f"to be moved: {flag['session']!r} of {flag['agent']!r} to {flag['to']!r}\n")
    return False


def is_signed(secret: str, header: str, body: bytes, now: float) -> bool:
    """Whether a message is Screener's and not older than five minutes."""
    said = dict(part.partition("=")[::2] for part in header.split(","))
    if not said.get("t", "").isdigit() or abs(now - int(said["t"])) > 300:
        return False
    made = hmac.new(secret.encode(), said["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made, said.get("v1", ""))


def answer(body: bytes) -> bytes:
    """What is said to a message: `moved`, `stays`, or `genuine` when a person here knows better."""
    flag = json.loads(body)
    if flag["id"] not in DONE:
        asked = bool(flag["act"]) and not flag["dry_run"]
        DONE[flag["id"]] = "moved" if asked and move(flag) else "stays"
    return json.dumps({"decision": DONE[flag["id"]], "by": "router"}).encode()


def serve(secret: str, port: int) -> ThreadingHTTPServer:
    """A server on loopback that has not begun yet."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers["Content-Length"] or 0), 65536))
            signed = is_signed(secret, self.headers["X-Screener-Signature"] or "", body, time.time())
            said = answer(body) if signed else b""
            self.send_response(200 if signed else 403)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    serve(Path(sys.argv[1]).read_text("utf-8").splitlines()[0].strip(), int(sys.argv[2])).serve_forever()
