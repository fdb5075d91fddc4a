"""Messages that SIP parsers choke on, in the spirit of RFC 4475: what it asks for, and what may be answered.

The statuses are those of an endpoint that answers extension 100, registers nobody and takes no MESSAGE: `0` is
silence. A response that nobody asked for is always to be dropped.
"""

# ruff: noqa: E501 - messages stand here as they go over the wire

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Torture:
    """One message.

    Attributes:
        asks: what RFC 4475 asks for (section in brackets), in a few words.
        allowed: statuses that fit; 0 is no answer.
        data: the datagram; empty where it lies in a file.
    """

    asks: str
    allowed: tuple[int, ...]
    data: bytes = b""


_SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"


def _lines(
    start: str, *extra: str, drop: tuple[str, ...] = (), body: bytes = b"", length: int | None = None
) -> bytes:
    method = start.split(" ")[0]
    number = zlib.crc32(repr((start, extra, drop, length)).encode())
    lines = {
        "Via": f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{number}", "From": "<sip:caller@example.net>;tag=141334",
        "To": "<sip:100@example.org>", "Call-ID": f"torture.{number}", "CSeq": f"8 {method}",
        "Max-Forwards": "70", "Contact": "<sip:caller@192.0.2.1>",
    }  # fmt: skip
    named = [f"{name}: {value}" for name, value in lines.items() if name not in drop]
    if body:
        named.append("Content-Type: application/sdp")
    named.append(f"Content-Length: {len(body) if length is None else length}")
    head = "\r\n".join([start, *named, *extra, "", ""])
    return head.encode("utf-8", "surrogateescape") + body


OK = (200,)
BAD = (400,)
SILENT = (0,)

OWN = {
    "folded and compact": Torture(
        "well-formed: handled (3.1.1.1)", OK,
        b"INVITE sip:100@example.org;unknownparam SIP/2.0\r\nTO :\r\n sip:100@example.org\r\nfrom   : \"J \\\\\\\" R\""
        b"  <sip:j@example.com>\r\n  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: own.wsinv\r\n"
        b"Content-Length   : %d\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390sk\r\n"
        b"s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\nUnknownHeader: ;;,,;;,;\r\n"
        b"Content-Type: application/sdp\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9i\r\n"
        b"m:\"Quoted string \\\"\\\"\" <sip:j@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n"
        % len(_SDP) + _SDP,
    ),
    "every character of a method": Torture(
        "well-formed, method unknown: 501 or 405 (3.1.1.2)", (405, 501),
        _lines("!interesting-Method0123456789_*+`.%indeed'~ sip:100@example.com SIP/2.0"),
    ),
    "escapes in the user part": Torture(
        "well-formed: the user is 100 (3.1.1.3)", OK, _lines("INVITE sip:%31%30%30@example.net SIP/2.0", body=_SDP)
    ),
    "escaped nulls": Torture(
        "well-formed (3.1.1.4)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "X-Null: <sip:null-%00-null@example.com>"),
    ),
    "an escape in the method": Torture(
        "not REGISTER: unknown method (3.1.1.5)", (405, 501), _lines("RE%47IST%45R sip:example.com SIP/2.0")
    ),
    "no space before the bracket": Torture(
        "well-formed (3.1.1.6)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "From: caller<sip:caller@example.com>;tag=323", drop=("From",)),
    ),
    "long values": Torture(
        "well-formed (3.1.1.7)", OK,
        _lines(
            "INVITE sip:100@example.com SIP/2.0", f"Longheadernameofmanycharacters: {'unknownvalue' * 40}",
            f"To: \"I have {'long name ' * 30}\" <sip:100@example.com;{'unknownkey' * 20}=x>", drop=("To",), body=_SDP,
        ),
    ),
    "two requests in one datagram": Torture(
        "the first is taken, the rest ignored (3.1.1.8)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "X-First: 1") + _lines("INVITE sip:100@example.com SIP/2.0"),
    ),
    "a semicolon in the user part": Torture(
        "well-formed (3.1.1.9)", OK, _lines("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0")
    ),
    "unknown transports": Torture(
        "well-formed (3.1.1.10)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "Via: SIP/2.0/SCTP 192.0.2.2;branch=z9hG4bK7",
               "Via: SIP/2.0/UNKNOWN 192.0.2.3;branch=z9hG4bK8"),
    ),
    "a reason in Russian": Torture(
        "a response to nothing: dropped (3.1.1.12)", SILENT, _lines("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять")
    ),
    "no reason": Torture("likewise (3.1.1.13)", SILENT, _lines("SIP/2.0 100 ")),
    "empty parameters": Torture(
        "400 (3.1.2.1)", BAD,
        _lines("INVITE sip:100@example.com SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.15;;,;,,", drop=("Via",), body=_SDP),
    ),
    "Content-Length too large": Torture(
        "400 (3.1.2.2)", BAD, _lines("INVITE sip:100@example.com SIP/2.0", body=_SDP, length=9999)
    ),
    "Content-Length below zero": Torture(
        "400 (3.1.2.3)", BAD, _lines("INVITE sip:100@example.com SIP/2.0", body=_SDP, length=-999)
    ),
    "numbers that overflow": Torture(
        "400 (3.1.2.4)", BAD,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "CSeq: 36893488147419103232 OPTIONS", drop=("CSeq",)),
    ),
    "an overflowing response": Torture("dropped (3.1.2.5)", SILENT, _lines("SIP/2.0 503 Service Unavailable")),
    "a quote that does not close": Torture(
        "400 (3.1.2.6)", BAD,
        _lines("INVITE sip:100@example.com SIP/2.0", 'To: "Mr. J. User <sip:100@example.com>', drop=("To",), body=_SDP),
    ),
    "brackets around the Request-URI": Torture("400 (3.1.2.7)", BAD, _lines("INVITE <sip:100@example.com> SIP/2.0")),
    "a space in the Request-URI": Torture("400 (3.1.2.8)", BAD, _lines("INVITE sip:100@example.com; lr SIP/2.0")),
    "two spaces in the start line": Torture(
        "400, or taken (3.1.2.9)", (400, 200), _lines("OPTIONS  sip:100@example.com  SIP/2.0")
    ),
    "a space after the start line": Torture("400, or taken (3.1.2.10)", (400, 200), _lines("OPTIONS sip:100@example.com SIP/2.0  ")),
    "headers in the Request-URI": Torture(
        "400, or the headers ignored (3.1.2.11)", (400, 200), _lines("INVITE sip:100@example.com?Route=%3Csip:x%3E SIP/2.0")
    ),
    "another version": Torture("505 (3.1.2.16)", (505,), _lines("OPTIONS sip:100@example.com SIP/7.0")),
    "CSeq names another method": Torture(
        "400 (3.1.2.17)", BAD, _lines("OPTIONS sip:100@example.com SIP/2.0", "CSeq: 8 INVITE", drop=("CSeq",))
    ),
    "a status too large": Torture("dropped (3.1.2.19)", SILENT, _lines("SIP/2.0 4294967301 better not break")),
    "a branch of the cookie only": Torture(
        "taken as of an RFC 2543 peer (3.2.1)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK", drop=("Via",)),
    ),
    "headers missing": Torture(
        "400 (3.3.1)", BAD, _lines("INVITE sip:100@example.com SIP/2.0", drop=("From", "To", "Call-ID", "CSeq"))
    ),
    "an unknown scheme": Torture("416 (3.3.2)", (416,), _lines("OPTIONS nobodyKnowsThis:opaque SIP/2.0")),
    "a scheme that is not SIP's": Torture("416 (3.3.3)", (416,), _lines("OPTIONS soap.beep://192.0.2.103 SIP/2.0")),
    "other schemes in From and To": Torture(
        "not refused for that (3.3.4)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "To: isbn:2983792873", "From: <http://www.example.com>;tag=3234",
               drop=("To", "From")),
    ),
    "an extension that is not known": Torture(
        "420 (3.3.5)", (420,), _lines("OPTIONS sip:100@example.com SIP/2.0", "Require: nothingSupportsThis")
    ),
    "an unknown kind of body": Torture(
        "415 (3.3.6)", (415,),
        _lines("INVITE sip:100@example.com SIP/2.0", "Content-Type: application/unknownformat", body=b"")
        .replace(b"Content-Length: 0", b"Content-Length: 7") + b"<audio>",
    ),
    "two of each": Torture(
        "400 (3.3.8)", BAD,
        _lines("INVITE sip:100@example.com SIP/2.0", "Call-ID: another", "CSeq: 9 INVITE", "From: <sip:x@y>;tag=2"),
    ),
    "two Content-Length": Torture("400 (3.3.9)", BAD, _lines("OPTIONS sip:100@example.com SIP/2.0", "Content-Length: 5")),
    "a response to a broadcast address": Torture(
        "dropped (3.3.10)", SILENT,
        _lines("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23", drop=("Via",)),
    ),
    "Max-Forwards of zero": Torture(
        "an endpoint answers (3.3.11)", OK,
        _lines("OPTIONS sip:100@example.com SIP/2.0", "Max-Forwards: 0", drop=("Max-Forwards",)),
    ),
    "an INVITE of RFC 2543": Torture(
        "accepted (3.4.1)", OK,
        _lines("INVITE sip:100@example.com SIP/2.0", "Via: SIP/2.0/UDP iftgw.example.com", "From: <sip:+1303555@x>",
               drop=("Via", "From", "Contact", "Max-Forwards"), body=_SDP),
    ),
}  # fmt: skip

RFC = {
    "TC_WSINV": Torture("well-formed; its To tag names no dialog: 481 (3.1.1.1)", (481, 200)),
    "TC_INTMETH": Torture("well-formed, method unknown: 501 or 405 (3.1.1.2)", (405, 501)),
    "TC_ESC01_V": Torture("well-formed (3.1.1.3)", (404, 200)),
    "TC_ESCNULL_V": Torture("well-formed REGISTER (3.1.1.4)", (405, 200)),
    "TC_ESC02_V": Torture("not REGISTER: unknown method (3.1.1.5)", (405, 501)),
    "TC_LWSDISP_V": Torture("well-formed (3.1.1.6)", OK),
    "TC_LONGREQ_V": Torture("well-formed (3.1.1.7)", OK),
    "TC_DBLREQ": Torture("the first is taken, the rest ignored (3.1.1.8)", (405, 200)),
    "TC_SEMIURI_V": Torture("well-formed (3.1.1.9)", OK),
    "TC_TRANSPORTS_V": Torture("well-formed (3.1.1.10)", OK),
    "TC_MPART01": Torture("well-formed MESSAGE (3.1.1.11)", (405, 200)),
    "TC_UNREASON_V": Torture("a response to nothing: dropped (3.1.1.12)", SILENT),
    "TC_NOREASON_V": Torture("likewise (3.1.1.13)", SILENT),
    "TC_BADINV01_I": Torture("400 (3.1.2.1)", BAD),
    "TC_CLERR_I": Torture("400 (3.1.2.2)", BAD),
    "TC_NCL_I": Torture("400 (3.1.2.3)", BAD),
    "TC_SCALAR02_V": Torture("400 (3.1.2.4)", BAD),
    "TC_SCALARLG_V": Torture("dropped (3.1.2.5)", SILENT),
    "TC_QUOTBAL_I": Torture("400 (3.1.2.6)", BAD),
    "TC_LTGTRURI_I": Torture("400 (3.1.2.7)", BAD),
    "TC_LWSRURI_I": Torture("400 (3.1.2.8)", BAD),
    "TC_LWSSTART_V": Torture("400, or taken (3.1.2.9)", (400, 200)),
    "TC_TRWS_I": Torture("400, or taken (3.1.2.10)", (400, 200)),
    "TC_ESCRURI_V": Torture("400, or the headers ignored (3.1.2.11)", (400, 200)),
    "TC_BADDATE_V": Torture("400, or the date ignored (3.1.2.12)", (400, 200)),
    "TC_REGBADCT_I": Torture("400, or taken (3.1.2.13)", (400, 405)),
    "TC_BADASPEC_I": Torture("400, or taken (3.1.2.14)", (400, 200)),
    "TC_BADDN_I": Torture("400, or taken (3.1.2.15)", (400, 200)),
    "TC_BADVERS_V": Torture("505 (3.1.2.16)", (505,)),
    "TC_MISMATCH01_V": Torture("400 (3.1.2.17)", BAD),
    "TC_MISMATCH02_V": Torture("400 or 501 (3.1.2.18)", (400, 501)),
    "TC_BIGCODE_V": Torture("dropped (3.1.2.19)", SILENT),
    "TC_BADBRANCH_V": Torture("taken as of an RFC 2543 peer, or 400 (3.2.1)", (200, 400)),
    "TC_INSUF_I": Torture("400 (3.3.1)", BAD),
    "TC_UNKSCM_V": Torture("416 (3.3.2)", (416,)),
    "TC_NOVELSC_V": Torture("416 (3.3.3)", (416,)),
    "TC_UNKSM2_V": Torture("not refused for its From and To (3.3.4)", (405, 200)),
    "TC_BEXT01_V": Torture("420 (3.3.5)", (420,)),
    "TC_INVUT_V": Torture("415 (3.3.6)", (415,)),
    "TC_REGAUT01_V": Torture("an unknown authorization is ignored (3.3.7)", (405, 401, 200)),
    "TC_MULTI01_I": Torture("400 (3.3.8)", BAD),
    "TC_MCL01_I": Torture("400 (3.3.9)", BAD),
    "TC_BCAST_V": Torture("dropped (3.3.10)", SILENT),
    "TC_ZEROMF_V": Torture("an endpoint answers (3.3.11)", OK),
    "TC_CPARAM01_V": Torture("well-formed REGISTER (3.3.12)", (405, 200)),
    "TC_CPARAM02_V": Torture("well-formed REGISTER (3.3.13)", (405, 200)),
    "TC_REGESCRT_V": Torture("well-formed REGISTER (3.3.14)", (405, 200)),
    "TC_SDP01_V": Torture("well-formed (3.3.15)", (200, 488)),
    "TC_INV2543_I": Torture("accepted; its user is none of ours: 404 (3.4.1)", (404, 200)),
    "TC_TEST_I": Torture("no message at all (not of RFC 4475): dropped or 400", (0, 400)),
}
"""The files of RFC 4475, where they lie beside the clone."""
