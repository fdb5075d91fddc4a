"""What was said can be searched: SQLite's FTS5 and PostgreSQL's pg_trgm, by three characters at a time.

On SQLite triggers keep the index in step with `segments`; a later step that copies that table must make them anew.
Each text is indexed with two blanks behind it, so that every character begins a piece of three and words of one or
two characters are found as the beginnings of pieces.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ADD = "INSERT INTO segment_texts (rowid, text) VALUES (new.id, new.text || '  ');"
_TAKE = "INSERT INTO segment_texts (segment_texts, rowid, text) VALUES ('delete', old.id, old.text || '  ');"
_TRIGGERS = {
    "segments_said": f"AFTER INSERT ON segments BEGIN {_ADD} END",
    "segments_gone": f"AFTER DELETE ON segments BEGIN {_TAKE} END",
    "segments_changed": f"AFTER UPDATE OF text ON segments BEGIN {_TAKE} {_ADD} END",
}


def upgrade() -> None:
    """Apply; a database that cannot index goes without, and searches by reading."""
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def _upgrade_sqlite() -> None:
    tables = op.get_bind().exec_driver_sql("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").first()
    if tables is None:
        return
    op.execute(
        "CREATE VIRTUAL TABLE segment_texts USING fts5"
        "(text, content='', columnsize=0, detail=none, tokenize='trigram')"
    )
    op.execute("CREATE VIRTUAL TABLE segment_terms USING fts5vocab(segment_texts, 'row')")
    op.execute("INSERT INTO segment_texts (rowid, text) SELECT id, text || '  ' FROM segments")
    for name, what in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {what}")


def _upgrade_postgresql() -> None:
    bind = op.get_bind()
    try:
        with bind.begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.execute("CREATE INDEX ix_segments_text ON segments USING gin (text gin_trgm_ops)")
    except sa.exc.DBAPIError:  # not installed, or not allowed
        return


def downgrade() -> None:
    """Take back."""
    if op.get_bind().dialect.name == "sqlite":
        for name in _TRIGGERS:
            op.execute(f"DROP TRIGGER IF EXISTS {name}")
        op.execute("DROP TABLE IF EXISTS segment_terms")
        op.execute("DROP TABLE IF EXISTS segment_texts")
    else:
        op.execute("DROP INDEX IF EXISTS ix_segments_text")
