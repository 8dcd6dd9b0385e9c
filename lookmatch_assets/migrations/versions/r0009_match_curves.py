"""Match curves, products of tagged looks, and what the model's calls of a query cost."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = """
CREATE TABLE vectors.match_curves (
    encoder_version text NOT NULL,
    market          text NOT NULL,
    ranker          text NOT NULL CHECK (ranker IN ('segment', 'vector')),
    category        text NOT NULL,
    grade           text NOT NULL CHECK (grade IN ('exact', 'close', 'similar')),
    scores          real[] NOT NULL,
    probabilities   real[] NOT NULL,
    pairs           integer NOT NULL,
    positives       integer NOT NULL,
    products        bigint NOT NULL,
    fitted_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (encoder_version, market, ranker, category, grade),
    CHECK (cardinality(scores) > 0 AND cardinality(scores) = cardinality(probabilities))
);
COMMENT ON TABLE vectors.match_curves IS
    'Probability that a product of a score is at least of a grade. Owner: the asset calibration; search reads it.';
COMMENT ON COLUMN vectors.match_curves.products IS 'Searchable products of the market when the curve was fitted.';
COMMENT ON COLUMN vectors.match_curves.category IS 'A category of catalog.products, or * for all of them.';

ALTER TABLE looks.tagged ADD COLUMN product_ids text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN looks.tagged.product_ids IS 'Products of the answer: a look is tagged again when one of them is gone.';
CREATE INDEX tagged_by_product ON looks.tagged USING gin (product_ids);

ALTER TABLE looks.queries ADD COLUMN model_calls jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN looks.queries.model_calls IS
    'Calls of the vision model that the query paid for: tokens, cost in USD or null when unknown.';
"""


def upgrade() -> None:
    """Create and alter the tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
