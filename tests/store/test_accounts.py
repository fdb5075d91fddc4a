"""Accounts, logins and tokens as the database keeps them: whose they are, until when, each name once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.errors import InputError
from screener.store.accounts import Account, Accounts, Login, Token
from screener.store.log import open_log

NOW = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
WANG = Account("王主管", "supervisor", "", "hash", NOW)
LI = Account("李坐席", "agent", "8001", "hash", NOW)
CRM = Token("crm", "sum", "supervisor", "", NOW, NOW + timedelta(days=1))


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    log = open_log("sqlite:///log.db", tmp_path)
    yield Accounts(log)
    log.close()


def login(token: str, name: str, seen_at: datetime = NOW) -> Login:
    return Login(token, name, "guard", seen_at, seen_at)


def test_an_account_comes_back_as_it_was_added_and_changed(accounts: Accounts) -> None:
    accounts.add(WANG)
    accounts.add(LI)
    accounts.change(LI.name, failures=5, locked_until=NOW)
    assert accounts.get(WANG.name) == WANG
    assert accounts.get("nobody") is None
    assert {one.name: one.failures for one in accounts.everybody()} == {WANG.name: 0, LI.name: 5}
    assert accounts.get(LI.name) == Account("李坐席", "agent", "8001", "hash", NOW, 5, NOW)


def test_a_name_is_taken_once(accounts: Accounts) -> None:
    accounts.add(WANG)
    accounts.add_token(CRM)
    with pytest.raises(InputError, match="there is such an account"):
        accounts.add(WANG)
    with pytest.raises(InputError, match="there is such a token"):
        accounts.add_token(CRM)


def test_a_login_is_its_account_s_and_goes_with_it(accounts: Accounts) -> None:
    accounts.add(WANG)
    accounts.open(login("a", WANG.name), idle_since=NOW)
    assert accounts.login("a") == (login("a", WANG.name), WANG)
    assert accounts.login("b") is None
    assert accounts.remove(WANG.name)
    assert not accounts.remove(WANG.name)
    accounts.add(WANG)
    assert accounts.login("a") is None, "nor does whoever gets the name get the login"


def test_a_login_ends_by_itself_alone_or_with_all_of_its_name(accounts: Accounts) -> None:
    accounts.add(WANG)
    accounts.add(LI)
    for token, name in (("a", WANG.name), ("b", WANG.name), ("c", WANG.name), ("d", LI.name)):
        accounts.open(login(token, name), idle_since=NOW)
    accounts.close("a")
    assert [accounts.login(token) is not None for token in "abcd"] == [False, True, True, True]
    accounts.close_all(WANG.name)
    assert [accounts.login(token) is not None for token in "bcd"] == [False, False, True]


def test_who_gave_no_sign_of_life_is_forgotten_at_the_next_login(accounts: Accounts) -> None:
    accounts.add(WANG)
    hour = timedelta(hours=1)
    for token in "ab":
        accounts.open(login(token, WANG.name, NOW - 9 * hour), idle_since=NOW - 10 * hour)
    accounts.seen("b", NOW)
    accounts.open(login("c", WANG.name), idle_since=NOW - 8 * hour)
    assert [accounts.login(token) is not None for token in "abc"] == [False, True, True]


def test_a_program_is_known_by_what_it_holds_until_its_token_is_taken(accounts: Accounts) -> None:
    accounts.add_token(CRM)
    assert (accounts.token("sum"), accounts.token("another"), accounts.tokens()) == (CRM, None, [CRM])
    assert accounts.remove_token("crm")
    assert accounts.token("sum") is None
    assert not accounts.remove_token("crm")
