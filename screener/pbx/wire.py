"""Bytes of a manager connection to messages: each a list of `Name: value` lines, and an empty line.

Asterisk writes what a caller sent into such lines as it came, so a caller can end a line, and a message, early.
What is torn by that is left out here: a message begins as Asterisk begins one and has every name once. What a
torn message could still be made to look like, `messages` measures by the shape of each event, and `switchboard`
asks Asterisk itself.
"""

from collections.abc import Iterator, Mapping

from screener.errors import PbxError

Fields = Mapping[str, str]
"""One message: names in lower case, as their case means nothing, in the order in which they came."""

MOST_BYTES = 256 * 1024
"""A message that is longer, or a line without end, is no Asterisk's."""
MOST_LINES = 1000
"""Likewise; the longest event has fewer than a hundred."""
_END = b"\r\n\r\n"
_BEGINS = (b"event:", b"response:", b"asterisk ")
_MANY = frozenset({"chanvariable", "destchanvariable", "variable", "output"})
"""Names that a message may have many of; none is of interest."""


class AmiFramer:
    """Cuts a stream into messages; what is torn is left out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._looked = 0

    def feed(self, data: bytes) -> Iterator[Fields]:
        """Take what has come; gives each message that is whole.

        Raises:
            PbxError: no message is that long; the connection is of no more use.
        """
        self._buffer += data
        if self._buffer.find(_END, self._looked) >= 0:
            *blocks, rest = bytes(self._buffer).split(_END)
            self._buffer = bytearray(rest)
            for block in filter(None, blocks):
                if fields := parse(block):
                    yield fields
        self._looked = max(0, len(self._buffer) - len(_END) + 1)
        if len(self._buffer) > MOST_BYTES:
            raise PbxError(f"a message of the manager interface has more than {MOST_BYTES} bytes")


def parse(block: bytes) -> Fields | None:
    """The fields of one message; None for what Asterisk does not write."""
    if not block[:9].lower().startswith(_BEGINS) or block.count(b"\r\n") > MOST_LINES:
        return None
    lines = block.decode("utf-8", "replace").split("\r\n")
    if lines[0].startswith("Asterisk Call Manager/"):
        del lines[0]
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if name in _MANY:
            continue
        if not colon or name in fields:
            return None
        fields[name] = value.removeprefix(" ")
    first = next(iter(fields), "")
    return fields if first == "event" or (first == "response" and "event" not in fields) else None


def serialize(fields: Fields) -> bytes:
    """A message as Asterisk writes it; `parse` reads it."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("utf-8", "replace") + b"\r\n"
