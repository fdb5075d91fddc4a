"""Calls with an agent, a kind, a review or a treatment, and days with calls of a place, are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_RARE = {
    "agent": "agent != ''",
    "kind": "kind IS NOT NULL",
    "review": "review != 'none'",
    "treatment": "treatment != 'none'",
}
_PLACES = ("queue", "dialled", "line", "region", "carrier")


def upgrade() -> None:
    """Apply."""
    for name, some in _RARE.items():
        where = sa.text(some)
        columns = [name, "started_at"]
        op.create_index(f"ix_calls_{name}", "calls", columns, sqlite_where=where, postgresql_where=where)
    for name in _PLACES:
        op.create_index(f"ix_offered_places_{name}_day", "offered_places", [name, "day"])


def downgrade() -> None:
    """Take back."""
    for name in _PLACES:
        op.drop_index(f"ix_offered_places_{name}_day", "offered_places")
    for name in _RARE:
        op.drop_index(f"ix_calls_{name}", "calls")
