"""When a sale price holds, and the price in effect."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

PERIODS = """
ALTER TABLE catalog.offers ADD COLUMN sale_from timestamptz, ADD COLUMN sale_until timestamptz;
COMMENT ON COLUMN catalog.offers.sale_from IS 'When the sale price begins to hold; null: it holds already.';
COMMENT ON COLUMN catalog.offers.sale_until IS 'When the sale price ends; null: the vendor does not say.';
CREATE FUNCTION catalog.price_in_effect(offer catalog.offers) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN offer.sale_price_minor IS NOT NULL
            AND coalesce(offer.sale_from <= now(), true) AND coalesce(offer.sale_until > now(), true)
        THEN offer.sale_price_minor
        ELSE offer.price_minor
    END
$$;
COMMENT ON FUNCTION catalog.price_in_effect IS
    'Minor units that a shopper pays now: the sale price while it holds, else the price.';
"""


def upgrade() -> None:
    """Add the columns and the function."""
    op.execute(PERIODS)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
