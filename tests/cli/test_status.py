"""The running calls, line by line, in the reader's language."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from screener.cli.status import line_of
from screener.core.evidence import Treatment
from screener.events import EndedBy, Target
from screener.feed.items import Began, Handled, Item, Judged, Moved, Over, Unheard
from screener.words.judgement import Teller
from screener.words.terms import Language

CHINESE = re.compile(r"[\u4e00-\u9fff]")
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


def test_a_flag_of_a_dry_run_is_called_one() -> None:
    judged = Judged("c-00000001", 2.0, "harassment", "lewd", 4.4, 1.5, "none", "judged:lewd", False, dry_run=True)
    line = line_of(judged, Teller("zh"), str)
    assert line.startswith("00000001 ⇒ 骚扰 · 试运行（对照）：")
    assert "试运行" not in line_of(replace(judged, dry_run=False), Teller("zh"), str)


@pytest.mark.parametrize("treatment", list(Treatment))
@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("by", list(EndedBy))
def test_what_becomes_of_a_call_is_told_in_chinese(by: EndedBy, target: Target, treatment: Treatment) -> None:
    call = "c-00000001"
    items: list[Item] = [
        Handled(call, 2.0, treatment.value, done=False, completed=False),
        Moved(call, 3.0, target.value, ok=True, status=200),
        Unheard(call, 3.0, "the recognisers are too busy"),
        Over(call, 4.0, by.value),
    ]
    for item in items:
        line = line_of(item, Teller("zh"), str)
        assert CHINESE.search(line) and not re.search(r"[A-Za-z]", line), line
