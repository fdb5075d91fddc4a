"""A system that is asked to move callers: an HTTP server on loopback that keeps what it is sent."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from screener.webhook.message import (
    SIGNATURE,
    Disposition,
    FlagAnswer,
    FlagMessage,
    is_signed,
    parse,
    write_answer,
)

Reply = tuple[int, bytes]
MOVED = 200, write_answer(FlagAnswer(Disposition.MOVED, "router"))


def every_one_is_moved(_number: int) -> Reply:
    return MOVED


class Receiver:
    """Answers with what `reply` makes of the number of the request."""

    def __init__(self, secret: str, reply: Callable[[int], Reply] = every_one_is_moved) -> None:
        self.flags: list[FlagMessage] = []
        self.reply = reply
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert json.loads(body)
                if not is_signed(secret, self.headers[SIGNATURE], body, time.time()):
                    self.send_error(403)
                    return
                outer.flags.append(parse(body))
                status, said = outer.reply(len(outer.flags))
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/flags?site=1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
