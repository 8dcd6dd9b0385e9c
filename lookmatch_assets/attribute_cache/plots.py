"""Coverage as a picture: vendors down, attributes across, the darker the more products have it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from lookmatch_assets.attribute_cache.reports import COVERED


def coverage_plot(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """A heat map with the shares written in, as a Markdown image with the PNG inside.

    Args:
        rows: of ``CacheReport.coverage_rows``.
        title: above the map.
    """
    if not rows:
        return "_no products_"
    figure = Figure(figsize=(1.6 + 0.95 * len(COVERED), 1.4 + 0.4 * len(rows)), layout="constrained")
    axes = figure.subplots()
    shares = [[float(row[name]) for name in COVERED] for row in rows]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(COVERED)), COVERED, rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), [f"{row['vendor']} ({row['products']})" for row in rows])
    for y, line in enumerate(shares):
        for x, share in enumerate(line):
            axes.text(x, y, f"{share:.0%}", ha="center", va="center", fontsize=8, color="white" if share > 0.6 else "black")
    axes.set_title(title)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return f"![{title}](data:image/png;base64,{base64.b64encode(data.getvalue()).decode()})"
