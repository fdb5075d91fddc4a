"""Warnings step by step, and the calls after which the agent was offered a pause."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "warnings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("about", sa.String(20), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_warnings_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warnings")),
    )
    op.create_index("ix_warnings_call_id", "warnings", ["call_id"])
    op.add_column("calls", sa.Column("pause_offered", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_calls_rests",
        "calls",
        ["called_at"],
        sqlite_where=sa.text("pause_offered"),
        postgresql_where=sa.text("pause_offered"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_calls_rests", "calls")
    op.drop_column("calls", "pause_offered")
    op.drop_table("warnings")
