"""The manager's page on paper, by a real Chromium: one sheet of A4 whatever is in it, and no date broken off."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screener.reports.reader import Reader
from screener.reports.span import Span
from screener.reports.summary import summary, summary_page, usual_span
from screener.reports.web import web_page
from screener.store.bulk import load
from screener.store.insert import tidy
from screener.store.log import open_log
from screener.words.judgement import Teller
from screener.words.terms import Language
from tests.console.browser import chromium, needs_chromium
from tests.reports.random_log import BEGIN, DAYS, random_calls

__all__ = ["chromium"]
pytestmark = needs_chromium
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(params=["zh", "en"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A summary with every kind, line, treatment and hour in it."""
    lang: Language = request.param
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    load(log, map(tidy, random_calls(1, 3000)))
    now = BEGIN + timedelta(days=DAYS)
    reader = Reader("北京市第一人民医院客户服务中心", Teller(lang, {}), ZONE, None, now)
    yield web_page(summary_page(summary(log, usual_span(Span(), now), ZONE), reader))
    log.close()


def test_the_summary_is_one_sheet_of_paper(chromium, page: str) -> None:
    shown = chromium.new_page()
    shown.set_content(page)
    assert shown.locator(".bars").first.locator("span").count() == 2 * 10, "every kind, and none"
    printed = shown.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_no_date_is_broken_off_on_a_phone(chromium, page: str) -> None:
    shown = chromium.new_page(viewport={"width": 390, "height": 844})
    shown.set_content(page)
    dates = shown.locator(".notes .date")
    assert dates.count() == 3
    assert all(len(date.evaluate("it => [...it.getClientRects()]")) == 1 for date in dates.all())
