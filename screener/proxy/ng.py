"""The ng protocol of rtpengine: the messages that bring a copy of one voice, as bytes and as values. Pure.

A datagram is a cookie, a space, and a dictionary in bencode; the answer has the cookie of its question. A copy is
asked for with the tag of whoever is to be heard (`subscribe request`): rtpengine offers a stream that it will
send, which is answered (`subscribe answer`) under the tag that it gave the copy.
"""

from dataclasses import dataclass
from enum import StrEnum

from screener.errors import InputError
from screener.proxy import bencode


class Command(StrEnum):
    """What is asked of rtpengine."""

    PING = "ping"
    SUBSCRIBE = "subscribe request"
    ANSWER = "subscribe answer"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked.

    Attributes:
        call_id: the Call-ID; empty for a ping. Likewise what follows, where it does not belong.
        from_tag: of the party to be heard.
        to_tag: rtpengine's own of the copy.
        sdp: our answer to its offer.
    """

    command: Command
    call_id: str = ""
    from_tag: str = ""
    to_tag: str = ""
    sdp: bytes = b""


@dataclass(frozen=True, slots=True)
class NgReply:
    """What rtpengine says.

    Attributes:
        ok: it is done.
        reason: why not.
        to_tag, sdp: of a copy that it offers.
    """

    ok: bool
    reason: str = ""
    to_tag: str = ""
    sdp: bytes = b""


def serialize(cookie: bytes, asked: Question) -> bytes:
    """A question as a datagram."""
    texts = {
        "command": asked.command,
        "call-id": asked.call_id,
        "from-tag": asked.from_tag,
        "to-tag": asked.to_tag,
    }
    return _datagram(cookie, texts, asked.sdp)


def parse(datagram: bytes) -> tuple[bytes, Question]:
    """Cookie and question, as rtpengine reads them.

    Raises:
        InputError: it is no question that is known here.
    """
    cookie, said = _read(datagram)
    command = _text(said, b"command")
    if command not in list(Command):
        raise InputError("rtpengine is asked for something unknown")
    asked = (_text(said, b"call-id"), _text(said, b"from-tag"), _text(said, b"to-tag"))
    return cookie, Question(Command(command), *asked, _bytes(said, b"sdp"))


def serialize_reply(cookie: bytes, reply: NgReply) -> bytes:
    """A reply as a datagram, as rtpengine writes it."""
    texts = {"result": "ok" if reply.ok else "error", "error-reason": reply.reason, "to-tag": reply.to_tag}
    return _datagram(cookie, texts, reply.sdp)


def parse_reply(datagram: bytes) -> tuple[bytes, NgReply]:
    """Cookie and reply.

    Raises:
        InputError: it is none.
    """
    cookie, said = _read(datagram)
    result = _text(said, b"result")
    if not result:
        raise InputError("rtpengine's reply has no result")
    return cookie, NgReply(
        result in ("ok", "pong"), _text(said, b"error-reason"), _text(said, b"to-tag"), _bytes(said, b"sdp")
    )


def _datagram(cookie: bytes, texts: dict[str, str], sdp: bytes) -> bytes:
    said = {name.encode(): text.encode("utf-8", "surrogateescape") for name, text in texts.items() if text}
    return cookie + b" " + bencode.serialize({**said, **({b"sdp": sdp} if sdp else {})})


def _read(datagram: bytes) -> tuple[bytes, dict[bytes, bencode.Value]]:
    cookie, _, body = datagram.partition(b" ")
    said = bencode.parse(body)
    if not cookie or not isinstance(said, dict):
        raise InputError("not a message of the ng protocol")
    return cookie, said


def _bytes(said: dict[bytes, bencode.Value], name: bytes) -> bytes:
    value = said.get(name, b"")
    if not isinstance(value, bytes):
        raise InputError(f"{name.decode()} of an ng message is no text")
    return value


def _text(said: dict[bytes, bencode.Value], name: bytes) -> str:
    return _bytes(said, name).decode("utf-8", "surrogateescape")
