"""Evidence keeps what its words are made from, and no words."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE evidence RENAME COLUMN note TO detail")


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE evidence RENAME COLUMN detail TO note")
