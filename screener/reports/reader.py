"""Who reads a report: in whose language and time zone, with numbers whole or masked, and how to go on from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from screener.reports.follow import FLAGGED, both, command
from screener.reports.layout import Asks, Chart, Coded, Figure, Page, Sheet
from screener.reports.span import SourceBy, Span
from screener.settings.sections import Settings
from screener.words.judgement import Teller
from screener.words.terms import Language, aside, labelled, site_name, word


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a report.

    Attributes:
        site: name of the call centre.
        teller: puts codes into words of the reader's language.
        zone: time zone of every hour and day.
        mask: hides the middle of phone numbers; None shows them whole.
        now: when the report is made; aware.
        tz: name of the zone, where it is not the site's.
    """

    site: str
    teller: Teller
    zone: tzinfo
    mask: Callable[[str], str] | None
    now: datetime
    tz: str = ""

    @classmethod
    def of(
        cls, settings: Settings, teller: Teller, mask: Callable[[str], str] | None, now: datetime, tz: str = ""
    ) -> "Reader":
        """Who reads a report of a site; arguments as the attributes."""
        name = site_name(settings.site.name, teller.lang)
        return cls(name, teller, ZoneInfo(tz or settings.site.timezone), mask, now, tz)

    @property
    def lang(self) -> Language:
        """Of every word."""
        return self.teller.lang

    def word(self, key: str) -> str:
        """A word in the reader's language."""
        return word(key, self.lang)

    def coded(self, key: str) -> Coded:
        """A word in the reader's language, for programs its key."""
        return Coded(word(key, self.lang), key)

    def kind(self, name: str) -> Coded:
        """A kind of harassment, empty for none."""
        return Coded(self.word(name or "no_kind"), name or None)

    def words(self, keys: Sequence[str]) -> list[str]:
        """Heads of columns."""
        return [word(key, self.lang) for key in keys]

    def local(self, at: datetime) -> datetime:
        """A time in the reader's zone."""
        return at.astimezone(self.zone)

    def number(self, number: str) -> str:
        """A phone number or prefix as the reader may see it."""
        return (self.mask(number) if self.mask else number) or Coded(self.word("withheld"), None)

    def notes(self, span: Span) -> tuple[str, ...]:
        """The lines under the title."""
        ends = [
            f"{self.word(name)} {self.local(at):%Y-%m-%d %H:%M}"
            for name, at in (("from", span.since), ("to", span.until))
            if at is not None
        ]
        period = (" ".join(ends) or self.word("whole_log")) + aside(self.zone, self.lang)
        kind = self.word(span.kind) if span.kind else ""
        named = {"period": period, "queue": span.queue, "dialled": span.dialled, "kind": kind}
        about = [labelled(self.word(key), text, self.lang) for key, text in named.items() if text]
        about += [self.word("masked")] if self.mask else []
        about += [self.word("partial")] if self.is_partial(span) and span.since is not None else []
        return (
            f"{self.site} · {' · '.join(about)}",
            f"{self.word('made_at')} {self.local(self.now):%Y-%m-%d %H:%M}",
        )

    def is_partial(self, span: Span) -> bool:
        """Whether the period goes on."""
        return span.until is None or span.until >= self.now

    def page(
        self,
        title: str,
        span: Span,
        sheets: Sequence[Sheet],
        charts: Sequence[Chart] = (),
        figures: tuple[Figure, ...] = (),
        compact: bool = False,
        asks: Asks = FLAGGED,
    ) -> Page:
        """The page around the sheets; `asks` is what all its calls are asked for."""
        return Page(
            self.word(title),
            tuple(sheets),
            self.notes(span),
            tuple(charts),
            self.lang,
            empty=self.word("nothing"),
            figures=figures,
            compact=compact,
            hint=self.hint(span, sheets[0], asks),
        )

    def hint(self, span: Span, sheet: Sheet, asks: Asks) -> str:
        """How to look at the calls behind the figures, all of them and those of one row."""
        lines = [self.word("hint"), command(span, asks, self.zone, self.tz)]
        counted = next((of for of in sheet.asks.values() if asks.items() <= of.items()), None)
        number = next((n for n, row in enumerate(sheet.row_asks) if row and both(row, counted)), None)
        if number is not None and (one := both(sheet.row_asks[number], counted)):
            name = sheet.texts(0)[number]
            lines += [self.word("hint_row").format(name), command(span, one, self.zone, self.tz)]
        return "\n".join(lines)

    def whole(self, by: SourceBy, source: str) -> Asks | None:
        """The calls of a source; of a masked number nowhere."""
        numbers = (SourceBy.NUMBER, SourceBy.PREFIX)
        return None if self.mask and source and by in numbers else {by.value: source}
