"""Brings a database to the newest schema, once, however many processes open it at the same moment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from screener.errors import StoreError
from screener.store.engine import NAME_IT, WRITES
from screener.store.tables import Base

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = "alembic_version"
"""The table in which Alembic writes down what it has done."""
NAME_ANOTHER = "name the call log's own with --db, or with [store] url in its settings file"
_LOCK = 0x5C4EE4
"""PostgreSQL advisory lock that a process holds while it migrates."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade to `revision`; touches nothing when the database is there already.

    Raises:
        StoreError: the database was made by a newer Screener.
        SQLAlchemyError: the database failed.
    """
    newest = newest_revision()
    with engine.connect() as connection:
        current = revision_of(connection)
    if revision == "head" and current == newest:
        return
    from alembic import command  # loaded where something is to be migrated only, and before others have to wait

    with _alone(engine) as connection:
        current = revision_of(connection)
        if current is not None and current not in known_revisions():
            raise StoreError(
                f"the call log has schema {current}, which this version does not know",
                "install the newer Screener that made it, or name another database",
            )
        command.upgrade(_config(connection), revision)
        log.info("the call log now has schema %s; before: %s", revision_of(connection), current or "none")


def look(engine: Engine, may_be_made: bool) -> str | None:
    """The revision of the log in a database; None where nothing is in it yet. Writes nothing.

    Args:
        engine: of the database; one that reads only is enough.
        may_be_made: a log may come into an empty one.

    Raises:
        StoreError: it holds something else, or nothing and no log may be made.
        SQLAlchemyError: the database failed.
    """
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {VERSIONS}
        place = connection.engine.url.render_as_string(hide_password=True)
        if "calls" in tables and (revision := revision_of(connection)):
            return revision
        # A server's database may hold tables of an extension; a file is one program's.
        of_others = tables if connection.dialect.name == "sqlite" else tables & set(Base.metadata.tables)
    if of_others or (tables and not may_be_made):
        raise StoreError(f"{place}: a database of something else, no call log", NAME_ANOTHER)
    if not may_be_made:
        raise StoreError(f"{place}: no call log is in it", NAME_IT)
    return None


def newest_revision() -> str:
    """What this version brings a database to."""
    return max(known_revisions())


def known_revisions() -> set[str]:
    """Every step that this version knows."""
    return {path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def downgrade(engine: Engine, revision: str) -> None:
    """Take back every step after `revision`; `base` empties the database."""
    from alembic import command

    with _alone(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else migrates."""
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


def revision_of(connection: Connection) -> str | None:
    """What Alembic wrote down; None for a database that is not migrated yet."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {VERSIONS}"))  # noqa: S608 - our own name
    return str(found) if found else None


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def scripts() -> "ScriptDirectory":
    """The migrations; each file is named by its revision, which tests hold it to."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())
