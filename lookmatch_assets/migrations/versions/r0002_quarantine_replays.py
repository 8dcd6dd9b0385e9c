"""When a quarantined packet was last tried again, and the way from a product to its open quarantine."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

QUARANTINE = """
ALTER TABLE landing.quarantine ADD COLUMN replayed_at timestamptz;
COMMENT ON COLUMN landing.quarantine.replayed_at IS 'When it was last put through validation and landing again; null: never.';
COMMENT ON COLUMN landing.quarantine.resolved_at IS
    'When it was accepted after all, or its reason went over to another row of the same packet; null: open.';
CREATE INDEX quarantine_of_product ON landing.quarantine (product_id) WHERE resolved_at IS NULL;
"""


def upgrade() -> None:
    """Add the column and the index."""
    op.execute(QUARANTINE)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
