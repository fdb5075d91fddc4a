"""Addresses in SIP headers: URIs, name-addrs and the hops of Via (RFC 3261 section 19 and 20, RFC 3966).

Everything here takes time in proportion to the length of the text, whatever the text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from screener.errors import SipParseError

_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@\s<>]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:;?@\s<>\[\]]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<params>(?:;[^?\s<>]*)?)(?P<headers>(?:\?[^\s<>]*)?)",
    re.IGNORECASE,
)
_OTHER_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?P<rest>[^\s<>]+)")
_SENT_BY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:;,]+)(?: ?: ?(?P<port>[0-9]{1,5}))?")
# A byte that is no UTF-8 begins a character of GBK, whose second byte may be the backslash's.
_FOREIGN = "[\udc81-\udcfe][\x40-\x7e\udc80-\udcfe]"
_STRING = rf'"(?:[^"\\\udc81-\udcfe]|{_FOREIGN}|[\udc81-\udcfe]|\\.)*+"'
_QUOTED = re.compile(_STRING, re.DOTALL)
_ESCAPED = re.compile(rf"({_FOREIGN})|\\(.)", re.DOTALL)
_SKIPPED = {
    separator: re.compile(rf'(?:[^"<{separator}]++|{_STRING}|<[^>]*+>)*+', re.DOTALL) for separator in (",", ";")
}
"""As far as no separator stands: plain text, quoted strings and what is in angle brackets."""
_NAME = re.compile(rf'(?:[^"<]++|{_STRING})*+', re.DOTALL)
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def decode_text(text: str) -> str:
    """What a person wrote: header bytes read as UTF-8, else as GBK, else as Latin-1."""
    raw = text.encode("utf-8", "surrogateescape")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def plain(text: str) -> str:
    """What a person wrote, on one line: decoded, and every control character replaced by U+FFFD."""
    return _CONTROL.sub("\ufffd", decode_text(text))


def escape_user(user: str) -> str:
    """A user part as a URI may carry it, whatever it holds (RFC 3261 25.1)."""
    return quote(user.encode("utf-8", "surrogateescape"), safe="-_.!~*'()&=+$,?/#")


def without_quotes(text: str) -> str:
    """The text without its quoted strings; one that does not close goes on to the end."""
    parts, start = [], 0
    while (at := text.find('"', start)) >= 0:
        parts.append(text[start:at])
        closed = _QUOTED.match(text, at)
        if closed is None:
            return "".join(parts)
        start = closed.end()
    return "".join((*parts, text[start:]))


def _outside(text: str, separator: str) -> list[int]:
    """Where a separator stands outside quotes and angle brackets; what does not close goes on to the end."""
    found: list[int] = []
    at = _end_of(_SKIPPED[separator], text, 0)
    while text.startswith(separator, at):
        found.append(at)
        at = _end_of(_SKIPPED[separator], text, at + 1)
    return found


def _end_of(skipped: re.Pattern[str], text: str, at: int) -> int:
    return match.end() if (match := skipped.match(text, at)) else at


def split_list(value: str, separator: str = ",") -> list[str]:
    """Split a header value at separators that are neither in quotes nor in angle brackets."""
    if '"' not in value and "<" not in value:
        return [part for text in value.split(separator) if (part := text.strip())]
    parts, start = [], 0
    for at in _outside(value, separator):
        parts.append(value[start:at].strip())
        start = at + 1
    return [part for part in (*parts, value[start:].strip()) if part]


def parse_params(text: str) -> dict[str, str]:
    """Parameters such as `;tag=1;lr`; names in lower case, a flag has the value ''."""
    params: dict[str, str] = {}
    for part in split_list(text, ";"):
        name, _, value = part.partition("=")
        params.setdefault(name.strip().lower(), value.strip())
    return params


def _join_params(params: Mapping[str, str]) -> str:
    return "".join(f";{name}={value}" if value else f";{name}" for name, value in params.items())


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip:, sips: or tel: URI; of any other scheme everything after the colon is its `tail`.

    Attributes:
        user: as written, without a password; the number of a tel: URI.
        host: empty for tel:.
        port: None where the URI names none.
        tail: parameters and headers as written, with their `;` and `?`.
    """

    scheme: str
    user: str
    host: str
    port: int | None = None
    tail: str = ""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Read one URI.

        Raises:
            SipParseError: it is none.
        """
        text = text.strip()
        if text[:4].lower() == "tel:":
            number, semicolon, tail = text[4:].partition(";")
            return cls("tel", number, "", None, semicolon + tail)
        other = _OTHER_URI.fullmatch(text)
        if other and other["scheme"].lower() not in ("sip", "sips"):
            return cls(other["scheme"].lower(), "", "", None, other["rest"])
        match = _URI.fullmatch(text)
        if not match or (match["port"] and int(match["port"]) > 65535):
            raise SipParseError(f"not a SIP URI: {text[:80]!r}")
        port = int(match["port"]) if match["port"] else None
        user = (match["user"] or "").partition(":")[0]
        return cls(match["scheme"].lower(), user, match["host"], port, match["params"] + match["headers"])

    @property
    def params(self) -> dict[str, str]:
        """Its parameters."""
        return parse_params(self.tail.partition("?")[0])

    @property
    def number(self) -> str:
        """The user part without escapes and parameters: what was dialled or who calls, on one line."""
        raw = self.user.encode("utf-8", "surrogateescape").partition(b";")[0]
        user = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), raw)
        return plain(user.decode("utf-8", "surrogateescape")).partition(";")[0]

    def __str__(self) -> str:
        at = f"{self.user}@" if self.user and self.host else self.user
        return f"{self.scheme}:{at}{self.host}{'' if self.port is None else f':{self.port}'}{self.tail}"


@dataclass(frozen=True, slots=True)
class NameAddr:
    """From, To, Contact, Route and their kind: `"Name" <uri>;params`."""

    uri: Uri
    display_name: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Read one address.

        Raises:
            SipParseError: there is no URI in it, or the quotes or brackets do not close.
        """
        text = text.strip()
        opening = _end_of(_NAME, text, 0)
        if not text.startswith("<", opening):
            uri, _, params = text.partition(";")
            return cls(Uri.parse(uri), "", parse_params(params))
        closing = text.find(">", opening)
        if closing < 0:
            raise SipParseError(f"address without closing bracket: {text[:80]!r}")
        name = text[:opening].strip()
        if name.startswith('"'):
            if len(name) < 2 or not name.endswith('"'):
                raise SipParseError(f"display name without closing quote: {text[:80]!r}")
            name = _ESCAPED.sub(lambda m: m[1] or m[2], name[1:-1])
        return cls(Uri.parse(text[opening + 1 : closing]), plain(name), parse_params(text[closing + 1 :]))

    @property
    def tag(self) -> str:
        """The tag of From or To; empty when there is none."""
        return self.params.get("tag", "")

    def __str__(self) -> str:
        name = self.display_name.replace("\\", "\\\\").replace('"', '\\"')
        quoted = f'"{name}" ' if name else ""
        return f"{quoted}<{self.uri}>{_join_params(self.params)}"


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of the way back."""

    transport: str
    host: str
    port: int | None
    params: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Read one Via value.

        Raises:
            SipParseError: it is none.
        """
        start, _, params = text.partition(";")
        name, _, rest = start.partition("/")
        version, _, rest = rest.partition("/")
        transport, *sent_by = rest.split() or [""]
        match = _SENT_BY.fullmatch(" ".join(sent_by))
        if not match or (name.strip().upper(), version.strip()) != ("SIP", "2.0"):
            raise SipParseError(f"not a Via: {text[:80]!r}")
        port = int(match["port"]) if match["port"] else None
        return cls(transport.upper(), match["host"], port, parse_params(params))

    @property
    def branch(self) -> str:
        """The transaction's id; empty from an RFC 2543 peer."""
        return self.params.get("branch", "")

    def received_from(self, host: str, port: int) -> "Via":
        """The same hop with `received` and `rport` filled in (RFC 3261 18.2.1, RFC 3581)."""
        params = dict(self.params)
        if "rport" in params:
            params["rport"] = str(port)
        if "rport" in params or self.host != host:
            params["received"] = host
        return Via(self.transport, self.host, self.port, params)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{_join_params(self.params)}"
