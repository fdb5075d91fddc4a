"""Offers as recording clients of several makers shape them, in our own words: body and its content type.

Each shape has something that another one has not: that is what it is for. Addresses are those of RFC 5737, never
where the audio really comes from.
"""

from dataclasses import dataclass
from pathlib import Path

from screener.siprec.roles import Known

SHARED = Path(__file__).parents[3] / "shared/siprec"


@dataclass(frozen=True)
class Shape:
    """An offer, and what must be made of it.

    Attributes:
        caller: place of the caller's stream; None for none.
        agent: likewise.
        number: the caller's, as the metadata say it.
    """

    body: bytes
    content_type: str
    known: Known
    caller: int | None = 0
    agent: int | None = 1
    number: str = ""
    name: str = ""


def media(label: str, payload: str = "0", extra: str = "", direction: str = "sendonly", port: int = 30000) -> str:
    return f"m=audio {port} RTP/AVP {payload}\n{extra}a={direction}\na=label:{label}\n"


def sdp(*lines: str, connection: str = "c=IN IP4 192.0.2.40\n") -> str:
    return f"v=0\no=- 20 59 IN IP4 192.0.2.40\ns=-\n{connection}t=0 0\n" + "".join(lines)


DRAFT = """<?xml version='1.0' encoding='UTF-8'?>
<recording xmlns='urn:ietf:params:xml:ns:recording'>
 <datamode>complete</datamode>
 <session id="sess=="><associate-time>2026-03-09T16:50:20</associate-time></session>
 <participant id="p2==" session="sess=="><nameID aor="sip:8001@192.0.2.2"><name>8001</name></nameID>
  <send>s1==</send>
  <extensiondata xmlns:x="http://example.com/x"><x:callingParty>false</x:callingParty></extensiondata></participant>
 <participant id="p1==" session="sess=="><nameID aor="sip:13900001111@192.0.2.1"><name>13900001111</name></nameID>
  <send>s2==</send>
  <extensiondata xmlns:x="http://example.com/x"><x:callingParty>true</x:callingParty></extensiondata></participant>
 <stream id="s1==" session="sess=="><label>16777227</label><mode>separate</mode></stream>
 <stream id="s2==" session="sess=="><label>16777228</label><mode>separate</mode></stream>
</recording>"""

RFC = """<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1">
<dataMode>complete</dataMode>
<session session_id="00FA"></session>
<participant participant_id="pa"><nameID aor="sip:13900001111@192.0.2.10"></nameID></participant>
<participantstreamassoc participant_id="pa"><send>sa</send></participantstreamassoc>
<participant participant_id="pb"><nameID aor="sip:8001@example.org"></nameID></participant>
<participantstreamassoc participant_id="pb"><send>sb</send></participantstreamassoc>
<stream stream_id="sa" session_id="00FA"><label>1</label></stream>
<stream stream_id="sb" session_id="00FA"><label>2</label></stream>
</recording>"""

PLAIN = """<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns='urn:ietf:params:xml:ns:recording:1'>
 <datamode>complete</datamode>
 <session session_id="2+hK=="><sipSessionID>2d8abbf@192.0.2.13</sipSessionID></session>
 <participant participant_id="W=="><nameID aor="sip:13900001111@192.0.2.13"><name>来电;lang=zh</name></nameID>
 </participant>
 <participant participant_id="2=="><nameID aor="sip:8001@sip.example.net"/></participant>
 <stream stream_id="E==" session_id="2+hK=="><label>1</label></stream>
 <stream stream_id="4==" session_id="2+hK=="><label>2</label></stream>
</recording>"""

LEGS = (
    RFC.replace("<label>1<", "<label>a_leg<")
    .replace("<label>2<", "<label>b_leg<")
    .replace("sip:8001@example.org", "Extension-8001@example.org")
)

PREFIXED = """<?xml version="1.0" encoding="UTF-8"?>
<tns:recording xmlns:tns='urn:ietf:params:xml:ns:recording'>
 <tns:datamode>complete</tns:datamode>
 <tns:group group_id="g=="><callData xmlns='urn:ietf:params:xml:ns:callData'>
  <fromhdr>"Li" &lt;sip:13900001111@192.0.2.55&gt;;tag=Ser</fromhdr><tohdr>&lt;sip:95500@192.0.2.72&gt;</tohdr>
 </callData></tns:group>
 <tns:session session_id="MTQ=="><tns:group-ref>g==</tns:group-ref></tns:session>
 <tns:participant participant_id="p1"><tns:nameID aor="13900001111@192.0.2.55">
  <tns:name xml:lang="en">Li</tns:name></tns:nameID></tns:participant>
 <tns:participant participant_id="p2"><tns:nameID aor="95500@192.0.2.72">
  <tns:name xml:lang="en"> </tns:name></tns:nameID></tns:participant>
 <tns:stream stream_id="s1" session_id="MTQ=="><tns:label>1</tns:label></tns:stream>
 <tns:stream stream_id="s2" session_id="MTQ=="><tns:label>2</tns:label></tns:stream>
 <tns:participantstreamassoc participant_id="p1"><tns:send>s2</tns:send><tns:recv>s1</tns:recv>
 </tns:participantstreamassoc>
 <tns:participantstreamassoc participant_id="p2"><tns:send>s1</tns:send><tns:recv>s2</tns:recv>
 </tns:participantstreamassoc>
</tns:recording>"""


def joined(boundary: str, *parts: tuple[str, str], end: str = "\n--{}--\n", before: str = "\n") -> bytes:
    pieces = [f"--{boundary}\n{head}\n\n{body}\n" for head, body in parts]
    return (before + "\n".join(pieces) + end.format(boundary)).encode()


MIXED = "multipart/mixed;boundary="
SDP, XML = "Content-Type: application/sdp", "Content-Type: application/rs-metadata+xml"
DISPOSED = f"{XML}\nContent-Disposition: recording-session"
TWO = sdp(media("1"), media("2", port=30002))

SHAPES: dict[str, Shape] = {
    "draft ids, who called is said": Shape(
        joined("unique-1", (SDP, sdp(media("16777227"), media("16777228", port=30002))), (DISPOSED, DRAFT)),
        MIXED + '"unique-1"', Known.CALLING, 1, 0, "13900001111",
    ),
    "associated, agents by setting": Shape(
        joined("foobar", (SDP, sdp(media("1", "8 97", "a=rtpmap:97 telephone-event/8000\n"), media("2", "8")))
               , (DISPOSED, RFC)),
        MIXED + "foobar", Known.AGENTS, 0, 1, "13900001111",
    ),
    "one mixed stream, metadata first and unreadable": Shape(
        joined(
            "UniqueBoundary",
            ("Content-Type:application/ +xml\nContent-Disposition:recording-session\nContent-Length:2012",
             '<recording_metadata xmlns="urn:ietf:params:xml:ns:siprec">completeSRCsip:RE'),
            (f"{SDP}\nContent-Length: 300", sdp(media("1", "8 101 0 9 18", "a=rtpmap:9 G722/8000\n"))),
        ),
        MIXED + "UniqueBoundary", Known.MIXED, 0, None,
    ),
    "disposition first, a third part, no end": Shape(
        joined(
            "uniqueBoundary",
            (f"Content-Disposition: session;handling=required\n{SDP}", TWO),
            (f"Content-Disposition: recording-session\n{XML}", RFC),
            ("Content-Disposition: signal;handling=optional\nContent-Type: application/gtd", "IAM,\nGCI,91036128"),
            end="",
        ),
        MIXED + "uniqueBoundary", Known.AGENTS, 0, 1, "13900001111",
    ),
    "no address, no association, two laws": Shape(
        joined(
            "OSS-42",
            (SDP, sdp(media("1", "0 8 3 101"), media("2", "8 0 101", port=30002), connection="")),
            (DISPOSED, PLAIN),
        ),
        MIXED + "OSS-42", Known.AGENTS, 0, 1, "13900001111", "来电;lang=zh",
    ),
    "labels by setting, address without a scheme": Shape(
        joined(
            "2CD2",
            (SDP, sdp(media("a_leg", "8", "a=direction:both\n"), media("b_leg", "8", port=30002))),
            ("Content-Disposition: recording-session\nContent-Type: application/rs-metadata", LEGS),
        ),
        MIXED + "2CD2", Known.LABEL, 0, 1, "13900001111",
    ),
    "prefixes, crossing streams, the call's own headers": Shape(
        joined(
            "delim",
            ("Content-Disposition: session; handling=required\n" + SDP, TWO),
            (f"Content-Disposition: recording-session\n{XML}", PREFIXED),
            end="",
        ),
        MIXED + "delim", Known.CALLING, 1, 0, "13900001111", "Li",
    ),
    "no boundary named, metadata first, nothing disposed": Shape(
        joined("x-y", (XML, RFC), (SDP, TWO), before="\n\n", end="\n--x-y-- \n"),
        "multipart/mixed", Known.AGENTS, 0, 1, "13900001111",
    ),
    "no metadata at all": Shape(TWO.encode(), "application/sdp", Known.ORDER, 0, 1),
    "a document type": Shape(
        joined("b", (SDP, TWO), (DISPOSED, '<!DOCTYPE recording [<!ENTITY a "b">]><recording>&a;</recording>')),
        MIXED + "b", Known.ORDER, 0, 1,
    ),
}  # fmt: skip

INACTIVE = joined(
    "uniqueBoundary",
    (SDP, sdp(media("1", direction="inactive"), media("2", direction="inactive", port=30002))),
    (DISPOSED, RFC),
)


def shared(
    name: str, known: Known, caller: int, agent: int | None, number: str, shown: str = ""
) -> tuple[str, Shape]:
    path = SHARED / f"{name}.txt"
    body = path.read_bytes() if path.exists() else b""
    return name, Shape(body, "multipart/mixed", known, caller, agent, number, shown)


NAMED = "test_user;lang=en-US"
SHARED_SHAPES = dict(
    (
        shared("acme-siprec-offer", Known.CALLING, 0, 1, "9000"),
        shared("broadworks-offer-2", Known.ORDER, 0, 1, "02055500007"),
        shared("broadworks-offer", Known.MIXED, 0, None, ""),
        shared("cisco-siprec-offer", Known.ORDER, 0, 1, "7301"),
        shared("connectel-offer", Known.ORDER, 0, 1, "02055500003", f"{NAMED};id=22"),
        shared("connectel-offer2", Known.ORDER, 0, 1, "02055500003", NAMED),
        shared("procomm-siprec-offer", Known.LABEL, 0, 1, "02055500006"),
        shared("sonus-siprec-offer", Known.CALLING, 1, 0, "02055500001", "Extension 8500"),
    )
)
