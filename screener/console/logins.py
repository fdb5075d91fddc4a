"""Who may what: roles, logins, and the check that a request comes from the page that it claims to come from."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from screener.core.warnings import RULE
from screener.errors import InputError, MissingError
from screener.store.accounts import Account, Accounts, Login, Token

FAILURES = 5
"""Wrong passwords in a row after which a name is locked."""
LOCKED = timedelta(minutes=15)
PASSWORD_LEAST = 10
"""Characters of a password."""
NAME_MOST = 64
SEEN_AGAIN = timedelta(minutes=1)
"""A sign of life is written down no more often."""
TOKEN = "scr_"  # noqa: S105 - how tokens of programs begin, so that a scanner of secrets knows one


class Role(StrEnum):
    """What somebody is in the console."""

    AGENT = "agent"
    """Sees the own calls, and the cue card."""
    SUPERVISOR = "supervisor"
    """Sees every call, acts on it, reviews flags, keeps the lists."""
    AUDITOR = "auditor"
    """Sees what was done and by whom; changes nothing."""
    ADMINISTRATOR = "administrator"
    """A supervisor who also keeps the accounts."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in, or a program with a token.

    Attributes:
        extension: of an agent.
        guard: what every request that changes something must carry; a program needs none.
        token: SHA-256 of what it came with.
        has_password: of ours; the site's provider keeps its people's, and a program has none.
    """

    name: str
    role: Role
    extension: str
    guard: str
    token: str
    has_password: bool = False


class LoginRefusedError(InputError):
    """A login is not believed; says the same whatever was wrong, so that nobody learns the names."""


class Logins:
    """Logins of the site's accounts.

    Args:
        accounts: of the database.
        clock: the wall clock, aware UTC.
        idle: how long a login lasts without a sign of life.
        hasher: of passwords.
    """

    def __init__(
        self,
        accounts: Accounts,
        clock: Callable[[], datetime],
        idle: timedelta,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._accounts, self._clock, self._idle = accounts, clock, idle
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        """Checked when there is no such name: a wrong name takes as long as a wrong password."""

    def add(self, name: str, role: Role, password: str, extension: str = "") -> None:
        """Make an account.

        Raises:
            InputError: name or password will not do, or the name is taken.
        """
        self._add(name, role, self._hashed(password), extension)

    def check(self, name: str, role: Role, extension: str = "") -> None:
        """Whether such an account may be made: before anybody is asked for a password.

        Raises:
            InputError: the name will not do or is a program's, or an agent lacks an extension.
        """
        _check(name, role, extension)
        if any(token.name == name for token in self._accounts.tokens()):
            raise InputError(f"{name}: a program has this name", "choose another name")

    def _add(self, name: str, role: Role, secret: str, extension: str) -> None:
        self.check(name, role, extension)
        self._accounts.add(Account(name, role.value, extension, secret, self._clock()))

    def set_password(self, name: str, password: str) -> None:
        """Give an account a new password; its logins are over.

        Raises:
            InputError: the password will not do.
            MissingError: there is no such account.
        """
        if self._accounts.get(name) is None:
            raise MissingError(f"{name}: no such account", "see: screener console users")
        self._accounts.change(name, secret=self._hashed(password), failures=0, locked_until=None)
        self._accounts.close_all(name)

    def login(self, name: str, password: str) -> tuple[str, Person]:
        """A token for the browser, and who that is.

        Raises:
            LoginRefusedError: name or password is wrong, or the name is locked.
        """
        now = self._clock()
        account = self._accounts.get(name[:NAME_MOST])
        right = self._is_right(account.secret if account else self._nobody, password)
        if account is None:
            raise _refused()
        if account.locked_until and now < account.locked_until:
            raise _refused()
        if not right:
            failures = account.failures + 1
            locked = now + LOCKED if failures >= FAILURES else None
            self._accounts.change(name, failures=0 if locked else failures, locked_until=locked)
            raise _refused()
        if account.failures or account.locked_until:
            self._accounts.change(name, failures=0, locked_until=None)
        return self._open(account)

    def admit(self, name: str, role: Role, extension: str) -> tuple[str, Person]:
        """A login of somebody whom the site's provider knows; the account follows what the provider says.

        Raises:
            InputError: the name will not do, or is an account with a password here, or a program's.
        """
        account = self._accounts.get(name)
        if account is None:
            self._add(name, role, "", extension)
        elif account.secret:
            raise InputError(
                f"{name}: there is such an account with a password", "take it away, or log in with it"
            )
        else:
            _check(name, role, extension)
            self._accounts.change(name, role=role.value, extension=extension)
        return self._open(Account(name, role.value, extension, "", self._clock()))

    def _open(self, account: Account) -> tuple[str, Person]:
        now = self._clock()
        token = secrets.token_urlsafe(32)
        login = Login(_kept(token), account.name, secrets.token_urlsafe(24), now, now)
        self._accounts.open(login, idle_since=now - self._idle)
        return token, _person(login, account)

    def who(self, token: str) -> Person | None:
        """Who holds a token; None when nobody does any more."""
        if not token:
            return None
        found = self._accounts.login(_kept(token))
        if found is None:
            return None
        login, account = found
        now = self._clock()
        if now - login.seen_at > self._idle:
            self._accounts.close(login.token)
            return None
        if now - login.seen_at > SEEN_AGAIN:
            self._accounts.seen(login.token, now)
        return _person(login, account)

    def add_token(self, name: str, role: Role, extension: str = "", lasts: timedelta | None = None) -> str:
        """Let a program use the API; gives its token, which is kept nowhere.

        Raises:
            InputError: the name will not do or is taken, or an agent lacks an extension.
        """
        _check(name, role, extension)
        if self._accounts.get(name) is not None:
            raise InputError(f"{name}: a person has this name", "choose another name")
        now, token = self._clock(), f"{TOKEN}{secrets.token_urlsafe(32)}"
        until = now + lasts if lasts else None
        self._accounts.add_token(Token(name, _kept(token), role.value, extension, now, until))
        return token

    def program(self, token: str) -> Person | None:
        """Who holds a token of the API; None when nobody does any more."""
        found = self._accounts.token(_kept(token)) if token.startswith(TOKEN) else None
        if found is None or (found.expires_at and self._clock() >= found.expires_at):
            return None
        return Person(found.name, Role(found.role), found.extension, "", found.secret)

    def logout(self, person: Person) -> None:
        """End a login."""
        self._accounts.close(person.token)

    def _is_right(self, secret: str, password: str) -> bool:
        try:
            return self._hasher.verify(secret, password)
        except (VerificationError, InvalidHashError):
            return False

    def _hashed(self, password: str) -> str:
        if len(password) < PASSWORD_LEAST:
            raise InputError(f"a password has at least {PASSWORD_LEAST} characters", "choose a longer one")
        return self._hasher.hash(password)


def is_guarded(person: Person, sent: str) -> bool:
    """Whether a request carries the login's guard, as only our own pages do."""
    return secrets.compare_digest(person.guard.encode(), sent.encode())


def _check(name: str, role: Role, extension: str) -> None:
    if not name or len(name) > NAME_MOST or not name.isprintable() or name != name.strip():
        raise InputError("a name has 1 to 64 printable characters", "choose another name")
    if name == RULE:
        raise InputError(f"{name}: this name is the system's own", "choose another name")
    if (role is Role.AGENT) != bool(extension):
        raise InputError("an agent has an extension, others have none", "give --extension with the role agent")


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _person(login: Login, account: Account) -> Person:
    own = bool(account.secret)
    return Person(account.name, Role(account.role), account.extension, login.guard, login.token, own)


def _refused() -> LoginRefusedError:
    return LoginRefusedError("name or password is wrong, or the name is locked for a while", "try again later")
