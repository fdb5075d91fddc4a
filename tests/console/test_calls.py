"""来电记录: search and filters, one call's page, the package of evidence."""

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from screener.console.calls import SHOWN
from screener.console.context import ConsoleContext
from screener.console.logins import Role
from screener.core.evidence import Kind, Verdict
from screener.review.dossier import MANIFEST
from screener.review.seal import SIGNATURE
from screener.review.verify import problems, sealed
from screener.store.records import Review
from tests.console.conftest import log_in
from tests.console.written import NUMBER, flagged, write


def found(client: TestClient, query: str) -> list[str]:
    page = client.get(f"/calls?{query}")
    assert page.status_code == 200, page.text
    return [part.split('"')[0] for part in page.text.split('<a href="/calls/')[1:]]


def test_a_long_log_is_read_page_by_page_by_its_own_links(context: ConsoleContext, client: TestClient) -> None:
    ids = [f"c{n:03}" for n in range(2 * SHOWN + 5)]
    write(context, *(flagged(id_, n) for n, id_ in enumerate(ids)))
    log_in(client, context, Role.AUDITOR)
    seen: list[str] = []
    path = "/calls?flagged=1"
    while path:
        page = client.get(path).text
        seen += re.findall(r'<a href="/calls/([^"]+)"', page)
        assert (context.say("newest").replace("{}", str(SHOWN)) in page) == (len(seen) == SHOWN)
        path = next(iter(re.findall(r'href="(/calls\?[^"]*after=[^"]*)"', page)), "").replace("&amp;", "&")
    assert seen == ids
    more = client.get("/calls?flagged=1&more=1").text
    assert len(re.findall(r'<a href="/calls/([^"]+)"', more)) == len(ids)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["a", "b", "c"]),
        ("flagged=1", ["a"]),
        ("kind=prank", ["b"]),
        ("kind=none", ["c"]),
        ("verdict=genuine", ["c"]),
        ("reviewed=overturned", ["b"]),
        ("number=138+0013+8000", ["a"]),
        ("number=%2B86139", ["b"]),
        ("agent=8002", ["b"]),
        ("queue=service", ["c"]),
        ("dialled=95588", ["c"]),
        ("line=mobile&region=%E4%B8%8A%E6%B5%B7%E5%B8%82", ["b"]),
        ("text=%E5%8F%91%E7%A5%A8", ["c"]),
        ("since=2026-03-04T11:55", ["a"]),
        ("until=2026-03-04T11:55", ["b", "c"]),
    ],
)
def test_each_filter_finds_its_calls(
    context: ConsoleContext, client: TestClient, query: str, ids: list[str]
) -> None:
    other = {"number": "+8613912345678", "region": "上海市"}
    write(
        context,
        flagged("a", 1),
        flagged("b", 10, kind=Kind.PRANK, review=Review.OVERTURNED, agent="8002", **other),
        flagged(
            "c",
            20,
            words="我要发票",
            verdict=Verdict.GENUINE,
            kind=None,
            number="",
            queue="service",
            dialled="95588",
        ),
    )
    log_in(client, context, Role.SUPERVISOR)
    assert found(client, query) == ids


@pytest.mark.parametrize(
    "query", ["kind=x", "verdict=x", "since=yesterday", "since=9999-01-01", "since=2026-03-05&until=2026-03-04"]
)
def test_a_filter_that_cannot_be_is_refused(context: ConsoleContext, client: TestClient, query: str) -> None:
    log_in(client, context, Role.SUPERVISOR)
    assert client.get(f"/calls?{query}").status_code == 400


def test_who_sees_masked_numbers_cannot_find_them_out_by_searching(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1))
    log_in(client, context, Role.AUDITOR)
    for path in ("/calls", "/calls/a", "/review/a"):
        page = client.get(path).text
        assert "+861********00" in page and NUMBER not in page and "13800138000" not in page, path
    assert 'name="number"' not in client.get("/calls").text
    assert client.get("/calls?number=138").status_code == 400


def test_the_package_of_evidence_is_whole_signed_and_on_record(
    context: ConsoleContext, client: TestClient
) -> None:
    write(context, flagged("a", 1))
    guard = log_in(client, context, Role.SUPERVISOR)
    answer = client.post("/calls/a/evidence", data={"guard": guard})
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''a.zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        files = {name: package.read(name) for name in package.namelist()}

    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert problems(files[MANIFEST], sums) == [] and sealed(files[MANIFEST], files[SIGNATURE]) is not None
    assert NUMBER in files["cover.html"].decode()
    notes = {note.action: note for note in context.log.accesses()}
    assert f"manifest={sums[MANIFEST]}" in notes["console evidence"].subject
    assert notes["console evidence"].who == "supervisor"


def test_no_package_for_who_sees_masked_numbers(
    context: ConsoleContext, client: TestClient, tmp_path: Path
) -> None:
    from dataclasses import replace

    write(context, flagged("a", 1))
    context.settings = replace(context.settings, console=replace(context.settings.console, whole_numbers=()))
    guard = log_in(client, context, Role.SUPERVISOR)
    assert "/evidence" not in client.get("/calls/a").text
    assert client.post("/calls/a/evidence", data={"guard": guard}).status_code == 400
    assert not (tmp_path / "evidence.key").exists()


def test_a_genuine_call_is_a_mere_record(context: ConsoleContext, client: TestClient) -> None:
    write(context, flagged("a", 1, verdict=Verdict.GENUINE, kind=None))
    guard = log_in(client, context, Role.SUPERVISOR)
    assert "下载来电记录" in client.get("/calls/a").text
    answer = client.post("/calls/a/evidence", data={"guard": guard})
    assert answer.status_code == 200
    assert "12321.txt" not in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
