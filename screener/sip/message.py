"""SIP messages (RFC 3261) as bytes and as values.

The parser is tolerant where a PBX is sloppy: compact and folded headers, bare LF, several values in one line,
display names in UTF-8 or GBK. What it does not understand it keeps, byte for byte, so that a header that is
echoed in a response is the header that came. It takes time in proportion to the length of a message, and refuses
what is larger than any real one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from screener.errors import SipParseError
from screener.sip.address import NameAddr, Uri, Via, split_list, without_quotes

MAX_BYTES = 65_535
"""No UDP datagram is larger; a longer message is refused unread."""
MAX_HEAD = 16_384
"""Bytes of the start line and all headers; signed caller identities and long histories need a quarter of it."""
MAX_LINE = 4096
"""Bytes of one header, unfolded."""
MAX_HEADERS = 200
"""Header lines of one message; more is an attack or a mistake."""
MAX_SEPARATORS = 1000
"""Commas, semicolons, quotes and brackets of all headers."""

_COMPACT = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "e": "Content-Encoding", "f": "From",
    "i": "Call-ID", "k": "Supported", "l": "Content-Length", "m": "Contact", "o": "Event", "r": "Refer-To",
    "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires",
}  # fmt: skip
REASONS = {
    100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
    420: "Bad Extension", 422: "Session Interval Too Small", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
    505: "Version Not Supported", 603: "Decline",
}  # fmt: skip
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CALL_ID = re.compile(rb"\n(?:[Cc][Aa][Ll][Ll]-[Ii][Dd]|[Ii])[ \t]*:[ \t]*([^\s]+)[ \t]*\r?\n")


class Headers:
    """Header lines in order; names compare without case and compact names are spelled out.

    Values are `str` whose foreign bytes are kept as surrogates: see `address.decode_text`.
    """

    __slots__ = ("lines",)

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self.lines = list(lines)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def all(self, name: str) -> list[str]:
        """Every line of that name, whole."""
        wanted = name.lower()
        return [value for key, value in self.lines if key.lower() == wanted]

    def get(self, name: str, default: str = "") -> str:
        """The first line of that name."""
        return next(iter(self.all(name)), default)

    def values(self, name: str) -> list[str]:
        """Every value of a header that is a comma-separated list."""
        return [part for line in self.all(name) for part in split_list(line)]

    def add(self, name: str, value: str) -> None:
        """Append a line."""
        self.lines.append((name, value))

    def replace(self, name: str, values: Iterable[str]) -> None:
        """Put these lines where the first of that name stood."""
        wanted = name.lower()
        keys = [key.lower() for key, _ in self.lines]
        at = keys.index(wanted) if wanted in keys else len(keys)
        rest = [line for line in self.lines[at:] if line[0].lower() != wanted]
        self.lines[at:] = [*((name, value) for value in values), *rest]


@dataclass(frozen=True, slots=True)
class Message:
    """What requests and responses share. Typed views raise SipParseError when the header is missing or wrong."""

    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def call_id(self) -> str:
        """Call-ID, empty when missing."""
        return self.headers.get("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of CSeq."""
        number, _, method = self.headers.get("CSeq").strip().partition(" ")
        if not (number.isascii() and number.isdigit() and len(number) <= 10 and method.strip()):
            raise SipParseError(f"CSeq is {self.headers.get('CSeq')[:40]!r}")
        if int(number) >= 2**31:
            raise SipParseError(f"CSeq {number} is too large")
        return int(number), method.strip()

    @property
    def from_(self) -> NameAddr:
        """Who sent the request."""
        return NameAddr.parse(self.headers.get("From"))

    @property
    def to(self) -> NameAddr:
        """Who it is for."""
        return NameAddr.parse(self.headers.get("To"))

    @property
    def via(self) -> Via:
        """The newest hop."""
        return Via.parse(next(iter(split_list(self.headers.get("Via"))), ""))

    def _serialize(self, start: str) -> bytes:
        lines = [start, *(f"{name}: {value}" for name, value in self.headers if name.lower() != "content-length")]
        # A line stays one line, whatever came into it.
        lines = [line.replace("\r", " ").replace("\n", " ") for line in lines]
        head = "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""])
        return head.encode("utf-8", "surrogateescape") + self.body


@dataclass(frozen=True, slots=True)
class Request(Message):
    """A SIP request; `uri` as written, `version` usually `SIP/2.0`."""

    method: str = ""
    uri: str = ""
    version: str = "SIP/2.0"

    def serialize(self) -> bytes:
        """Bytes for the wire; Content-Length is counted."""
        return self._serialize(f"{self.method} {self.uri} {self.version}")


@dataclass(frozen=True, slots=True)
class Response(Message):
    """A SIP response."""

    status: int = 0
    reason: str = ""

    def serialize(self) -> bytes:
        """Bytes for the wire; Content-Length is counted."""
        return self._serialize(f"SIP/2.0 {self.status} {self.reason or REASONS.get(self.status, '')}")


def parse(data: bytes) -> Request | Response:
    """Read one datagram.

    A request that is SIP but wrong (see `fault`) still parses, so that it can be answered.

    Raises:
        SipParseError: nobody can be answered: no start line, no headers, far too large.
    """
    if len(data) > MAX_BYTES:
        raise SipParseError(f"{len(data)} bytes")
    data = data.lstrip(b"\r\n")
    end = _END.search(data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    if len(head) > MAX_HEAD or is_crowded(head):
        raise SipParseError(f"headers of {len(head)} bytes")
    cut = _LINE_END.split(_FOLD.sub(b" ", head), MAX_HEADERS + 1)
    if len(cut) > MAX_HEADERS + 1 or len(max(cut, key=len)) > MAX_LINE:
        raise SipParseError(f"{len(cut) - 1} header lines, one of {len(max(cut, key=len))} bytes")
    start, *lines = map(_decode, cut)
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and _TOKEN.fullmatch(name):
            headers.add(_COMPACT.get(name.lower(), name), value.strip())
    if not headers.lines:
        raise SipParseError("no headers")
    length = _number(headers.get("Content-Length"))
    if length is not None and length < len(body):
        body = body[:length]
    if start[:4].upper() == "SIP/":
        _, _, rest = start.partition(" ")
        status, _, reason = rest.strip().partition(" ")
        if not (status.isascii() and status.isdigit() and len(status) == 3 and "100" <= status <= "699"):
            raise SipParseError(f"status {status[:20]!r}")
        return Response(headers, body, int(status), reason)
    method, _, rest = start.partition(" ")
    uri, _, version = rest.rstrip().rpartition(" ")
    if not (_TOKEN.fullmatch(method) and version[:4].upper() == "SIP/"):
        raise SipParseError(f"start line {start[:60]!r}")
    return Request(headers, body, method, uri, version)


def peek_call_id(data: bytes) -> str:
    """The Call-ID of a message that is not read yet, for a few microseconds; empty where a glance finds none."""
    found = _CALL_ID.search(data, 0, MAX_LINE)
    return _decode(found[1]) if found else ""


SINGLE = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length")
"""Headers that may come once only."""


def fault(request: Request) -> tuple[int, str] | None:
    """What is wrong with a request, whatever it asks for: status and reason; None when nothing is."""
    headers = request.headers
    if request.version.upper() != "SIP/2.0":
        return 505, ""
    try:
        via, (_, method), _, _ = request.via, request.cseq, request.from_, request.to
    except SipParseError as problem:
        return 400, _printable(problem.message)
    if not (request.call_id and via.host):
        return 400, "Missing Call-ID"
    if method != request.method:
        return 400, "CSeq names another method"
    if any(_empty_items(line) for name in ("Via", "Contact") for line in headers.all(name)):
        return 400, "Empty parameters"
    repeated = next((name for name in SINGLE if len(headers.all(name)) > 1), "")
    if repeated:
        return 400, f"Several {repeated}"
    length = headers.get("Content-Length")
    if length and ((said := _number(length)) is None or said > len(request.body)):
        return 400, "Content-Length does not fit"
    hops = headers.get("Max-Forwards")
    if hops and ((left := _number(hops)) is None or left > 255):
        return 400, "Bad Max-Forwards"
    scheme = request.uri.partition(":")[0].lower()
    if scheme not in ("sip", "sips", "tel"):
        return (416, "") if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>]+\Z", request.uri) else (400, "Bad URI")
    try:
        uri = Uri.parse(request.uri)
    except SipParseError:
        return 400, "Bad Request-URI"
    return (400, "Headers in the Request-URI") if "?" in uri.tail else None


def _number(text: str) -> int | None:
    """What digits say, however many zeros lead them, and a very large number at most; None of other text."""
    return int(text.lstrip("0")[:9] or "0") if text.isascii() and text.isdigit() else None


def is_crowded(head: bytes) -> bool:
    """Whether there are more separators than real messages have."""
    return sum(map(head.count, (b",", b";", b'"', b"<"))) > MAX_SEPARATORS


def _decode(line: bytes) -> str:
    """UTF-8, or each foreign byte as itself: so that the bytes of a GBK character stay beside each other."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("ascii", "surrogateescape")


def _empty_items(line: str) -> bool:
    """Whether nothing stands between two separators, or after the last one."""
    return bool(re.search(r"[;,]\s*(?:[;,]|\Z)", without_quotes(line)))


def _printable(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:80]


def respond(request: Request, status: int, reason: str = "", tag: str = "") -> Response:
    """The response that RFC 3261 8.2.6 asks for: Via, From, To (with our tag), Call-ID and CSeq as they came."""
    headers = Headers()
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.all(name):
            if name == "To" and tag and status > 100 and not _tagged(value):
                value = f"{value};tag={tag}"
            headers.add(name, value)
    if status < 300:
        for value in request.headers.all("Record-Route"):
            headers.add("Record-Route", value)
    return Response(headers, b"", status, reason or REASONS.get(status, ""))


def _tagged(to: str) -> bool:
    """Whether a To has a tag; `;tag=` within its URI or its name is none."""
    try:
        return bool(NameAddr.parse(to).tag)
    except SipParseError:
        return ";tag=" in to.rpartition(">")[2].lower()
