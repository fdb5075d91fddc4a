import pytest

from screener.console.context import ConsoleContext
from screener.console.logins import FAILURES, LOCKED, LoginRefusedError, Logins, Role, is_guarded
from screener.errors import InputError
from screener.store.accounts import Accounts
from tests.console.conftest import PASSWORD, Clock


def test_who_logs_in_is_known_until_silent_for_too_long(context: ConsoleContext, clock: Clock) -> None:
    token, person = context.access.login("supervisor", PASSWORD)
    assert context.access.who(token) == person
    clock.wait(minutes=29)
    assert context.access.who(token) is not None
    clock.wait(minutes=29)
    assert context.access.who(token) is not None, "a sign of life was given"
    clock.wait(minutes=31)
    assert context.access.who(token) is None
    clock.wait(minutes=-31)
    assert context.access.who(token) is None, "it is gone for good"


def test_a_token_that_nobody_was_given_is_nobodys(context: ConsoleContext) -> None:
    token, person = context.access.login("supervisor", PASSWORD)
    assert context.access.who("") is None
    assert context.access.who(person.token) is None, "what the database keeps opens nothing"
    assert context.access.who(token + "x") is None


def test_wrong_names_and_wrong_passwords_are_refused_alike_and_lock(context: ConsoleContext, clock: Clock) -> None:
    with pytest.raises(LoginRefusedError) as unknown:
        context.access.login("nobody", PASSWORD)
    for _ in range(FAILURES):
        with pytest.raises(LoginRefusedError) as wrong:
            context.access.login("auditor", "x")
        assert str(wrong.value) == str(unknown.value)
    with pytest.raises(LoginRefusedError):
        context.access.login("auditor", PASSWORD)
    clock.now += LOCKED
    context.access.login("auditor", PASSWORD)


def test_a_right_password_forgets_the_wrong_ones(context: ConsoleContext) -> None:
    for _ in range(3):
        for _ in range(FAILURES - 1):
            with pytest.raises(LoginRefusedError):
                context.access.login("auditor", "x")
        context.access.login("auditor", PASSWORD)


def test_a_new_password_ends_every_login(context: ConsoleContext) -> None:
    token, _ = context.access.login("agent", PASSWORD)
    context.access.set_password("agent", "another long one")
    assert context.access.who(token) is None
    with pytest.raises(LoginRefusedError):
        context.access.login("agent", PASSWORD)
    context.access.login("agent", "another long one")


@pytest.mark.parametrize(
    ("name", "role", "password", "extension"),
    [
        ("", Role.AUDITOR, PASSWORD, ""),
        ("a\x1b[31m", Role.AUDITOR, PASSWORD, ""),
        (" a", Role.AUDITOR, PASSWORD, ""),
        ("a" * 65, Role.AUDITOR, PASSWORD, ""),
        ("rule", Role.AUDITOR, PASSWORD, ""),
        ("new", Role.AUDITOR, "short", ""),
        ("new", Role.AGENT, PASSWORD, ""),
        ("new", Role.AUDITOR, PASSWORD, "8001"),
        ("auditor", Role.AUDITOR, PASSWORD, ""),
    ],
)
def test_an_account_that_will_not_do_is_refused(context: ConsoleContext, name, role, password, extension) -> None:
    before = Accounts(context.log).everybody()
    with pytest.raises(InputError):
        context.access.add(name, role, password, extension)
    assert Accounts(context.log).everybody() == before


def test_passwords_are_kept_as_argon2_only(context: ConsoleContext) -> None:
    assert all(account.secret.startswith("$argon2id$") for account in Accounts(context.log).everybody())
    assert all(PASSWORD not in account.secret for account in Accounts(context.log).everybody())


def test_the_guard_is_each_logins_own(context: ConsoleContext) -> None:
    _, one = context.access.login("supervisor", PASSWORD)
    _, other = context.access.login("supervisor", PASSWORD)
    assert is_guarded(one, one.guard) and not is_guarded(one, other.guard) and not is_guarded(one, "")


def test_two_consoles_share_one_database(context: ConsoleContext, clock: Clock) -> None:
    token, person = context.access.login("supervisor", PASSWORD)
    assert Logins(Accounts(context.log), clock, context.access._idle).who(token) == person
