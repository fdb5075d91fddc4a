"""What is posted and what is answered, as bytes and as values; and the signature. Pure.

A body is one JSON object in UTF-8. It says whom a flag is about and what is asked for, not what was said: words
stay in the log, where looking at them is on record. The header `X-Screener-Signature: t=SECONDS,v1=HEX` is
HMAC-SHA256 with the site's secret over `SECONDS.BODY`, so that a message can neither be made up nor sent again
later; `X-Screener-Delivery` is the same in every try of one message.
"""

import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from screener.errors import InputError
from screener.outside.objects import read_object

SIGNATURE, DELIVERY = "X-Screener-Signature", "X-Screener-Delivery"
TOLERANCE_SECONDS = 300
"""A signature that is older, or younger, is none."""
MAX_ANSWER = 4096
"""Bytes of an answer that are read."""
_SIGNED = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class FlagMessage:
    """One message.

    Attributes:
        id: of the message, for whoever gets it twice.
        call: the product's id of the call.
        session: the recording client's id of the call, or the PBX's; empty when unknown. Likewise what follows.
        number, agent, queue: of the caller, of who has the call, and whose call it is.
        started_at: ISO 8601, UTC.
        at: seconds into the call.
        verdict, kind, reason: codes, as in the log.
        act: what is asked for: `analysis_queue`, `line_fault`, `terminate`; empty asks for nothing.
        to: the SIP URI that the settings give that act.
        dry_run: nobody is to be treated.
    """

    id: str
    call: str
    session: str
    number: str
    agent: str
    queue: str
    started_at: str
    at: float
    verdict: str
    kind: str
    reason: str
    act: str = ""
    to: str = ""
    dry_run: bool = False


class Disposition(StrEnum):
    """What the other system has done with a caller."""

    MOVED = "moved"
    """The agent's line is free."""
    STAYS = "stays"
    """Nothing: caller and agent talk on. So it is with every answer that is none."""
    GENUINE = "genuine"
    """A person there says that the flag is a mistake."""


@dataclass(frozen=True, slots=True)
class FlagAnswer:
    """A decision, and who took it (empty when nobody is named)."""

    decision: Disposition
    by: str = ""


def serialize(flag: FlagMessage) -> bytes:
    """A message's body."""
    return json.dumps(asdict(flag), ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def parse(body: bytes) -> FlagMessage:
    """Read a body, as a receiver does.

    Raises:
        InputError: it is none.
    """
    said = _object(body)
    kinds = {f.name: f.type for f in fields(FlagMessage)}
    if said.keys() != kinds.keys() or not all(isinstance(v, str | bool | int | float) for v in said.values()):
        raise InputError("not a message of Screener", "look at its version")
    return FlagMessage(**said)  # type: ignore[arg-type]


def read_answer(body: bytes) -> FlagAnswer:
    """Read an answer: `{"decision": "moved", "by": "…"}`. An empty body has taken note, and done nothing.

    Raises:
        InputError: it is none.
    """
    if not body.strip():
        return FlagAnswer(Disposition.STAYS)
    said = _object(body)
    decision, by = said.get("decision"), said.get("by", "")
    if decision not in list(Disposition) or not isinstance(by, str):
        raise InputError("the answer has no decision", f"allowed: {', '.join(Disposition)}")
    return FlagAnswer(Disposition(str(decision)), " ".join(by.split())[:64])


def write_answer(answer: FlagAnswer) -> bytes:
    """An answer's body, for whoever receives messages."""
    return json.dumps({"decision": answer.decision, "by": answer.by}, ensure_ascii=False).encode(
        "utf-8", "replace"
    )


def sign(secret: str, seconds: int, body: bytes) -> str:
    """The value of the signature's header, at so many seconds since 1970."""
    made = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={made}"


def is_signed(secret: str, header: str, body: bytes, now: float) -> bool:
    """Whether a message is ours and new."""
    found = _SIGNED.fullmatch(header)
    if found is None or not secret or abs(now - int(found[1])) > TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(sign(secret, int(found[1]), body), header)


def _object(body: bytes) -> dict[str, object]:
    try:
        return read_object(body)
    except ValueError as problem:
        raise InputError("not a JSON object", "answer one object") from problem
