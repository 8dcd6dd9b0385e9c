"""Pages of a layer: the first answer pins the order of its result list in Valkey, and a token names the list and a place in it.

The list holds ids, scores and grades; product data is read afresh for each page, and what is no longer sold is
skipped. The name of a list is
128 random bits, so that holding a token is what entitles to its pages.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.opaque_tokens import decode_token, encode_token
from lookmatch_serving.search.retrieval.stage import LONGEST_LIST

_UNKNOWN = "page_token: it names no result list; accepted is a next_page_token of an earlier answer"


@dataclass(frozen=True)
class PageToken:
    """A place in a pinned result list: the list's name and the index of the next product."""

    result_list: str
    layer: str
    offset: int

    def encoded(self) -> str:
        """The opaque form."""
        return encode_token(self.result_list, self.layer, self.offset)


def new_result_list() -> str:
    """A name that cannot be guessed."""
    return secrets.token_urlsafe(16)


def parse_token(token: str) -> PageToken:
    """Read an opaque token.

    Raises:
        NotFoundError: it names no result list.
    """
    try:
        name, layer, offset = decode_token(token)
    except ValueError as error:
        raise NotFoundError(_UNKNOWN) from error
    if not (isinstance(name, str) and isinstance(layer, str) and isinstance(offset, int) and 0 < offset <= LONGEST_LIST):
        raise NotFoundError(_UNKNOWN)
    return PageToken(name, layer, offset)
