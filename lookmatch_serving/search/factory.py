"""Builds a pipeline with the implementations that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from PIL import Image
from psycopg_pool import ConnectionPool

from lookmatch_serving.db import DictConnection, open_pool
from lookmatch_serving.embedded import Services
from lookmatch_serving.encoders.loaded import (
    AttributeProbabilities,
    EncoderRegistry,
    load_installed_encoder,
    zero_shot_probabilities,
)
from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.llm.accounting import ModelCall
from lookmatch_serving.search.answers import Pages, ResponseCache
from lookmatch_serving.search.models.protocols import QueryGenerator, Segmenter, VisualReranker
from lookmatch_serving.search.pipeline import SearchPipeline
from lookmatch_serving.search.prefetch import BatchModel, Prefetch
from lookmatch_serving.search.query_generation.embedded import LOOK_ATTRIBUTES
from lookmatch_serving.search.query_generation.stage import QueryGeneration
from lookmatch_serving.search.reranking.fallback_chain import RankingFallbackChain
from lookmatch_serving.search.reranking.grading import GradingRegistry
from lookmatch_serving.search.reranking.stage import Reranking
from lookmatch_serving.search.retrieval.live_encoders import LiveEncoders
from lookmatch_serving.search.retrieval.stage import Retrieval
from lookmatch_serving.search.runtime import ConcurrencyLimit, Trace
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers
from lookmatch_serving.search.vectorisation.segment_vectors import SegmentVectors
from lookmatch_serving.search.vectorisation.segmentation import AbsentSegmenter, EmbeddedSegmenter
from lookmatch_serving.search.vectorisation.stage import Vectorisation
from lookmatch_serving.settings import Settings

ENCODER_THREADS = 1
"""Encodings at a time in a process, on its share of the cores; two at a time answered fewer searches a second, not more."""

MODEL_THREADS = 16
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Implementations:
    """What stands behind the protocols of the stages; ``reader`` and ``reranker`` are None where no model is configured."""

    encoders: EncoderRegistry
    segmenter: Segmenter
    probabilities: AttributeProbabilities
    reader: QueryGenerator | None = None
    reranker: VisualReranker | None = None
    batch_model: BatchModel | None = None
    close: Callable[[], None] = lambda: None


def assemble_pipeline(
    settings: Settings,
    pool: ConnectionPool[DictConnection],
    cache: SearchCache,
    given: Implementations,
    on_model_call: Callable[[ModelCall], None] | None = None,
) -> SearchPipeline:
    """A pipeline over open stores, which it closes with itself.

    Args:
        settings: of the home.
        pool: of Postgres.
        cache: in Valkey.
        given: implementations of the stages' protocols.
        on_model_call: is told of each call of the vision model, from any thread.
    """
    encoder_workers = BoundedWorkers(ENCODER_THREADS, "encoder", waits=True)
    model_workers = BoundedWorkers(MODEL_THREADS, "model")
    segments = SegmentVectors(given.segmenter, cache, encoder_workers)
    chain = RankingFallbackChain(given.reranker, model_workers, cache, settings.image_folder, settings.rerank_top_k)
    query_generation = QueryGeneration(given.reader, given.probabilities, model_workers, encoder_workers, cache)
    vectorisation = Vectorisation(segments, settings.image_weight, encoder_workers, cache)
    retrieval = Retrieval(pool, GradingRegistry().of, settings.rerank_top_k)

    def warm(encoder: Encoder) -> None:
        """Load both towers and read a blank look."""
        blank = encoder.encode_images([Image.new("RGB", (64, 64), "white")])
        if encoder.supports_text:
            for attribute in LOOK_ATTRIBUTES:
                given.probabilities(encoder, blank, attribute)

    def release() -> None:
        for resource in (encoder_workers, model_workers, segments, given, cache, pool):
            resource.close()

    return SearchPipeline(
        settings=settings,
        pool=pool,
        live=LiveEncoders(given.encoders, warm),
        stages=(query_generation, vectorisation, retrieval, Reranking(chain)),
        pages=Pages(pool, cache),
        responses=ResponseCache(pool, cache, _versions(settings, given)),
        limit=ConcurrencyLimit(1 if given.reader is None else MODEL_THREADS),
        prefetch=Prefetch(cache, query_generation, vectorisation, retrieval, chain, given.batch_model),
        on_model_call=on_model_call,
        release=release,
    )


def _versions(settings: Settings, given: Implementations) -> list[object]:
    """Everything but request, look and index that an answer depends on."""
    reader, reranker = (part.version if part is not None else None for part in (given.reader, given.reranker))
    return [reader, reranker, given.segmenter.version, settings.image_weight, settings.rerank_top_k]


def build_pipeline(
    settings: Settings,
    services: Services,
    segmenter: Segmenter | None = None,
    on_model_call: Callable[[ModelCall], None] | None = None,
) -> SearchPipeline:
    """Build a pipeline over the given stores, with the model's stages where ``ANTHROPIC_API_KEY`` is set.

    Nothing heavy is loaded before the first search or ``warm_up``.

    Args:
        settings: of the home.
        services: addresses of the stores.
        segmenter: cuts layers out of looks; the one of the settings when left out.
        on_model_call: is told of each call of the vision model, from any thread.
    """
    cache = SearchCache(services.redis_url)
    encoders, cutter = EncoderRegistry(load_installed_encoder), segmenter or build_segmenter(settings)
    given = Implementations(encoders, cutter, zero_shot_probabilities)
    if settings.anthropic_api_key is not None:
        from lookmatch_serving.llm.batches import ModelBatches
        from lookmatch_serving.llm.client import AnthropicVisionModel
        from lookmatch_serving.search.prefetch_batches import OfflineModel
        from lookmatch_serving.search.query_generation.vision_model import ModelQueryGenerator
        from lookmatch_serving.search.reranking.vision_model import ModelReranker

        model = AnthropicVisionModel(settings.anthropic_api_key.get_secret_value(), settings.anthropic_model)
        reader, reranker = ModelQueryGenerator(model), ModelReranker(model, settings.rerank_orders)
        batches = ModelBatches(
            model.client,
            model.name,
            recall=lambda name: cache.get(name, Trace()),
            remember=lambda name, text, seconds: cache.put(name, text, seconds, Trace()),
            wait_seconds=settings.batch_wait_seconds,
        )
        offline = OfflineModel(reader, reranker, batches)
        given = Implementations(encoders, cutter, zero_shot_probabilities, reader, reranker, offline, model.close)
    return assemble_pipeline(settings, open_pool(services.database_url), cache, given, on_model_call)


def build_segmenter(settings: Settings) -> Segmenter:
    """The segmenter that the settings name; where its weights are not there, one that tells each search so."""
    if settings.segmenter == "embedded":
        return EmbeddedSegmenter()
    try:
        return _grounded(settings)
    except ConfigurationError as error:
        _log.warning("segmenter_absent", reason=str(error))
        return AbsentSegmenter(str(error))


def _grounded(settings: Settings) -> Segmenter:
    """Florence-2 and SAM 2 from the settings' files, else from what was pulled.

    Raises:
        ConfigurationError: some of it is not there; nothing is fetched here.
    """
    from lookmatch_serving.encoders.registry import FLORENCE, SAM2
    from lookmatch_serving.search.vectorisation.grounded_segmentation import GroundedSegmenter

    florence = Path(settings.florence) if settings.florence else FLORENCE.folder_on_disk()
    pulled = SAM2.folder_on_disk() if settings.sam2_checkpoint is None else None
    checkpoint = settings.sam2_checkpoint or (pulled / SAM2.files[0] if pulled else None)
    absent = [name for name, there in (("Florence-2", florence), ("SAM 2", checkpoint)) if there is None]
    if florence is None or checkpoint is None:
        raise ConfigurationError(
            f"the weights of {' and '.join(absent)} are not on disk: run `lookmatch models pull florence-2 sam2`, or name them in"
            " LOOKMATCH_FLORENCE and LOOKMATCH_SAM2_CHECKPOINT"
        )
    return GroundedSegmenter.load(str(florence), checkpoint)
