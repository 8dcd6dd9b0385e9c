"""What the feed says of each look besides its picture: the layers found in it, and for how many there is something to buy."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lookmatch_serving.api.records import LookSummary
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.search.models.answer import MatchGrade

_PLACES = 10_000


@dataclass(frozen=True)
class Caption:
    """Layers of a look in order, and how many of them have a product that matches."""

    layers: tuple[str, ...]
    matched: int


class Captions:
    """Reads captions and remembers them: a stored answer is large, and only a new tagging changes it."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, datetime], Caption] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: DictConnection, looks: Sequence[LookSummary]) -> dict[str, Caption]:
        """Captions by look id; looks that were not tagged yet are missing."""
        tagged = {look.look_id: look.tagged_at for look in looks if look.tagged_at is not None}
        with self._lock:
            missing = [look_id for look_id, at in tagged.items() if (look_id, at) not in self._found]
        if missing:
            self._read(connection, missing)
        with self._lock:
            return {look_id: self._found[look_id, at] for look_id, at in tagged.items() if (look_id, at) in self._found}

    def _read(self, connection: DictConnection, look_ids: list[str]) -> None:
        rows = connection.execute(read_sql(__package__, "captions"), {"look_ids": look_ids}).fetchall()
        with self._lock:
            for row in rows:
                matched = sum(match != MatchGrade.NONE for match in row["matches"])
                self._found[row["look_id"], row["tagged_at"]] = Caption(tuple(row["layers"]), matched)
            while len(self._found) > _PLACES:
                self._found.popitem(last=False)
