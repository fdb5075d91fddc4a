"""What the API refuses: in the site's one language, with the key that is wrong and what is allowed there."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from enum import StrEnum
from typing import get_type_hints

import pytest
from starlette.testclient import TestClient

from screener.console.addresses import PROGRAMS
from screener.console.agent import MAY
from screener.console.api import wire
from screener.console.app import build
from screener.console.body import LIMIT, adapter
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.evidence import Verdict
from screener.events import CallControl
from screener.reports.every import REPORTS
from screener.store.records import Review
from screener.words.judgement import Teller
from screener.words.terms import Language
from tests.console.written import NUMBER, flagged, write

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
"""Two words; a key, a code or a name has no two."""
ENTRY = {"name": "block", "number": NUMBER, "reason": "x"}
V1 = "/api/v1"


class Site:
    """Programs of every role at a site of one language."""

    def __init__(self, context: ConsoleContext, lang: Language) -> None:
        context.settings = replace(context.settings, site=replace(context.settings.site, language=lang))
        context.teller = Teller(lang)
        self.context, self.lang = context, lang
        app = build(context)
        self.clients = {
            role: TestClient(app, headers={"authorization": f"Bearer {self._token(role)}"}) for role in Role
        }

    def _token(self, role: Role) -> str:
        return self.context.access.add_token(f"crm {role}", role, "8001" if role is Role.AGENT else "")

    def refused(self, method: str, path: str, status: int = 400, role: Role = Role.SUPERVISOR, **sent):
        """The answer to a request that cannot be: a problem, in the one language."""
        answer = self.clients[role].request(method, f"{V1}{path}", **sent)
        assert answer.status_code == status, (method, path, sent, answer.text)
        problem = adapter(wire.Problem).validate_json(answer.text)
        self.is_in_one_language(problem)
        return problem

    def is_in_one_language(self, problem: wire.Problem) -> None:
        text = re.sub(r'"[^"]*"|\'[^\']*\'', "", f"{problem.error} {problem.remedy}")  # what was sent
        foreign = (CHINESE if self.lang == "en" else ENGLISH).findall(text.replace("Authorization: Bearer", ""))
        assert not foreign, problem
        assert problem.error


@pytest.fixture(params=["en", "zh"])
def site(request: pytest.FixtureRequest, context: ConsoleContext) -> Site:
    return Site(context, request.param)


def bodies() -> Iterator[tuple[str, type, Role]]:
    """Each address that takes a body, what it takes, and a role that may use it."""
    for address in PROGRAMS:
        if address.told and address.told.body:
            role = Role.AGENT if Role.AGENT in address.roles else Role.SUPERVISOR
            yield address.path.removeprefix(V1).replace("{call}", "a"), address.told.body, role


def good(shape: type) -> dict[str, object]:
    hints = get_type_hints(shape)
    return {
        spec.name: next(iter(hints[spec.name])).value if is_code(hints[spec.name]) else "x"
        for spec in fields(shape)
        if spec.default is MISSING
    }


def is_code(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


@pytest.mark.parametrize(("path", "shape", "role"), list(bodies()), ids=lambda value: str(value))
def test_every_key_of_every_body_is_named_with_what_was_found_and_what_is_allowed(
    site: Site, path: str, shape: type, role: Role
) -> None:
    hints = get_type_hints(shape)
    for spec in fields(shape):
        wrong = ("nonsense", 5, None, [], {}) if is_code(hints[spec.name]) else (5, [], {}, True)
        for value in wrong:
            problem = site.refused("POST", path, role=role, json=good(shape) | {spec.name: value})
            assert problem.field == spec.name
            allowed = list(hints[spec.name]) if is_code(hints[spec.name]) else []
            assert all(code in problem.error for code in allowed), problem
            if isinstance(value, str):
                assert f'"{value}"' in problem.error
        if spec.default is MISSING:
            lacking = {key: value for key, value in good(shape).items() if key != spec.name}
            assert site.refused("POST", path, role=role, json=lacking).field == spec.name
    for value in ([], "x", None):
        assert site.refused("POST", path, role=role, json=value).remedy
    for sent in (b"", b"{bad", b"\xff", b'{"a": "\xff"}', b'{"a":', b"[" * 5000, b'{"a": "\\u0000"}', b'{"a":1}x'):
        assert site.refused("POST", path, role=role, content=sent).remedy


@pytest.mark.parametrize(("expires", "lang"), [("soon", "en"), ("2026-13-40", "zh"), (5e30, "zh"), ([], "en")])
def test_a_day_that_is_none_says_how_a_day_is_written(context: ConsoleContext, expires, lang: Language) -> None:
    problem = Site(context, lang).refused("POST", "/lists", json={**ENTRY, "expires": expires})
    assert problem.field == "expires"
    assert "2026-12-31" in problem.error


def test_what_a_body_says_and_cannot_be_is_named_too(site: Site) -> None:
    for changed, field in (
        ({"expires": "2020-01-01"}, "expires"),
        ({"expires": "0001-01-01"}, "expires"),
        ({"number": "; rm"}, "number"),
        ({"reason": " "}, "reason"),
    ):
        problem = site.refused("POST", "/lists", json=ENTRY | changed)
        assert (problem.field, bool(problem.remedy)) == (field, True)
    for path in ("/lists/remove", "/lists/accept", "/lists/lift"):
        assert site.refused("POST", path, 404, json=ENTRY).field == "number"
    assert site.refused("POST", "/live/zzz/order", 404, json={"act": "agents"}).field == "call"
    assert site.refused("POST", "/review/zzz", 404, json={"word": "confirmed"}).field == "call"
    assert site.refused("POST", "/calls/zzz/evidence", 404).field == "call"
    write(site.context, flagged("a", 1))
    assert site.refused("POST", "/review/a", json={"word": "confirmed", "knows": "other"}).remedy


def test_an_act_that_is_not_to_be_had_here_is_refused_with_those_that_are(site: Site) -> None:
    """Its own message to whoever may order other things than the body's shape has."""
    problem = site.refused("POST", "/live/a/order", json={"act": "pause"})
    assert problem.field == "act"
    assert all(act in problem.error for act in set(CallControl) - {CallControl.WARN})
    assert "warn" not in problem.error.replace("[flow.warnings]", "")
    problem = site.refused("POST", "/agent/order", role=Role.AGENT, json={"act": "terminate"})
    assert (problem.field, all(act in problem.error for act in MAY)) == ("act", True)
    assert "line_fault" not in problem.error


@pytest.mark.parametrize(
    ("path", "field", "allowed"),
    [
        ("/calls?since=x", "since", "2026-03-04"),
        ("/calls?until=x", "until", "2026-03-04"),
        ("/calls?since=2026-03-05&until=2026-03-04", "until", ""),
        ("/calls?verdict=x", "verdict", Verdict.HARASSMENT),
        ("/calls?kind=x", "kind", "lewd"),
        ("/calls?line=x", "line", "mobile"),
        ("/calls?reviewed=x", "reviewed", Review.CONFIRMED),
        ("/calls?treatment=x", "treatment", "terminate"),
        ("/calls?way=x", "way", ""),
        ("/calls?stay=x", "stay", ""),
        ("/calls?step=x", "step", "heard"),
        ("/calls?past=x", "past", ""),
        ("/calls?level=x", "level", "0 … 99"),
        ("/calls?watched=0", "watched", "1 … 99"),
        ("/calls?again=x", "again", "1 … 99"),
        ("/calls?hour=24", "hour", "0 … 23"),
        ("/calls?weekday=8", "weekday", "1 … 7"),
        ("/calls?limit=0", "limit", "500"),
        ("/calls?more=1", "more", "limit"),
        ("/reports/sources?by=x", "by", "number"),
        ("/reports/sources?form=x", "form", "csv"),
        ("/reports/sources?kind=x", "kind", "lewd"),
        ("/reports/sources?since=x", "since", "2026-03-04"),
    ],
)
def test_a_filter_that_cannot_be_is_named_with_what_can(site: Site, path: str, field: str, allowed: str) -> None:
    problem = site.refused("GET", path)
    assert problem.field == field
    assert allowed in f"{problem.error} {problem.remedy}"
    assert problem.remedy


def test_what_is_not_there_or_not_to_be_seen_says_so(site: Site) -> None:
    assert site.refused("GET", "/calls?after=nobody", 404).field == "after"
    assert site.refused("GET", "/calls/zzz", 404).field == "call"
    missing = site.refused("GET", "/reports/zzz", 404)
    assert missing.field == "name"
    assert all(name in missing.remedy for name in REPORTS)
    assert site.refused("GET", "/calls?number=138", role=Role.AUDITOR).field == "number"
    assert site.refused("GET", "/nothing", 404).remedy
    assert site.refused("DELETE", "/lists", 405).remedy
    site.refused("GET", "/calls?agent=%00")
    site.refused("POST", "/lists", 413, content=b" " * (LIMIT + 1))
    site.refused("GET", "/live", 403, Role.AGENT)
    site.refused("POST", "/agent/pause", role=Role.AGENT)
    site.refused("POST", "/agent/order", role=Role.AGENT, json={"act": "supervisor"})
    strange = TestClient(build(site.context)).get(f"{V1}/me")
    assert strange.status_code == 401
    site.is_in_one_language(adapter(wire.Problem).validate_json(strange.text))


def test_a_long_value_is_cut(site: Site) -> None:
    assert len(site.refused("POST", "/lists", json=ENTRY | {"name": "x" * 9000}).error) < 500
