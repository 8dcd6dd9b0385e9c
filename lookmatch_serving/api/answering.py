"""One way to a search answer, for the API and for the pages: picture check, a place, the pipeline, metrics."""

from __future__ import annotations

from lookmatch_serving.api.admission import OverloadedError
from lookmatch_serving.api.parts import Parts
from lookmatch_serving.pictures import check_picture
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.trace import Observer


def answer_search(parts: Parts, request: SearchRequest, image: bytes | None, observer: Observer | None = None) -> SearchAnswer:
    """Answer a search; an observer is told as its stages begin and end, so it has them run for itself.

    Raises:
        InvalidInputError: the picture cannot be used; found before anything expensive runs.
        OverloadedError: no place is free.
    """
    allowed = request.deadline_ms or parts.settings.deadline_ms

    def compute(left: float) -> SearchAnswer:
        asked = request if left == allowed else request.model_copy(update={"deadline_ms": int(left)})
        with parts.admission.place():
            return parts.pipeline.search(asked, image, observer)

    try:
        with parts.admission.inside():
            if image is not None:
                check_picture(image)
            shared = observer is None
            answer = parts.single_flight.answer(request, image, allowed, compute) if shared else compute(allowed)
    except OverloadedError:
        parts.metrics.search_shed()
        raise
    parts.metrics.search_answered(answer)
    return answer
