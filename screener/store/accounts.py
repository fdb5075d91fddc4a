"""Who may use the console, which programs, and who is logged in: in the site's database, which consoles share."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from screener.errors import InputError
from screener.store.log import CallLog
from screener.store.tables import AccountOf, LoginOf, TokenOf


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may use the console.

    Attributes:
        role: a `screener.console.logins.Role`.
        extension: of an agent, as the log names agents; empty for others.
        secret: argon2 hash of the password.
        failures: wrong passwords since the last right one.
        locked_until: no password is believed before; None is open.
    """

    name: str
    role: str
    extension: str
    secret: str
    added_at: datetime
    failures: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in.

    Attributes:
        token: SHA-256 of what the browser holds.
        guard: what a form must send back, against forged requests.
    """

    token: str
    name: str
    guard: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A program that may use the API.

    Attributes:
        name: stands in the access record.
        secret: SHA-256 of what the program holds.
        role, extension: as of an account.
        expires_at: aware; None is never.
    """

    name: str
    secret: str
    role: str
    extension: str
    added_at: datetime
    expires_at: datetime | None = None


class Accounts:
    """Accounts, logins and tokens of one database. Safe to share between threads.

    Args:
        log: the call log, which owns the database.
    """

    def __init__(self, log: CallLog) -> None:
        self._log = log

    def add(self, account: Account) -> None:
        """Add somebody.

        Raises:
            InputError: the name is taken.
            StoreError: the database failed.
        """
        self._insert(AccountOf, account, f"{account.name}: there is such an account")

    def get(self, name: str) -> Account | None:
        """The account of a name."""
        rows = self._rows(select(AccountOf.__table__).where(AccountOf.name == name))
        return Account(**rows[0]) if rows else None

    def everybody(self) -> list[Account]:
        """All accounts, by name."""
        return [Account(**row) for row in self._rows(select(AccountOf.__table__).order_by(AccountOf.name))]

    def change(self, name: str, **values: object) -> None:
        """Write new values of an account."""
        with self._log.writing() as connection:
            connection.execute(update(AccountOf).where(AccountOf.name == name).values(values))

    def remove(self, name: str) -> bool:
        """Take an account away, and by its foreign key its logins; whether there was one."""
        with self._log.writing() as connection:
            return connection.execute(delete(AccountOf).where(AccountOf.name == name)).rowcount > 0

    def open(self, login: Login, *, idle_since: datetime) -> None:
        """Remember a login; those without a sign of life since then are forgotten."""
        with self._log.writing() as connection:
            connection.execute(delete(LoginOf).where(LoginOf.seen_at < idle_since))
            connection.execute(insert(LoginOf).values(asdict(login)))

    def login(self, token: str) -> tuple[Login, Account] | None:
        """Who holds a token."""
        with self._log.reading() as connection:
            row = connection.execute(select(LoginOf.__table__).where(LoginOf.token == token)).mappings().first()
            if row is None:
                return None
            owner = connection.execute(select(AccountOf.__table__).where(AccountOf.name == row["name"]))
            account = owner.mappings().first()
            return (Login(**row), Account(**account)) if account else None

    def seen(self, token: str, at: datetime) -> None:
        """A login gives a sign of life."""
        with self._log.writing() as connection:
            connection.execute(update(LoginOf).where(LoginOf.token == token).values(seen_at=at))

    def close(self, token: str) -> None:
        """Forget a login."""
        with self._log.writing() as connection:
            connection.execute(delete(LoginOf).where(LoginOf.token == token))

    def close_all(self, name: str) -> None:
        """Forget every login of a name."""
        with self._log.writing() as connection:
            connection.execute(delete(LoginOf).where(LoginOf.name == name))

    def add_token(self, token: Token) -> None:
        """Let a program in.

        Raises:
            InputError: the name is taken.
            StoreError: the database failed.
        """
        self._insert(TokenOf, token, f"{token.name}: there is such a token")

    def token(self, secret: str) -> Token | None:
        """The token of a SHA-256."""
        rows = self._rows(select(TokenOf.__table__).where(TokenOf.secret == secret))
        return Token(**rows[0]) if rows else None

    def tokens(self) -> list[Token]:
        """All of them, by name."""
        return [Token(**row) for row in self._rows(select(TokenOf.__table__).order_by(TokenOf.name))]

    def remove_token(self, name: str) -> bool:
        """Let a program in no more; whether there was such a token."""
        with self._log.writing() as connection:
            return connection.execute(delete(TokenOf).where(TokenOf.name == name)).rowcount > 0

    def _insert(self, table: type[AccountOf | TokenOf], entry: Account | Token, taken: str) -> None:
        with self._log.writing() as connection:
            try:
                connection.execute(insert(table).values(asdict(entry)))
            except IntegrityError as problem:
                raise InputError(taken, "choose another name") from problem

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with self._log.reading() as connection:
            return connection.execute(query).mappings().all()
