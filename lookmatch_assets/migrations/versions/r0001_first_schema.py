"""Landing, offers, images, the register of encoders, looks and the query log."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

LANDING = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA landing; CREATE SCHEMA catalog; CREATE SCHEMA vectors; CREATE SCHEMA looks;
CREATE SCHEMA IF NOT EXISTS dagster;

CREATE TABLE landing.packets (
    packet_key  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    id          text NOT NULL,
    type        text NOT NULL CHECK (type IN ('lookmatch.product.upserted', 'lookmatch.product.removed')),
    subject     text NOT NULL,
    market      text NOT NULL,
    vendor      text NOT NULL,
    format      text NOT NULL,
    product_id  text NOT NULL,
    event_time  timestamptz NOT NULL,
    landed_at   timestamptz NOT NULL DEFAULT now(),
    landed_day  date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
    record      jsonb,
    data        jsonb,
    UNIQUE (source, id)
);
COMMENT ON TABLE landing.packets IS 'Packets as received (data) with the fields the vendor format names (record). Append-only.';
CREATE INDEX packets_newest_first ON landing.packets (product_id, event_time DESC, packet_key DESC);
CREATE INDEX packets_by_partition ON landing.packets (market, landed_day, packet_key);

CREATE TABLE landing.quarantine (
    quarantine_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stage       text NOT NULL CHECK (stage IN ('packet', 'image')),
    source      text, packet_id text, market text, vendor text, format text, subject text, product_id text,
    code        text NOT NULL,
    field       text,
    value       text,
    message     text NOT NULL,
    resolution  text NOT NULL,
    body        text,
    received_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
COMMENT ON TABLE landing.quarantine IS
    'What could not be accepted, with the reason and the fix; body is what arrived, for replay.';
CREATE INDEX quarantine_open ON landing.quarantine (vendor, code) WHERE resolved_at IS NULL;
CREATE UNIQUE INDEX quarantine_once ON landing.quarantine (source, packet_id, code) WHERE stage = 'packet';
CREATE UNIQUE INDEX quarantine_image_once ON landing.quarantine (product_id, code) WHERE stage = 'image' AND resolved_at IS NULL;
"""

CATALOG = """
CREATE TABLE catalog.offers (
    product_id       text PRIMARY KEY,
    market           text NOT NULL,
    vendor           text NOT NULL,
    currency         char(3) NOT NULL,
    price_minor      bigint NOT NULL CHECK (price_minor >= 0),
    sale_price_minor bigint CHECK (sale_price_minor >= 0),
    tax_included     boolean,
    availability     text NOT NULL CHECK (availability IN ('in_stock', 'out_of_stock', 'preorder', 'backorder')),
    sizes            jsonb NOT NULL DEFAULT '[]',
    sizes_in_stock   text[] NOT NULL DEFAULT '{}',
    removed          boolean NOT NULL DEFAULT false,
    event_time       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN catalog.offers.price_minor IS 'Minor units of currency (ISO 4217): 1299 is 12.99 USD, and 1299 JPY.';
COMMENT ON COLUMN catalog.offers.sizes IS '[{"size": "M", "stock": 3}], stock null when the vendor does not say.';
CREATE INDEX offers_by_market ON catalog.offers (market, availability);
"""

VECTORS = """
CREATE TABLE vectors.images (
    product_id text PRIMARY KEY,
    market     text NOT NULL,
    image_url  text NOT NULL,
    status     text NOT NULL CHECK (status IN ('ok', 'failed')),
    digest     text,
    width      integer,
    height     integer,
    code       text,
    attempts   integer NOT NULL DEFAULT 1,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    CHECK (status = 'failed' OR digest IS NOT NULL)
);
COMMENT ON COLUMN vectors.images.digest IS 'SHA-256 (hex) of the file as fetched; the file lies at images/<first two>/<digest>.';

CREATE TABLE vectors.encoders (
    encoder_key     text NOT NULL,
    encoder_version text NOT NULL,
    dimensions      integer NOT NULL,
    table_name      text NOT NULL UNIQUE CHECK (table_name ~ '^[a-z][a-z0-9_]{0,50}$'),
    registered_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (encoder_key, encoder_version)
);
COMMENT ON TABLE vectors.encoders IS
    'vectors.<table_name>: product_id, market, image_digest, encoder_version, embedding halfvec(dimensions).';

CREATE TABLE vectors.live_encoder (
    market          text PRIMARY KEY,
    encoder_key     text NOT NULL,
    encoder_version text NOT NULL,
    index_as_of     timestamptz NOT NULL,
    products        bigint NOT NULL,
    FOREIGN KEY (encoder_key, encoder_version) REFERENCES vectors.encoders
);
COMMENT ON TABLE vectors.live_encoder IS 'What search reads in each market; moving it is the swap.';

CREATE TABLE vectors.duplicate_groups (
    product_id        text PRIMARY KEY,
    market            text NOT NULL,
    representative_id text NOT NULL,
    reason            text NOT NULL CHECK (reason IN ('variant', 'same_picture', 'near_picture'))
);
CREATE INDEX duplicate_groups_by_representative ON vectors.duplicate_groups (representative_id);
"""

LOOKS = """
CREATE TABLE looks.looks (
    look_id      text PRIMARY KEY,
    market       text NOT NULL,
    image_file   text NOT NULL,
    image_digest text NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT now(),
    added_day    date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date
);
COMMENT ON COLUMN looks.looks.image_file IS 'File name within the look folder.';

CREATE TABLE looks.tagged (
    look_id         text PRIMARY KEY REFERENCES looks.looks ON DELETE CASCADE,
    market          text NOT NULL,
    encoder_version text NOT NULL,
    tagged_at       timestamptz NOT NULL DEFAULT now(),
    answer          jsonb NOT NULL
);
COMMENT ON TABLE looks.tagged IS 'The search answer of each look, made ahead of time by the offline job.';

CREATE TABLE looks.queries (
    query_id    uuid PRIMARY KEY,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    market      text NOT NULL,
    look_digest text NOT NULL,
    request     jsonb NOT NULL,
    answer      jsonb NOT NULL
);
CREATE INDEX queries_by_time ON looks.queries (asked_at);
"""


def upgrade() -> None:
    """Create the first schema."""
    for statements in (LANDING, CATALOG, VECTORS, LOOKS):
        op.execute(statements)


def downgrade() -> None:
    """Not offered: migrations go forward only, a mistake is mended by the next revision."""
    raise RuntimeError("migrations go forward only")
