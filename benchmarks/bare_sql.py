"""The statements of a search, run by one connection with the vectors given: what any server over this catalogue has to pay."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lookmatch_serving.db import DictConnection, open_pool
from lookmatch_serving.embedded import Services
from lookmatch_serving.encoders import load_encoder
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import PreferenceMode, SearchRequest
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator
from lookmatch_serving.search.query_generation.look_source import decoded_looks
from lookmatch_serving.search.reranking.personalisation import applied_preferences
from lookmatch_serving.search.retrieval.filters import filtered_candidates, layer_filters
from lookmatch_serving.search.retrieval.nearest import live_index, vectors_of
from lookmatch_serving.search.retrieval.products import products_by_id
from lookmatch_serving.search.retrieval.stage import LONGEST_LIST, PREFETCHED_PAGES
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.search.vectorisation.query_vectors import query_vectors
from lookmatch_serving.search.vectorisation.segment_vectors import encoded
from lookmatch_serving.search.vectorisation.segmentation import EmbeddedSegmenter
from lookmatch_serving.settings import Market, Settings

_SECONDS = 60.0

Given = list[tuple[LayerQuery, Vectors]]


@contextmanager
def bare_sql(
    settings: Settings, services: Services, market: Market, pictures: Sequence[str]
) -> Iterator[Callable[[int, int], float]]:
    """One connection that runs the statements of searches.

    Args:
        settings: of the home.
        services: addresses of the stores.
        market: to search in.
        pictures: base64 of looks; read once, before anything is timed.

    Yields:
        Seconds that the statements of a look take, by its place among the pictures, for a shopper of that number.
    """
    pool = open_pool(services.database_url)
    cache = SearchCache(services.redis_url)
    try:
        with pool.connection() as connection:
            index = live_index(connection, market.value)
            given = [_given(index, data, settings.image_weight, cache) for data in map(base64.b64decode, pictures)]
            connection.commit()
            yield lambda look, shopper: _timed(connection, market, given[look], shopper)
    finally:
        cache.close()
        pool.close()


def _given(index: LiveIndex, data: bytes, image_weight: float, cache: SearchCache) -> Given:
    encoder = load_encoder(index.encoder_key)
    (look,) = decoded_looks([data])
    queries = EmbeddedQueryGenerator(encoder).generate(look, _SECONDS)
    segments = encoded(encoder, EmbeddedSegmenter().segment(look.picture, queries))
    vectors = query_vectors(encoder, queries, segments, image_weight, cache, Trace())
    return list(zip(queries, vectors, strict=True))


def _timed(connection: DictConnection, market: Market, given: Given, number: int) -> float:
    request = SearchRequest(market=market, user_id=f"bare-{number}")
    limit = min(LONGEST_LIST, request.page_size * PREFETCHED_PAGES)
    begun = time.perf_counter()
    index = live_index(connection, market.value)
    preferences = applied_preferences(connection, request, PreferenceMode.SOFT)
    with connection.transaction():
        ids: set[str] = set()
        for query, vector in given:
            wanted = layer_filters(request.filters, preferences, query.layer)
            found = filtered_candidates(connection, index, query, vector, wanted, (), limit, request.page_size)
            ids |= {one.product_id for one in found.candidates}
        products_by_id(connection, market.value, ids)
        vectors_of(connection, index, ids)
    return time.perf_counter() - begun
