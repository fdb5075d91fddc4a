"""One call of a caller's, however many rows: its root, moment and queue on each; what was dialled, apart from it.

Until now `dialled` held the queue of an imported or listened-to call, the analysis extension of a hand-over, and
the screening extension of a call in path.
"""

import sqlalchemy as sa
from alembic import op

# ruff: noqa: S608 - our own names
revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MARKED = "(verdict = 'harassment' OR treatment != 'none')"
_SECONDS = {
    "sqlite": "CAST(strftime('%s', started_at) AS INTEGER)",
    "postgresql": "floor(extract(epoch FROM started_at))::bigint",
}
_TECHNOLOGIES = ("Agent", "PJSIP", "SIP", "IAX2", "Local", "DAHDI", "SCCP")
_NOBODY = "(number LIKE '%*%' OR number = '-' OR (number != '' AND trim(number, '+0') = ''))"


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_calls_marked", "calls")
    op.add_column("calls", sa.Column("queue", sa.String(), server_default="", nullable=False))
    op.add_column("calls", sa.Column("root", sa.String(), server_default="", nullable=False))
    op.add_column(
        "calls",
        sa.Column(
            "called_at", sa.DateTime(timezone=True), server_default="1970-01-01 00:00:00+00", nullable=False
        ),
    )
    op.add_column("calls", sa.Column("by_hand", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE calls SET queue = dialled, dialled = '' WHERE node = 'queue_log' OR entrance = 'beside'")
    op.execute("UPDATE calls SET dialled = '' WHERE entrance = 'by_hand'")
    op.execute(f"UPDATE calls SET number = '', line = 'anonymous', region = '', carrier = '' WHERE {_NOBODY}")
    op.execute(
        "UPDATE calls SET by_hand = true WHERE entrance = 'by_hand' OR (treatment != 'none' AND EXISTS ("
        "SELECT 1 FROM treatments WHERE treatments.call_id = calls.id AND treatments.by_hand))"
    )
    for column in ("agent", "reviewed_by"):
        for name in _TECHNOLOGIES:
            op.execute(
                f"UPDATE calls SET {column} = substr({column}, {len(name) + 2}) WHERE {column} LIKE '{name}/%'"
            )
    _find_roots()
    op.create_index("ix_calls_root", "calls", ["root"])
    op.create_index(
        "ix_calls_marked",
        "calls",
        [
            *("called_at", "root", "id", "number", "region", "carrier", "line", "dialled", "queue", "entrance"),
            *("verdict", "kind", "treatment", "dry_run", "by_hand", "review", "reviewed_by", "agent"),
        ],
        sqlite_where=sa.text(_MARKED),
        postgresql_where=sa.text(_MARKED),
    )
    op.drop_table("offered_places")
    op.drop_table("offered_times")
    _count_offered(("queue", "dialled"))


def _find_roots() -> None:
    """A hand-over of a call that we do not know otherwise is a call of its own from now on."""
    op.execute(
        "UPDATE calls SET own = true WHERE NOT own AND (linkedid = '' OR (NOT EXISTS ("
        "SELECT 1 FROM calls AS one WHERE one.linkedid = calls.linkedid AND one.own) AND NOT EXISTS ("
        "SELECT 1 FROM calls AS one WHERE one.linkedid = calls.linkedid AND one.id < calls.id)))"
    )
    op.execute("UPDATE calls SET root = id, called_at = started_at WHERE own")
    shared = ("number", "line", "region", "carrier", "dialled", "queue")
    of_root = (
        "(SELECT {} FROM calls AS one WHERE one.linkedid = calls.linkedid AND one.own ORDER BY one.id LIMIT 1)"
    )
    values = {"root": "one.id", "called_at": "one.started_at", **{name: f"one.{name}" for name in shared}}
    change = ", ".join(f"{name} = {of_root.format(value)}" for name, value in values.items())
    op.execute(f"UPDATE calls SET {change} WHERE NOT own")


def _count_offered(keys: tuple[str, ...]) -> None:
    """The tables of offered calls, filled from the calls that are there."""
    texts = {name: sa.Column(name, sa.String(), nullable=False) for name in keys}
    op.create_table(
        "offered_times",
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        *texts.values(),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", *keys, name=op.f("pk_offered_times")),
        sqlite_with_rowid=False,
    )
    places = (*keys, "line", "region", "carrier")
    op.create_table(
        "offered_places",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in places),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", *places, name=op.f("pk_offered_places")),
        sqlite_with_rowid=False,
    )
    seconds = _SECONDS[op.get_bind().dialect.name]
    numbers = ", ".join(str(number) for number in range(1, 2 + len(keys)))
    times = f"SELECT {seconds} / 900, {', '.join(keys)}, count(*) FROM calls WHERE own GROUP BY {numbers}"
    op.execute(f"INSERT INTO offered_times {times}")
    numbers = ", ".join(str(number) for number in range(1, 2 + len(places)))
    by_place = f"SELECT {seconds} / 86400, {', '.join(places)}, count(*) FROM calls WHERE own GROUP BY {numbers}"
    op.execute(f"INSERT INTO offered_places {by_place}")


def downgrade() -> None:
    """Take back. What each row had from its root it keeps."""
    op.drop_table("offered_places")
    op.drop_table("offered_times")
    op.drop_index("ix_calls_marked", "calls")
    op.drop_index("ix_calls_root", "calls")
    op.execute("UPDATE calls SET dialled = queue WHERE node = 'queue_log' OR entrance = 'beside'")
    op.execute("UPDATE calls SET own = false WHERE entrance = 'by_hand'")
    for name in ("queue", "root", "called_at", "by_hand"):
        op.drop_column("calls", name)
    op.create_index(
        "ix_calls_marked",
        "calls",
        [
            *("started_at", "id", "number", "region", "carrier", "line", "dialled", "entrance"),
            *("verdict", "kind", "treatment", "dry_run", "review", "reviewed_by", "agent"),
        ],
        sqlite_where=sa.text(_MARKED),
        postgresql_where=sa.text(_MARKED),
    )
    _count_offered(("dialled",))
