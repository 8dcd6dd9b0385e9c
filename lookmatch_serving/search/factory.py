"""Opens a pipeline with the parts that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from lookmatch_serving.db import open_pool
from lookmatch_serving.embedded import Services
from lookmatch_serving.encoders.loaded import EncoderRegistry, load_installed_encoder, zero_shot_probabilities
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.llm.accounting import ModelCall
from lookmatch_serving.search.pipeline import Parts, SearchPipeline
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.search.vectorisation.segmentation import AbsentSegmenter, EmbeddedSegmenter, Segmenter
from lookmatch_serving.settings import Settings

_log = structlog.get_logger(__name__)


def build_pipeline(
    settings: Settings,
    services: Services,
    segmenter: Segmenter | None = None,
    on_model_call: Callable[[ModelCall], None] | None = None,
) -> SearchPipeline:
    """Open a pipeline over the given stores, with the model's stages where ``ANTHROPIC_API_KEY`` is set.

    Nothing heavy is loaded before the first search or ``warm_up``.

    Args:
        settings: of the home.
        services: addresses of the stores.
        segmenter: cuts layers out of looks; the one of the settings when left out.
        on_model_call: is told of each call of the vision model, from any thread.
    """
    cache = SearchCache(services.redis_url)
    encoders, cutter = EncoderRegistry(load_installed_encoder), segmenter or open_segmenter(settings)
    parts = Parts(encoders, cutter, zero_shot_probabilities)
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
            recall=lambda name: cache.made(name, Trace()),
            remember=lambda name, text, seconds: cache.keep_made(name, text, seconds, Trace()),
            wait_seconds=settings.batch_wait_seconds,
        )
        offline = OfflineModel(reader, reranker, batches)
        parts = Parts(encoders, cutter, zero_shot_probabilities, reader, reranker, offline, model.close)
    return SearchPipeline(settings, open_pool(services.database_url), cache, parts, on_model_call)


def open_segmenter(settings: Settings) -> Segmenter:
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
