"""How far a reader of a search has to walk: the rooms that its calls enter, and how often they come back to one."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType

import lookmatch_serving.search
from lookmatch_serving.embedded import Services
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.settings import Market, Settings
from tests.serving.search_fixtures import Stock, colour_pipeline, dressed_look, make_market

SEARCH = Path(lookmatch_serving.search.__file__).parent
EVERYWHERE = {"models", "runtime", "context"}
"""What the rooms speak with and run under; nobody walks there."""

MOST_ROOMS, MOST_RETURNS = 12, 8


def room_of(file: str) -> str | None:
    path = Path(file)
    room = path.relative_to(SEARCH).parts[0].removesuffix(".py") if path.is_relative_to(SEARCH) else None
    return None if room in EVERYWHERE else room


def test_a_search_enters_few_rooms_and_seldom_comes_back(database_url: str, redis_url: str, settings: Settings) -> None:
    make_market(database_url, [Stock("a", "red"), Stock("b", "blue", category="jeans", layer="bottomwear")])
    pipeline = colour_pipeline(settings, Services(database_url, redis_url))
    pipeline.warm_up()
    walk: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        room = room_of(frame.f_code.co_filename) if event == "call" else None
        if room is not None and walk[-1:] != [room]:
            walk.append(room)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        pipeline.search(SearchRequest(market=Market.INDIA), dressed_look())
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        pipeline.close()
    assert {"pipeline", "query_generation", "vectorisation", "retrieval", "reranking", "answers"} <= set(walk)
    assert len(set(walk)) <= MOST_ROOMS
    assert len(walk) - len(set(walk)) <= MOST_RETURNS
