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
    "P-Charging-Vector": "icid-value=1",
}
"""What only the inside may say."""

AIMS = {
    "session": (b"c=IN IP4 192.0.2.30", b"c=IN IP4 198.51.100.9"),
    "media": (b"a=sendrecv", b"a=sendrecv\r\nc=IN IP4 198.51.100.9"),
    "reports": (b"a=sendrecv", b"a=sendrecv\r\na=rtcp:4001 IN IP4 198.51.100.9"),
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
