"""Many questions at half the price through the Message Batches API, for work that nobody waits for.

A batch is known by its questions: asked the same again, within the time that the API keeps results, a process that was stopped
goes on waiting for the batch that it began.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog

from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger, ModelCall, call_of
from lookmatch_serving.llm.client import Answer, Question, answer_of, request_of

MOST_BYTES = 100 * 2**20
"""Of one batch as JSON; the API takes 256 MB."""

MOST_QUESTIONS = 10_000
POLL_SECONDS = 10.0
REMEMBERED_SECONDS = 24 * 3600
"""The API keeps results for 29 days and ends a batch within a day."""

_log = structlog.get_logger(__name__)


class ModelBatches:
    """Asks batches of questions; one thread at a time."""

    def __init__(
        self,
        client: Any,
        model: str,
        *,
        recall: Callable[[str], Any],
        remember: Callable[[str, str, int], None],
        wait_seconds: float,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """Make it.

        Args:
            client: of the SDK.
            model: its name.
            recall: gives what was remembered under a name, else None.
            remember: keeps a text under a name for so many seconds.
            wait_seconds: how long a batch is waited for.
            poll_seconds: between two looks at a batch.
        """
        self._client = client
        self._model = model
        self._recall = recall
        self._remember = remember
        self._wait_seconds = wait_seconds
        self._poll_seconds = poll_seconds

    def ask_all(self, questions: Mapping[str, Question[Answer]], ledger: Ledger) -> dict[str, Answer]:
        """Answers by name; those that failed are missing, and logged.

        Args:
            questions: by names of the caller's.
            ledger: is told of each answer.

        Raises:
            UpstreamError: the API failed, or a batch did not end in time (ask the same later to go on with it).
        """
        import anthropic

        answers: dict[str, Answer] = {}
        try:
            for names, requests in self._chunks(questions):
                for entry in self._client.messages.batches.results(self._ended(requests)):
                    alike = names.get(entry.custom_id, [])
                    if alike:
                        self._take(entry.result, alike, questions[alike[0]], answers, ledger)
        except anthropic.APIError as error:
            raise UpstreamError(f"the Message Batches API failed ({type(error).__name__})") from error
        return answers

    def _chunks(self, questions: Mapping[str, Question[Any]]) -> Iterator[tuple[dict[str, list[str]], list[dict[str, Any]]]]:
        """Requests in batches of a size that the API takes, with custom id -> names; questions alike are asked once."""
        names: dict[str, list[str]] = {}
        requests: list[dict[str, Any]] = []
        size = 0
        for name, question in questions.items():
            parameters = request_of(self._model, question)
            text = json.dumps(parameters, sort_keys=True)
            if requests and (size + len(text) > MOST_BYTES or len(requests) >= MOST_QUESTIONS):
                yield names, requests
                names, requests, size = {}, [], 0
            custom_id = hashlib.sha256(text.encode()).hexdigest()
            if custom_id not in names:
                requests.append({"custom_id": custom_id, "params": parameters})
                size += len(text)
            names.setdefault(custom_id, []).append(name)
        if requests:
            yield names, requests

    def _ended(self, requests: list[dict[str, Any]]) -> str:
        """Id of the batch of these requests, once it has ended.

        Raises:
            UpstreamError: it did not end in time.
        """
        digest = hashlib.sha256("".join(request["custom_id"] for request in requests).encode()).hexdigest()
        batch_id = self._recall(f"batch:{digest}")
        if batch_id is None:
            batch_id = self._client.messages.batches.create(requests=requests).id
            self._remember(f"batch:{digest}", batch_id, REMEMBERED_SECONDS)
            _log.info("batch_begun", batch=batch_id, questions=len(requests))
        end = time.monotonic() + self._wait_seconds
        while self._client.messages.batches.retrieve(batch_id).processing_status != "ended":
            if time.monotonic() >= end:
                raise UpstreamError(f"the batch {batch_id} did not end within {self._wait_seconds:.0f} s")
            time.sleep(self._poll_seconds)
        return str(batch_id)

    def _take(
        self, result: Any, alike: list[str], question: Question[Answer], answers: dict[str, Answer], ledger: Ledger
    ) -> None:
        if result.type != "succeeded":
            ledger.add(ModelCall(question.purpose, self._model, "failed", 0.0, batch=True))
            _log.warning("batch_question_failed", names=alike, result=result.type)
            return
        outcome = "useless"
        try:
            answer = answer_of(result.message, question.schema)
            answers.update(dict.fromkeys(alike, answer))
            outcome = "answered"
        except UpstreamError as error:
            _log.warning("batch_question_failed", names=alike, result=str(error))
        finally:
            ledger.add(call_of(question.purpose, self._model, outcome, 0.0, result.message.usage, batch=True))
