"""The a=crypto line (RFC 4568): how a session description hands over the keys of SRTP."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from screener.errors import SipParseError
from screener.media.srtp import MasterKey, Suite

MAX_KEYS = 16
"""Of one line."""
LEAST_LIFETIME = 1 << 20
"""Packets: six hours at fifty a second. A key for fewer might not last a call."""

_LINE = re.compile(r"([0-9]{1,9})[ \t]+([A-Za-z0-9_]{1,64})[ \t]+(\S+)((?:[ \t]+\S+)*)[ \t]*")
_INLINE = re.compile(
    r"inline:([A-Za-z0-9+/]{1,400}={0,2})(?:\|(2\^[0-9]{1,2}|[0-9]{1,20}))?(?:\|([0-9]{1,38}:[0-9]{1,3}))?"
)
_HINT = re.compile(r"WSH=[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Inline:
    """One key of a line.

    Attributes:
        secret: master key and salt.
        lifetime: packets that it is good for; 0 when nothing is said: as many as there can be.
        mki: `value:length` of the identifier that its packets carry; empty for none.
    """

    secret: bytes = field(repr=False)
    lifetime: int = 0
    mki: str = ""

    def __str__(self) -> str:
        text = "inline:" + base64.b64encode(self.secret).decode()
        if self.lifetime:
            power = self.lifetime.bit_length() - 1
            text += f"|2^{power}" if self.lifetime == 1 << power else f"|{self.lifetime}"
        return f"{text}|{self.mki}" if self.mki else text


@dataclass(frozen=True, slots=True)
class Crypto:
    """One line: what may be agreed on.

    Attributes:
        tag: names it in the answer.
        suite: as written.
        keys: at least one.
        params: session parameters as written.
    """

    tag: int
    suite: str
    keys: tuple[Inline, ...]
    params: tuple[str, ...] = ()

    @classmethod
    def parse(cls, value: str) -> "Crypto":
        """Read what stands after `a=crypto:`.

        Raises:
            SipParseError: it is no such line. What it says is never part of the message: it holds keys.
        """
        line = _LINE.fullmatch(value)
        if line is None:
            raise SipParseError("SDP crypto line")
        texts = line[3].split(";", MAX_KEYS)
        if len(texts) > MAX_KEYS:
            raise SipParseError("SDP crypto line with too many keys")
        return cls(int(line[1]), line[2], tuple(_inline(text) for text in texts), tuple(line[4].split()))

    def __str__(self) -> str:
        return " ".join((str(self.tag), self.suite, ";".join(map(str, self.keys)), *self.params))

    def key(self) -> MasterKey | None:
        """What the sender encrypts with; None when the line asks for something that is not spoken here.

        That is an unknown suite, several keys or an identifier of keys (MKI), a key that does not last, and every
        session parameter but a hint of the window; one that begins with `-` may be passed over (RFC 4568 6.3.7).
        """
        inline = self.keys[0]
        if self.suite not in Suite.__members__ or len(self.keys) > 1 or inline.mki:
            return None
        suite = Suite[self.suite]
        asked = [param for param in self.params if not (param.startswith("-") or _HINT.fullmatch(param))]
        if asked or len(inline.secret) != suite.key_bytes or 0 < inline.lifetime < LEAST_LIFETIME:
            return None
        return MasterKey(suite, inline.secret)


def offered(value: str) -> tuple[Crypto, ...]:
    """What an a= line offers whose value begins with `crypto:`; nothing where it cannot be read."""
    try:
        return (Crypto.parse(value.removeprefix("crypto:").strip()),)
    except SipParseError:
        return ()


def line(tag: int, key: MasterKey) -> str:
    """Our own line."""
    return f"a=crypto:{Crypto(tag, key.suite, (Inline(key.secret),))}"


def first_usable(lines: Iterable[Crypto]) -> tuple[int, MasterKey] | None:
    """Tag and key of the line that the sender likes best among those that are spoken here."""
    return next(((crypto.tag, key) for crypto in lines if (key := crypto.key())), None)


def _inline(text: str) -> Inline:
    match = _INLINE.fullmatch(text)
    if match is None:
        raise SipParseError("SDP crypto line: not an inline key")
    encoded = match[1].rstrip("=")
    try:
        secret = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise SipParseError("SDP crypto line: not base64") from None
    return Inline(secret, _lifetime(match[2] or "0"), match[3] or "")


def _lifetime(text: str) -> int:
    return 1 << int(text[2:]) if text.startswith("2^") else int(text)
