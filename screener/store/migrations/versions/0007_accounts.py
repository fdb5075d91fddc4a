"""Who may use the console, and who is logged in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("extension", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "logins",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(), sa.ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
        sa.Column("guard", sa.String(64), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_logins_name", "logins", ["name"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("logins")
    op.drop_table("accounts")
