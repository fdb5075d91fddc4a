"""The running calls, line by line, in the reader's language."""

from datetime import UTC, datetime

import pytest

from screener.cli.status import line_of
from screener.feed.items import Began
from screener.words.judgement import Teller
from screener.words.terms import Language

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
BEGAN = Began(
    call="c-00000001", node="a", started_at=NOON, number="02155550178", line="fixed", region="上海市",
    dialled="4008", entrance="in_path", agent="",
)  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "told"), [("zh", "上海市 → 4008 [先行筛查]"), ("en", "Shanghai → 4008 [in path]")]
)
def test_a_call_begins_in_either_language(lang: Language, told: str) -> None:
    assert line_of(BEGAN, Teller(lang), str) == f"00000001 ☎ 02155550178 {told}"
