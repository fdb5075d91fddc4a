"""Brings a database to the newest schema, once, however many processes open it at the same moment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from screener.errors import StoreError
from screener.store.engine import WRITES

log = logging.getLogger(__name__)

_LOCK = 0x5C4EE4
"""PostgreSQL advisory lock that a process holds while it migrates."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade to `revision`; touches nothing when the database is there already.

    Raises:
        StoreError: the database was made by a newer Screener.
        SQLAlchemyError: the database failed.
    """
    newest = _scripts().get_current_head()
    with engine.connect() as connection:
        current = _revision(connection)
    if revision == "head" and current == newest:
        return
    with _alone(engine) as connection:
        current = _revision(connection)
        if current is not None and current not in {step.revision for step in _scripts().walk_revisions()}:
            raise StoreError(
                f"the call log has schema {current}, which this version does not know",
                "install the newer Screener that made it, or name another database",
            )
        command.upgrade(_config(connection), revision)
        log.info("the call log now has schema %s; before: %s", _revision(connection), current or "none")


def newest_revision() -> str | None:
    """What this version brings a database to."""
    return _scripts().get_current_head()


def known_revisions() -> set[str]:
    """Every step that this version knows."""
    return {step.revision for step in _scripts().walk_revisions()}


def is_newest(engine: Engine) -> bool:
    """Whether a database has the schema of this version."""
    with engine.connect() as connection:
        return _revision(connection) == _scripts().get_current_head()


def downgrade(engine: Engine, revision: str) -> None:
    """Take back every step after `revision`; `base` empties the database."""
    with _alone(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else migrates."""
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
