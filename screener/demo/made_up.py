"""A made-up log that looks like a busy call centre's, for measuring: hours, weekdays, regions, habits of callers.

Most numbers call once or twice, some often; a few of a hundred calls are harassment, mostly at noon and at night
and by few numbers; the first tenth of the time is dry run. Genuine calls keep one piece of evidence, flagged ones
more. Transcripts are there for the newest calls only, as after a purge.
"""

import bisect
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from screener.core.evidence import Kind, Reason, Source, Treatment, Verdict
from screener.events import EndedBy, Entrance, LineClass, Speaker
from screener.store.records import CallRecord, DecisionRow, EvidenceRow, Review, Segment, TransferRow, TreatmentRow

YEARS = 3
NODE = "sample"
"""Says of a call that it is made up."""
TRANSCRIPT_DAYS = 30
_HOURS = (2, 1, 1, 1, 1, 2, 4, 12, 40, 60, 62, 55, 35, 38, 55, 58, 55, 48, 30, 24, 20, 16, 9, 4)
"""How many calls each local hour gets, beside each other; UTC+8."""
_BAD_HOURS = (14, 10, 6, 3, 2, 2, 2, 3, 6, 8, 9, 12, 30, 18, 9, 8, 8, 9, 10, 12, 16, 22, 26, 20)
_REGIONS = (
    ("北京市", "10", 21), ("上海市", "21", 24), ("广东省广州市", "20", 18), ("广东省深圳市", "755", 17),
    ("四川省成都市", "28", 20), ("湖北省武汉市", "27", 12), ("浙江省杭州市", "571", 11), ("江苏省南京市", "25", 9),
    ("陕西省西安市", "29", 12), ("重庆市", "23", 30), ("天津市", "22", 13), ("河南省郑州市", "371", 12),
    ("湖南省长沙市", "731", 10), ("山东省济南市", "531", 9), ("辽宁省沈阳市", "24", 9), ("福建省厦门市", "592", 5),
    ("云南省昆明市", "871", 8), ("黑龙江省哈尔滨市", "451", 9), ("安徽省合肥市", "551", 9),
    ("广西南宁市", "771", 8),
)  # fmt: skip
_CARRIERS = (
    ("中国移动", ("138", "139", "150", "188")),
    ("中国联通", ("130", "186")),
    ("中国电信", ("133", "189")),
)
_KINDS = (Kind.LEWD, Kind.ABUSE, Kind.PRANK, Kind.CHITCHAT, Kind.THREAT, Kind.SILENT, Kind.REDIAL)
_KIND_WEIGHTS = tuple(accumulate((22, 18, 24, 16, 3, 12, 5)))
_TREATMENTS = (Treatment.ANALYSIS_QUEUE, Treatment.LINE_FAULT, Treatment.TERMINATE)
_TREATMENT_WEIGHTS = tuple(accumulate((78, 8, 14)))
_QUEUES = ("sales", "service", "complaints")
_DIALLED = ("+864008001234", "+864008001234", "+861062345678", "95588")
_AGENTS = tuple(f"80{number:02}" for number in range(40))
_REVIEWERS = ("王主管", "李主管")


@dataclass(frozen=True, slots=True)
class Habits:
    """How the callers of a sample behave.

    Attributes:
        flagged: part of all calls that is harassment, 0..1.
        by_hand: part of the harassment that an agent hands over, 0..1.
        reviewed: part of the flags that a person looks at, 0..1; one in fifteen of them is overturned.
    """

    flagged: float = 0.03
    by_hand: float = 0.15
    reviewed: float = 0.3


def made_up(calls: int, until: datetime, seed: int = 0, habits: Habits = Habits()) -> Iterator[CallRecord]:
    """Finished calls of the three years before a moment, oldest first; the same seed makes the same calls.

    Args:
        calls: how many.
        until: aware.
        seed: of the dice.
        habits: how callers behave.
    """
    dice = random.Random(seed)  # noqa: S311 - nothing to guess
    genuine, bad = max(1, calls * 4 // 10), max(1, calls * 6 // 1000)
    day_seconds = 86400
    days = 365 * YEARS
    begin = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    for number in range(calls):
        day = number * days // calls
        is_bad = dice.random() < habits.flagged
        hour = _pick(dice, _BAD_HOUR_SUMS if is_bad else _HOUR_SUMS)
        # Callers of one day are spread over its hours; the log need not be in order within a day.
        second = day * day_seconds + (hour * 3600 + dice.randrange(3600) - 8 * 3600) % day_seconds
        at = begin + timedelta(seconds=second, microseconds=number % 1_000_000)
        who = int(bad * dice.random() ** 2) if is_bad else bad + int(genuine * dice.random() ** 1.5)
        yield _call(dice, number, at, who, _Way(is_bad, day < days // 10, day >= days - TRANSCRIPT_DAYS), habits)


@dataclass(frozen=True, slots=True)
class _Way:
    """What kind of call comes next."""

    bad: bool
    dry_run: bool
    heard: bool


def _call(dice: random.Random, number: int, at: datetime, who: int, way: _Way, habits: Habits) -> CallRecord:
    caller, line, region, carrier = _caller(who, dice)
    seconds = 8 + dice.expovariate(1 / 40)
    call_id = f"{at:%Y%m%dT%H%M%S}-{number:08x}"
    ended = at + timedelta(seconds=seconds)
    uniqueid = f"{at.timestamp():.0f}.{number}"
    if not way.bad:
        verdict = Verdict.COMPLAINT if dice.random() < 0.06 else Verdict.GENUINE
        return CallRecord(
            id=call_id, started_at=at, answered_at=at, ended_at=ended, number=caller, line=line, region=region,
            carrier=carrier, dialled=_DIALLED[who % 4], queue=_QUEUES[who % 3], uniqueid=uniqueid,
            linkedid=uniqueid, verdict=verdict,
            score=-3.0, ended_by=EndedBy.TRANSFER, node=NODE,
            segments=_heard(dice, "我想问一下我的订单到哪里了") if way.heard else (),
            evidence=(EvidenceRow(3.0, "act.caller.business", Source.ACTS, None, -3.0, "", ""),),
            decisions=(
                DecisionRow(4.0, verdict, None, Treatment.NONE, -3.0, 2.0, way.dry_run, False, Reason.MATTER),
            ),
            transfers=(TransferRow(4.2, "agents", True, 200),) if way.heard else (),
        )  # fmt: skip
    kind = _KINDS[_pick(dice, _KIND_WEIGHTS)]
    by_hand = not way.dry_run and dice.random() < habits.by_hand
    treatment = Treatment.ANALYSIS_QUEUE if by_hand else _TREATMENTS[_pick(dice, _TREATMENT_WEIGHTS)]
    if way.dry_run or dice.random() < 0.04:
        treatment, by_hand = Treatment.NONE, False
    agent = _AGENTS[int(len(_AGENTS) * dice.random() ** 2)] if by_hand else ""
    review, reviewer = (Review.CONFIRMED, agent) if by_hand else _review(dice, habits)
    flagged = 2.0 + 20 * dice.random() ** 2
    stay = min(30.0, 1 + dice.expovariate(1 / 14))
    given = TreatmentRow(treatment, flagged, flagged + stay, stay >= 25, by_hand, agent)
    return CallRecord(
        id=call_id, started_at=at, answered_at=at, ended_at=ended, number=caller, line=line, region=region,
        carrier=carrier, dialled=_DIALLED[who % 4], queue=_QUEUES[who % 3],
        entrance=Entrance.BY_HAND if by_hand else Entrance.IN_PATH, referred_by=agent, agent=agent,
        uniqueid=uniqueid, linkedid=uniqueid, verdict=Verdict.HARASSMENT, kind=kind, flagged_at=flagged, score=3.0,
        treatment=treatment, dry_run=way.dry_run, ended_by=EndedBy.CALLER, node=NODE, review=review,
        reviewed_by=reviewer, reviewed_at=ended if reviewer else None,
        segments=_heard(dice, "你一个人吗") if way.heard else (),
        evidence=(EvidenceRow(0, "time.night", Source.TIME, None, 0.4, "", ""), *_words(dice, kind, flagged)),
        decisions=(
            DecisionRow(
                flagged, Verdict.HARASSMENT, kind, treatment, 3.0, 2.0, way.dry_run, False, Reason.JUDGED.of(kind)
            ),
        ),
        treatments=(given,) if treatment is not Treatment.NONE else (),
    )  # fmt: skip


def _caller(who: int, dice: random.Random) -> tuple[str, LineClass, str, str]:
    """A number and what is known of it; the same `who` is always the same."""
    if dice.random() < 0.02:
        return "", LineClass.ANONYMOUS, "", ""
    mixed = who * 2654435761 % (1 << 32)
    region, area, lines = _REGIONS[mixed % 97 * len(_REGIONS) // 97]
    if mixed // 97 % 10 < 2:
        return f"+86{area}{2000_0000 + mixed // 970 % 10**7}", LineClass.FIXED, region, ""
    carrier, prefixes = _CARRIERS[(mixed // 97 % 10 - 2) * 3 // 8]
    prefix = prefixes[mixed // 970 % len(prefixes)]
    exchange = (mixed % 97 * lines + mixed // 970 % lines) % 10000
    return f"+86{prefix}{exchange:04}{who % 10000:04}", LineClass.MOBILE, region, carrier


def _review(dice: random.Random, habits: Habits) -> tuple[Review, str]:
    if dice.random() >= habits.reviewed:
        return Review.NONE, ""
    return (Review.OVERTURNED if dice.random() < 1 / 15 else Review.CONFIRMED), dice.choice(_REVIEWERS)


def _heard(dice: random.Random, words: str) -> tuple[Segment, ...]:
    return tuple(Segment(Speaker.CALLER, 2.0 * n, 2.0 * n + 1.5, words, 0.9) for n in range(1 + dice.randrange(4)))


def _words(dice: random.Random, kind: Kind, at: float) -> Iterator[EvidenceRow]:
    for _ in range(3):
        yield EvidenceRow(at, f"{kind}.{dice.randrange(12)}", Source.WORDS, kind, 1.0, "", "")


def _pick(dice: random.Random, sums: Sequence[int]) -> int:
    return bisect.bisect_right(sums, dice.randrange(sums[-1]))


_HOUR_SUMS = tuple(accumulate(_HOURS))
_BAD_HOUR_SUMS = tuple(accumulate(_BAD_HOURS))
