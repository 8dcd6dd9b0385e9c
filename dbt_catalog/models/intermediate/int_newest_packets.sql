-- The products that the partition touched, each as its newest packet over all days says; so the order in which partitions run, or a
-- late packet, cannot take a product back. A removal keeps the last description.
with touched as (
    select distinct product_id
    from {{ source('landing', 'packets') }}
    where {{ in_partition('market', 'landed_day') }}
)

select
    described.*,
    newest.removed as removed_now,
    newest.event_time as newest_event_time,
    newest.landed_day as newest_landed_day,
    newest.packet_key as newest_packet_key
from touched
cross join lateral (
    select packets.removed, packets.event_time, packets.landed_day, packets.packet_key
    from {{ ref('stg_packets') }} as packets
    where packets.product_id = touched.product_id
    order by packets.event_time desc, packets.packet_key desc
    limit 1
) as newest
cross join lateral (
    select packets.*
    from {{ ref('stg_packets') }} as packets
    where packets.product_id = touched.product_id and packets.has_record and not packets.removed
    order by packets.event_time desc, packets.packet_key desc
    limit 1
) as described
