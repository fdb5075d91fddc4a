"""Input that is one thing over and over, as large as is admitted, for whatever reads what strangers send."""

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote

from screener.errors import ScreenerError
from screener.freeswitch import messages as events
from screener.freeswitch import wire as event_socket
from screener.media import rtcp
from screener.media.rtp import Packet, TelephoneEvent
from screener.pbx import messages, wire
from screener.proxy import dialogs, ng
from screener.sip import info, refer, sdp, timer
from screener.sip.address import NameAddr, Uri, Via, escape_user, parse_params, plain, split_list
from screener.sip.digest import Challenge, parse_fields, verify
from screener.sip.framing import SipFramer
from screener.sip.identity import invite_info
from screener.sip.message import (
    MAX_BYTES,
    MAX_LINE,
    Headers,
    Request,
    Response,
    fault,
    is_crowded,
    parse,
    peek_call_id,
    respond,
)
from screener.sip.multipart import part
from screener.sip.replaces import Replaces
from screener.sip.tcp import READ_BYTES
from screener.sip.timer import agree
from screener.siprec import metadata

T = TypeVar("T")
UNITS = (

    b'"',
    b"\\",
    b'"\\',
    b'\\"',
    b'"a"',
    b'a"b',
    b" ",
    b"\t",
    b";",
    b",",
    b";;",
    b"; ,",
    b" ;x",
    b",x",
    b";a=b",
    b"<",
    b">",
    b"<>",
    b"<a>,",
    b"@",
    b":",
    b"sip:",
    b"a@",
    b"%",
    b"%0d",
    b"%41",
    b"=",
    b"?",
    b"&",
    b"/",
    b" / ",
    b"SIP/2.0/",
    b"[",
    b"]",
    b"[:",
    b"(",
    b")",
    b"0",
    b"9",
    b"a",
    b"-",
    b".",
    b"\r\n ",
    b"\r\n\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xb8\x5c",
    b'\xb8\x5c"',
    b"\xc4\xa3\xb8\x5c",
    "张".encode(),
    b"\xe5\xbc",
    b"Via: a\r\n",
    b"v:\r\n",
    b"Contact: *\r\n",
    b"Content-Length: 1\r\n",
    b"l:1\r\n",
    b"a=rtpmap:0 a/1\r\n",
    b"m=audio 1 RTP/AVP 0\r\n",
    b"c=IN IP4 1.1.1.1\r\n",
    b"a=",
    b"a\r\n",
    b"1 ",
    b"96 ",
    b"--b",
    b"--b\r\n",
    b"-",
    b"rtcp:1 ",
    b"\r\n\r\n",
    b"Event: UserEvent\r\n",
    b"Variable: a\r\n",
    b"<a>",
    b"</a>",
    b"&#65;",
    b"|2^20",
)  # fmt: skip
ENDS = (b"", b"x", b'"', b">", b"@", b";", b" x", b"\r\n", b"\\", b":1", b"\xb8")
HEAD = (
    b"INVITE sip:100@192.0.2.1%s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1%s\r\n"
    b"From: %s<sip:a@b>;tag=1\r\nTo: <sip:c@d>%s\r\nCall-ID: 1%s\r\nCSeq: 1 INVITE%s\r\nContact: %s<sip:a@b>\r\n"
    b"Record-Route: <sip:a@b>%s\r\nSession-Expires: 90%s\r\nReplaces: a;to-tag=b;from-tag=c%s\r\n"
    b"Authorization: Digest username=a%s\r\nMax-Forwards: 70\r\nX-Any: %s\r\nContent-Type: %s\r\n\r\n%s"
)
PLACES = HEAD.count(b"%s")


def numbered(size: int) -> bytes:
    """Header names that are all different, up to a size."""
    return b"".join(b"%x:\r\n" % n for n in range(size // 4))[:size]


def repeated(chance: random.Random, size: int) -> bytes:
    """One to three units in turn, up to a size, and an end that may make it wrong."""
    pattern = b"".join(chance.choices(UNITS, k=chance.randint(1, 3)))
    return (pattern * (size // len(pattern) + 1))[: size - 2] + chance.choice(ENDS)


def hostile_message(chance: random.Random, size: int) -> bytes:
    """A message, one place of which, or several at once, is repetition."""
    parts = [b""] * PLACES
    parts[-2] = chance.choice([b"application/sdp", b"multipart/mixed;boundary=b", b"multipart/mixed;boundary=-"])
    places = chance.sample(range(PLACES), chance.choice([1, 1, 1, 3, 10]))
    for place in places:
        parts[place] = repeated(chance, min(size, chance.choice([MAX_LINE - 100, 16_000, size])) // len(places))
    return (HEAD % tuple(parts))[:size]


def text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("ascii", "surrogateescape")


def read_message(data: bytes) -> None:
    """As the user agent does with every datagram, to the response."""
    message = parse(data)
    if isinstance(message, Response):
        return
    wrong = fault(message)
    respond(message, *(wrong or (200, "")), tag="t").serialize()
    if wrong:
        return
    part(message, "application/sdp")
    for reads in (timer.too_short, agree, Replaces.of, info.key, refer.sipfrag_status):
        with contextlib.suppress(ScreenerError):
            reads(message)


def header(reads: Callable[[str], object], before: str = "", after: str = "") -> Callable[[bytes], None]:
    """Reads one header value of the largest size."""

    def one(data: bytes) -> None:
        value = (before + text(data))[: MAX_LINE - len(after)] + after
        if not is_crowded(value.encode("utf-8", "surrogateescape")):
            str(reads(value))

    return one


def read_digest(data: bytes) -> None:
    value = "Digest " + text(data[: MAX_LINE - 7])
    if is_crowded(data[:MAX_LINE]):
        return
    for reads in (parse_fields, Challenge.parse):
        with contextlib.suppress(ScreenerError):
            reads(value)
    verify(value, Challenge("a", "b"), {"a": "b"}, "INVITE", value)


def read_sdp(data: bytes) -> None:
    head = b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP 0 8 101 "
    for body in (data, head + data, head + b"\r\na=" + data, head + b"\r\na=rtpmap:" + data):
        with contextlib.suppress(ScreenerError):
            theirs = sdp.parse(body[: sdp.MAX_BYTES])
            if stream := theirs.audio():
                sdp.answer(theirs, [(stream, 4000)], "192.0.2.1", 1)


KEYS = (
    b"a=crypto:%s",
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 %s",
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s",
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|%s",
)


def read_crypto(data: bytes) -> None:
    """Lines of keys, of a stream that would be taken with one."""
    head = b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 1 RTP/SAVP 0 8 101\r\n"
    theirs = sdp.parse((head + place_of(data, KEYS) % data)[: sdp.MAX_BYTES])
    theirs.audio()


IDENTITIES = ("From", "P-Asserted-Identity", "Remote-Party-ID", "Referred-By", "Diversion", "History-Info")


def read_identity(data: bytes) -> None:
    """Who calls and who sent them, as an INVITE's headers say it; one of them is repetition."""
    value = text(data[:MAX_LINE])
    if not is_crowded(data[:MAX_LINE]):
        headers = Headers([("From", "<sip:a@b>;tag=1"), ("X-Any", value)])
        headers.replace(place_of(data, IDENTITIES), [value])
        invite_info(Request(headers, b"", "INVITE", "sip:100@a"), "192.0.2.1:5060", ("X-Any",))


DOCUMENTS = (b"%s", b"<recording>%s", b'<recording a="%s', b"<recording><participant><nameID>%s")


def read_recording(data: bytes) -> None:
    """What a recording client says of a call."""
    metadata.parse((place_of(data, DOCUMENTS) % data)[: metadata.MAX_BYTES])


def read_socket(data: bytes) -> None:
    """As the event socket of a FreeSWITCH is read, in pieces: it escapes what a caller wrote."""
    name = quote(data[:MAX_LINE]).encode()
    body = b"Event-Name: CHANNEL_BRIDGE\nCaller-Caller-ID-Name: %s\nUnique-ID: 1\n\n" % name
    block = b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(body), body)
    framer = event_socket.EslFramer()
    for start in range(0, len(block), 16_384):
        for message in framer.feed(block[start : start + 16_384]):
            events.read(event_socket.parse(message.body))


def read_multipart(data: bytes) -> None:
    for boundary in ("b", "-", "a"):
        headers = Headers([("Content-Type", f"multipart/mixed;boundary={boundary}")])
        part(Request(headers, data, "INVITE", "sip:a@b"), "application/sdp")


def read_dialogs(data: bytes) -> None:
    """As Kamailio lists a call, with what its caller wrote, byte for byte."""
    said = data[:MAX_LINE].replace(b"\\", b"").replace(b'"', b"")
    party = b'{"tag": "%s", "contact": "sip:%s@a", "cseq": "1"}' % (said, said)
    names = b'"state": 4, "variables": [{"screener": "q"}], "call-id": "%s", "from_uri": "sip:%s@a"' % (said, said)
    dialogs.parse(b'{"result": [{%s, "to_uri": "", "caller": %s, "callee": %s}]}' % (names, party, party))


def read_copy(data: bytes) -> None:
    """What rtpengine answers."""
    ng.parse_reply(place_of(data, (b"c d6:result%s", b"c %s", b"c d6:result2:ok3:sdp65000:%se")) % data)


def read_media(data: bytes) -> None:
    for head in (b"", b"\x80\x00", b"\xbf\x65", b"\x81\xc8\x00\x0c", b"\x80\xc9\x00\x01"):
        for reads in (Packet.parse, rtcp.parse, TelephoneEvent.parse):
            with contextlib.suppress(ScreenerError):
                reads((head + data)[:1500])


def read_stream(data: bytes) -> None:
    framer = SipFramer()
    for start in range(0, len(data), 1400):
        framer.feed(data[start : start + 1400])


EVENTS = (
    b"%s",
    b"Event: Newchannel\r\nPrivilege: call,all\r\nCallerIDName: %s",
    b"Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: ScreenerFlag\r\nAgent: %s",
    b"Event: UserEvent\r\nUserEvent: ScreenerFlag\r\nAgent: agent1\r\nCall: %s",
)
"""Where a caller's words stand in what the manager interface says."""


def read_manager(data: bytes) -> None:
    """As a connection is read: in pieces, and what is whole is looked at."""
    block = place_of(data, EVENTS) % data + b"\r\n\r\n"
    framer = wire.AmiFramer()
    for start in range(0, len(block), 16_384):
        for fields in framer.feed(block[start : start + 16_384]):
            if messages.parse(fields) is None:
                messages.is_torn(fields)
                messages.in_progress([fields])


def place_of(data: bytes, places: Sequence[T]) -> T:
    """One of the places, the same for the same data."""
    return places[sum(data[:32]) % len(places)]


PARSERS: dict[str, Callable[[bytes], object]] = {
    "glance": peek_call_id,
    "message": read_message,
    "Via": header(Via.parse, "SIP/2.0/UDP a"),
    "Via alone": header(Via.parse),
    "Contact": header(NameAddr.parse),
    "From": header(NameAddr.parse, '"', '" <sip:a@b>;tag=1'),
    "Route": header(NameAddr.parse, "<sip:a@b;", ">"),
    "URI": header(lambda value: Uri.parse(value).number, "sip:"),
    "list": header(split_list),
    "params": header(parse_params, ";"),
    "text": header(plain),
    "user": header(escape_user),
    "digest": read_digest,
    "identity": read_identity,
    "sdp": read_sdp,
    "crypto": read_crypto,
    "recording": read_recording,
    "multipart": read_multipart,
    "media": read_media,
    "stream": read_stream,
    "manager": read_manager,
    "socket": read_socket,
    "dialogs": read_dialogs,
    "copy": read_copy,
}


def hostile(name: str, chance: random.Random, size: int = MAX_BYTES) -> bytes:
    """Input for a parser; of a stream what is read at once."""
    size = min(size, READ_BYTES) if name in ("stream", "manager", "socket") else size
    if name == "manager" and chance.random() < 0.1:
        return numbered(chance.choice((2000, 16_000, size)))
    if name == "message" or (name == "stream" and chance.random() < 0.5):
        return hostile_message(chance, size)
    return repeated(chance, size)


def read(name: str, data: bytes) -> None:
    """Read it; what is refused is refused with an error of ours."""
    with contextlib.suppress(ScreenerError):
        PARSERS[name](data)


def every_unit(size: int) -> Iterator[bytes]:
    """Each unit alone with each end."""
    for unit in UNITS:
        for end in ENDS:
            yield (unit * (size // len(unit) + 1))[: size - 2] + end
    yield numbered(size)
