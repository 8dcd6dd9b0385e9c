{{
    config(
        unique_key='product_id',
        incremental_strategy='merge',
        indexes=[
            {'columns': ['market', 'category']},
            {'columns': ['market', 'brand_key']},
            {'columns': ['market', 'vendor', 'group_id']},
        ],
    )
}}

select
    product_id,
    market,
    vendor,
    vendor_product_id,
    group_id,
    title,
    description,
    nullif(btrim(brand), '') as brand,
    nullif({{ vocabulary_key('brand') }}, '') as brand_key,
    category,
    category_raw,
    layer,
    google_category_id,
    gender,
    nullif(age_group, '') as age_group,
    colour_family,
    colour_raw,
    nullif(pattern, '') as pattern,
    nullif(sleeve, '') as sleeve,
    nullif({{ vocabulary_key('usage_raw') }}, '') as usage,
    nullif(size_system, '') as size_system,
    image_url,
    product_url,
    removed_now as removed,
    newest_event_time as event_time,
    newest_landed_day as landed_day,
    newest_packet_key as packet_key,
    nullif(btrim(gender_raw), '') as gender_raw
from {{ ref('int_standardised_products') }}
