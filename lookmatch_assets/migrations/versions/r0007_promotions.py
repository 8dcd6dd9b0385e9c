"""Promotion of encoders: candidates under preparation, and which pointer moved when, on what grounds. Kinds of raters."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

PROMOTIONS = """
CREATE TABLE vectors.candidate_encoders (
    encoder_key text PRIMARY KEY,
    since       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE vectors.candidate_encoders IS 'Encoders whose vectors are kept up to date beside the live ones, to be promoted.';
CREATE TABLE vectors.promotions (
    promotion_id uuid NOT NULL,
    market       text NOT NULL,
    from_key     text NOT NULL, from_version text NOT NULL,
    to_key       text NOT NULL, to_version   text NOT NULL,
    study_id     text NOT NULL,
    gate         jsonb NOT NULL,
    promoted_at  timestamptz NOT NULL DEFAULT now(),
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'confirmed', 'rolled_back')),
    settled_at   timestamptz,
    PRIMARY KEY (promotion_id, market),
    FOREIGN KEY (to_key, to_version) REFERENCES vectors.encoders
);
COMMENT ON TABLE vectors.promotions IS
    'Moves of live_encoder. While one is open the vectors of both encoders are kept up to date, and it can be rolled back.';
CREATE UNIQUE INDEX one_open_promotion ON vectors.promotions (market) WHERE state = 'open';
"""

STUDIES = """
ALTER TABLE studies.raters ADD COLUMN kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'simulated', 'model'));
UPDATE studies.raters SET kind = 'simulated' WHERE simulated;
ALTER TABLE studies.raters DROP COLUMN simulated;
COMMENT ON COLUMN studies.raters.kind IS 'Models are never counted among raters; simulated ones only where all are.';
ALTER TABLE studies.layers ADD COLUMN read jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN studies.layers.read IS 'The layer as it was read from the look, so that a replay asks the same.';
ALTER TABLE studies.gains ADD COLUMN agreement jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN studies.gains.agreement IS 'Facet -> share in [0, 1] to which the product agrees with the piece of the look.';
"""


def upgrade() -> None:
    """Create the tables and name the raters' kinds."""
    op.execute(PROMOTIONS)
    op.execute(STUDIES)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
