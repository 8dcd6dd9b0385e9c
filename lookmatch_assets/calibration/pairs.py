"""Labelled pairs of a market: looks of its own products, searched by the stages that answer requests.

Where a look is made of products' own photos, those products, their duplicates and whatever shows the same picture are left out,
so that a pair is what a shopper meets. Some products are drawn at random beside those retrieved, so that low scores are seen too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from lookmatch_assets.calibration.agreement import Garment, agreement
from lookmatch_assets.calibration.looks import LabelledLook
from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.loaded import zero_shot_probabilities
from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.look import Box, Look
from lookmatch_serving.search.models.products import Candidate
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.ranking import RankedLayer
from lookmatch_serving.search.models.request import Filters
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator
from lookmatch_serving.search.reranking.grading import Grading
from lookmatch_serving.search.reranking.rankers import by_segment, by_vector
from lookmatch_serving.search.retrieval.nearest import genders_accepted, layer_candidates, vectors_of
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.search.vectorisation.query_vectors import query_vectors
from lookmatch_serving.search.vectorisation.segmentation import EmbeddedSegmenter

RETRIEVED, AT_RANDOM = 30, 10
"""Products of each garment that are retrieved, and that are drawn at random beside them."""

_SEED = 11
_LEAST_OVERLAP = 0.3
_SECONDS = 60.0
_UNGRADED = Grading("none")


@dataclass(frozen=True)
class Pair:
    """A garment of a look and a product.

    Attributes:
        look: number of the look, by which pairs are held out together.
        ranker: whose score it is.
        category: of the product.
        score: of the ranker.
        truth: what their attributes support.
    """

    look: int
    ranker: Ranker
    category: str
    score: float
    truth: MatchGrade


@dataclass(frozen=True)
class PairSource:
    """What pairs are drawn from.

    Attributes:
        connection: to the lookmatch database.
        index: the market's live index.
        encoder: that the index was made with.
        cache: holds text vectors.
        image_weight: of the segment in a layer's vector, as search uses it.
    """

    connection: DictConnection
    index: LiveIndex
    encoder: Encoder
    cache: SearchCache
    image_weight: float


def labelled_pairs(source: PairSource, looks: Iterable[LabelledLook], garments: Sequence[Garment]) -> Iterator[Pair]:
    """Pairs of looks with products of a market.

    Args:
        source: what answers searches.
        looks: with known garments.
        garments: the market's products whose attributes are known.
    """
    known = {garment.product_id: garment for garment in garments}
    generator = EmbeddedQueryGenerator(source.encoder, zero_shot_probabilities)
    numbers = Random(_SEED)
    for number, labelled in enumerate(looks):
        look = Look(labelled.image, f"calibration-{number}")
        seen = _seen(generator.generate(look, _SECONDS), labelled)
        yield from _pairs_of(source, labelled, number, seen, known, numbers)


def _pairs_of(
    source: PairSource,
    look: LabelledLook,
    number: int,
    seen: Sequence[tuple[LayerQuery, Garment]],
    known: Mapping[str, Garment],
    numbers: Random,
) -> Iterator[Pair]:
    if not seen:
        return
    queries = [query for query, _ in seen]
    pieces = EmbeddedSegmenter().segment(look.image, queries)
    cut = source.encoder.encode_images(list(pieces.values()))
    segments: dict[str, Vectors] = dict(zip(pieces, cut, strict=True))
    vectors = query_vectors(source.encoder, queries, segments, source.image_weight, source.cache, Trace())
    for (query, garment), vector in zip(seen, vectors, strict=True):
        others = [known[name] for name in numbers.sample(sorted(known), min(AT_RANDOM, len(known)))]
        with source.connection.transaction():
            found = layer_candidates(source.connection, source.index, query, vector, Filters(), RETRIEVED)
            ids = [one.product_id for one in found] + [other.product_id for other in others]
            stored = vectors_of(source.connection, source.index, ids)
        held = {one.product_id for one in found}
        drawn = [_candidate(query, other, vector, stored) for other in others if other.product_id not in held]
        candidates = [one for one in (*found, *drawn) if not (look.own_photos and _is_its_own(one, garment, known))]
        ranked = [by_vector(candidates, _UNGRADED)]
        if query.layer in segments:
            ranked.append(by_segment(candidates, segments[query.layer], stored, _UNGRADED))
        yield from (pair for layer in ranked for pair in _scored(layer, number, garment, known))


def _scored(layer: RankedLayer, number: int, garment: Garment, known: Mapping[str, Garment]) -> Iterator[Pair]:
    for one in layer.hits:
        offered = known.get(one.candidate.product_id)
        if offered is not None:
            yield Pair(number, layer.ranker, offered.category, one.score, agreement(garment, offered))


def _candidate(query: LayerQuery, other: Garment, vector: Vectors, stored: Mapping[str, Vectors]) -> Candidate:
    """A product drawn at random, as retrieval would have given it."""
    genders = genders_accepted(query.gender, unknown=True) if query.gender else None
    plausible = other.category in query.categories and (genders is None or other.gender in genders)
    similarity = float(np.dot(vector, stored[other.product_id])) if other.product_id in stored else -1.0
    return Candidate(other.product_id, similarity, plausible=plausible, category=other.category)


def _is_its_own(one: Candidate, garment: Garment, known: Mapping[str, Garment]) -> bool:
    if garment.product_id in (one.product_id, *one.variants):
        return True
    offered = known.get(one.product_id)
    return offered is not None and offered.digest == garment.digest


def _seen(queries: Sequence[LayerQuery], look: LabelledLook) -> list[tuple[LayerQuery, Garment]]:
    """Each layer that was read, with the garment that is there; layers read where none is are left out."""
    found = []
    for query in queries:
        overlaps = {place: _overlap(query.box, box, look.image.size) for place, box in look.boxes.items() if place in look.worn}
        place = max(overlaps, key=lambda one: overlaps[one], default=None)
        if place is not None and overlaps[place] >= _LEAST_OVERLAP:
            found.append((query, look.worn[place]))
    return found


def _overlap(box: Box | None, pixels: tuple[int, int, int, int], size: tuple[int, int]) -> float:
    """Intersection over union of a box in fractions and one in pixels."""
    if box is None:
        return 0.0
    width, height = size
    x0, y0, x1, y1 = pixels[0] / width, pixels[1] / height, pixels[2] / width, pixels[3] / height
    across = max(0.0, min(box.x1, x1) - max(box.x0, x0))
    down = max(0.0, min(box.y1, y1) - max(box.y0, y0))
    both = (box.x1 - box.x0) * (box.y1 - box.y0) + (x1 - x0) * (y1 - y0) - across * down
    return across * down / both if both > 0 else 0.0
