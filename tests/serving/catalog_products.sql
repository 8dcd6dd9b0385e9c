-- The columns of dbt's mart catalog.products (dbt_catalog/models/marts/marts.yml) that search reads, for tests without a dbt run.
CREATE TABLE catalog.products (
    product_id text PRIMARY KEY, market text NOT NULL, vendor text NOT NULL, vendor_product_id text NOT NULL, group_id text,
    title text NOT NULL, description text, brand text, brand_key text, category text NOT NULL, category_raw text,
    layer text NOT NULL, google_category_id integer, gender text NOT NULL, age_group text, colour_family text NOT NULL,
    colour_raw text, pattern text, sleeve text, usage text, size_system text, image_url text NOT NULL, product_url text,
    removed boolean NOT NULL, event_time timestamptz NOT NULL, landed_day date NOT NULL, packet_key bigint NOT NULL, gender_raw text
);
