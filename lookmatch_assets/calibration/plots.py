"""The reliability diagram of a calibration: what was said across, what was found up."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from lookmatch_assets.calibration.curves import Reliability
from lookmatch_serving.search.models.answer import Ranker


def reliability_plot(rows: Sequence[Reliability], title: str) -> str:
    """One panel a ranker, one line a grade, points sized by their pairs, as a Markdown image with the PNG inside."""
    if not rows:
        return "_no held-out pairs_"
    rankers = [ranker for ranker in Ranker if any(row.ranker == ranker for row in rows)]
    figure = Figure(figsize=(4.6 * len(rankers), 4.4), layout="constrained")
    for axes, ranker in zip(figure.subplots(1, len(rankers), squeeze=False)[0], rankers, strict=True):
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle="--")
        for row in (row for row in rows if row.ranker == ranker):
            label = f"{row.grade.value} (error {row.error:.3f}, {row.base:.0%} of pairs)"
            (line,) = axes.plot(row.said, row.found, linewidth=1.2, label=label)
            sizes = [8 + 90 * count / sum(row.pairs) for count in row.pairs]
            axes.scatter(row.said, row.found, s=sizes, color=line.get_color())
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability said", title=f"{ranker.value} ranker")
        axes.set_ylabel("share found among held-out pairs")
        axes.legend(fontsize=8, loc="upper left")
    figure.suptitle(title)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return f"![{title}](data:image/png;base64,{base64.b64encode(data.getvalue()).decode()})"
