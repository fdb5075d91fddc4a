"""What the reports stand on: counts of offered calls, an index of marked calls, agents, who took data out."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MARKED = "(verdict = 'harassment' OR treatment != 'none')"
_SECONDS = {
    "sqlite": "CAST(strftime('%s', started_at) AS INTEGER)",
    "postgresql": "floor(extract(epoch FROM started_at))::bigint",
}


def upgrade() -> None:
    """Apply."""
    op.add_column("calls", sa.Column("agent", sa.String(), server_default="", nullable=False))
    op.execute("UPDATE calls SET agent = referred_by WHERE entrance = 'by_hand'")
    op.drop_index("ix_calls_number_started_at", "calls")
    op.create_index("ix_calls_number_started_at_entrance", "calls", ["number", "started_at", "entrance"])
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
    op.create_index("ix_evidence_call_id_rule_weight", "evidence", ["call_id", "rule", "weight"])
    op.drop_index("ix_evidence_call_id", "evidence")
    op.drop_index("ix_evidence_rule", "evidence")
    op.create_table(
        "accesses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("masked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accesses")),
    )
    op.create_index("ix_accesses_at", "accesses", ["at"])
    _count_offered()


def _count_offered() -> None:
    """The tables of offered calls, filled from the calls that are there."""
    op.create_table(
        "offered_times",
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dialled", sa.String(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "dialled", name=op.f("pk_offered_times")),
        sqlite_with_rowid=False,
    )
    places = ("day", "dialled", "line", "region", "carrier")
    op.create_table(
        "offered_places",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in places[1:]),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*places, name=op.f("pk_offered_places")),
        sqlite_with_rowid=False,
    )
    seconds = _SECONDS[op.get_bind().dialect.name]
    own = "FROM calls WHERE entrance != 'by_hand'"
    op.execute(f"INSERT INTO offered_times SELECT {seconds} / 900, dialled, count(*) {own} GROUP BY 1, 2")
    by = f"{seconds} / 86400, dialled, line, region, carrier"
    op.execute(f"INSERT INTO offered_places SELECT {by}, count(*) {own} GROUP BY 1, 2, 3, 4, 5")


def downgrade() -> None:
    """Take back."""
    op.drop_table("offered_places")
    op.drop_table("offered_times")
    op.drop_table("accesses")
    op.create_index("ix_evidence_rule", "evidence", ["rule"])
    op.create_index("ix_evidence_call_id", "evidence", ["call_id"])
    op.drop_index("ix_evidence_call_id_rule_weight", "evidence")
    op.drop_index("ix_calls_marked", "calls")
    op.drop_index("ix_calls_number_started_at_entrance", "calls")
    op.create_index("ix_calls_number_started_at", "calls", ["number", "started_at"])
    op.drop_column("calls", "agent")
