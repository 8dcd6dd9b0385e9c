"""When a failed picture is tried again, and when a product's picture became another one."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

PICTURES = """
ALTER TABLE vectors.images ADD COLUMN previous_digest text, ADD COLUMN changed_at timestamptz;
COMMENT ON COLUMN vectors.images.previous_digest IS 'Of the picture before this one; null for the first.';
COMMENT ON COLUMN vectors.images.changed_at IS 'When digest last became another one.';
COMMENT ON COLUMN vectors.images.attempts IS 'Failures in a row at this address; 1 for a picture that is held.';
CREATE INDEX images_failed ON vectors.images (market, fetched_at) WHERE status = 'failed';
CREATE FUNCTION vectors.next_attempt(image vectors.images) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN image.status = 'failed' AND image.attempts < 14
        THEN image.fetched_at + least(interval '1 minute' * 4 ^ (least(image.attempts, 7) - 1), interval '1 day')
    END
$$;
COMMENT ON FUNCTION vectors.next_attempt IS
    'When a failed picture is due again: after 1, 4, 16, ... minutes, up to a day; null when it is held, or was tried 14 times.';
"""


def upgrade() -> None:
    """Add the columns, the index and the function."""
    op.execute(PICTURES)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
