"""The live pointer moves while searches run: none is lost, none waits for the new encoder, and no answer mixes two encoders."""

from __future__ import annotations

import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest
from PIL import Image

from lookmatch_serving.embedded import Services
from lookmatch_serving.encoders.loaded import EncoderRegistry
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.factory import ENCODER_THREADS
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.pipeline import SearchPipeline
from lookmatch_serving.settings import Settings
from tests.serving.search_fixtures import (
    COLOURS,
    DIMENSIONS,
    ColourEncoder,
    FixedReader,
    Stock,
    blue_bottom,
    colour_pipeline,
    dressed_look,
    make_market,
    red_top,
)

SEARCHES = int(os.environ.get("LOOKMATCH_TEST_SWAP_SEARCHES", "120"))
SLOW_LOADING = 0.3
STOCK = [Stock(f"{colour}-{i}", colour, shade=i * 3) for colour in COLOURS for i in range(8)]
STOCK += [Stock(f"jeans-{i}", "blue", "jeans", "bottomwear", shade=i) for i in range(12)]


class TurnedEncoder(ColourEncoder):
    """The colours' space turned about: of its vectors none fits one of ``ColourEncoder``'s."""

    key = "fashion-clip"
    version = "turned-1"

    def __init__(self) -> None:
        self.loaded = False

    def encode_images(self, images: list[Image.Image]) -> Vectors:
        if not self.loaded:
            time.sleep(SLOW_LOADING)  # as reading weights takes
            self.loaded = True
        return turned(super().encode_images(images))

    def encode_texts(self, texts: list[str]) -> Vectors:
        return turned(super().encode_texts(texts))


class BrokenEncoder(TurnedEncoder):
    def encode_images(self, images: list[Image.Image]) -> Vectors:
        raise OSError("weights are truncated")


def turned(rows: Vectors) -> Vectors:
    """Another order of the components and the negative of each: the cosine with a vector of the other space is not 1."""
    return np.ascontiguousarray(-np.roll(rows, 3, axis=1))


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    """A market with the vectors of two encoders, of which the colours' is live."""
    make_market(database_url, STOCK)
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute(
            "CREATE TABLE vectors.turned_1 (product_id text, market text, image_digest text, encoder_version text,"
            f" embedding halfvec({DIMENSIONS}), PRIMARY KEY (market, product_id)) PARTITION BY LIST (market)"
        )
        db.execute("CREATE TABLE vectors.turned_1_in PARTITION OF vectors.turned_1 FOR VALUES IN ('IN')")
        db.execute("INSERT INTO vectors.encoders VALUES ('fashion-clip', 'turned-1', %s, 'turned_1')", [DIMENSIONS])
        rows = db.execute("SELECT product_id, embedding::text FROM vectors.colour_1 WHERE market = 'IN'").fetchall()
        for product_id, text in rows:
            row = turned(np.fromstring(text.strip("[]"), sep=",", dtype=np.float32)[None])[0]
            db.execute(
                "INSERT INTO vectors.turned_1 VALUES (%s, 'IN', 'd', 'turned-1', %s::halfvec)", [product_id, str(row.tolist())]
            )
        db.execute("CREATE INDEX ON vectors.turned_1 USING hnsw (embedding halfvec_cosine_ops)")
    return Services(database_url, redis_url)


def pipeline_of(settings: Settings, stores: Services, other: TurnedEncoder) -> SearchPipeline:
    shelf = EncoderRegistry(lambda key: ColourEncoder() if key == "lookmatch-mini" else other)
    return colour_pipeline(settings, stores, encoders=shelf, reader=FixedReader([red_top(), blue_bottom()]))


def point(database_url: str, key: str, version: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute("UPDATE vectors.live_encoder SET encoder_key = %s, encoder_version = %s WHERE market = 'IN'", [key, version])


def tinted_look(shade: int) -> bytes:
    """Another picture each time, so that no cached reading answers."""
    with Image.open(io.BytesIO(dressed_look())) as drawn:
        picture = drawn.convert("RGB")
    picture.putpixel((0, 0), (shade % 256, shade // 256, 7))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def hits(answer: Any) -> tuple[Any, ...]:
    return tuple((layer.layer, tuple((hit.product_id, round(hit.score, 2)) for hit in layer.hits)) for layer in answer.layers)


def test_a_swap_and_a_swap_back_under_load_lose_no_search_and_mix_no_vectors(settings: Settings, stores: Services) -> None:
    request = SearchRequest(market="IN", deadline_ms=20_000, page_size=5)
    expected = {}
    for key, version in (("fashion-clip", "turned-1"), ("lookmatch-mini", "colour-1")):
        point(stores.database_url, key, version)
        alone = pipeline_of(settings, stores, TurnedEncoder())
        answer = alone.search(request, tinted_look(0))
        assert answer.encoder_version == version
        expected[version] = hits(answer)
        alone.close()
    pipeline = pipeline_of(settings, stores, TurnedEncoder())
    pipeline.warm_up()
    answered: list[tuple[str, bool, float]] = []
    halves = {SEARCHES // 3: ("fashion-clip", "turned-1"), 2 * SEARCHES // 3: ("lookmatch-mini", "colour-1")}
    lock = threading.Lock()

    def search(number: int) -> None:
        if number in halves:
            point(stores.database_url, *halves[number])
        started = time.monotonic()
        answer = pipeline.search(request, tinted_look(number))
        with lock:
            right = hits(answer) == expected[answer.encoder_version] and not answer.degraded
            answered.append((answer.encoder_version, right, time.monotonic() - started))

    with ThreadPoolExecutor(ENCODER_THREADS) as threads:
        list(threads.map(search, range(SEARCHES)))
    pipeline.close()
    by_version = {version: sum(v == version for v, _, _ in answered) for version in expected}
    print(f"{len(answered)} searches, {by_version}, slowest {max(s for _, _, s in answered) * 1000:.0f} ms")
    assert len(answered) == SEARCHES
    assert all(right for _, right, _ in answered)
    assert by_version["turned-1"] > 0


def test_while_the_new_encoder_loads_the_one_before_answers_and_then_the_new_one(settings: Settings, stores: Services) -> None:
    pipeline = pipeline_of(settings, stores, TurnedEncoder())
    request = SearchRequest(market="IN", deadline_ms=20_000)
    pipeline.search(request, tinted_look(1))
    point(stores.database_url, "fashion-clip", "turned-1")
    started = time.monotonic()
    answer = pipeline.search(request, tinted_look(2))
    assert (answer.encoder_version, answer.degraded) == ("colour-1", [])
    while answer.encoder_version == "colour-1" and time.monotonic() - started < 30:
        answer = pipeline.search(request, tinted_look(3))
    assert (answer.encoder_version, answer.degraded) == ("turned-1", [])
    pipeline.close()


def test_an_encoder_that_cannot_be_loaded_leaves_the_one_before_in_place_and_says_so(
    settings: Settings, stores: Services
) -> None:
    pipeline = pipeline_of(settings, stores, BrokenEncoder())
    request = SearchRequest(market="IN", deadline_ms=20_000)
    pipeline.search(request, tinted_look(1))
    point(stores.database_url, "fashion-clip", "turned-1")
    answer = pipeline.search(request, tinted_look(2))
    started = time.monotonic()
    while not answer.degraded and time.monotonic() - started < 30:
        answer = pipeline.search(request, tinted_look(2))
    assert answer.encoder_version == "colour-1"
    assert answer.layers[0].hits
    assert [(note.stage, "truncated" in note.reason) for note in answer.degraded] == [("index", True)]
    pipeline.close()
