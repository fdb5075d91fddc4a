"""What every page works with: the log, the running calls, the words, the templates."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from screener.console.access import Access, Person
from screener.console.hub import Hub
from screener.core.judgement import Weights
from screener.numbers.identify import Lines, load_lines
from screener.numbers.mask import Masker
from screener.review.seal import masking_key
from screener.settings.judging import site_weights
from screener.settings.sections import Settings
from screener.store.log import CallLog
from screener.words.console import said
from screener.words.judgement import Teller
from screener.words.terms import word


@dataclass
class Context:
    """Shared by all pages; nothing in it changes after the start but the running calls."""

    settings: Settings
    log: CallLog
    access: Access
    hub: Hub
    teller: Teller

    @cached_property
    def zone(self) -> ZoneInfo:
        """Of the site."""
        return ZoneInfo(self.settings.site.timezone)

    @cached_property
    def weights(self) -> Weights:
        """Of the site, as they are when the console starts."""
        return site_weights(self.settings.judgement, self.settings.folder)

    @cached_property
    def lines(self) -> Lines:
        """What knows the site's numbers."""
        return load_lines(self.settings.line_files, *self.settings.site.numbering)

    @cached_property
    def mask(self) -> Masker:
        """Hides the middle of phone numbers."""
        return Masker(masking_key(self.settings.folder / self.settings.evidence.key))

    @cached_property
    def templates(self) -> Environment:
        """Every value is escaped; a name that is not there is an error."""
        folder = Path(__file__).parent / "templates"
        made = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
        made.globals |= {
            "lang": self.teller.lang,
            "site": self.settings.site.name,
            "t": lambda key: said(key, self.teller.lang),
            "word": self.word,
        }
        return made

    def say(self, key: str) -> str:
        """A sentence of the console."""
        return said(key, self.teller.lang)

    def word(self, key: str) -> str:
        """A term of calls and reports."""
        return word(key, self.teller.lang)

    def sees_whole_numbers(self, person: Person) -> bool:
        """Whether somebody's role sees whole phone numbers."""
        return person.role.value in self.settings.console.whole_numbers

    def number(self, number: str, person: Person) -> str:
        """A phone number as somebody may see it."""
        if not number:
            return word("withheld", self.teller.lang)
        return number if self.sees_whole_numbers(person) else self.mask(number)

    def page(self, template: str, person: Person | None, status: int = 200, **values: object) -> HTMLResponse:
        """A page."""
        text = self.templates.get_template(template).render(person=person, **values)
        return HTMLResponse(text, status)
