"""The manager's summary by e-mail: every day, week or month, of the one that is over.

A report over a large log keeps a processor busy, so it is made in a process of its own, not among the calls. The
access record says what was sent: on several machines with one log it is sent once, and again after no restart.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from multiprocessing import get_context
from zoneinfo import ZoneInfo

from screener.alerts.mail import Attachment, post
from screener.backoff import Backoff
from screener.errors import AlertError, ScreenerError, StoreError
from screener.operations.metrics import Sample
from screener.reports.every import REPORTS, ReportQuery
from screener.reports.reader import Reader
from screener.reports.render import XLSX, render
from screener.reports.span import Span
from screener.review.seal import masker_of
from screener.settings.alerts import SummarySection
from screener.settings.judgement import load_notes
from screener.settings.sections import Settings
from screener.store.log import CallLog, open_log
from screener.store.records import Access
from screener.words.judgement import Teller
from screener.words.terms import aside, labelled

log = logging.getLogger(__name__)

LOOK_SECONDS = 20.0
"""How often it is looked whether one is due."""
TRIES = 6
RETRY = Backoff(60.0, 1800.0)
"""After one that could not be made, or was not taken."""
WHO = "screener serve"
ACTION = "summary by e-mail"


@dataclass(frozen=True, slots=True)
class Period:
    """What a summary is about, and from when on it is to be sent; aware."""

    since: datetime
    until: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class RenderedSummary:
    """A summary: as text, whose first line is a subject, as a page, and as a workbook."""

    text: str
    page: str
    workbook: bytes


def newest_due(asked: SummarySection, zone: ZoneInfo, now: datetime) -> Period:
    """The period whose summary was due last at a moment."""
    local = now.astimezone(zone)
    at = time.fromisoformat(asked.at)
    day = local.date() if local.time() >= at else local.date() - timedelta(days=1)
    if asked.every == "week":
        day -= timedelta(days=day.weekday())
    elif asked.every == "month":
        day = day.replace(day=1)
    begin = day - timedelta(days={"day": 1, "week": 7}.get(asked.every, 0))
    if asked.every == "month":
        begin = (day - timedelta(days=1)).replace(day=1)
    return Period(
        datetime.combine(begin, time(), zone), datetime.combine(day, time(), zone), datetime.combine(day, at, zone)
    )


def make(settings: Settings, masked: bool, span: Span, now: datetime) -> RenderedSummary:
    """The summary of a period.

    Raises:
        StoreError: the log cannot be read.
    """
    calls = open_log(settings.store.url, settings.folder, must_exist=True, read_only=True)
    teller = Teller(settings.site.language, load_notes(settings.judgement, settings.folder))
    reader = Reader.of(settings, teller, masker_of(settings) if masked else None, now)
    try:
        page = REPORTS["summary"].page(ReportQuery(calls, span, reader))
    finally:
        calls.close()
    lang = settings.site.language
    figures = [
        f"{labelled(figure.name, figure.now, lang)}{aside(figure.then, lang)} {figure.change}".rstrip()
        for figure in page.figures
    ]
    text = "\n".join([f"[{reader.site}] {page.title}", *page.notes, "", *(figures or [page.empty])])
    html, workbook = render(page, "html"), render(page, "xlsx")
    assert isinstance(html, str)
    assert isinstance(workbook, bytes)
    return RenderedSummary(text, html, workbook)


def apart(settings: Settings, masked: bool, span: Span, now: datetime) -> RenderedSummary:
    """The same, made in a process of its own.

    Raises:
        StoreError: the log cannot be read, or the process was killed.
    """
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            return process.submit(make, settings, masked, span, now).result()
    except BrokenProcessPool as problem:
        raise StoreError("the process that makes the summary has died", "is there enough memory?") from problem


class Summaries:
    """Sends every summary of `[[alerts.summaries]]` when it is due, on a thread of its own.

    Args:
        settings: of the site.
        calls: the log, which keeps what was sent.
        clock: the wall clock, aware UTC.
        maker: makes one; raises `StoreError`.
        retry: waits between the tries.
    """

    def __init__(
        self,
        settings: Settings,
        calls: CallLog,
        clock: Callable[[], datetime],
        maker: Callable[[Settings, bool, Span, datetime], RenderedSummary] = apart,
        retry: Backoff = RETRY,
    ) -> None:
        self._settings, self._calls, self._clock = settings, calls, clock
        self._maker, self._retry = maker, retry
        self._zone = ZoneInfo(settings.site.timezone)
        self._stopped = threading.Event()
        self._sent = self._lost = 0
        self._thread = threading.Thread(target=self._run, name="summaries", daemon=True)

    def start(self) -> None:
        """Begin to look; nothing to do without any summary."""
        if self._settings.alerts.summaries:
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def samples(self) -> Iterator[Sample]:
        """Figures for operators."""
        yield Sample("summaries_sent_total", self._sent, "Summaries that the mail server took.")
        yield Sample("summaries_lost_total", self._lost, "Summaries given up after several tries.")

    def once(self) -> None:
        """Send what is due and was not sent."""
        for asked in self._settings.alerts.summaries:
            now = self._clock()
            period = newest_due(asked, self._zone, now)
            try:
                if self._calls.note_once(_access(asked, period, now)):
                    self._send(asked, period, now)
            except ScreenerError as problem:
                log.error("a summary waits: %s", problem.message)

    def _send(self, asked: SummarySection, period: Period, now: datetime) -> None:
        name, made = f"{period.since:%Y-%m-%d}", None
        for failures in range(TRIES):
            if failures and self._stopped.wait(self._retry.after(failures)):
                break
            try:
                made = made or self._maker(self._settings, asked.masked, Span(period.since, period.until), now)
                files = [
                    Attachment(f"{name}.html", "text/html", made.page.encode()),
                    Attachment(f"{name}.xlsx", XLSX, made.workbook),
                ]
                post(asked, made.text, made.page, files)
            except (AlertError, StoreError) as problem:
                log.error("a summary is tried again: %s", problem.message)
            else:
                self._sent += 1
                log.info("the summary of %s was sent", name)
                return
        self._lost += 1
        log.error("the summary of %s was not sent; make it with: screener report summary", name)

    def _run(self) -> None:
        while True:
            try:
                self.once()
            except Exception:
                log.exception("summaries: a fault of ours; they go on")
            if self._stopped.wait(LOOK_SECONDS):
                return


def _access(asked: SummarySection, period: Period, now: datetime) -> Access:
    subject = f"{asked.every} {period.since:%Y-%m-%d} {period.until:%Y-%m-%d}"
    return Access(now, WHO, ACTION, subject, ", ".join(asked.to), asked.masked)
