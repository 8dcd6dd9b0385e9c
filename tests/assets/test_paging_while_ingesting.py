"""Ten pages of a search while the market is written to by the consumer and as the assets do: no product comes twice.

``LOOKMATCH_TEST_PAGINGS`` says how many searches are paged through.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import psycopg
import pytest
import redis
from pgvector import HalfVector

from lookmatch_assets.feeds.consumer import Consumer
from lookmatch_assets.feeds.packet import REMOVED, source_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.pipeline import SearchPipeline
from lookmatch_serving.settings import Settings
from tests.assets.test_consumer import packet, send
from tests.serving.search_fixtures import COLOURS, FixedReader, Stock, _row, colour_pipeline, dressed_look, make_market, red_top

PAGINGS = int(os.environ.get("LOOKMATCH_TEST_PAGINGS", "12"))
PRODUCTS, PAGES, A_PAGE = 400, 10, 10
INSERT = """
    INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, category, layer, gender, colour_family,
        image_url, removed, event_time, landed_day, packet_key)
    VALUES (%(id)s, 'IN', 'north', %(id)s, 'new red shirt', 't-shirt', 'inner_topwear', 'men', 'red', 'https://x/i.jpg', false,
        now(), current_date, 1)
    ON CONFLICT (product_id) DO UPDATE SET removed = NOT catalog.products.removed
"""
VECTOR = """
    INSERT INTO vectors.colour_1 VALUES (%(id)s, 'IN', 'd', 'colour-1', %(vector)s::halfvec)
    ON CONFLICT (product_id, market, encoder_version) DO UPDATE SET embedding = excluded.embedding
"""
GROUP = """
    INSERT INTO vectors.duplicate_groups VALUES (%(id)s, 'IN', %(representative)s, 'near_picture')
    ON CONFLICT (product_id) DO UPDATE SET representative_id = excluded.representative_id
"""


def name(number: int) -> str:
    return f"north:IN:{number}"


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    # Too few t-shirts for all pages: they are looked up first, and then the other tops.
    stock = [Stock(name(n), category="shirt" if n % 5 else "t-shirt", shade=n / 8) for n in range(PRODUCTS)]
    make_market(database_url, stock, {name(n): name(n - n % 3) for n in range(0, PRODUCTS, 2)})
    return Services(database_url, redis_url)


def describe(stores: Services, stop: threading.Event, done: Counter[str]) -> None:
    """Write products, vectors and groups of near-duplicates, as the assets do, one change a transaction."""
    chance = random.Random(1)
    with psycopg.connect(stores.database_url, autocommit=True) as db:
        while not stop.is_set():
            product = name(chance.randrange(2 * PRODUCTS))
            kind = chance.choice(("product", "vector", "group", "ungroup"))
            with db.transaction():
                if kind == "product":
                    db.execute(INSERT, {"id": product})
                if kind in ("product", "vector"):
                    row = HalfVector(_row(np.asarray(COLOURS["red"]) + chance.uniform(0, 50))).to_text()
                    db.execute(VECTOR, {"id": product, "vector": row})
                if kind == "group":
                    other = name(chance.randrange(PRODUCTS))
                    for member in (product, other):
                        db.execute(GROUP, {"id": member, "representative": other})
                if kind == "ungroup":
                    db.execute("DELETE FROM vectors.duplicate_groups WHERE representative_id = %s", [product])
                db.execute("UPDATE vectors.live_encoder SET index_as_of = now() WHERE market = 'IN'")
            done[kind] += 1


def land(settings: Settings, stores: Services, stop: threading.Event, done: Counter[str]) -> None:
    """Publish prices, stock and removals, and land them by the consumer."""
    chance = random.Random(2)
    with redis.Redis.from_url(stores.redis_url) as client:
        consumer = Consumer(client, settings.packet_stream, stores.database_url)
        for minutes in range(1, 100_000):
            if stop.is_set():
                return
            for _ in range(20):
                subject = str(chance.randrange(PRODUCTS))
                price = f"{chance.randrange(100, 9999)}.00 INR"
                gone = {"type": REMOVED, "data": None} if chance.random() < 0.2 else {}
                made = packet(subject, price, minutes, market="IN", source=source_of("north", "IN"), **gone)
                send(client, settings, made)
            counts = consumer.consume(until_empty=True)
            done["landed"] += counts.landed


@contextmanager
def written_to(*writers: Callable[[threading.Event], None]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=writer, args=[stop]) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def pages(pipeline: SearchPipeline) -> list[SearchAnswer]:
    request = SearchRequest(market="IN", page_size=A_PAGE, deadline_ms=30_000)
    answers = [pipeline.search(request, dressed_look())]
    while token := answers[-1].layers[0].next_page_token:
        answers.append(pipeline.search(request.model_copy(update={"page_token": token})))
    return answers


def test_no_product_comes_twice_over_ten_pages_while_the_market_changes(settings: Settings, stores: Services) -> None:
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    done: Counter[str] = Counter()
    shown, paged, tries = 0, 0, 0
    with written_to(lambda stop: describe(stores, stop, done), lambda stop: land(settings, stores, stop, done)):
        while paged < PAGINGS:
            tries += 1
            assert tries < 5 * PAGINGS
            answers = pages(pipeline)
            if any(step.stage == "cache" for answer in answers for step in answer.degraded):
                continue  # Valkey was too slow just now, so there are no further pages, and the answer says so
            paged += 1
            hits = [hit for answer in answers for hit in answer.layers[0].hits]
            named = Counter(product for hit in hits for product in (hit.product_id, *hit.variants))
            assert [product for product, times in named.items() if times > 1] == []
            assert len(answers) == PAGES
            shown += len(hits)
    pipeline.close()
    print(f"{PAGINGS} searches, {shown} products over {PAGES} pages each, no product twice; written meanwhile: {dict(done)}")
    assert shown > PAGINGS * PAGES * A_PAGE / 2
    assert all(done[kind] > 0 for kind in ("product", "vector", "group", "ungroup", "landed"))
