"""What a request names, looked up once before its stages: the market's index, the look, the shopper's preferences."""

from __future__ import annotations

from dataclasses import dataclass

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.request import AppliedPreference, PreferenceMode, SearchRequest
from lookmatch_serving.search.query_generation.look_source import (
    RegisteredLook,
    check_one_source,
    look_bytes,
    read_look,
    registered_look,
    usable_as_stored,
)
from lookmatch_serving.search.reranking.personalisation import applied_preferences
from lookmatch_serving.search.retrieval.nearest import live_index
from lookmatch_serving.settings import Settings


@dataclass(frozen=True)
class ResolvedRequest:
    """A request with what it names.

    Attributes:
        request: what is asked.
        image: encoded picture of the look, unless the request names it.
        index: that answers the market.
        registered: the look of ``request.look_id``.
        preferences: of the shopper that apply to the request.
    """

    request: SearchRequest
    image: bytes | None
    index: LiveIndex
    registered: RegisteredLook | None
    preferences: tuple[AppliedPreference, ...]

    def stored_answer(self) -> SearchAnswer | None:
        """The answer that the offline job stored, where computing it now would give the same."""
        stored = self.registered.stored if self.registered is not None else None
        return stored if usable_as_stored(self.request, stored, self.index.encoder_version, self.preferences) else None

    def picture(self, settings: Settings, seconds: float) -> tuple[bytes, str]:
        """The encoded look and its digest; see ``look_bytes``."""
        return look_bytes(settings, self.request, self.image, self.registered, seconds)

    def look(self, data: bytes, digest: str) -> Look:
        """The decoded look; see ``read_look``."""
        return read_look(data, digest, self.request)


def resolve(connection: DictConnection, request: SearchRequest, image: bytes | None, mode: PreferenceMode) -> ResolvedRequest:
    """Look up what a request names.

    Args:
        connection: to the lookmatch database.
        request: that names a look, unless its picture is given.
        image: encoded picture.
        mode: how preferences are followed.

    Raises:
        InvalidInputError: none or several looks are named.
        NotFoundError: the look does not exist.
        UpstreamError: the market is not indexed.
    """
    check_one_source(request, image)
    return ResolvedRequest(
        request=request,
        image=image,
        index=live_index(connection, request.market.value),
        registered=registered_look(connection, request.look_id) if request.look_id is not None else None,
        preferences=applied_preferences(connection, request, mode),
    )
