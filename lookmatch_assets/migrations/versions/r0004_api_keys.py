"""Keys of the API's callers."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

KEYS = """
CREATE SCHEMA api;
CREATE TABLE api.keys (
    key_id          text PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{12}$'),
    digest          bytea NOT NULL CHECK (length(digest) = 32),
    name            text NOT NULL,
    scopes          text[] NOT NULL CHECK (scopes <@ ARRAY['search', 'events', 'admin']),
    rate_per_minute integer NOT NULL CHECK (rate_per_minute > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    revoked_at      timestamptz
);
COMMENT ON TABLE api.keys IS 'Callers of the API. Owner: the API.';
COMMENT ON COLUMN api.keys.digest IS 'SHA-256 of the secret, which is 256 random bits and is kept nowhere.';
COMMENT ON COLUMN api.keys.rate_per_minute IS 'Requests that the key may send in any minute.';
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(KEYS)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
