"""Which rows are calls of a caller's own: all but hand-overs and what goes on beside an agent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("calls", sa.Column("own", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.drop_index("ix_calls_number_started_at_entrance", "calls")
    op.drop_index("ix_calls_uniqueid", "calls")
    op.create_index("ix_calls_linkedid", "calls", ["linkedid"])
    op.execute("UPDATE calls SET own = false WHERE entrance = 'by_hand'")
    op.execute(
        "UPDATE calls SET own = false WHERE entrance = 'beside' AND linkedid != '' AND EXISTS ("
        "SELECT 1 FROM calls AS first WHERE first.linkedid = calls.linkedid AND first.entrance != 'by_hand' "
        "AND (first.started_at, first.id) < (calls.started_at, calls.id))"
    )
    op.create_index("ix_calls_number_started_at_own", "calls", ["number", "started_at", "own"])


def downgrade() -> None:
    """Take back. The counts of offered calls stay what they are."""
    op.drop_index("ix_calls_linkedid", "calls")
    op.create_index("ix_calls_uniqueid", "calls", ["uniqueid"])
    op.drop_index("ix_calls_number_started_at_own", "calls")
    op.create_index("ix_calls_number_started_at_entrance", "calls", ["number", "started_at", "entrance"])
    op.drop_column("calls", "own")
