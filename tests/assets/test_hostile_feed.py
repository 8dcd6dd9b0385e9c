"""A hundred hostile records go through the consumer and the whole chain: refused with a code, or text like any other."""

from __future__ import annotations

from pathlib import Path

import psycopg
import redis

from lookmatch_assets.feeds.consumer import Consumer
from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Settings
from tests.assets.landing import draw
from tests.assets.test_assets import run, stores  # noqa: F401 - a fixture
from tests.assets.test_consumer import packet, send
from tests.serving.test_hostile_products import MEGABYTE, TEXTS

HOSTILE = 100
FIELDS = (
    "title",
    "description",
    "brand",
    "product_type",
    "color",
    "size",
    "gender",
    "age_group",
    "pattern",
    "link",
    "item_group_id",
)


def test_a_hostile_feed_stops_nothing_and_is_text_in_the_catalogue(settings: Settings, stores: Services, tmp_path: Path) -> None:  # noqa: F811
    picture = draw(tmp_path / "picture.png", 1).as_uri()
    good = {
        "id": "good",
        "title": "Shirt",
        "price": "49.99 USD",
        "availability": "in_stock",
        "image_link": picture,
        "brand": "Acme",
    }
    with redis.Redis.from_url(stores.redis_url) as client:
        for number in range(HOSTILE):
            text = TEXTS[number % len(TEXTS)]
            text = text if len(text) < MEGABYTE or number < len(TEXTS) else text[:4_000]
            fields = FIELDS if number % 2 and len(text) < MEGABYTE else FIELDS[1:]
            data = {**good, "id": str(number), **dict.fromkeys(fields, text)}
            send(client, settings, packet(subject=str(number), data=data))
        send(client, settings, packet(subject="good", data=good))
        counts = Consumer(client, settings.packet_stream, stores.database_url).consume(until_empty=True)
    run(settings, stores, market="US")
    with psycopg.connect(stores.database_url, autocommit=True) as db:
        codes = db.execute("SELECT code, count(*) FROM landing.quarantine GROUP BY code ORDER BY code").fetchall()
        rows = db.execute("SELECT title, description, brand, category, gender FROM catalog.products").fetchall()
        indexed = db.execute("SELECT products FROM vectors.live_encoder WHERE market = 'US'").fetchone()
    print(f"{counts.landed} landed, refused {dict(codes)}, {len(rows)} in the catalogue, indexed {indexed}")
    assert counts.landed + sum(n for _, n in codes) == HOSTILE + 1
    assert len(rows) == counts.landed > HOSTILE / 2
    assert indexed == (counts.landed,)
    assert {category for *_, category, _ in rows} == {"unmapped"}
    assert all(len(title) <= 500 and "<script" not in title and "</vendor_text>" not in title for title, *_ in rows)
    assert ("Shirt", "Acme") in {(title, brand) for title, _, brand, *_ in rows}
