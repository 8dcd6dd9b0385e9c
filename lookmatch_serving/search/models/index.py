"""Which index answers a market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class LiveIndex:
    """What search reads in a market: the live encoder, the table of its vectors (schema ``vectors``), age and size.

    Attributes:
        search_by: ``planned`` chooses between exact scan and index for each request; ``exact`` and ``index`` are for comparing.
        ef_search: HNSW's list length; None takes what serving takes.
        bit_index: whether there is an index over the signs of the vectors.
        calibrated_at: when the encoder version's grades were calibrated here; None when they were not.
    """

    market: str
    encoder_key: str
    encoder_version: str
    table_name: str
    dimensions: int
    index_as_of: datetime
    products: int
    search_by: Literal["planned", "exact", "index", "bits"] = "planned"
    ef_search: int | None = None
    bit_index: bool = False
    calibrated_at: datetime | None = None
