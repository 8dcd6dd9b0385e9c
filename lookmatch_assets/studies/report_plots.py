"""The report's drawings, as SVG in data addresses; colours tell apart for colour-blind readers (Okabe and Ito, 2008)."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lookmatch_assets.studies.agreement import Agreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5b5b5b", "#a6761d")
_INK, _GRID = "#1f2937", "#e5e7eb"


def colours_of(systems: Sequence[str]) -> dict[str, str]:
    """One colour a system, in the order given."""
    return {system: COLOURS[i % len(COLOURS)] for i, system in enumerate(systems)}


def interval_plot(overall: pd.DataFrame, colours: Mapping[str, str], kind: str = "svg") -> str:
    """Means with clustered intervals (thick) and naive ones (thin, dashed), best on top; a data address."""
    figure, axes = _figure(7.2, 0.9 + 0.55 * len(overall))
    ordered = overall.sort_values("mean").reset_index(drop=True)
    for place, row in enumerate(ordered.to_dict("records")):
        colour = colours[row["system"]]
        axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=5, alpha=0.35, solid_capstyle="round")
        axes.plot([row["naive_low"], row["naive_high"]], [place - 0.22] * 2, color=colour, linewidth=1.2, linestyle=(0, (3, 2)))
        axes.plot(row["mean"], place, "o", color=colour, markersize=8)
        axes.annotate(f"{row['mean']:.2f}", (row["mean"], place), (0, 9), textcoords="offset points", ha="center", fontsize=9)
    axes.set_yticks(range(len(ordered)), list(ordered["system"]))
    axes.set(
        xlabel="mean opinion score; band: 95 % interval clustered by rater and look, dashes: naive",
        ylim=(-0.6, len(ordered) - 0.3),
    )
    known = ordered[["low", "high", "naive_low", "naive_high", "mean"]].to_numpy(dtype=float)
    axes.set_xlim(max(1.0, float(np.nanmin(known)) - 0.25), min(5.0, float(np.nanmax(known)) + 0.25))
    return _address(figure, kind)


def bars_by(table: pd.DataFrame, column: str, titles: Mapping[str, str], colours: Mapping[str, str]) -> str:
    """Means by a column and system as bars with their intervals; a data address."""
    values = list(dict.fromkeys(table[column]))
    systems = [system for system in colours if system in set(table["system"])]
    figure, axes = _figure(8.6, 3.2)
    width = 0.8 / max(len(systems), 1)
    for number, system in enumerate(systems):
        part = table[table["system"] == system].set_index(column).reindex(values)
        reach = [(part["mean"] - part["low"]).fillna(0), (part["high"] - part["mean"]).fillna(0)]
        places = [place - 0.4 + width * (number + 0.5) for place in range(len(values))]
        style = {"ecolor": _INK, "elinewidth": 1, "capsize": 2}
        axes.bar(
            places, part["mean"] - 1, width * 0.92, bottom=1, yerr=reach, error_kw=style, color=colours[system], label=system
        )
    labels = [titles.get(value, value) for value in values]
    axes.set_xticks(
        range(len(values)), labels, rotation=0 if len(values) <= 7 else 30, ha="center" if len(values) <= 7 else "right"
    )
    axes.set(ylim=(1, 5), ylabel="mean opinion score")
    axes.legend(frameon=False, ncols=min(len(systems), 4), loc="upper center", bbox_to_anchor=(0.5, 1.2), fontsize=9)
    axes.grid(axis="x", visible=False)
    axes.grid(axis="y", color=_GRID)
    return _address(figure)


def agreement_plot(agreement: Mapping[str, Agreement], titles: Mapping[str, str]) -> str:
    """Alpha of every facet with its interval; a data address."""
    known = {facet: one for facet, one in agreement.items() if one.pairs}
    figure, axes = _figure(7.2, 0.9 + 0.38 * len(known))
    for place, one in enumerate(reversed(known.values())):
        axes.plot([one.low, one.high], [place, place], color=COLOURS[0], linewidth=5, alpha=0.35, solid_capstyle="round")
        axes.plot(one.alpha, place, "o", color=COLOURS[0])
    axes.set_yticks(range(len(known)), [titles.get(facet, facet) for facet in reversed(known)])
    axes.axvline(0, color=_INK, linewidth=1)
    axes.set(
        xlabel="Krippendorff's alpha, ordinal: 0 is chance, 1 is perfect",
        xlim=(min(-0.2, *(one.low for one in known.values())), 1),
    )
    return _address(figure)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    axes.tick_params(length=0, colors=_INK)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=_GRID)
    return figure, axes


def _address(figure: Figure, kind: str = "svg") -> str:
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=110)
    mime = "image/svg+xml" if kind == "svg" else "image/png"
    return f"data:{mime};base64,{base64.b64encode(file.getvalue()).decode()}"
