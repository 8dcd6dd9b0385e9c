"""Reference images beside looks, and the order that feeds are read in."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

KINDS = """
ALTER TABLE looks.looks ADD COLUMN kind text NOT NULL DEFAULT 'look' CHECK (kind IN ('look', 'reference'));
COMMENT ON COLUMN looks.looks.kind IS 'A look was made for a person; a reference image shows an outfit to take up.';
CREATE INDEX looks_newest_first ON looks.looks (kind, added_at DESC, look_id DESC);
CREATE INDEX looks_of_market_newest_first ON looks.looks (market, kind, added_at DESC, look_id DESC);
"""


def upgrade() -> None:
    """Add the column and the indexes."""
    op.execute(KINDS)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
