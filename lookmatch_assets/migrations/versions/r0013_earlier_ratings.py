"""Ratings that a rater replaced by going back and scoring again."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

EARLIER = """
CREATE TABLE studies.earlier_ratings (
    assignment_id uuid NOT NULL REFERENCES studies.assignments ON DELETE CASCADE,
    scores jsonb NOT NULL,
    seconds real NOT NULL,
    rated_at timestamptz NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (assignment_id, rated_at)
);
COMMENT ON TABLE studies.earlier_ratings IS 'Ratings whose rater scored the item again; they count nowhere.';
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(EARLIER)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
