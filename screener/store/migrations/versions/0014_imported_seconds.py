"""Seconds of imported calls count from the answer, as those of every other call: they counted from entering."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CALLS = sa.table(
    "calls",
    sa.column("id", sa.String()),
    sa.column("node", sa.String()),
    sa.column("started_at", sa.DateTime(timezone=True)),
    sa.column("answered_at", sa.DateTime(timezone=True)),
    sa.column("flagged_at", sa.Float()),
)
_TREATMENTS = sa.table(
    "treatments",
    sa.column("call_id", sa.String()),
    sa.column("began", sa.Float()),
    sa.column("ended", sa.Float()),
)


def upgrade() -> None:
    """Apply."""
    _shift(lambda column, waited: column - waited)


def downgrade() -> None:
    """Take back."""
    _shift(lambda column, waited: column + waited)


def _shift(moved: Callable[[sa.ColumnElement[float], float], sa.ColumnElement[float]]) -> None:
    calls, given = _CALLS.c, _TREATMENTS.c
    flagged = sa.select(calls.id, calls.started_at, calls.answered_at).where(
        calls.node == "queue_log", calls.flagged_at.is_not(None), calls.answered_at.is_not(None)
    )
    connection = op.get_bind()
    for name, started, answered in connection.execute(flagged).all():
        waited = (answered - started).total_seconds()
        connection.execute(
            sa.update(_CALLS).where(calls.id == name).values(flagged_at=moved(calls.flagged_at, waited))
        )
        connection.execute(
            sa.update(_TREATMENTS)
            .where(given.call_id == name)
            .values(began=moved(given.began, waited), ended=moved(given.ended, waited))
        )
