"""Session descriptions (RFC 4566) and the offer/answer of G.711, telephone-event and SRTP (RFC 3264, 4733, 4568).

A call has one stream; a recording session (RFC 7866) has several, each with a label (RFC 4574), and only receives.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from screener.errors import SipParseError
from screener.media.g711 import Law
from screener.media.srtp import Keys, MasterKey, Suite
from screener.settings.encryption import Encryption
from screener.sip import sdes

MAX_BYTES = 16_384
"""Of one description; those with video, ICE and DTLS have a third of it."""
MAX_LINES = 500
MAX_MEDIA = 16
"""Media lines of one description."""
MAX_FORMATS = 128
"""Formats of one media line: there are no more payload types."""
MAX_LABEL = 64
PROFILES = ("RTP/AVP", "RTP/AVPF")
"""The second allows earlier RTCP feedback (RFC 4585), and asks for none: what is sent is the same."""
SECURE_PROFILES = ("RTP/SAVP", "RTP/SAVPF")
"""The same, encrypted. With the others keys may be offered too, which the peer may take or pass over."""
MAX_CRYPTO = 16
"""Lines of keys of one media line."""
SUITE = Suite.AES_CM_128_HMAC_SHA1_80
"""Of our own offers: everybody has it (RFC 4568 6.2)."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_STATIC = {0: "PCMU/8000", 8: "PCMA/8000"}
_MIRROR = {"sendonly": "recvonly", "recvonly": "sendonly"}
EVENT_TYPE, TAG = 101, 1
"""In our own offers: payload type of telephone-event, tag of the a=crypto line."""


@dataclass(frozen=True, slots=True)
class Media:
    """One m= line and what belongs to it.

    Attributes:
        kind: `audio`, `video` …
        host: where it is received, from its own c= line or the session's.
        port: 0 means refused.
        formats: payload types as written, in order of preference.
        rtpmap: payload type to `name/rate`.
        direction: `sendrecv`, `sendonly`, `recvonly` or `inactive`.
        rtcp: port of its a=rtcp line (RFC 3605), 0 when there is none.
        rtcp_mux: RTCP may share the RTP port (RFC 5761).
        label: of its a=label line (RFC 4574); empty when there is none.
        crypto: its a=crypto lines that can be read.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    host: str
    rtpmap: Mapping[int, str] = field(default_factory=dict)
    direction: str = "sendrecv"
    rtcp: int = 0
    rtcp_mux: bool = False
    label: str = ""
    crypto: tuple[sdes.Crypto, ...] = ()

    def law(self) -> tuple[Law, int] | None:
        """The first law that the list of formats names, and its payload type."""
        for text in self.formats:
            name = self._encoding(text)
            for law in Law:
                if name == f"{law.value}/8000":
                    return law, int(text)
        return None

    def event_type(self) -> int | None:
        """Payload type of telephone-event at 8 kHz."""
        return next((int(f) for f in self.formats if self._encoding(f) == "TELEPHONE-EVENT/8000"), None)

    def _encoding(self, text: str) -> str:
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 128):
            return ""
        return self.rtpmap.get(int(text), _STATIC.get(int(text), "")).upper().removesuffix("/1")


@dataclass(frozen=True, slots=True)
class Description:
    """A whole session description.

    Attributes:
        session_id, version: of the o= line.
    """

    session_id: str
    version: str
    media: tuple[Media, ...]

    def audio(self, encryption: Encryption = "optional") -> "Stream | None":
        """The first audio line that speaks G.711, ready to send to, an encrypted one before others."""
        ready = [stream for stream in self._audio(encryption) if _literal(stream.host)]  # a name: to be looked up
        return next((stream for stream in ready if stream.theirs), ready[0] if ready else None)

    def recorded(self, source: str, most: int, encryption: Encryption = "optional") -> tuple["Stream", ...]:
        """The audio lines of a recording client, so many at most; one without an address is the client's."""
        lines = self._audio(encryption)
        found = [stream if _literal(stream.host) else replace(stream, host=source) for stream in lines]
        return tuple(found[:most])

    def _audio(self, encryption: Encryption) -> Iterator["Stream"]:
        for index, media in enumerate(self.media):
            law = media.law()
            if media.kind != "audio" or not media.port or not law:
                continue
            usable = sdes.first_usable(media.crypto) if encryption != "off" else None
            clear = media.protocol in PROFILES and encryption != "required"
            secure = usable and media.protocol in (*PROFILES, *SECURE_PROFILES)
            if clear or secure:
                control = media.port if media.rtcp_mux else media.rtcp or None
                yield Stream(
                    index, media.host, media.port, *law, media.event_type(), media.direction, control,
                    media.rtcp_mux, media.protocol, media.label, *(usable or ()),
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stream:
    """What was agreed about an audio stream, seen from the peer.

    Attributes:
        index: which m= line it is.
        host, port: where the peer receives.
        law, payload_type: what both send.
        event_type: payload type of telephone-event, None when the peer has none.
        direction: what the peer said it does.
        control: port on which the peer offers to take RTCP, None when it offers nothing.
        muxed: that is the RTP port itself.
        profile: as offered; an answer has that of its offer (RFC 3264 6).
        label: what the metadata of a recording call it.
        tag: of the a=crypto line that was taken.
        theirs: what the peer encrypts with; None in clear.
        ours: what we encrypt with; None in clear.
    """

    index: int
    host: str
    port: int
    law: Law
    payload_type: int
    event_type: int | None
    direction: str
    control: int | None = None
    muxed: bool = False
    profile: str = PROFILES[0]
    label: str = ""
    tag: int = 0
    theirs: MasterKey | None = None
    ours: MasterKey | None = None

    @property
    def keys(self) -> Keys | None:
        """Those of both sides; None in clear."""
        return Keys(self.ours, self.theirs) if self.ours is not None and self.theirs is not None else None

    def with_key(self, before: "Stream | None" = None) -> "Stream":
        """The same with a key of ours where it is encrypted: the one that we have, while its suite stays."""
        if self.theirs is None:
            return replace(self, ours=None)
        had = before.ours if before is not None else None
        kept = had is not None and had.suite is self.theirs.suite
        return replace(self, ours=had if kept else MasterKey.new(self.theirs.suite))

    @property
    def sends(self) -> bool:
        """The peer sends something on it."""
        return self.direction in ("sendonly", "sendrecv")

    @property
    def held(self) -> bool:
        """The peer does not want to hear us, or says nowhere to send."""
        return self.direction in ("sendonly", "inactive") or self.host in ("0.0.0.0", "::")  # noqa: S104 - RFC 2543 hold


def parse(body: bytes) -> Description:
    """Read a description; lines that mean nothing here are passed over.

    Raises:
        SipParseError: it is not SDP, far too large, or a media or connection line is wrong.
    """
    if len(body) > MAX_BYTES:
        raise SipParseError(f"SDP of {len(body)} bytes")
    session_id, version, host, direction = "0", "0", "", "sendrecv"
    media: list[dict[str, object]] = []
    lines = _LINE_END.split(body.decode("utf-8", "replace"), MAX_LINES)
    if not lines or not lines[0].startswith("v=") or len(lines) > MAX_LINES:
        raise SipParseError("SDP does not begin with v=, or goes on for ever")
    rtpmap: dict[int, str] = {}  # of lines before the first m=, for which some senders have no better place
    for line in lines:
        kind, value = line[:1], line[2:].strip()
        if line[1:2] != "=":
            continue
        now = media[-1] if media else None
        if kind == "o" and len(value.split()) >= 6:
            session_id, version = value.split()[1:3]
        elif kind == "c":
            if now is None:
                host = _connection(value)
            else:
                now["host"] = _connection(value)
        elif kind == "m":
            if len(media) == MAX_MEDIA:
                raise SipParseError("SDP with too many media lines")
            media.append(_media(value, host, direction, rtpmap))
        elif kind == "a":
            if value in ("sendrecv", "sendonly", "recvonly", "inactive"):
                if now is None:
                    direction = value
                else:
                    now["direction"] = value
            else:
                _attribute(now or {"rtpmap": rtpmap}, value)
    if not media:
        raise SipParseError("SDP without a media line")
    return Description(session_id, version, tuple(Media(**m) for m in media))  # type: ignore[arg-type]


def _connection(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN":
        raise SipParseError(f"SDP connection {value[:40]!r}")
    return parts[2].partition("/")[0]


def _literal(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _media(value: str, host: str, direction: str, rtpmap: Mapping[int, str]) -> dict[str, object]:
    parts = value.split()
    if len(parts) > MAX_FORMATS:
        raise SipParseError(f"SDP media with {len(parts)} words")
    port = parts[1].partition("/")[0] if len(parts) >= 4 else ""
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise SipParseError(f"SDP media {value[:40]!r}")
    return {
        "kind": parts[0], "port": int(port), "protocol": parts[2], "formats": tuple(parts[3:]), "host": host,
        "direction": direction, "rtpmap": dict(rtpmap),
    }  # fmt: skip


def _attribute(media: dict[str, object], value: str) -> None:
    rtpmap = media["rtpmap"]
    assert isinstance(rtpmap, dict)
    if match := re.fullmatch(r"rtpmap:([0-9]{1,3})\s+(\S+).*", value):
        rtpmap[int(match[1])] = match[2]
    elif match := re.match(r"rtcp:([0-9]{1,5})(?![0-9])", value):
        media["rtcp"] = min(int(match[1]), 65535)
    elif value == "rtcp-mux":
        media["rtcp_mux"] = True
    elif value.startswith("crypto:"):
        media["crypto"] = (*media.get("crypto", ()), *sdes.offered(value))[:MAX_CRYPTO]  # type: ignore[misc]
    elif value.startswith("label:"):
        media["label"] = value.removeprefix("label:").strip()[:MAX_LABEL]


def _head(host: str, session_id: int, version: int) -> list[str]:
    family = "IP6" if ":" in host else "IP4"
    return ["v=0", f"o=- {session_id} {version} IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0"]


def _audio(
    port: int,
    laws: Mapping[int, Law],
    event_type: int | None,
    direction: str,
    profile: str = PROFILES[0],
    key: tuple[int, MasterKey] | None = None,
) -> list[str]:
    formats = [*map(str, laws), *([str(event_type)] if event_type is not None else [])]
    lines = [f"m=audio {port} {profile} {' '.join(formats)}"]
    lines += [f"a=rtpmap:{number} {law.value}/8000" for number, law in laws.items()]
    if event_type is not None:
        lines += [f"a=rtpmap:{event_type} telephone-event/8000", f"a=fmtp:{event_type} 0-15"]
    if key is not None:
        lines.append(sdes.line(*key))
    return [*lines, "a=ptime:20", f"a={direction}"]


@dataclass(frozen=True, slots=True)
class Offered:
    """One stream of our own offer.

    Attributes:
        key: ours, None in clear.
        profile: of the m= line.
    """

    port: int
    key: MasterKey | None = None
    profile: str = PROFILES[0]

    @classmethod
    def of(cls, port: int, encryption: Encryption, agreed: Stream | None) -> "Offered":
        """What the settings say, with the key and profile that are agreed on already, if any."""
        if agreed is not None and agreed.ours is not None:
            return cls(port, agreed.ours, agreed.profile)
        if encryption == "off":
            return cls(port)
        return cls(port, MasterKey.new(SUITE), SECURE_PROFILES[0] if encryption == "required" else PROFILES[0])

    def answered(self, stream: Stream) -> Stream | None:
        """What the peer's answer makes of it; None when it answers what was not offered."""
        if stream.theirs is None:
            return stream
        fits = self.key is not None and (stream.tag, stream.theirs.suite) == (TAG, self.key.suite)
        return replace(stream, ours=self.key) if fits else None


def offer(
    host: str,
    streams: Mapping[int, Offered],
    session_id: int,
    version: int = 1,
    direction: str = "sendrecv",
    former: Sequence[Media] = (),
) -> bytes:
    """Our own offer: both laws and telephone-event for each stream.

    Args:
        host: ours.
        streams: by the place of their m= line.
        session_id: of the o= line.
        version: likewise.
        direction: of each stream.
        former: the m= lines of the session until now, which stay where they are: refused, where we offer nothing.
    """
    laws = {law.payload_type: law for law in Law}
    lines = _head(host, session_id, version)
    for place in range(max(len(former), *(place + 1 for place in streams), 0)):
        if one := streams.get(place):
            key = (TAG, one.key) if one.key is not None else None
            lines += _audio(one.port, laws, EVENT_TYPE, direction, one.profile, key)
        else:
            lines.append(_refused(former[place]))
    return _text(lines)


def _refused(media: Media) -> str:
    return f"m={media.kind} 0 {media.protocol} {' '.join(media.formats)}"


def answer(
    theirs: Description,
    taken: Sequence[tuple[Stream, int]],
    host: str,
    session_id: int,
    version: int = 1,
    *,
    only_hears: bool = False,
) -> bytes:
    """The answer to an offer.

    Args:
        theirs: the offer.
        taken: its streams that are taken, with our port for each; any other line is refused with port 0.
        host: ours.
        session_id: of the o= line.
        version: likewise.
        only_hears: nothing is ever sent.
    """
    lines = _head(host, session_id, version)
    ours = {stream.index: (stream, port) for stream, port in taken}
    for index, media in enumerate(theirs.media):
        if index not in ours:
            lines.append(_refused(media))
            continue
        stream, port = ours[index]
        direction = _MIRROR.get(media.direction, media.direction)
        if only_hears:
            direction = "recvonly" if stream.sends else "inactive"
        key = (stream.tag, stream.ours) if stream.ours is not None else None
        lines += _audio(port, {stream.payload_type: stream.law}, stream.event_type, direction, stream.profile, key)
        lines += ["a=rtcp-mux"] * stream.muxed
    return _text(lines)


def _text(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()
