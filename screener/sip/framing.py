"""Messages out of a TCP stream (RFC 3261 18.3): the head ends with an empty line, Content-Length says the rest."""

import re

from screener.errors import SipParseError
from screener.sip.message import MAX_BYTES, MAX_HEAD

_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:([^\n]*)")
_DIGITS = re.compile(rb"[0-9]{1,6}")
_END = re.compile(rb"\r?\n\r?\n")
PING, PONG = b"\r\n\r\n", b"\r\n"
"""Keep-alive of RFC 5626 3.5.1 and its answer."""


class SipFramer:
    """The bytes of one connection, cut into messages. Holds one message at most, looks at no byte of it twice."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        """Bytes of the buffer in which the head does not end."""
        self._length = 0
        """Of the message that has begun, once its head is here."""
        self.pings = 0
        """Keep-alives that want an answer, taken by who answers them."""

    @property
    def waiting(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what came; the messages that are whole now.

        Raises:
            SipParseError: a message is too large, or says no length or two: the stream cannot be read any further.
        """
        self._buffer += data
        messages: list[bytes] = []
        while length := self._whole():
            messages.append(bytes(self._buffer[:length]))
            del self._buffer[:length]
            self._searched = self._length = 0
        return messages

    def _whole(self) -> int:
        """Length of the message that the buffer begins with; 0 while it is not whole."""
        if not self._length:
            self._skip_empty_lines()
            head = _END.search(self._buffer, max(0, self._searched - 3))
            self._searched = len(self._buffer) if head is None else head.end()
            if self._searched > MAX_HEAD:
                raise SipParseError(f"a head of {self._searched} bytes")
            if head is None:
                return 0
            self._length = head.end() + self._content_length(head.end())
        return self._length if len(self._buffer) >= self._length else 0

    def _content_length(self, end: int) -> int:
        values = [match[1].strip() for match in _LENGTH.finditer(self._buffer, 0, end)]
        if len(values) != 1 or not _DIGITS.fullmatch(values[0]):
            raise SipParseError(f"{len(values)} Content-Length on a stream, or one that is none")
        if end + int(values[0]) > MAX_BYTES:
            raise SipParseError(f"{int(values[0])} bytes")
        return int(values[0])

    def _skip_empty_lines(self) -> None:
        if not self._buffer.startswith((b"\r", b"\n")):
            return
        end = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        empty = bytes(self._buffer[:end])
        self.pings += empty.count(PING)
        half = empty.rpartition(PING)[2][-3:] if end == len(self._buffer) else b""  # the rest may yet come
        self._buffer[:end] = half
        self._searched = 0
