"""What each system returns for each layer, by the stages that answer searches.

Layers, their texts and their cut-outs are read once a look and shared, so that systems differ in nothing but what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.studies.colour_histogram import ColourHistogram
from lookmatch_assets.studies.definition import HISTOGRAM, StudyDefinition, SystemDefinition
from lookmatch_assets.vectors.embedding import embed_pending
from lookmatch_assets.vectors.tables import (
    VectorTable,
    build_index,
    ensure_vector_table,
    pending_pictures,
    searchable_products,
)
from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders import load_encoder
from lookmatch_serving.encoders.loaded import zero_shot_probabilities
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.llm.client import AnthropicVisionModel
from lookmatch_serving.pictures import decode_picture, picture_digest
from lookmatch_serving.search.factory import build_segmenter
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.protocols import Offered, QueryGenerator, Segmenter, VisualReranker
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.ranking import RankedLayer
from lookmatch_serving.search.models.request import Filters
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator
from lookmatch_serving.search.query_generation.vision_model import ModelQueryGenerator
from lookmatch_serving.search.reranking.grading import uncalibrated_grading
from lookmatch_serving.search.reranking.rankers import by_llm, by_segment, by_vector
from lookmatch_serving.search.reranking.vision_model import ModelReranker
from lookmatch_serving.search.retrieval.nearest import layer_candidates, vectors_of
from lookmatch_serving.search.retrieval.products import products_by_id, stored_picture
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.search.vectorisation.query_vectors import query_vectors
from lookmatch_serving.settings import Settings

_POOL = 50
_MODEL_SECONDS = 60.0


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
class OpenSystem:
    """A system that takes part; ``reranker`` is set where a model ranks, of which it orders the first ``top_k``."""

    definition: SystemDefinition
    encoder: StudyEncoder
    reranker: VisualReranker | None = None
    top_k: int = 10

    @property
    def ranker_version(self) -> str:
        """The ranker, with the prompt and the model where one ranks."""
        return self.reranker.version if self.reranker else self.definition.ranker


@dataclass(frozen=True)
class ReadLook:
    """A look with its layers and their cut-outs; layers that could not be cut out are left out."""

    look_id: str
    market: str
    image_file: str
    picture: Image.Image
    queries: list[LayerQuery]
    segments: dict[str, Image.Image]


@dataclass(frozen=True)
class Returned:
    """Products of one system for one layer, best first, with the ranker's scores."""

    system: str
    look_id: str
    layer: str
    products: list[tuple[str, float]]


def present_systems(settings: Settings, systems: Sequence[SystemDefinition]) -> tuple[dict[str, OpenSystem], dict[str, str]]:
    """Systems that can take part, and for every other the reason, both by name."""
    present, absent = {}, {}
    for system in systems:
        try:
            encoder = open_encoder(system)
            reranker = ModelReranker(open_model(settings), settings.rerank_orders) if system.ranker == "llm" else None
        except ConfigurationError as error:
            absent[system.name] = str(error)
            continue
        present[system.name] = OpenSystem(system, encoder, reranker, settings.rerank_top_k)
    return present, absent


def open_encoder(system: SystemDefinition) -> StudyEncoder:
    """Load a system's encoder and try what the system needs of it.

    Raises:
        EncoderUnavailableError: its weights are neither on disk nor to be had.
    """
    encoder: StudyEncoder = ColourHistogram() if system.encoder == HISTOGRAM else load_encoder(system.encoder)
    encoder.encode_images([Image.new("RGB", (64, 64), "white")])
    if system.query != "segment":
        encoder.encode_texts(["a shirt"])
    return encoder


def open_model(settings: Settings) -> AnthropicVisionModel:
    """The vision model of the settings.

    Raises:
        ConfigurationError: none is configured.
    """
    if settings.anthropic_api_key is None:
        raise ConfigurationError("no vision model is configured; set ANTHROPIC_API_KEY")
    return AnthropicVisionModel(settings.anthropic_api_key.get_secret_value(), settings.anthropic_model)


def open_reader(settings: Settings, definition: StudyDefinition) -> QueryGenerator:
    """What reads the layers of a study's looks.

    Raises:
        ConfigurationError: the study wants the model and none is configured.
    """
    if definition.reader == "model":
        return ModelQueryGenerator(open_model(settings))
    return EmbeddedQueryGenerator(load_encoder("lookmatch-mini"), zero_shot_probabilities)


def prepare_index(connection: DictConnection, system: OpenSystem, market: str, settings: Settings) -> LiveIndex | None:
    """Embed what the encoder's table lacks and index it, without touching what is live; None where the market is empty."""
    encoder, asked = system.encoder, system.definition
    table = VectorTable(encoder.key, encoder.version, encoder.dimensions, market)
    ensure_vector_table(connection, table)
    embed_pending(connection, table, encoder, pending_pictures(connection, table), settings.image_folder)
    bits_from = 1 if asked.index == "bits" else settings.bit_index_products
    build_index(connection, table, bits_from)
    products = searchable_products(connection, table)
    if not products:
        return None
    now = datetime.now(UTC)
    plain = LiveIndex(market, encoder.key, encoder.version, table.name, encoder.dimensions, now, products)
    return replace(plain, search_by=asked.index, ef_search=asked.ef_search, bit_index=products >= bits_from)


def read_looks(
    settings: Settings,
    looks: Sequence[Mapping[str, Any]],
    reader: QueryGenerator,
    recorded: Mapping[str, list[LayerQuery]] | None = None,
) -> Iterator[ReadLook]:
    """Read the layers of looks (rows of ``looks.looks``).

    Args:
        settings: names the folder of looks and the segmenter.
        looks: the rows.
        reader: reads each look, unless
        recorded: look id -> layers as they were read before.
    """
    segmenter = build_segmenter(settings)
    for row in looks:
        data = (settings.look_folder / row["image_file"]).read_bytes()
        picture = decode_picture(data)
        if recorded is None:
            queries = reader.generate(Look(picture, picture_digest(data)), _MODEL_SECONDS, Ledger())
        else:
            queries = recorded.get(row["look_id"], [])
        yield _cut(row, picture, queries, segmenter)


def _cut(row: Mapping[str, Any], picture: Image.Image, queries: list[LayerQuery], segmenter: Segmenter) -> ReadLook:
    segments = segmenter.segment(picture, queries)
    seen = [query for query in queries if query.layer in segments]
    return ReadLook(row["look_id"], row["market"], row["image_file"], picture, seen, segments)


def search_layers(
    connection: DictConnection, cache: SearchCache, system: OpenSystem, index: LiveIndex, look: ReadLook, image_folder: Path
) -> Iterator[Returned]:
    """Run vectorisation, retrieval and ranking of one system for every layer of a look.

    Raises:
        UpstreamError: a model ranks and did not answer; a study takes no second best.
    """
    if not look.queries:
        return
    cut = system.encoder.encode_images([look.segments[query.layer] for query in look.queries])
    segments: dict[str, Vectors] = dict(zip((query.layer for query in look.queries), cut, strict=True))
    asked = system.definition
    weight = {"text": 0.0, "segment": 1.0, "blend": asked.image_weight}[asked.query]
    vectors = query_vectors(system.encoder, look.queries, segments, weight, cache, Trace())
    # Studies compare orders, not grades.
    grading = uncalibrated_grading(system.encoder.key, system.encoder.version, index.market)
    ranked: dict[str, RankedLayer] = {}
    for query, vector in zip(look.queries, vectors, strict=True):
        with connection.transaction():
            found = layer_candidates(connection, index, query, vector, Filters(), _POOL)
            if asked.ranker == "vector":
                ranked[query.layer] = by_vector(found, grading)
            else:
                stored = vectors_of(connection, index, [one.product_id for one in found])
                ranked[query.layer] = by_segment(found, segments[query.layer], stored, grading)
    if system.reranker is not None:
        ranked = _by_model(connection, system, system.reranker, index, look, ranked, image_folder)
    for layer, order in ranked.items():
        yield Returned(asked.name, look.look_id, layer, [(hit.candidate.product_id, hit.score) for hit in order.hits])


def _by_model(
    connection: DictConnection,
    system: OpenSystem,
    reranker: VisualReranker,
    index: LiveIndex,
    look: ReadLook,
    base: Mapping[str, RankedLayer],
    image_folder: Path,
) -> dict[str, RankedLayer]:
    shown = {layer: [hit.candidate.product_id for hit in order.hits[: system.top_k]] for layer, order in base.items()}
    products = products_by_id(connection, index.market, {one for ids in shown.values() for one in ids})
    offered = {
        layer: [
            Offered(p.product_id, p.title, p.brand, stored_picture(image_folder, p.digest))
            for one in ids
            if (p := products.get(one))
        ]
        for layer, ids in shown.items()
    }
    told = reranker.rerank(look.picture, look.queries, offered, _MODEL_SECONDS, Ledger())
    grading = uncalibrated_grading(system.encoder.key, system.encoder.version, index.market)
    return {layer: by_llm(order, told.get(layer, []), grading) for layer, order in base.items()}
