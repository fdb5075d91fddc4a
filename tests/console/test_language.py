"""Every page in one language: in English no Chinese, in Chinese no English, but names and what was said.

Names, transcripts and whatever else people or other systems write are made of the letters of the page's own
language here, so that every letter of the other one is the product's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from screener.console.addresses import PAGES
from screener.console.app import build
from screener.console.context import ConsoleContext
from screener.console.hub import Hub
from screener.console.logins import Role
from screener.core.actions import Misconduct, WarningStep
from screener.core.cards import Cards
from screener.core.evidence import Kind, Reason, Source, Treatment, Verdict
from screener.core.ladder import Ladder, LadderStep
from screener.events import EndedBy, Entrance, LineClass, ListName, Rung, Speaker, Target
from screener.feed.items import Asked, Began, Cautioned, Handled, Heard, Judged, Moved, Node, Unheard, Weighed
from screener.feed.local import FeedReader, FeedServer
from screener.reports.every import REPORTS
from screener.reports.frequency import Bucket
from screener.settings.cards import load_cards
from screener.settings.judgement import load_notes
from screener.speech.pinyin import syllables
from screener.store.records import (
    CallRecord,
    DecisionRow,
    EvidenceRow,
    ListedNumber,
    Segment,
    TransferRow,
    TreatmentRow,
    WarningRow,
)
from screener.words.judgement import RULES, Teller
from screener.words.terms import Language
from tests.console.conftest import Clock, context_in, join, log_in
from tests.console.written import write
from tests.waiting import wait_for

FOREIGN = {"en": re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+"), "zh": re.compile(r"[A-Za-z]{2,}")}
KEPT = {
    "en": set[str](),
    "zh": {
        *("CSV", "XLSX", "queue_log", "Screener", "SIGKILL", "log", "SIP", "Asia", "Shanghai", "nobody"),
        *("screener", "calls", "list"),
        *(role.value for role in Role),
        *(part for code in (*Verdict, *ListName, *REPORTS, *Bucket) for part in re.split("[_.]", code)),
    },
}
"""Names that are the same in every language, commands, and codes that an address may have, which an error names.

The accounts of the tests are called by their roles.
"""
CODES = {"data-key", "data-act", "data-guard", "data-id", "data-rank"}
"""Attributes that nobody reads."""
SHOWN = {"alt", "title", "aria-label", "placeholder", "label", "summary"}


class Words(HTMLParser):
    """What a person reads or hears of a page, and what its scripts may show."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._quiet: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.found += [
            value
            for name, value in attributes
            if value and (name in SHOWN or (name.startswith("data-") and name not in CODES))
        ]
        if tag in ("script", "style", "kbd") or given.get("lang") == "en":
            self._quiet.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._quiet and self._quiet[-1] == tag:
            self._quiet.pop()

    def handle_data(self, data: str) -> None:
        if not self._quiet or self._quiet == ["html"]:
            self.found.append(data)


@dataclass(frozen=True)
class Site:
    context: ConsoleContext
    feed: FeedServer
    lang: Language
    client: TestClient

    @property
    def name(self) -> str:
        return {"en": "Smith", "zh": "王"}[self.lang]

    def log_in(self, role: Role) -> None:
        log_in(self.client, self.context, role)

    def get(self, path: str) -> str:
        answer = self.client.get(path, headers={"accept": "text/html"})
        return answer.text

    def foreign(self, text: str) -> list[str]:
        """What is of the other language."""
        text = re.sub(r"·[a-z2-7]{5}\b", "", text)  # what tells masked numbers apart
        return [word for word in FOREIGN[self.lang].findall(text) if word not in KEPT[self.lang]]

    def foreign_of_page(self, page: str) -> list[str]:
        words = Words()
        words.feed(page.replace(self.context.hub.feeds[0].name, ""))  # a path
        return [word for text in words.found for word in self.foreign(text)]


@pytest.fixture(scope="module", params=["en", "zh"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, staffed_log: Path
) -> Iterator[Site]:
    """Filled once in each language: who looks changes nothing."""
    with context_in(tmp_path_factory.mktemp("site"), Clock(), staffed_log) as context:
        yield from site_of(request.param, context, tmp_path_factory.getbasetemp())


def site_of(lang: Language, context: ConsoleContext, folder: Path) -> Iterator[Site]:
    """A site of a language while it runs."""
    settings = context.settings
    context.settings = replace(
        settings,
        site=replace(settings.site, language=lang, name={"en": "Site", "zh": "客服"}[lang]),
        ladder=Ladder((LadderStep(Rung.SUSPENDED, 1, 3650, 3650),), 0),
        flow=replace(
            settings.flow, warnings=replace(settings.flow.warnings, by=("agent", "supervisor"), approve="agent")
        ),
    )
    context.teller = Teller(lang, load_notes(settings.judgement, settings.folder))
    place = folder / f"l{lang}.sock"
    feed = FeedServer(place, lambda _order: None)
    shipped = load_cards("", Path(), syllables, lang)
    at_once = replace(shipped.showing, from_likely=0.0, below_likely=0.0, sure=0.0)
    cards = Cards(shipped.cards, shipped.types, at_once)
    context.hub = Hub([str(place)], lambda name: FeedReader(Path(name), 1.0), cards, syllables)
    join(context.hub, feed)
    with TestClient(build(context), follow_redirects=False) as client:
        made = Site(context, feed, lang, client)
        fill(made)
        yield made
    context.hub.stop()
    feed.stop()


NOW = datetime.now(UTC)
UNHEARD = (
    "the recogniser process died (SIGKILL)",
    "more than 3 s behind",
    "the recognisers are too busy",
    "the recognisers are busy with other calls",
)
"""As the service writes them."""
PROBLEM = "9: the PBX refuses the username or password"
MINUTE = timedelta(minutes=1)


def fill(site: Site) -> None:
    """A log and running calls with everything that a page can tell."""
    write(site.context, *calls(site))
    for n, name in enumerate(ListName):
        site.context.log.enlist(ListedNumber(name, f"+861380013800{n}", site.name, NOW, NOW + timedelta(days=9)))
        site.context.log.enlist(ListedNumber(name, f"+861380013801{n}", "suggested:3:2:9", NOW))
    before = site.context.hub.newer(0)[0]
    told = list(items(site))
    for item in told:
        site.feed.put(item)
    running = sum(not isinstance(item, Node) for item in told)
    wait_for(lambda: site.context.hub.newer(0)[0] >= before + running)


def calls(site: Site) -> Iterator[CallRecord]:
    said = {"en": "good day", "zh": "你一个人吗"}[site.lang]
    evidence = [
        EvidenceRow(1.0, rule, Source.ACTS if rule.startswith("act") else Source.WORDS, None, weight, said, "3")
        for rule in RULES
        for weight in (1.0, -0.5)
        if rule != "act"
    ]
    decisions = [
        DecisionRow(
            1.0, Verdict.GENUINE, None, Treatment.NONE, 0.0, 2.0, dry_run=False, emergency=False, reason=text
        )
        for text in (*Reason, *(reason.of("8001") for reason in Reason), Reason.DEAF.of("no_media"))
    ]
    warnings = [
        WarningRow(2.0, about.value, level, step.value, by, said)
        for about in Misconduct
        for level in (0, 1)
        for step in WarningStep
        for by in (site.name, "rule")
    ]
    treatments = [TreatmentRow(t, 2.0, 3.0, True, n % 2 == 0, "8001") for n, t in enumerate(Treatment)]
    transfers = [
        TransferRow(2.0, target.value, ok, 200 if ok else 486) for target in Target for ok in (True, False)
    ]
    shapes = [
        (kind, verdict, Treatment.ANALYSIS_QUEUE, line)
        for (kind, verdict), line in zip(
            [
                *((kind, Verdict.HARASSMENT) for kind in (*Kind, None)),
                *((None, verdict) for verdict in (*Verdict, None)),
            ],
            [*LineClass] * 3,
            strict=False,
        )
    ]
    for n, (kind, verdict, treatment, line) in enumerate(shapes):
        at = NOW - timedelta(hours=1) - n * MINUTE
        yield CallRecord(
            id=f"c{n}", started_at=at, answered_at=at, ended_at=at + MINUTE,
            number="" if n == 3 else f"+86138001380{n % 4:02}", display_name=site.name, line=line,
            region="北京市" if n % 2 else "上海市", carrier="中国移动", dialled="95500",
            queue="1", entrance=list(Entrance)[n % 4], node="9", verdict=verdict, kind=kind, score=3.0,
            flagged_at=3.0 if verdict is Verdict.HARASSMENT else None, treatment=treatment, dry_run=n % 5 == 0,
            ended_by=[*EndedBy][n % 5], agent="8001", pause_offered=n % 2 == 0,
            segments=(Segment(Speaker.CALLER, 0.5, 1.0, said), Segment(Speaker.AGENT, 1.5, 2.0, said)),
            evidence=tuple(evidence), decisions=tuple(decisions), warnings=tuple(warnings),
            treatments=tuple(treatments), transfers=tuple(transfers),
        )  # fmt: skip


def items(site: Site) -> Iterator[object]:
    said = {"en": "good day", "zh": "叫你们领导来接电话"}[site.lang]
    yield Node(
        "9",
        NOW,
        NOW,
        "1.0",
        "9",
        True,
        3,
        1,
        2,
        PROBLEM,
        7,
        2,
        (
            "2026-03-04T04:00:00+00:00 ERROR broken",
            "2026-03-04T04:00:00+00:00 ERROR urllib3.connectionpool: a library's own words",
            "2026-03-04T04:00:00+00:00 WARNING pbx.switchboard: a pause could not begin",
            "2026-03-04T04:00:00+00:00 WARNING sip.guard: 9: asks too fast; refused (7 so far)",
            "2026-03-04T04:00:00+00:00 WARNING pbx.ami: 9: 9 refused: the PBX's own words",
        ),
        ("9",),
    )
    verdicts = [*((verdict, "") for verdict in Verdict), *(("harassment", kind) for kind in Kind)]
    for n, (verdict, kind) in enumerate(verdicts):
        call = f"r{n}"
        yield Began(
            call,
            "9",
            NOW,
            "+8613800138000",
            [*LineClass][n % len(LineClass)].value,
            "北京市",
            "95500",
            "beside",
            "8001" if n == 13 else "8002",
        )
        yield Heard(call, 1.0, "caller", 0, said, final=True)
        for rule in RULES:
            yield Weighed(call, 2.0, rule, "3", "", 0.4, said, -3.6, 2.1)
        reason = [*Reason][n % len(Reason)].of("8001" if n % 2 else "")
        yield Judged(call, 3.0, verdict, kind, 1.0, 2.0, "none", reason, emergency=n == 2, dry_run=False)
        yield Handled(call, 3.0, [*Treatment][n % 4].value, done=False, completed=False)
        for about in Misconduct:
            yield Cautioned(call, 3.0, about.value, n % 2, [*WarningStep][n % 7].value, "rule")
        yield Moved(call, 4.0, [*Target][n % 5].value, ok=n % 3 == 0, status=(200, 486, 408)[n % 3])
        yield Unheard(call, 4.0, UNHEARD[n % len(UNHEARD)])
        yield Asked(call, 4.0, site.name)


# Pages.


def paths(role: Role) -> list[str]:
    """Every page of a role, and those that say that something is wrong."""
    found = []
    for address in PAGES:
        if address.method != "GET" or role not in address.roles or address.path.endswith(("/events", "/export")):
            continue
        if "{name}" in address.path:
            found += [
                f"/reports/{name}?by={by}" for name, report in REPORTS.items() for by in report.ways or ("",)
            ]
            found += [f"/reports/{name}?since=2020-01-01&than_since=2021-01-01" for name in REPORTS]
        else:
            found += [
                address.path.replace("{call}", f"c{n}") for n in (range(16) if "{call}" in address.path else (0,))
            ]
    wrong = (
        "/no-such-page",
        "/calls?since=x",
        "/calls?verdict=x",
        "/calls/nobody",
        "/reports/x",
        "/reports/queue?by=x",
    )
    return [*found, *wrong, "/live?wall", "/calls?flagged=1&more", "/review"]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.AGENT])
def test_no_page_says_a_word_of_the_other_language(site: Site, role: Role) -> None:
    site.log_in(role)
    found = {path: site.foreign_of_page(site.get(path)) for path in dict.fromkeys(paths(role))}
    assert {path: words for path, words in found.items() if words} == {}
    assert f'<html lang="{"en" if site.lang == "en" else "zh-CN"}"' in site.get("/password")


def test_what_scripts_show_is_of_one_language_too(site: Site) -> None:
    for path, role in (("/live/events?once", Role.SUPERVISOR), ("/agent/events?once", Role.AGENT)):
        site.log_in(role)
        text = site.get(path)
        told = json.loads(text.partition("data: ")[2])
        assert told, text
        shown = [text for call in told.get("calls", [told]) for text in texts(call)]
        assert len(shown) > 8
        assert [word for text in shown for word in site.foreign(text)] == [], path


def texts(value: object) -> Iterator[str]:
    """Every text of a JSON value that a page shows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in ("id", "call", "entrance", "node", "began", "who", "pause"):
                yield from texts(one)


def test_the_login_speaks_it_and_so_do_the_answers_to_what_is_wrong(site: Site) -> None:
    client = TestClient(site.client.app, follow_redirects=False)
    page = client.get("/login", headers={"accept": "text/html"}).text
    refused = client.post("/login", data={"name": "9", "password": "9", "next": "/"}).text
    guard = log_in(client, site.context, Role.SUPERVISOR)
    html = {"accept": "text/html"}
    wrong = [
        client.post("/lists/add", data={"guard": guard, "name": "block", "number": ""}, headers=html),
        client.post("/lists/add", data={"guard": guard, "name": "x", "number": "1"}, headers=html),
        client.post("/lists/remove", data={"guard": guard, "name": "block", "number": "9"}, headers=html),
        client.post("/lists/lift", data={"guard": guard, "number": ""}, headers=html),
        client.post("/lists/accept", data={"guard": guard, "number": "9"}, headers=html),
        client.post("/review/c0", data={"guard": guard, "word": "x"}, headers=html),
        client.post("/calls/nobody/evidence", data={"guard": guard}, headers=html),
        client.post("/password", data={"guard": guard, "old": "9", "new": "9"}, headers=html),
        client.post("/logout", headers=html),
    ]
    assert [answer.status_code for answer in wrong] == [400, 400, 404, 400, 404, 400, 404, 400, 403]
    found = [site.foreign_of_page(text) for text in (page, refused, *(answer.text for answer in wrong))]
    assert found == [[] for _ in found]
