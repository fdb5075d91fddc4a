"""`screener console`: accounts of people and tokens of programs."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.console.logins import Role
from screener.console.server import make_access
from screener.settings.load import load
from screener.store.accounts import Accounts
from screener.store.log import open_log
from tests.waiting import WAIT


@pytest.fixture
def config(tmp_path: Path) -> Path:
    place = tmp_path / "screener.toml"
    place.write_text("[store]\nurl = 'sqlite:///log.db'\n")
    open_log("sqlite:///log.db", tmp_path).close()
    return place


def run(config: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["--lang", "en", "console", "--config", str(config), *arguments])
    assert bool(result.exit_code) == bool(code), result.output
    return result.output + str(result.exception or "")


def test_a_token_is_shown_once_and_works_until_it_is_taken_away(config: Path) -> None:
    token = run(config, "token", "add", "crm", "--role", "agent", "--extension", "8001", "--days", "30").strip()
    listed = run(config, "token", "list")
    assert listed.startswith("crm  agent  8001  →") and token not in listed
    settings = load(config)
    log = open_log(settings.store.url, settings.folder)
    person = make_access(settings, log).program(token)
    assert person is not None and (person.name, person.role, person.extension) == ("crm", Role.AGENT, "8001")
    log.close()
    run(config, "token", "remove", "crm")
    assert run(config, "token", "list").startswith("no program may use the API yet")
    assert "no such token" in run(config, "token", "remove", "crm", code=1)


def test_it_says_where_it_is(config: Path) -> None:
    command = [sys.executable, "-m", "screener", "--lang", "zh", "console", "--config", str(config), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        try:
            said = re.fullmatch(r"控制台：(http://127\.0\.0\.1:\d+/)\n", served.stdout.readline())  # type: ignore[union-attr]
            assert said and urllib.request.urlopen(f"{said[1]}login", timeout=WAIT).status == 200
        finally:
            served.terminate()


def test_people_are_added_shown_and_removed(config: Path) -> None:
    run(config, "adduser", "王", "--role", "supervisor", "--password", "long enough it is")
    assert run(config, "users") == "王  supervisor\n"
    run(config, "removeuser", "王")
    assert "no such account" in run(config, "removeuser", "王", code=1)


@pytest.mark.parametrize("command", ["adduser", "removeuser", "users", "token add", "token list", "token remove"])
def test_the_settings_are_named_before_a_command_or_after_it(config: Path, command: str) -> None:
    takes = {"adduser": ["a", "--role", "auditor", "--password", "long enough it is"], "removeuser": ["x"]}
    takes |= {"token add": ["a", "--role", "auditor"], "token remove": ["x"]}
    named, words = ["--config", str(config)], [*command.split(), *takes.get(command, [])]
    log = open_log("sqlite:///log.db", config.parent)
    for order in ([*named, *words], [*words, *named]):
        said = CliRunner().invoke(cli, ["console", *order])
        assert said.exit_code == 0 or "x" in str(said.exception), said.output
        Accounts(log).remove("a")
        Accounts(log).remove_token("a")
    log.close()


@pytest.mark.parametrize(("lang", "asked"), [("zh", "新密码"), ("en", "New password")])
def test_a_password_is_asked_for_twice_in_the_readers_language(
    config: Path, lang: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screener.cli.console._typed", lambda: True)
    command = ["--lang", lang, "console", "--config", str(config), "adduser", "王"]
    typed = "long enough it is\n" * 2
    made = CliRunner().invoke(cli, [*command, "--role", "supervisor"], input=typed)
    assert made.exit_code == 0
    assert made.output.startswith(asked)
    assert ("password" in made.output) == (lang == "en")
    assert "long enough" not in made.output
    refused = CliRunner().invoke(cli, [*command, "--role", "agent"], input=typed)
    assert asked not in refused.output, "what is wrong already is said before anybody types"
