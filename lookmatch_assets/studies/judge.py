"""A vision model as a judge: it rates the pairs that people rate, as raters of a kind of their own.

Every pair is asked about in a call of its own, so that no answer depends on the order of the pairs, and twice, once with the
look's picture first and once with the product's, so that it shows what the order of the pictures does. The two are two raters,
``model:<name>:look-first`` and ``model:<name>:product-first``, and are never counted among people (see ``judge_agreement``).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.judge_prompts import (
    JUDGE_ASK,
    JUDGE_FACET,
    JUDGE_LOOK,
    JUDGE_PIECE,
    JUDGE_PRODUCT,
    JUDGE_SYSTEM,
    JUDGE_VERSION,
)
from lookmatch_assets.studies.store import statement
from lookmatch_serving.db import DictConnection
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger, total_cost
from lookmatch_serving.llm.client import Content, Question, VisionModel, image_block, text_block
from lookmatch_serving.pictures import decode_picture
from lookmatch_serving.rating.facets import FACETS
from lookmatch_serving.rating.store import token_digest
from lookmatch_serving.search.reranking.vision_model import fenced
from lookmatch_serving.settings import Settings

ORDERS = ("look-first", "product-first")
LOOK_PIXELS, PRODUCT_PIXELS = 768, 512
_SECONDS = 60.0
_AT_ONCE = 4
_FAILURES_TO_STOP = 8


class FacetScore(BaseModel):
    """One facet's answer; None for "cannot tell"."""

    facet: str
    score: int | None


class PairScores(BaseModel):
    """The answer to one pair."""

    scores: list[FacetScore]


@dataclass(frozen=True)
class JudgeRun:
    """Answers kept, answers left, what failed, as the model's client says it, and the calls with their cost."""

    answers: int
    left: int
    failures: list[str]
    calls: list[dict[str, Any]]


def judge_study(
    connection: DictConnection, settings: Settings, definition: StudyDefinition, model: VisionModel, most: int | None = None
) -> JudgeRun:
    """Let the model rate what it has not rated yet; each answer is committed, so that a broken run is taken up again.

    Args:
        connection: to the lookmatch database.
        settings: names the folders of pictures.
        definition: the study; its pairs must be pooled.
        model: the judge.
        most: most pairs to ask about in this run.
    """
    raters = {order: f"model:{model.name}:{order}" for order in ORDERS}
    _enlist(connection, definition, list(raters.values()))
    values = {"study_id": definition.study_id, "raters": list(raters.values())}
    rows = connection.execute(statement("study_unjudged"), values).fetchall()
    asked = rows if most is None else rows[: most * len(ORDERS)]
    failures: list[str] = []
    kept, ledger = 0, Ledger()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        waiting = iter(asked)
        while len(failures) < _FAILURES_TO_STOP and (batch := list(islice(waiting, 2 * _AT_ONCE))):
            answers = threads.map(lambda row: _rate(settings, definition, model, row, ledger), batch)
            for row, answer in zip(batch, answers, strict=True):
                if isinstance(answer, UpstreamError):
                    failures.append(str(answer))
                    continue
                connection.execute(
                    "INSERT INTO studies.ratings (assignment_id, scores, seconds) VALUES (%s, %s, 0)",
                    [row["assignment_id"], Jsonb(answer)],
                )
                kept += 1
            connection.commit()
    return JudgeRun(kept, len(rows) - kept, failures, ledger.rows())


def judge_record(model: VisionModel, run: JudgeRun, before: Mapping[str, Any]) -> dict[str, Any]:
    """The judge's model and prompt, and what its calls took in all runs; ``cost_usd`` is null where a call's is unknown.

    Args:
        model: the judge.
        run: that is over.
        before: the record of earlier runs; empty when there was none.
    """
    tokens = {name: sum(call[name] for call in run.calls) for name in ("input_tokens", "output_tokens")}
    spent = {"calls": len(run.calls), **tokens, "cost_usd": total_cost(run.calls)}
    if before:
        known = spent["cost_usd"] is not None and before["cost_usd"] is not None
        added = {name: spent[name] + before[name] for name in ("calls", "input_tokens", "output_tokens")}
        spent = {**added, "cost_usd": spent["cost_usd"] + before["cost_usd"] if known else None}
    return {"model": model.name, "prompt": JUDGE_VERSION, "text": JUDGE_SYSTEM, **spent}


def _enlist(connection: DictConnection, definition: StudyDefinition, raters: Sequence[str]) -> None:
    """Make the raters and give them every pair, in a drawn order."""
    rows = connection.execute(statement("study_pools"), {"study_id": definition.study_id}).fetchall()
    for rater in raters:
        digest = token_digest(secrets.token_urlsafe(32))
        values = {"study_id": definition.study_id, "rater": rater, "token_digest": digest}
        if connection.execute(statement("save_model_rater"), values).fetchone() is None:
            continue
        order = [(row["pair_id"], "main" if row["expected"] is None else "gold") for row in rows]
        Random(definition.seed).shuffle(order)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO studies.assignments (study_id, rater, pair_id, kind, position) VALUES (%s, %s, %s, %s, %s)",
                [(definition.study_id, rater, pair, kind, place) for place, (pair, kind) in enumerate(order)],
            )
    connection.commit()


def _rate(
    settings: Settings, definition: StudyDefinition, model: VisionModel, row: Mapping[str, Any], ledger: Ledger
) -> dict[str, int | None] | UpstreamError:
    try:
        question = Question("study_judge", JUDGE_SYSTEM, pair_content(settings, definition.facets, row), PairScores)
        return checked_scores(model.ask(question, _SECONDS, ledger), definition.facets)
    except UpstreamError as error:
        return error


def pair_content(settings: Settings, facets: Sequence[str], row: Mapping[str, Any]) -> Content:
    """The message about one pair.

    Args:
        settings: names the folders of pictures.
        facets: keys of the facets to rate.
        row: rater, layer, image_file, image_digest and title of the pair.
    """
    look = [text_block(JUDGE_LOOK), _picture(settings.look_folder / row["image_file"], LOOK_PIXELS)]
    digest, text = row["image_digest"], JUDGE_PRODUCT.format(text=fenced(row["title"] or ""))
    product = [text_block(text), _picture(settings.image_folder / digest[:2] / digest, PRODUCT_PIXELS)]
    pictures = [*product, *look] if row["rater"].endswith("product-first") else [*look, *product]
    lines = "\n".join(
        JUDGE_FACET.format(key=key, question=FACETS[key].question, anchors=_anchors(FACETS[key].anchors)) for key in facets
    )
    piece = JUDGE_PIECE.format(layer=row["layer"].replace("_", " "))
    return [text_block(piece), *pictures, text_block(JUDGE_ASK.format(facets=lines))]


def checked_scores(told: PairScores, facets: Sequence[str]) -> dict[str, int | None]:
    """The answer by facet; a facet that was not asked for is dropped.

    Raises:
        UpstreamError: a facet is missing or its score is none of 1 to 5.
    """
    said = {one.facet: one.score for one in told.scores}
    wrong = [key for key in facets if key not in said or said[key] not in (None, 1, 2, 3, 4, 5)]
    if wrong:
        raise UpstreamError(f"the model's answer lacks a score of 1 to 5 for {', '.join(wrong)}")
    return {key: said[key] for key in facets}


def _anchors(words: Sequence[str]) -> str:
    return ", ".join(f"{step} = {word}" for step, word in enumerate(words, start=1))


def _picture(path: Path, pixels: int) -> dict[str, Any]:
    return image_block(decode_picture(path.read_bytes()), pixels)
