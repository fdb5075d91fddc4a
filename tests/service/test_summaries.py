"""The summary by e-mail: when it is due, what is in it, once, and again when the mail server does not take it."""

import io
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from screener.backoff import Backoff
from screener.errors import StoreError
from screener.service.summaries import ACTION, Summaries, apart, make, newest_due
from screener.settings.alerts import Alerts, SummarySection
from screener.settings.sections import Settings, Store
from screener.store.log import open_log
from tests.alerts.mailbox import mailbox
from tests.reports.random_log import random_calls

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


def asked(every: str, place: str = "127.0.0.1:25", **changes: object) -> SummarySection:
    made = SummarySection(every, place, "a@example.org", ("b@example.org", "c@example.org"))  # type: ignore[arg-type]
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("every", "now", "zone", "since", "until", "due"),
    [
        ("day", "2026-03-04T08:00", SHANGHAI, "2026-03-03T00:00", "2026-03-04T00:00", "2026-03-04T08:00"),
        ("day", "2026-03-04T07:59", SHANGHAI, "2026-03-02T00:00", "2026-03-03T00:00", "2026-03-03T08:00"),
        ("week", "2026-03-04T12:00", SHANGHAI, "2026-02-23T00:00", "2026-03-02T00:00", "2026-03-02T08:00"),
        ("week", "2026-03-02T07:00", SHANGHAI, "2026-02-16T00:00", "2026-02-23T00:00", "2026-02-23T08:00"),
        ("month", "2026-03-31T23:00", SHANGHAI, "2026-02-01T00:00", "2026-03-01T00:00", "2026-03-01T08:00"),
        ("month", "2026-01-01T07:00", SHANGHAI, "2025-11-01T00:00", "2025-12-01T00:00", "2025-12-01T08:00"),
        ("day", "2026-03-09T09:00", NEW_YORK, "2026-03-08T00:00", "2026-03-09T00:00", "2026-03-09T08:00"),
    ],
)
def test_what_was_due_last(every: str, now: str, zone: ZoneInfo, since: str, until: str, due: str) -> None:
    found = newest_due(asked(every), zone, datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC))
    local = [datetime.fromisoformat(text).replace(tzinfo=zone) for text in (since, until, due)]
    assert [found.since, found.until, found.due] == local
    if zone is NEW_YORK:
        assert found.until.astimezone(UTC) - found.since.astimezone(UTC) == timedelta(hours=23), "a short day"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with calls, which every test copies."""
    path = tmp_path_factory.mktemp("filled") / "log.db"
    log = open_log(f"sqlite:///{path}")
    log.write(random_calls(1))
    log.close()
    return path


@pytest.fixture
def settings(filled: Path, tmp_path: Path) -> Settings:
    shutil.copy(filled, tmp_path / "log.db")
    return replace(Settings(), store=Store(f"sqlite:///{tmp_path}/log.db"), folder=tmp_path)


NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
AT_ONCE = Backoff(0.01, 0.01)


def test_it_is_sent_once_with_page_and_workbook_and_stands_on_record(settings: Settings) -> None:
    with mailbox(refuse=1) as box:
        summary = asked("month", box.place)
        settings = replace(settings, alerts=Alerts(summaries=(summary,)))
        log = open_log(settings.store.url)
        summaries = Summaries(settings, log, lambda: NOW, make, retry=AT_ONCE)
        summaries.once()
        summaries.once()
        Summaries(settings, log, lambda: NOW + timedelta(days=3), make).once()  # started anew, or another node
        assert box.to[-2:] == ["b@example.org", "c@example.org"]
        (mail,) = box.mails
        [note] = [note for note in log.accesses() if note.action == ACTION]
        assert (note.subject, note.masked) == ("month 2026-03-01 2026-04-01", True)
        Summaries(settings, log, lambda: NOW + timedelta(days=30), make).once()
        assert len(box.mails) == 2, "the next month has its own"
        log.close()
    assert "骚扰来电小结" in mail["subject"]
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and page is not None
    assert "骚扰来电：" in text.get_content() and "2026-03-01 00:00" in text.get_content()
    assert "<svg" in page.get_content() and "13800138000" not in page.get_content()
    files = {file.get_filename(): file.get_content() for file in mail.iter_attachments()}
    assert set(files) == {"2026-03-01.html", "2026-03-01.xlsx"}
    import openpyxl  # slow to load, and every worker collects this

    book = openpyxl.load_workbook(io.BytesIO(files["2026-03-01.xlsx"]))
    assert "呼叫中心" in str(book.worksheets[0]["A2"].value)


def test_a_process_of_its_own_makes_the_same(settings: Settings) -> None:
    period = newest_due(asked("month"), SHANGHAI, NOW)
    from screener.reports.span import Span

    span = Span(period.since, period.until)
    assert apart(settings, False, span, NOW).page == make(settings, False, span, NOW).page


def test_a_mail_server_that_is_away_costs_nothing_but_the_mail(settings: Settings) -> None:
    settings = replace(settings, alerts=Alerts(summaries=(asked("day", "127.0.0.1:9"),)))
    log = open_log(settings.store.url)
    summaries = Summaries(settings, log, lambda: NOW, make, retry=AT_ONCE)
    summaries.once()
    assert {sample.name: sample.value for sample in summaries.samples()}["summaries_lost_total"] == 1
    log.close()


def test_one_that_cannot_be_made_is_tried_again(settings: Settings) -> None:
    failures = [StoreError("the database is away")] * 2

    def maker(*asked):
        if failures:
            raise failures.pop()
        return make(*asked)

    with mailbox() as box:
        settings = replace(settings, alerts=Alerts(summaries=(asked("month", box.place),)))
        log = open_log(settings.store.url)
        Summaries(settings, log, lambda: NOW, maker, retry=AT_ONCE).once()
        assert len(box.mails) == 1
        log.close()
