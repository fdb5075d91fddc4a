"""A random history of an Asterisk site: what happened, and its queue_log and CDR file as the PBX would write them.

Numbers, dialled numbers and agents stand there in every usual writing; calls move through several queues and legs;
some are outbound, some half of a rotated file, some the going on of a call that the product has seen itself.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from screener.core.evidence import Treatment, Verdict
from screener.events import EndedBy, Entrance
from screener.exchange.asterisk import SETTLE_SECONDS
from screener.numbers.identify import Lines
from screener.store.records import CallRecord, Review, TreatmentRow
from tests.reports.random_log import BEGIN, DAYS, DIALLED, QUEUES, SPELLINGS

ANALYSIS = "analysis"
AGENTS = {
    "8001": ("Agent/8001", "SIP/8001", "PJSIP/8001", "Local/8001@from-queue/n", "8001"),
    "8002": ("Agent/8002", "PJSIP/8002"),
    "sales-01": ("PJSIP/sales-01", "sales-01"),
}
_LINES = Lines()


@dataclass(frozen=True)
class History:
    """Two files, and the calls that are in them."""

    queue_log: list[bytes]
    cdr: list[bytes]
    calls: list[CallRecord]
    halves: int
    """Calls of which the queue_log holds the end only."""


def random_history(seed: int, linked: Sequence[str], count: int = 80) -> History:
    """A history; `linked` are linkedids of calls that are in the log already: some go on with one of them."""
    dice = random.Random(f"history {seed}")
    linked = dice.sample(list(linked), min(6, len(linked)))
    queued: list[tuple[float, str]] = []
    cdr: list[bytes] = []
    calls: list[CallRecord] = []
    for number in range(count):
        callid = linked.pop() if linked and dice.random() < 0.2 else f"{1770000000 + number}.{number}"
        at = BEGIN + timedelta(seconds=dice.randrange(DAYS * 86400))
        number_, written = _written(dice)
        if dice.random() < 0.5:
            call = _in_queues(dice, queued, callid, at, number_, written)
            if dice.random() < 0.7:  # the CDR file has it too: no second call, but it knows what was dialled
                call = replace(call, dialled=dice.choice(DIALLED))
                cdr += _legs(dice, callid, at, written, call.dialled)[1]
            calls.append(call)
        else:
            call, rows = _of_cdr(dice, callid, at, number_, written)
            cdr += rows
            calls += [call] if call else []
    halves = dice.randrange(3)
    for number in range(halves):  # their beginnings are in a file that was rotated away
        callid = f"1760000000.{number}"
        at = (BEGIN + timedelta(seconds=number)).timestamp()
        queued.append((at, f"{callid}|sales|Agent/8001|CONNECT|5||3"))
        queued.append((at + 9, f"{callid}|sales|Agent/8001|COMPLETECALLER|5|9|1"))
    lines = [f"{at:.0f}|{line}".encode() for at, line in sorted(queued, key=lambda line: line[0])]
    return History(lines, cdr, calls, halves)


def _written(dice: random.Random) -> tuple[str, str]:
    """A number, and a writing of it that a PBX's own files may hold."""
    number = dice.choice([number for number in SPELLINGS if number != "8001"])
    fit = [raw for raw in SPELLINGS[number] if raw.isascii() and raw.lstrip("+").isdigit()]
    return number, dice.choice(fit)


def _in_queues(
    dice: random.Random, lines: list[tuple[float, str]], callid: str, at: datetime, number: str, written: str
) -> CallRecord:
    """A call that goes from queue to queue; perhaps an agent sends it into the one for harassment."""
    now = at.timestamp()
    first, agent = "", ""
    stays: list[TreatmentRow] = []
    path = [dice.choice(("sales", "service")) for _ in range(dice.choice((1, 1, 2)))]
    if dice.random() < 0.4:
        path.append(ANALYSIS)
    for place, queue in enumerate(path):
        last = place == len(path) - 1
        entered = now
        first = first or queue
        lines.append((now, f"{callid}|{queue}|NONE|ENTERQUEUE||{written}|1"))
        if queue != ANALYSIS and dice.random() < 0.7:
            now += 5
            agent = dice.choice(tuple(AGENTS))
            lines.append((now, f"{callid}|{queue}|{dice.choice(AGENTS[agent])}|CONNECT|5||3"))
            now += 20
            end = dice.choice(("COMPLETECALLER", "COMPLETEAGENT")) if last else "BLINDTRANSFER"
            lines.append((now, f"{callid}|{queue}|{dice.choice(AGENTS[agent])}|{end}|5|20|1"))
        else:
            now += dice.choice((4, 30))
            end = dice.choice(("ABANDON", "EXITWITHTIMEOUT")) if last else "EXITWITHTIMEOUT"
            lines.append((now, f"{callid}|{queue}|NONE|{end}|1|1|9"))
        if queue == ANALYSIS:
            begin, end_ = entered - at.timestamp(), now - at.timestamp()
            stays.append(
                TreatmentRow(Treatment.ANALYSIS_QUEUE, begin, end_, end != "ABANDON", by_hand=True, agent=agent)
            )
        now += dice.choice((1, int(SETTLE_SECONDS) - 1))
    call = _call(callid, at, number, queue=first, agent=agent)
    if not stays:
        return call
    return replace(
        call,
        verdict=Verdict.HARASSMENT,
        treatment=Treatment.ANALYSIS_QUEUE,
        treatments=tuple(stays),
        review=Review.CONFIRMED if agent else Review.NONE,
        reviewed_by=agent,
    )


def _of_cdr(
    dice: random.Random, callid: str, at: datetime, number: str, written: str
) -> tuple[CallRecord | None, list[bytes]]:
    """A call of the CDR file alone, or one that the site's own people made, which is none of a caller's."""
    if dice.random() < 0.2:
        row = _row(at, callid, callid, "8001", "13800138000", "PJSIP/8001-0000001a", "PJSIP/trunk-0000001b", "", 9)
        return None, [row]
    dialled = dice.choice(DIALLED)
    told, rows = _legs(dice, callid, at, written, dialled)
    return _call(callid, at, number, dialled=dialled, **told), rows


def _legs(
    dice: random.Random, callid: str, at: datetime, written: str, dialled: str
) -> tuple[dict[str, str], list[bytes]]:
    """The rows of one call, and what they say of it together."""
    raw = {"": "s", "+864008001234": "400-800-1234", "+861062345678": "01062345678"}[dialled]
    queue = dice.choice(QUEUES)
    trunk = "PJSIP/trunk-0000002a"
    rows = [_row(at, callid, callid, written, raw, trunk, "", f"{queue},t" if queue else "", None)]
    agent = ""
    for leg in range(dice.randrange(3)):
        agent = dice.choice(("8001", "8002"))
        device = f"PJSIP/{agent}-0000{leg:04x}"
        later = at + timedelta(seconds=5 * (leg + 1))
        rows.append(_row(later, f"{callid}{leg}", callid, written, "s", trunk, device, "", 7))
    if dice.random() < 0.5:  # Asterisk writes a row when its leg ends
        rows.reverse()
    return {"queue": queue, "agent": agent}, rows


def _row(
    at: datetime,
    uniqueid: str,
    linkedid: str,
    src: str,
    dst: str,
    channel: str,
    dstchannel: str,
    queue: str,
    talked: int | None,
) -> bytes:
    """A line of Master.csv, in UTC."""
    start, end = f"{at:%F %T}", f"{at + timedelta(seconds=talked or 3):%F %T}"
    answer, how = (start, "ANSWERED") if talked else ("", "NO ANSWER")
    app = "Queue" if queue else "Dial"
    cells = (
        *("", src, dst, "from-trunk", "", channel, dstchannel, app, queue, start, answer, end),
        *("9", "9", how, "DOCUMENTATION", uniqueid, "", linkedid),
    )
    return (",".join(f'"{cell}"' for cell in cells) + "\n").encode()


def _call(callid: str, at: datetime, number: str, **rest: str) -> CallRecord:
    caller = _LINES.identify(number)
    return CallRecord(
        id=f"pbx-{callid}",
        started_at=at.astimezone(UTC),
        ended_at=at + timedelta(seconds=60),
        ended_by=EndedBy.CALLER,
        number=number,
        line=caller.line,
        region=caller.region,
        carrier=caller.carrier,
        entrance=Entrance.REPLAY,
        linkedid=callid,
        **rest,  # type: ignore[arg-type]
    )
