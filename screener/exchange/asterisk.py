"""An Asterisk site's own history as calls of the log: `queue_log` and the CDR file `Master.csv`.

Every call gets an id made of the PBX's own, so that a second import, or the other of the two files, makes no
second call. A line that cannot be read is handed out as such and skipped. What is not known stays unknown: an
imported call has no verdict, unless it was in a queue that the site used for harassment.

A stranger who sends a line break in the number writes lines of these files too. So ids and numbers have the shape
that Asterisk and telephones give them, time does not run back, and a flag counts as a person's word only where an
agent had that very call.
"""

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from unicodedata import normalize

from screener.core.evidence import Treatment, Verdict
from screener.events import Caller, EndedBy, Entrance, LineClass
from screener.exchange.listfile import NO_ROW, BadLine
from screener.numbers.agents import agent_name
from screener.numbers.written import given, plain
from screener.outside.text import is_number, is_pbx_id, visible
from screener.outside.times import YEARS, in_zone
from screener.store.records import CallRecord, Review, TreatmentRow

Identify = Callable[[str], Caller]
"""What is known about a number; the normal form among it."""

SETTLE_SECONDS = 60.0
"""After a call has left a queue, another may take it over for so long before it counts as over."""
HALF = "call {} began in an earlier file: name the rotated files too, the oldest first"
STILL_UP = "call {} is not over at the end of the file: it comes with the next import"
BACK_SECONDS = 7200.0
"""A line of queue_log may be so much older than one before it: the hour that summer time takes back, and more."""
LOST_SECONDS = 12 * 3600.0
"""A call without an end is given up after so long: the PBX died under it."""


@dataclass(frozen=True, slots=True)
class _Stay:
    """A stay in the analysis queue: from, to, in seconds since 1970; to the end; who had the call before it."""

    begin: float
    end: float
    to_the_end: bool
    agent: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call of the queue_log that has entered a queue. Times are seconds since 1970."""

    callid: str
    caller: str
    queue: str
    entered: float
    entered_last: float
    in_analysis: bool
    answered: float | None = None
    agent: str = ""
    ended: float | None = None
    ended_by: EndedBy | None = None
    stays: tuple[_Stay, ...] = ()

    @property
    def audio_began(self) -> float:
        """As of the record: what is written down counts from here."""
        return self.entered if self.answered is None else self.answered


_ENDS = {
    "ABANDON": EndedBy.CALLER,
    "COMPLETECALLER": EndedBy.CALLER,
    "COMPLETEAGENT": EndedBy.AGENT,
    "TRANSFER": EndedBy.TRANSFER,
    "BLINDTRANSFER": EndedBy.TRANSFER,
    "ATTENDEDTRANSFER": EndedBy.TRANSFER,
    "EXITWITHTIMEOUT": EndedBy.TRANSFER,
    "EXITWITHKEY": EndedBy.TRANSFER,
    "EXITEMPTY": EndedBy.TRANSFER,
    "SYSCOMPAT": EndedBy.FAULT,
}


def read_queue_log(
    lines: Iterable[bytes], identify: Identify, analysis: Collection[str] = ()
) -> Iterator[CallRecord | BadLine]:
    """Calls of a queue_log, each once it is over; of what cannot be a whole call a line says so.

    Args:
        lines: of the file, or of rotated files one after the other: `epoch|uniqueid|queue|member|event|data…`.
        identify: what is known about a number.
        analysis: queues that stood for harassment: entering one is a flag that a person set.
    """
    up: dict[str, _Waiting] = {}
    halves: set[str] = set()
    """Calls that were left out, and are named once."""
    over: dict[str, float] = {}  # ended but perhaps taken over; in the order of their ends
    now = 0.0
    number = 0
    for number, line in enumerate(lines, start=1):
        try:
            now, callid, queue, member, event, data = _queue_line(line, now)
        except ValueError as problem:
            if line.strip():
                yield BadLine(number, str(problem))
            continue
        while over and (first := next(iter(over))) and over[first] + SETTLE_SECONDS < now:
            del over[first]
            yield _queue_call(up.pop(first), identify)
        if event == "ENTERQUEUE":
            try:
                caller = _caller("caller", data[1] if len(data) > 1 else "")
            except ValueError as problem:
                halves.add(callid)
                yield BadLine(number, str(problem))
                continue
            up[callid] = _enter(up.get(callid), callid, queue, caller, now, queue in analysis)
            over.pop(callid, None)
        elif event == "CONNECT" and callid in up:
            up[callid] = replace(up[callid], answered=up[callid].answered or now, agent=agent_name(member))
        elif event in (*_ENDS, "CONNECT") and callid not in up:
            if callid not in halves and callid not in ("NONE", "MANAGER", "REALTIME"):
                halves.add(callid)
                yield BadLine(number, HALF.format(callid))
        elif event in _ENDS:
            up[callid] = _leave(up[callid], now, event)
            over.pop(callid, None)
            over[callid] = now
        elif event == "QUEUESTART":  # the PBX has started: nothing is up any more
            yield from (_queue_call(_lost(call, now), identify) for call in up.values())
            up.clear()
            over.clear()
    for call in up.values():
        if call.ended is not None or call.entered + LOST_SECONDS < now:
            yield _queue_call(_lost(call, now), identify)
        else:
            yield BadLine(number, STILL_UP.format(call.callid))


def _queue_line(line: bytes, newest: float) -> tuple[float, str, str, str, str, list[str]]:
    cells = _text(line).rstrip("\r\n").split("|")
    if len(cells) < 5:
        raise ValueError(f"number of fields: {len(cells)}, allowed epoch|uniqueid|queue|member|event|data…")
    epoch, callid, queue, member, event, *data = cells
    try:
        at = float(epoch)
    except ValueError:
        at = 0.0
    if not 0 < at < 1e11:
        raise ValueError(f"epoch: found {epoch!r}, allowed seconds since 1970")
    if at < newest - BACK_SECONDS:
        raise ValueError(f"epoch: found {epoch!r}, long before the line before")
    if not is_pbx_id(callid) or not event.isupper():
        raise ValueError(f"uniqueid or event: found {callid!r}, {event!r}")
    if visible(queue + member) != queue + member:
        raise ValueError(f"queue or member: found {queue!r}, {member!r}")
    return at, callid, queue, member, event, data


def _caller(column: str, written: str) -> str:
    """A number, in whatever writing; empty where it was withheld.

    Raises:
        ValueError: it is none.
    """
    bare = given(plain(written))
    if not bare:
        return ""
    if number := next(filter(is_number, (normalize("NFKC", written), bare)), ""):
        return number
    raise ValueError(f"{column}: found {written!r}, allowed a telephone number")


def _enter(call: _Waiting | None, callid: str, queue: str, caller: str, now: float, analysis: bool) -> _Waiting:
    if call is None:
        return _Waiting(callid, caller, queue, now, now, analysis)
    return replace(call, entered_last=now, in_analysis=analysis, ended=None, ended_by=None)


def _leave(call: _Waiting, now: float, event: str) -> _Waiting:
    stays = call.stays
    if call.in_analysis:
        stays = (*stays, _Stay(call.entered_last, now, event != "ABANDON", call.agent))
    return replace(call, ended=now, ended_by=_ENDS[event], in_analysis=False, stays=stays)


def _lost(call: _Waiting, now: float) -> _Waiting:
    return call if call.ended is not None else replace(call, ended=max(call.entered_last, call.answered or now))


def _queue_call(call: _Waiting, identify: Identify) -> CallRecord:
    if call.stays:
        flag: dict[str, Any] = {
            "verdict": Verdict.HARASSMENT,
            "flagged_at": call.stays[0].begin - call.audio_began,
            "treatment": Treatment.ANALYSIS_QUEUE,
            **_review(call.stays[0]),
            "treatments": tuple(
                TreatmentRow(
                    Treatment.ANALYSIS_QUEUE,
                    stay.begin - call.audio_began,
                    stay.end - call.audio_began,
                    stay.to_the_end,
                    True,
                    stay.agent,
                )
                for stay in call.stays
            ),
        }
    else:
        flag = {}
    return _record(
        call.callid,
        _moment(call.entered),
        identify(call.caller),
        answered_at=_moment(call.answered) if call.answered is not None else None,
        ended_at=_moment(call.ended if call.ended is not None else call.entered),
        ended_by=call.ended_by or EndedBy.FAULT,
        queue=call.queue,
        agent=call.agent,
        node="queue_log",
        **flag,
    )


def _review(first: _Stay) -> dict[str, Any]:
    """An agent who had the call confirmed the flag by sending it there; nobody did whom the log does not name."""
    if not first.agent:
        return {}
    return {"review": Review.CONFIRMED, "reviewed_by": first.agent, "reviewed_at": _moment(first.begin)}


CDR_COLUMNS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start",
    "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "linkedid",
)  # fmt: skip
_LEAST_COLUMNS = 17
"""A CDR without userfield and linkedid still names its uniqueid."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """One row of a CDR file."""

    uniqueid: str
    source: str
    dialled: str
    channel: str
    answered_by: str
    rung: bool
    """Whom it reached is a member of a queue, or the very device that was dialled: an agent, and no line out."""
    queue: str
    context: str
    start: datetime
    answer: datetime | None
    end: datetime


def read_cdr(
    lines: Iterable[bytes],
    identify: Identify,
    zone: tzinfo,
    contexts: Collection[str] = (),
    *,
    is_extension: Callable[[str], bool],
) -> Iterator[CallRecord | BadLine]:
    """Calls of a CDR file, one for each linkedid, put together from all its rows once no more can follow.

    Calls that the site's own extensions make, outbound or to each other, are left out.

    Args:
        lines: of the file, or of several, in the order of `CDR_COLUMNS`, or in that of its first line if that
            names them.
        identify: what is known about a number.
        zone: of the times in the file.
        contexts: only calls of these dialplan contexts; empty takes all.
        is_extension: whether a device or number is one of the site's own.
    """
    columns: tuple[str, ...] = CDR_COLUMNS
    calls: dict[str, list[_Leg]] = {}  # in the order of their newest row
    for number, line in enumerate(lines, start=1):
        try:
            cells = next(csv.reader([_text(line).rstrip("\r\n")], strict=True), [])
            if "uniqueid" in cells and "start" in cells:
                columns = tuple(cells)
            elif cells:
                if len(cells) < min(_LEAST_COLUMNS, len(columns)):
                    raise ValueError(f"number of fields: {len(cells)}, allowed {len(columns)}")
                callid, leg = _leg(dict(zip(columns, cells, strict=False)), zone)
                calls[callid] = [*calls.pop(callid, []), leg]
                while calls and (first := next(iter(calls))) and _settled(calls[first], leg.end):
                    yield from _cdr_call(first, calls.pop(first), identify, contexts, is_extension)
        except KeyError as lacking:
            yield BadLine(number, f"no column {lacking}")
        except csv.Error:
            yield BadLine(number, NO_ROW)
        except ValueError as problem:
            yield BadLine(number, str(problem))
    for callid, legs in calls.items():
        yield from _cdr_call(callid, legs, identify, contexts, is_extension)


def _settled(legs: Sequence[_Leg], now: datetime) -> bool:
    """No more rows of this call can come."""
    return max(leg.end for leg in legs) + timedelta(seconds=LOST_SECONDS) < now


def _leg(row: dict[str, str], zone: tzinfo) -> tuple[str, _Leg]:
    callid = row.get("linkedid") or row["uniqueid"]
    for name in ("uniqueid", "linkedid"):
        if row.get(name) and not is_pbx_id(row[name]):
            raise ValueError(f"{name}: found {row[name]!r}")
    if not callid:
        raise ValueError("uniqueid: empty")
    if visible(row["dst"]) != row["dst"]:
        raise ValueError(f"dst: found {row['dst']!r}")
    start, end = _local(row, "start", zone), _local(row, "end", zone)
    if end < start:
        raise ValueError(f"end: found {row['end']!r}, before start")
    answered = row["disposition"] == "ANSWERED" and row["answer"] != ""
    queue = row.get("lastdata", "").partition(",")[0] if row.get("lastapp") == "Queue" else ""
    return callid, _Leg(
        row["uniqueid"],
        _caller("src", row["src"]),
        row["dst"],
        agent_name(row.get("channel", "")),
        agent_name(row.get("dstchannel", "")),
        row.get("lastapp") == "Queue" or _is_device(row),
        queue,
        row.get("dcontext", ""),
        start,
        _local(row, "answer", zone) if answered else None,
        end,
    )


def _is_device(row: dict[str, str]) -> bool:
    """Whether a device was dialled by its name: `PJSIP/wang`, not `PJSIP/13800138000@trunk`."""
    channel = row.get("dstchannel", "")
    device = f"{channel.partition('/')[0]}/{agent_name(channel)}"
    return device in row.get("lastdata", "").partition(",")[0].split("&")


_NO_NUMBER = frozenset({"", "s", "h", "i", "t", "o", "~~s~~"})
"""Extensions of a dialplan that nobody dials."""


def _cdr_call(
    callid: str,
    legs: list[_Leg],
    identify: Identify,
    contexts: Collection[str],
    is_extension: Callable[[str], bool],
) -> Iterator[CallRecord]:
    """The one call of all its rows; nothing where no caller from outside began it."""
    legs = sorted(legs, key=lambda leg: (leg.start, leg.uniqueid != callid))  # the caller's channel names the call
    first = legs[0]
    caller = identify(next((leg.source for leg in legs if leg.source), ""))
    outbound = is_extension(first.channel) or is_extension(first.source) or caller.line is LineClass.INTERNAL
    if outbound or (contexts and not any(leg.context in contexts for leg in legs)):
        return
    answers = [leg.answer for leg in legs if leg.answer is not None]
    reached = [leg for leg in legs if leg.answer is not None and leg.answered_by]
    agents = [leg.answered_by for leg in reached if leg.rung or is_extension(leg.answered_by)]
    dialled = next((leg.dialled for leg in legs if leg.dialled not in _NO_NUMBER), "")
    yield _record(
        callid,
        first.start,
        caller,
        answered_at=min(answers, default=None),
        ended_at=max(leg.end for leg in legs),
        dialled=identify(dialled).number,
        queue=next((leg.queue for leg in legs if leg.queue), ""),
        agent=agents[-1] if agents else "",
        uniqueid=first.uniqueid,
        node="cdr",
    )


def _record(callid: str, at: datetime, caller: Caller, uniqueid: str = "", **rest: Any) -> CallRecord:  # noqa: ANN401
    return CallRecord(
        id=f"pbx-{callid}",
        started_at=at,
        number=caller.number,
        line=caller.line,
        region=caller.region,
        carrier=caller.carrier,
        entrance=Entrance.REPLAY,
        uniqueid=uniqueid or callid,
        linkedid=callid,
        **rest,
    )


def _text(line: bytes) -> str:
    """UTF-8, or GB 18030 as older sites write it."""
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return line.decode(encoding)
    raise ValueError("neither UTF-8 nor GB 18030")


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _local(row: dict[str, str], name: str, zone: tzinfo) -> datetime:
    try:
        return in_zone(datetime.strptime(row[name], "%Y-%m-%d %H:%M:%S"), zone).astimezone(UTC)
    except ValueError:
        allowed = f"allowed a time such as 2026-03-04 09:00:00 {YEARS}"
        raise ValueError(f"{name}: found {row[name]!r}, {allowed}") from None
