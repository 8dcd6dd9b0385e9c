"""What shoppers did and what they prefer, and the stored answers of writes that carry an Idempotency-Key."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

SHOPPERS = """
CREATE SCHEMA shoppers;
CREATE TABLE shoppers.interactions (
    shopper_id  text NOT NULL,
    event_id    text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('view', 'click', 'save', 'buy')),
    market      text NOT NULL,
    product_id  text NOT NULL,
    query_id    uuid,
    layer       text,
    size        text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shopper_id, event_id)
);
COMMENT ON TABLE shoppers.interactions IS 'What shoppers did with products that they were shown. Owner of the schema: the API.';
COMMENT ON COLUMN shoppers.interactions.size IS 'The size that was chosen, as the product lists it; null when none was.';
COMMENT ON COLUMN shoppers.interactions.occurred_at IS 'When it happened, never later than when it was recorded.';
CREATE INDEX interactions_by_market ON shoppers.interactions (market, occurred_at);

CREATE TABLE shoppers.explicit_preferences (
    shopper_id  text PRIMARY KEY,
    preferences jsonb NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE shoppers.explicit_preferences IS 'What a shopper said outright; it wins over what was inferred.';

CREATE TABLE shoppers.inferred_preferences (
    shopper_id    text NOT NULL,
    market        text NOT NULL,
    preference_id text NOT NULL,
    preference    jsonb NOT NULL,
    inferred_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shopper_id, market, preference_id)
);
COMMENT ON TABLE shoppers.inferred_preferences IS 'What the interactions of a shopper in a market say, with the evidence.';
CREATE INDEX inferred_by_market ON shoppers.inferred_preferences (market);

CREATE INDEX queries_of_shopper ON looks.queries ((request ->> 'user_id')) WHERE request ? 'user_id';

CREATE TABLE api.idempotent_answers (
    caller          text NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint     bytea NOT NULL CHECK (length(fingerprint) = 32),
    shopper_id      text,
    body            text NOT NULL,
    answered_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, idempotency_key)
);
COMMENT ON TABLE api.idempotent_answers IS 'Answers of writes, replayed to who sends the same key and the same request again.';
COMMENT ON COLUMN api.idempotent_answers.fingerprint IS 'SHA-256 of method, path and body.';
COMMENT ON COLUMN api.idempotent_answers.shopper_id IS 'Whose data the answer holds; null when it holds nobody''s.';
CREATE INDEX idempotent_answers_by_time ON api.idempotent_answers (answered_at);
CREATE INDEX idempotent_answers_of_shopper ON api.idempotent_answers (shopper_id) WHERE shopper_id IS NOT NULL;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(SHOPPERS)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
