"""What every page works with: the log, the running calls, the words, the templates."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from screener.console.hub import Hub
from screener.console.limits import RateLimit
from screener.console.logins import Logins, Person
from screener.console.oidc import Provider
from screener.console.slowly import Slowly
from screener.core.judgement import Weights
from screener.numbers.identify import Lines
from screener.numbers.mask import Masker
from screener.numbers.plan import lines_of
from screener.outside.text import visible
from screener.review.missed import MissedShare, missed_in
from screener.review.seal import masker_of
from screener.settings.judgement import site_weights
from screener.settings.sections import Settings
from screener.store.log import CallLog
from screener.words.console import said
from screener.words.judgement import Teller
from screener.words.places import place
from screener.words.terms import Language, site_name, word

COOKIE = "screener"
API = "/api/"
"""Below it a token counts, and no cookie; elsewhere a cookie, and no token."""
BURST_SECONDS = 5.0
"""So many seconds' requests may come at once."""
SAMPLE, SAMPLE_SECONDS = "sample", 60.0
"""The sample is counted over every call of weeks: not for each page."""
STRANGERS_A_SECOND, STRANGERS = 0.1, 20.0
"""Of one address: logins and tokens that were not believed; a call centre may have one address for all."""


@dataclass
class ConsoleContext:
    """Shared by all pages; later change the running calls, what was asked lately, and the end."""

    settings: Settings
    log: CallLog
    access: Logins
    hub: Hub
    teller: Teller
    streams: Counter[str] = field(default_factory=Counter)
    """Open event streams by login or token."""
    leaving: bool = False
    """The server stops: streams end, so that it need not wait for pages that stay open."""
    slowly: Slowly = field(default_factory=Slowly)
    strangers: RateLimit = field(default_factory=lambda: RateLimit(STRANGERS_A_SECOND, STRANGERS))

    def sample(self) -> MissedShare:
        """What is known of the calls that are drawn for review; nothing before it was counted."""
        known = self.slowly.ask(SAMPLE, lambda: missed_in(self.log, datetime.now(UTC)), SAMPLE_SECONDS)
        return known or MissedShare((), 0, 0)

    @cached_property
    def provider(self) -> Provider | None:
        """The site's own provider of logins."""
        return Provider(self.settings.oidc) if self.settings.oidc.issuer else None

    @cached_property
    def rate_limit(self) -> RateLimit:
        """Requests of each login and token."""
        rate = self.settings.console.requests_per_second
        return RateLimit(rate, rate * BURST_SECONDS)

    @property
    def root(self) -> str:
        """What every address begins with; empty where the console has a host of its own."""
        return self.settings.console.path

    def path(self, request: Request) -> str:
        """What is asked for, within the console."""
        return request.url.path.removeprefix(self.root)

    def lead(self, path: str) -> RedirectResponse:
        """Go on to a page of ours."""
        return RedirectResponse(f"{self.root}{path}", 303)

    def who(self, request: Request) -> Person | None:
        """Who asks."""
        if self.path(request).startswith(API):
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            return self.access.program(token.strip()) if scheme.lower() == "bearer" else None
        return self.access.who(request.cookies.get(COOKIE, ""))

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
        return lines_of(self.settings)

    @cached_property
    def mask(self) -> Masker:
        """Hides the middle of phone numbers."""
        return masker_of(self.settings)

    @property
    def site_name(self) -> str:
        """What the site is called."""
        return site_name(self.settings.site.name, self.teller.lang)

    @property
    def templates(self) -> Environment:
        """What the pages are made of."""
        return _templates(self.teller.lang, self.site_name, self.root, self.provider is not None)

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
        shown = visible(number)
        return shown if self.sees_whole_numbers(person) else self.mask(shown)

    def page(self, template: str, person: Person | None, status: int = 200, **values: object) -> HTMLResponse:
        """A page."""
        text = self.templates.get_template(template).render(person=person, **values)
        return HTMLResponse(text, status)


@cache
def _templates(lang: Language, site: str, root: str, oidc: bool) -> Environment:
    """Every value is escaped; a name that is not there is an error. Each is compiled once."""
    folder = Path(__file__).parent / "templates"
    made = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    made.globals |= {
        "lang": lang,
        "site": site,
        "root": root,
        "oidc": oidc,
        "t": lambda key: said(key, lang),
        "word": lambda key: word(key, lang),
        "place": lambda name: place(name, lang),
    }
    return made
