r"""Bytes of an event socket to messages, and back (mod_event_socket).

A message is lines `Name: value`, an empty line, and as many bytes as `Content-Length` says. The body of
`text/event-plain` is lines of the same kind, their values percent-encoded, so that nothing a caller sent can end a
line; an event may have a body of its own::

    Content-Length: 582\nContent-Type: text/event-plain\n\nEvent-Name: CHANNEL_BRIDGE\nUnique-ID: 8e3c…\n…\n\n
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from screener.errors import PbxError

MOST_BYTES = 8_000_000
"""A message that is longer, or a head without end, is no FreeSWITCH's; the list of a thousand channels has one."""
_END = b"\n\n"
EVENT = "text/event-plain"

EslFields = Mapping[str, str]
"""Of a head or an event, by their names in lower case."""


@dataclass(frozen=True, slots=True)
class EslMessage:
    """One message.

    Attributes:
        head: `content-type` and what goes with it.
        body: as it came.
    """

    head: EslFields
    body: bytes = field(default=b"")

    @property
    def kind(self) -> str:
        """What the head says that it is."""
        return self.head.get("content-type", "")


@dataclass(frozen=True, slots=True)
class EslEvent:
    """One event: its fields, decoded, and the body that it may have."""

    fields: EslFields
    body: str = ""


class EslFramer:
    """Cuts a stream into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[EslMessage]:
        """Take what has come; gives each message that is whole.

        Raises:
            PbxError: no message is like that; the connection is of no more use.
        """
        self._buffer += data
        while True:
            while self._buffer.startswith(b"\n"):
                del self._buffer[:1]
            end = self._buffer.find(_END)
            if end < 0:
                if len(self._buffer) > MOST_BYTES:
                    raise PbxError(f"a message of the event socket has more than {MOST_BYTES} bytes")
                return
            head = _lines(bytes(self._buffer[:end]), encoded=False)
            whole = end + len(_END) + _length(head)
            if len(self._buffer) < whole:
                return
            message = EslMessage(head, bytes(self._buffer[end + len(_END) : whole]))
            del self._buffer[:whole]
            yield message


def parse(body: bytes) -> EslEvent:
    """An event from the body of its message.

    Raises:
        PbxError: its own length makes no sense.
    """
    head, _, rest = body.partition(_END)
    fields = _lines(head, encoded=True)
    return EslEvent(fields, rest[: _length(fields)].decode("utf-8", "replace"))


def serialize(message: EslMessage) -> bytes:
    """A message as FreeSWITCH writes it; `EslFramer` reads it."""
    length = {"content-length": str(len(message.body))} if message.body else {}
    lines = "".join(f"{name}: {value}\n" for name, value in {**length, **message.head}.items())
    return lines.encode("utf-8", "replace") + b"\n" + message.body


def serialize_event(event: EslEvent) -> bytes:
    """The body of an event's message; `parse` reads it."""
    body = event.body.encode("utf-8", "replace")
    fields = {**event.fields, **({"content-length": str(len(body))} if body else {})}
    lines = "".join(f"{name}: {quote(value, safe='()*!~')}\n" for name, value in fields.items())
    return lines.encode() + b"\n" + body


def _lines(block: bytes, *, encoded: bool) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            value = value.strip(" \r")
            fields.setdefault(name.strip().lower(), unquote(value, errors="replace") if encoded else value)
    return fields


def _length(fields: EslFields) -> int:
    said = fields.get("content-length", "0")
    if not (said.isascii() and said.isdigit()) or len(said) > 7 or int(said) > MOST_BYTES:
        raise PbxError(f"the event socket says a length that makes no sense: {said[:20]!r}")
    return int(said)
