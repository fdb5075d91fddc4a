"""报表: the same figures as the command line's, masked by role, with bars that open their calls."""

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.evidence import Kind
from screener.reports.every import REPORTS
from screener.reports.sources import sources
from screener.reports.span import SourceBy, Span
from screener.store.records import Review
from tests.console.conftest import log_in
from tests.console.written import NUMBER, SCRIPT, flagged, write

DAY = 24 * 60


def bars(page: str) -> dict[str, str]:
    """Addresses behind the bars of a page, by what they are called."""
    found = re.findall(r'<a href="(/calls\?[^"]*)"(?: aria-label="([^"]*)")?>([^<]*)', page)
    return {html.unescape(name or text): html.unescape(address) for address, name, text in found}


def calls(client: TestClient, address: str) -> set[str]:
    page = client.get(address)
    assert page.status_code == 200, page.text
    return {part.split('"')[0] for part in page.text.split('<a href="/calls/')[1:]}


@pytest.fixture
def site(context: ConsoleContext) -> ConsoleContext:
    shanghai = {"number": "+8613912345678", "region": "上海市", "agent": "8002", "queue": "service"}
    write(
        context,
        flagged("a", 1),
        flagged("b", 5),
        flagged("c", DAY),
        flagged("d", DAY, kind=Kind.PRANK, **shanghai),
    )
    return context


def whole(path: str) -> str:
    """The address of a report over the whole log."""
    return f"/reports/{path}" if "since=" in path else f"/reports/{path}{'&' if '?' in path else '?'}since="


@pytest.mark.parametrize("name", list(REPORTS))
def test_each_report_has_its_page_its_exports_and_no_style_that_the_policy_forbids(
    site: ConsoleContext, client: TestClient, name: str
) -> None:
    log_in(client, site, Role.SUPERVISOR)
    page = client.get(f"/reports/{name}?since=2026-02-01&until=2026-03-05")
    assert page.status_code == 200 and site.word(f"t_{name}") in page.text
    assert " style=" not in page.text and "<style" not in page.text
    for form in ("csv", "xlsx"):
        answer = client.get(f"/reports/{name}/export?form={form}&since=2026-02-01&until=2026-03-05")
        assert f"{name}.{form}" in answer.headers["content-disposition"] and answer.content
    assert ".bars" in client.get("/static/report.css").text


@pytest.mark.parametrize(
    ("path", "bar", "ids"),
    [
        ("frequency?by=day", "2026-03-04: 2", {"a", "b"}),
        ("frequency?by=day&since=2026-03-04T11:57", "2026-03-04: 1", {"a"}),
        ("frequency?by=week", "2026-W10: 4", {"a", "b", "c", "d"}),
        ("frequency?by=month&queue=service", "2026-03: 1", {"d"}),
        ("sources?by=number", NUMBER, {"a", "b", "c"}),
        ("sources?by=region", "上海市", {"d"}),
        ("sources?by=line", "手机", {"a", "b", "c", "d"}),
        ("sources?by=carrier&kind=prank", "中国移动", {"d"}),
        ("agents", "8002", {"d"}),
        ("summary?since=2026-03-01&until=2026-03-05", "猥亵", {"a", "b", "c"}),
    ],
)
def test_a_bar_opens_its_calls(
    site: ConsoleContext, client: TestClient, path: str, bar: str, ids: set[str]
) -> None:
    log_in(client, site, Role.SUPERVISOR)
    found = bars(client.get(whole(path)).text)
    assert bar in found, found
    assert calls(client, found[bar]) == ids


def figures(page: str) -> list[tuple[str, str]]:
    """Figures of the tables that lead to their calls, with where."""
    found = re.findall(r'<td class="n"><a href="(/calls[^"]*)">(\d+)</a>', page)
    return [(figure, html.unescape(address)) for address, figure in found]


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("frequency?by=day", 8), ("frequency?by=hour&kind=prank", 3), ("sources?by=number", 6), ("queue", 6),
        ("sources?by=region&queue=service", 3), ("agents", 2), ("accuracy", 3), ("treatment", 1),
        ("summary?since=2026-03-01&until=2026-03-05", 5),
    ],
)  # fmt: skip
def test_each_figure_of_a_table_leads_to_as_many_calls(
    site: ConsoleContext, client: TestClient, path: str, least: int
) -> None:
    log_in(client, site, Role.SUPERVISOR)
    found = figures(client.get(whole(path)).text)
    assert len(found) >= least, found
    most: dict[str, int] = {}
    for (
        figure,
        address,
    ) in found:  # how many numbers called leads to the calls themselves, as their own figure does
        most[address] = max(most.get(address, 0), int(figure))
    for address, figure in most.items():
        listed = len(calls(client, address))
        numbers_alone = "treatment=" in address or "past=" in address
        assert listed >= figure if numbers_alone else listed == figure, address


@pytest.mark.parametrize(
    ("path", "bar", "ids"),
    [
        ("frequency?by=hour", "11: 2", {"a", "b"}),
        ("frequency?by=hour", "12: 2", {"c", "d"}),
        ("frequency?by=hour&kind=prank", "12: 1", {"d"}),
        ("frequency?by=weekday", "周三: 2", {"a", "b"}),
        ("frequency?by=weekday", "周二: 2", {"c", "d"}),
        ("frequency?by=day", "周三 11: 2", {"a", "b"}),
        ("queue?by=day", "2026-03-03: 2", {"c", "d"}),
    ],
)
def test_hours_weekdays_the_map_and_the_queue_open_their_calls(
    site: ConsoleContext, client: TestClient, path: str, bar: str, ids: set[str]
) -> None:
    log_in(client, site, Role.SUPERVISOR)
    found = bars(client.get(whole(path)).text)
    assert bar in found, found
    assert calls(client, found[bar]) == ids


def test_bars_of_shares_open_their_calls_and_there_is_none_of_nobody(
    site: ConsoleContext, client: TestClient
) -> None:
    log_in(client, site, Role.SUPERVISOR)
    unreviewed = bars(client.get(whole("accuracy")).text)
    assert not {"恶作剧", "猥亵"} & set(unreviewed), "nobody has reviewed"
    assert "分析队列" not in bars(client.get(whole("treatment")).text), "nobody was watched for a week"
    write(site, flagged("long ago", 9 * DAY))
    site.log.review("d", Review.CONFIRMED, "组长", datetime(2026, 3, 5, tzinfo=UTC))
    reviewed = bars(client.get(whole("accuracy")).text)
    assert "猥亵" not in reviewed and calls(client, reviewed["恶作剧"]) == {"d"}
    treated = bars(client.get(whole("treatment")).text)
    assert calls(client, treated["分析队列"]) >= {"a", "b", "c", "d"}


def test_two_periods_stand_side_by_side_on_one_scale_and_each_has_its_export(
    site: ConsoleContext, client: TestClient
) -> None:
    log_in(client, site, Role.SUPERVISOR)
    query = "by=hour&since=2026-03-04&until=2026-03-05&than_since=2026-03-03&than_until=2026-03-04&kind=lewd"
    page = client.get(f"/reports/frequency?{query}").text
    first, second = page.split('<section class="card report')[1:]
    assert "11: 2" in first and "12: 1" in second and "11: 2" not in second
    assert [
        part.split("</span>")[0]
        for part in (first, second)
        for part in [part.split('<div class="scale"><span>')[1]]
    ] == [
        "2",
        "2",
    ], "one scale"
    assert "since=2026-03-03" in second.split("/export?")[1].split('"')[0]
    assert 'name="than_since" value="2026-03-03"' in page, "a link keeps the view"
    exported = client.get("/reports/frequency/export?form=csv&by=hour&since=2026-03-03&until=2026-03-04").text
    assert exported.count("12,") >= 1


def test_the_period_before_is_one_click_away(site: ConsoleContext, client: TestClient) -> None:
    log_in(client, site, Role.SUPERVISOR)
    page = client.get("/reports/sources?since=2026-03-01&until=2026-03-04").text
    link = html.unescape(page.split("对比上一时段")[0].rpartition('href="')[2].split('"')[0])
    assert "than_since=2026-02-26" in link and "than_until=2026-03-01" in link
    assert client.get(link).status_code == 200
    assert "对比上一时段" in client.get("/reports/sources").text, "the last 30 days have one, too"
    assert "对比上一时段" not in client.get(whole("sources")).text, "a whole log has none before it"


def test_the_figures_are_those_of_the_report(site: ConsoleContext, client: TestClient) -> None:
    log_in(client, site, Role.SUPERVISOR)
    answer = client.get("/reports/sources/export?by=number&form=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(answer)))[1:]
    found = sources(site.log, Span(), SourceBy.NUMBER)
    assert [(row[0].strip(), int(row[2])) for row in rows] == [(one.source, one.flagged) for one in found]


@pytest.mark.parametrize(
    "path", [*REPORTS, "sources?by=prefix", "summary?since=2026-03-01&until=2026-03-05", "sources?by=region"]
)
def test_an_auditor_sees_no_whole_number_on_a_page_in_an_address_or_in_a_file(
    site: ConsoleContext, client: TestClient, path: str
) -> None:
    log_in(client, site, Role.AUDITOR)
    name, _, query = path.partition("?")
    page = client.get(whole(path)).text
    sheet = client.get(f"/reports/{name}/export?form=csv&{query}").text
    import openpyxl  # slow to load, and every worker collects this

    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/reports/{name}/export?form=xlsx&{query}").content))
    cells = " ".join(str(cell.value) for tab in book for row in tab.rows for cell in row)
    for text in (page, sheet, cells):
        assert "1380013" not in text and "1391234" not in text
    assert "number=" not in page


def test_what_stands_in_the_log_stays_text(context: ConsoleContext, client: TestClient) -> None:
    at = datetime.now(UTC)
    write(context, flagged("a", 1, started_at=at, region=SCRIPT, queue=SCRIPT, agent=SCRIPT, dialled='"><script>'))
    log_in(client, context, Role.SUPERVISOR)
    for path in ("summary", "sources?by=region", "sources?by=queue", "sources?by=dialled", "agents", "queue"):
        page = client.get(f"/reports/{path}").text
        assert "<script>" not in page and "&lt;script&gt;" in page, path


@pytest.mark.parametrize(
    "path", ["frequency?by=made-up", "sources?kind=x", "summary?since=x", "frequency/export?form=exe"]
)
def test_what_cannot_be_is_refused(site: ConsoleContext, client: TestClient, path: str) -> None:
    log_in(client, site, Role.SUPERVISOR)
    assert client.get(f"/reports/{path}").status_code == 400


def test_a_link_keeps_the_view(site: ConsoleContext, client: TestClient) -> None:
    log_in(client, site, Role.SUPERVISOR)
    page = client.get("/reports/sources?by=region&kind=prank&queue=service&since=2026-03-01").text
    for kept in ('value="region" selected', 'value="prank" selected', 'value="service" selected', "2026-03-01"):
        assert kept in page
    assert "/export?form=csv&amp;by=region" in page


def test_a_page_that_says_no_time_opens_with_the_last_month(site: ConsoleContext, client: TestClient) -> None:
    log_in(client, site, Role.SUPERVISOR)
    since = f"{datetime.now(site.zone) - timedelta(days=30):%Y-%m-%d}"
    page = client.get("/reports/sources?by=region").text
    assert f'name="since" value="{since}"' in page and f"since={since}" in page.split("/export?")[1].split('"')[0]
    assert "上海市" not in page and "上海市" in client.get(whole("sources?by=region")).text
