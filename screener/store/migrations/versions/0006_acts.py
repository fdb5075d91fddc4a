"""Acts and emergencies are sources of evidence, and two kinds of harassment more are told apart."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = ("lewd", "abuse", "prank", "chitchat", "threat", "silent", "redial")
_MORE_KINDS = ("mimic", "breathing")
_SOURCES = (
    *("words", "model", "business", "grievance", "vulnerable", "caller", "time", "history", "sound", "dialogue"),
)
_MORE_SOURCES = ("acts", "emergency")


def upgrade() -> None:
    """Apply."""
    for table in ("calls", "evidence", "decisions"):
        _allow(table, "kind", _KINDS, (*_KINDS, *_MORE_KINDS))
    _allow("evidence", "source", _SOURCES, (*_SOURCES, *_MORE_SOURCES))
    op.execute("UPDATE evidence SET source = 'acts' WHERE source = 'model' AND rule LIKE 'act.%'")
    gone = "('model', 'business', 'grievance', 'vulnerable')"
    op.execute(f"UPDATE evidence SET source = 'emergency' WHERE source IN {gone} AND rule LIKE 'emergency.%'")  # noqa: S608 - no outside text
    op.execute(f"UPDATE evidence SET source = 'words' WHERE source IN {gone}")  # noqa: S608


def downgrade() -> None:
    """Take back."""
    for table in ("calls", "evidence", "decisions"):
        op.execute(f"UPDATE {table} SET kind = 'prank' WHERE kind IN ('mimic', 'breathing')")  # noqa: S608
        _allow(table, "kind", (*_KINDS, *_MORE_KINDS), _KINDS)
    op.execute("UPDATE evidence SET source = 'model' WHERE source = 'acts'")
    op.execute("UPDATE evidence SET source = 'vulnerable' WHERE source = 'emergency'")
    _allow("evidence", "source", (*_SOURCES, *_MORE_SOURCES), _SOURCES)


def _allow(table: str, column: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Change which values a column may have.

    SQLite cannot alter a check, and copying a log of years takes too long; its manual names this way for checks
    (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
    """
    old, new = (f"({', '.join(map(repr, values))})" for values in (before, after))
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(f"ck_{table}_{column}", table)
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN {new}")
        return
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :table"),
        {"old": f"{column} IN {old}", "new": f"{column} IN {new}", "table": table},
    )
    version = op.get_bind().execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
