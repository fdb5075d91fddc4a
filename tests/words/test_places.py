"""Every place and carrier is told in the reader's language, and found by its name in either."""

import re
from bisect import bisect_left
from pathlib import Path

import pytest

from screener.cli import main
from screener.numbers.places import tables
from screener.store.bulk import load
from screener.store.insert import tidy
from screener.store.log import open_log
from screener.words.places import place, stored
from tests.reports.random_log import random_calls

CHINESE = re.compile("[\u4e00-\u9fff]+")


@pytest.mark.parametrize("table", ["places", "carriers"])
def test_every_name_that_a_number_is_given_has_an_english_one(table: str) -> None:
    """China's; the tables are the library's, which `tests/numbers` holds them to."""
    of = getattr(tables(), table)
    china = slice(bisect_left(of.starts, 860_000_000), bisect_left(of.starts, 870_000_000))
    names = {of.names[which] for which in of.which[china]} - {""}
    assert names
    assert not {name for name in names if CHINESE.search(place(name, "en"))}
    assert {name for name in names if place(name, "zh") == name} == names


def test_a_name_is_found_again() -> None:
    for name in ("北京市", "广东省深圳市", "中国移动", "天津市", "美国"):
        assert stored(place(name, "en")) == stored(name) == name
    assert stored("beijing") == "北京市"
    assert stored("Atlantis") == place("Atlantis", "en") == "Atlantis"


@pytest.mark.parametrize(
    "command", ["report sources --by region", "report sources --by carrier", "report summary"]
)
def test_nothing_chinese_is_on_an_english_page(
    command: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = open_log(url)
    load(log, map(tidy, random_calls(3)))
    log.close()
    main([*command.split(), "--since", "2026-02-24", "--until", "2026-04-10", "--lang", "en", "--db", url])
    told = capsys.readouterr().out
    assert "Guangzhou" in told or "China" in told or "summary" in command
    assert not CHINESE.findall(told), told
    page, settings = tmp_path / "page.html", tmp_path / "site.toml"
    settings.write_text('[site]\nname = "Acme"\n')
    to_page = ["--format", "html", "-o", str(page), "--config", str(settings)]
    main([*command.split(), "--lang", "en", "--db", url, *to_page])
    assert not CHINESE.findall(page.read_text("utf-8"))


def test_calls_are_listed_by_a_place_in_either_language(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = open_log(url)
    load(log, map(tidy, random_calls(3)))
    log.close()
    lists = []
    for name in ("广东省广州市", "Guangzhou, Guangdong"):
        main(["calls", "list", "--region", name, "--db", url, "--format", "csv"])
        lists.append(capsys.readouterr().out)
    assert lists[0] == lists[1] and len(lists[0].splitlines()) > 2
