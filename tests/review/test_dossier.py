"""A package of evidence says no more than what happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from screener.core.evidence import Verdict
from screener.events import Entrance
from screener.review.dossier import COVER, Exhibit, Maker, pack
from screener.store.records import CallRecord
from screener.words.judgement import Teller

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
FIRST = CallRecord("a", NOON, number="+8613800138000", linkedid="17.1", verdict=Verdict.HARASSMENT)


def test_a_call_that_was_flagged_twice_is_one_call_on_the_cover() -> None:
    beside = replace(FIRST, id="b", entrance=Entrance.BESIDE, started_at=NOON + timedelta(seconds=20))
    other = replace(FIRST, id="c", linkedid="", started_at=NOON + timedelta(hours=1))
    last = replace(other, id="d", started_at=NOON + timedelta(hours=2))
    maker = Maker("site", "who", NOON, Teller("en"), ZoneInfo("Asia/Shanghai"))
    cover = pack([Exhibit(last, [last, other, beside, FIRST], None)], maker)[COVER].decode("utf-8")
    assert "<th>Harassment calls of this number</th><td>3</td>" in cover
    assert "<td>2026-03-04 14:00; 2026-03-04 13:00; 2026-03-04 12:00</td>" in cover
