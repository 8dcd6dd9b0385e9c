"""What each system returns for each layer, by the stages that answer searches.

Layers, their texts and their cut-outs are read once a look and shared, so that systems differ in nothing but what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.studies.colour_histogram import ColourHistogram
from lookmatch_assets.studies.definition import HISTOGRAM, SystemDefinition
from lookmatch_assets.vectors.embedding import embed_pending
from lookmatch_assets.vectors.tables import VectorTable, build_index, ensure_vector_table, pending_pictures
from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders import load_encoder
from lookmatch_serving.encoders.errors import EncoderUnavailableError
from lookmatch_serving.pictures import decode_picture, picture_digest
from lookmatch_serving.search.cache import SearchCache
from lookmatch_serving.search.grading import uncalibrated_grading
from lookmatch_serving.search.look import Filters, LayerQuery
from lookmatch_serving.search.opening import open_segmenter
from lookmatch_serving.search.ports import zero_shot_probabilities
from lookmatch_serving.search.query_generation import EmbeddedQueryGenerator, Look
from lookmatch_serving.search.reranking import by_segment, by_vector
from lookmatch_serving.search.retrieval import LiveIndex, layer_candidates, vectors_of
from lookmatch_serving.search.trace import Trace
from lookmatch_serving.search.vectorisation import query_vectors
from lookmatch_serving.settings import Settings

_POOL = 50
_READING_SECONDS = 60.0


class StudyEncoder(Protocol):
    """What a system needs from an encoder."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def dimensions(self) -> int: ...  # noqa: D102
    @property
    def supports_text(self) -> bool: ...  # noqa: D102
    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]: ...  # noqa: D102
    def encode_texts(self, texts: list[str]) -> NDArray[np.float32]: ...  # noqa: D102


@dataclass(frozen=True)
class ReadLook:
    """A look with its layers and their cut-outs."""

    look_id: str
    market: str
    image_file: str
    queries: list[LayerQuery]
    segments: dict[str, Image.Image]


@dataclass(frozen=True)
class Returned:
    """Products of one system for one layer, best first, with the ranker's scores."""

    system: str
    look_id: str
    layer: str
    products: list[tuple[str, float]]


def open_encoder(system: SystemDefinition) -> StudyEncoder:
    """Load a system's encoder and try it.

    Raises:
        EncoderUnavailableError: its weights are neither on disk nor to be had.
    """
    encoder: StudyEncoder = ColourHistogram() if system.encoder == HISTOGRAM else load_encoder(system.encoder)
    encoder.encode_images([Image.new("RGB", (64, 64), "white")])
    return encoder


def present_systems(systems: Sequence[SystemDefinition]) -> tuple[dict[str, StudyEncoder], dict[str, str]]:
    """Encoders of the systems that can take part, and for every other the reason, both by system name."""
    present, absent = {}, {}
    for system in systems:
        try:
            present[system.name] = open_encoder(system)
        except EncoderUnavailableError as error:
            absent[system.name] = str(error)
    return present, absent


def prepare_index(connection: DictConnection, encoder: StudyEncoder, market: str, settings: Settings) -> LiveIndex | None:
    """Embed what the encoder's table lacks and index it, without touching what is live; None where the market is empty."""
    table = VectorTable(encoder.key, encoder.version, encoder.dimensions, market)
    ensure_vector_table(connection, table)
    embed_pending(connection, table, encoder, pending_pictures(connection, table), settings.image_folder)
    build_index(connection, table)
    query = table.statement("count_searchable")
    row = cast("dict[str, Any]", connection.execute(query, {"market": market}).fetchone())
    products = int(row["products"])
    now = datetime.now(UTC)
    return LiveIndex(market, encoder.key, encoder.version, table.name, encoder.dimensions, now, products) if products else None


def read_looks(settings: Settings, looks: Sequence[dict[str, Any]]) -> Iterator[ReadLook]:
    """Read layers of looks (rows of ``looks.looks``) with the bundled encoder."""
    encoder, segmenter = load_encoder("lookmatch-mini"), open_segmenter(settings)
    generator = EmbeddedQueryGenerator(encoder, zero_shot_probabilities)
    for row in looks:
        data = (settings.look_folder / row["image_file"]).read_bytes()
        look = Look(decode_picture(data), picture_digest(data))
        queries = generator.generate(look, _READING_SECONDS)
        segments = segmenter.segment(look.picture, queries)
        yield ReadLook(row["look_id"], row["market"], row["image_file"], queries, segments)


def search_layers(
    connection: DictConnection,
    cache: SearchCache,
    system: SystemDefinition,
    encoder: StudyEncoder,
    index: LiveIndex,
    look: ReadLook,
) -> Iterator[Returned]:
    """Run vectorisation, retrieval and ranking of one system for every layer that was cut out."""
    queries = [query for query in look.queries if query.layer in look.segments]
    if not queries:
        return
    cut = encoder.encode_images([look.segments[query.layer] for query in queries])
    segments = dict(zip((query.layer for query in queries), cut, strict=True))
    weight = {"text": 0.0, "segment": 1.0, "blend": system.image_weight}[system.query]
    vectors = query_vectors(encoder, queries, segments, weight, cache, Trace())
    grading = uncalibrated_grading(encoder.key, encoder.version, index.market)  # studies compare orders, not grades
    for query, vector in zip(queries, vectors, strict=True):
        with connection.transaction():
            found = layer_candidates(connection, index, query, vector, Filters(), _POOL)
            if system.ranker == "segment":
                stored = vectors_of(connection, index, [one.product_id for one in found])
                ranked = by_segment(found, segments[query.layer], stored, grading)
            else:
                ranked = by_vector(found, grading)
        yield Returned(system.name, look.look_id, query.layer, [(hit.candidate.product_id, hit.score) for hit in ranked.hits])
