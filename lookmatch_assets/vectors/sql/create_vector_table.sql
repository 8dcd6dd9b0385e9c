-- One table for each encoder version, so that a new version is added beside the old and the swap is a pointer's move.
-- PLAIN storage keeps the vector in its row: compressing or moving it out of line would cost a second read for each candidate.
CREATE TABLE IF NOT EXISTS {table} (
    product_id text NOT NULL,
    market text NOT NULL,
    image_digest text NOT NULL,
    encoder_version text NOT NULL,
    embedding halfvec({dimensions}) NOT NULL,
    PRIMARY KEY (market, product_id)
) PARTITION BY LIST (market);
ALTER TABLE {table} ALTER COLUMN embedding SET STORAGE PLAIN;
