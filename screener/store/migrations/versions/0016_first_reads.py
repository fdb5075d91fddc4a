"""Flags by what people said of them, and whether a number was ever genuine, are read from an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_JUDGED = sa.text("verdict = 'harassment'")
_NUMBERS = ["number", "started_at", "own"]


def upgrade() -> None:
    """Apply."""
    columns = ["review", "called_at", "verdict"]
    op.create_index("ix_calls_judged", "calls", columns, sqlite_where=_JUDGED, postgresql_where=_JUDGED)
    op.create_index("ix_calls_number_started_at_own_verdict", "calls", [*_NUMBERS, "verdict"])
    op.drop_index("ix_calls_number_started_at_own", "calls")  # last: into its room the others would be scattered


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_calls_judged", "calls")
    op.create_index("ix_calls_number_started_at_own", "calls", _NUMBERS)
    op.drop_index("ix_calls_number_started_at_own_verdict", "calls")
