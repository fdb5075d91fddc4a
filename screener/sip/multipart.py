"""Bodies of several parts (RFC 2046, 5621), as senders really write them.

Read line by line, each line once: a boundary that is missing from the header or from the end, bare line feeds, odd
or missing part headers and any order of parts cost nothing.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from screener.sip.address import parse_params
from screener.sip.message import MAX_LINE, Message

MAX_PARTS = 16
"""Of one body; further ones are passed over."""
MAX_LINES = 2000
"""Of one body: one that is nothing but line ends is no body."""
BOUNDARY = "screener-part"


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        kind: its content type in lower case, without parameters; empty when it says none.
        disposition: likewise of Content-Disposition (`session`, `recording-session`).
        body: its bytes as they came.
    """

    kind: str
    disposition: str
    body: bytes


def parts(message: Message) -> tuple[Part, ...]:
    """The parts of a multipart body, or the whole body as the only one; none for an empty one or endless lines."""
    header = message.headers.get("Content-Type")
    kind = _token(header)
    if not message.body.strip():
        return ()
    if not kind.startswith("multipart/"):
        return (Part(kind, _token(message.headers.get("Content-Disposition")), message.body),)
    if message.body.count(b"\n") > MAX_LINES:
        return ()
    named = parse_params(header.partition(";")[2]).get("boundary", "").strip('"')
    return tuple(_read(message.body, named.encode("utf-8", "surrogateescape")))


def part(message: Message, *kinds: str) -> bytes | None:
    """The body, or the part of it, that is of one of these types; None when there is none."""
    return next((found.body for found in parts(message) if found.kind in kinds), None)


def serialize(found: Sequence[Part], boundary: str = BOUNDARY) -> bytes:
    """A body of these parts, for `multipart/mixed;boundary=…`."""
    pieces: list[bytes] = []
    for one in found:
        head = [f"Content-Type: {one.kind}"] * bool(one.kind)
        head += [f"Content-Disposition: {one.disposition}"] * bool(one.disposition)
        pieces.append("\r\n".join([f"--{boundary}", *head, "", ""]).encode() + one.body + b"\r\n")
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()


def _read(body: bytes, boundary: bytes) -> Iterator[Part]:
    for lines in islice(_pieces(body, boundary), MAX_PARTS):
        if (found := _part(lines)) is not None:
            yield found


def _pieces(body: bytes, boundary: bytes) -> Iterator[list[bytes]]:
    """The lines between the delimiters; what comes before the first and after the last is left out."""
    now: list[bytes] | None = None
    for line in io.BytesIO(body):  # a CR alone ends no line
        said = line.rstrip()
        if not boundary and now is None and said.startswith(b"--") and len(said) > 2:
            boundary = said[2:]  # the header named none
        if boundary and said in (b"--" + boundary, b"--" + boundary + b"--"):
            if now is not None:
                yield now
            if said.endswith(b"--") and said != b"--" + boundary:
                return
            now = []
        elif now is not None:
            now.append(line)
    if now:  # the closing delimiter is missing
        yield now


def _part(lines: list[bytes]) -> Part | None:
    headers: dict[str, str] = {}
    size = 0
    for number, line in enumerate(lines):
        size += len(line)
        if not line.strip():
            body = b"".join(lines[number + 1 :])
            body = body[:-2] if body.endswith(b"\r\n") else body.removesuffix(b"\n")  # that is the delimiter's
            return Part(
                _token(headers.get("content-type", "")), _token(headers.get("content-disposition", "")), body
            )
        if size > MAX_LINE:
            return None
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return None


def _token(header: str) -> str:
    return header.partition(";")[0].strip().lower()
