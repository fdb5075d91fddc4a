"""Messages out of a TCP stream (RFC 3261 18.3): the head ends with an empty line, Content-Length says the rest."""

import re

from screener.errors import SipParseError
from screener.sip.message import MAX_BYTES

_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$")
PING, PONG = b"\r\n\r\n", b"\r\n"
"""Keep-alive of RFC 5626 3.5.1 and its answer."""


class Framer:
    """The bytes of one connection, cut into messages. Holds one message at most."""

    def __init__(self) -> None:
        self._buffer = b""
        self.pings = 0
        """Keep-alives that want an answer, taken by who answers them."""

    @property
    def waiting(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what came; the messages that are whole now.

        Raises:
            SipParseError: a message is too large, or says no length: the stream cannot be read any further.
        """
        self._buffer += data
        messages: list[bytes] = []
        while True:
            self._skip_empty_lines()
            head = re.search(rb"\r?\n\r?\n", self._buffer)
            if head is None:
                break
            length = _LENGTH.search(self._buffer, 0, head.end())
            if length is None:
                raise SipParseError("no Content-Length on a stream")
            end = head.end() + int(length[1])
            if end > MAX_BYTES:
                raise SipParseError(f"{end} bytes")
            if len(self._buffer) < end:
                return messages
            messages.append(self._buffer[:end])
            self._buffer = self._buffer[end:]
        if len(self._buffer) > MAX_BYTES:
            raise SipParseError("a head without an end")
        return messages

    def _skip_empty_lines(self) -> None:
        while self._buffer.startswith(PING):
            self._buffer = self._buffer[len(PING) :]
            self.pings += 1
        stripped = self._buffer.lstrip(b"\r\n")
        if stripped:
            self._buffer = stripped
