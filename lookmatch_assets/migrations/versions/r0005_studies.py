"""Studies: what was compared, what raters are shown, and what they said."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STUDIES = """
CREATE SCHEMA studies;
CREATE TABLE studies.studies (
    study_id   text PRIMARY KEY CHECK (study_id ~ '^[a-z0-9][a-z0-9-]{0,59}$'),
    definition jsonb NOT NULL,
    lineage    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE studies.studies IS 'Owner of the schema: study assets; serving reads assignments and writes ratings.';
CREATE TABLE studies.systems (
    study_id text NOT NULL REFERENCES studies.studies ON DELETE CASCADE,
    system   text NOT NULL,
    absent   text,
    lineage  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (study_id, system)
);
COMMENT ON COLUMN studies.systems.absent IS 'Why the system takes no part; null when it does.';
CREATE TABLE studies.layers (
    study_id text NOT NULL REFERENCES studies.studies ON DELETE CASCADE,
    look_id  text NOT NULL, layer text NOT NULL,
    market   text NOT NULL, gender text NOT NULL, category text NOT NULL, query text NOT NULL,
    image_file text NOT NULL,
    PRIMARY KEY (study_id, look_id, layer)
);
CREATE TABLE studies.candidates (
    study_id text NOT NULL, system text NOT NULL, look_id text NOT NULL, layer text NOT NULL,
    product_id text NOT NULL, rank integer NOT NULL CHECK (rank > 0), score real NOT NULL,
    PRIMARY KEY (study_id, system, look_id, layer, rank),
    FOREIGN KEY (study_id, look_id, layer) REFERENCES studies.layers ON DELETE CASCADE
);
CREATE TABLE studies.pairs (
    pair_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_id text NOT NULL, look_id text NOT NULL, layer text NOT NULL, product_id text NOT NULL,
    image_digest text NOT NULL,
    expected text CHECK (expected IN ('good', 'bad')),
    FOREIGN KEY (study_id, look_id, layer) REFERENCES studies.layers ON DELETE CASCADE,
    UNIQUE (study_id, look_id, layer, product_id)
);
COMMENT ON COLUMN studies.pairs.expected IS 'The known answer of a gold item; null for what is compared.';
CREATE TABLE studies.gains (
    study_id text NOT NULL REFERENCES studies.studies ON DELETE CASCADE,
    look_id text NOT NULL, layer text NOT NULL, product_id text NOT NULL, gain integer NOT NULL CHECK (gain >= 0),
    PRIMARY KEY (study_id, look_id, layer, product_id)
);
COMMENT ON TABLE studies.gains IS 'Attribute agreement of labelled products, for ranking metrics.';
CREATE TABLE studies.raters (
    study_id text NOT NULL REFERENCES studies.studies ON DELETE CASCADE,
    rater text NOT NULL,
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    simulated boolean NOT NULL DEFAULT false,
    PRIMARY KEY (study_id, rater)
);
COMMENT ON COLUMN studies.raters.token_digest IS 'SHA-256 of the link''s token, which is 256 random bits and is kept nowhere.';
CREATE TABLE studies.assignments (
    assignment_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    study_id text NOT NULL, rater text NOT NULL,
    pair_id bigint NOT NULL REFERENCES studies.pairs ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('warm_up', 'main', 'repeat', 'gold')),
    position integer NOT NULL,
    FOREIGN KEY (study_id, rater) REFERENCES studies.raters ON DELETE CASCADE,
    UNIQUE (study_id, rater, position)
);
CREATE TABLE studies.ratings (
    assignment_id uuid PRIMARY KEY REFERENCES studies.assignments ON DELETE CASCADE,
    scores jsonb NOT NULL,
    seconds real NOT NULL CHECK (seconds >= 0),
    rated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN studies.ratings.scores IS 'Facet -> 1 to 5, or null for "cannot tell".';
"""


def upgrade() -> None:
    """Create the schema."""
    op.execute(STUDIES)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
