"""What a trunk may not say and where it may not aim, whichever proxy of deploy/ stands before it."""

CLAIMS = {
    "P-Asserted-Identity": "<sip:13912345678@192.0.2.30>",
    "p-preferred-identity": "<sip:13912345678@192.0.2.30>",
    "Remote-Party-ID": "<sip:13912345678@192.0.2.30>",
    "Referred-By": "<sip:8001@192.0.2.10>",
    "b": "<sip:8001@192.0.2.10>",
    "Diversion": "<sip:8001@192.0.2.10>",
    "History-Info": "<sip:8001@192.0.2.10>;index=1, <sip:100@192.0.2.10>;index=1.1",
    "X-Linkedid": "1700000000.1",
    "x-uniqueid": "1700000000.1",
    "X-Dialled": "4000000000",
    "Identity": "x",
    "Priority": "emergency",
    "Alert-Info": "<http://192.0.2.30/x>;info=alert-autoanswer;delay=0",
    "call-info": "<sip:192.0.2.30>;answer-after=0",
    "Answer-Mode": "Auto",
    "Priv-Answer-Mode": "Auto;require",
    "Join": "a;from-tag=b;to-tag=c",
    "P-Charging-Vector": "icid-value=1",
}
"""What only the inside may say."""

CANDIDATE = b"a=candidate:1 1 UDP 2130706431 198.51.100.9 4002 typ host"
AIMS = {
    "session": (b"c=IN IP4 192.0.2.30", b"c=IN IP4 198.51.100.9"),
    "media": (b"a=sendrecv", b"a=sendrecv\r\nc=IN IP4 198.51.100.9"),
    "reports": (b"a=sendrecv", b"a=sendrecv\r\na=rtcp:4001 IN IP4 198.51.100.9"),
    "reports behind a tab": (b"a=sendrecv", b"a=sendrecv\r\na=rtcp:4001\tIN IP4 198.51.100.9"),
    "candidate": (b"a=sendrecv", b"a=sendrecv\r\n" + CANDIDATE),
    "candidate behind blanks": (b"a=sendrecv", b"a=sendrecv\r\n" + CANDIDATE.replace(b" UDP", b"  UDP")),
    "candidate by name": (b"a=sendrecv", b"a=sendrecv\r\n" + CANDIDATE.replace(b"198.51.100.9", b"a.local")),
    "name": (b"c=IN IP4 192.0.2.30", b"c=IN IP4 media.example"),
    "blanks": (b"a=sendrecv", b"a=sendrecv\r\nc=IN  IP4  198.51.100.9"),
    "bare return": (b"a=sendrecv", b"a=sendrecv\rc=IN IP4 198.51.100.9"),
    "line feed": (b"a=sendrecv", b"a=sendrecv\nc=IN IP4 198.51.100.9"),
    "far below": (b"a=sendrecv", b"a=x\r\n" * 400 + b"c=IN IP4 198.51.100.9"),
    "tail": (b"c=IN IP4 192.0.2.30", b"c=IN IP4 192.0.2.30 198.51.100.9"),
}
"""Bytes of an offer of the trunk, and what aims media past its networks in their place."""


def headers(**more: str) -> dict[str, str]:
    """The claims as `Caller` takes further headers."""
    return {name.replace("-", "_"): value for name, value in {**CLAIMS, **more}.items()}


def names(message: bytes) -> set[str]:
    """The names of a message's headers, in small letters."""
    lines = message.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {line.partition(b":")[0].strip().lower().decode() for line in lines}


def believed(message: bytes) -> set[str]:
    """The claims that a message still makes."""
    return names(message) & {name.lower() for name in CLAIMS}


ALLOWED = b"a=sendrecv\r\na=rtcp:4001\r\na=rtcp:4001 IN IP4 192.0.2.30\r\na=rtcp-mux\r\n" + CANDIDATE.replace(
    b"198.51.100.9", b"192.0.2.30"
)
"""In the place of `a=sendrecv`: lines of the same kinds that aim where a trunk may."""
