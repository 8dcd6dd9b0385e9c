"""Why each product of a logged query ranked where it did."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

RANKINGS = """
ALTER TABLE looks.queries ADD COLUMN ranking jsonb, ADD COLUMN answered_from uuid;
COMMENT ON COLUMN looks.queries.ranking IS
    'By layer the products of the answer with all that ranked them; null where an earlier query did.';
COMMENT ON COLUMN looks.queries.answered_from IS 'The query whose ranking a stored answer or a later page shows.';
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(RANKINGS)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
