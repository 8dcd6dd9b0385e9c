"""A study's report: one self-contained HTML page, and its tables as CSV and Parquet.

What it states of the method is the minimum that ITU-T P.800.2 (07/2016), clause 7, asks of whoever reports opinion scores.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader
from PIL import ImageOps

from lookmatch_assets.studies.opinion import Difference, best_per_row, what_means_prove
from lookmatch_assets.studies.report_plots import agreement_plot, bars_by, colours_of, interval_plot
from lookmatch_assets.studies.results import OVERALL, RELEVANT_FROM, StudyResult
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.pictures import decode_picture
from lookmatch_serving.rating.facets import FACETS
from lookmatch_serving.settings import Settings

TITLES = {key: facet.title for key, facet in FACETS.items()}
_THUMBNAIL = (150, 190)
_MOST_BARS = 10


def report_folder(settings: Settings, study_id: str) -> Path:
    """Where a study's report and tables lie."""
    return settings.home / "studies" / study_id


def write_report(result: StudyResult, path: Path, settings: Settings) -> Path:
    """Write the page; it loads nothing from elsewhere.

    Args:
        result: the figures.
        path: of the page.
        settings: names the folders of pictures.
    """
    environment = Environment(
        loader=PackageLoader("lookmatch_assets.studies"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["figure"] = _figure
    annotators, systems = result.annotators, _systems(result)
    colours = colours_of(systems)
    page = environment.get_template("report.html").render(
        result=result,
        verdict=verdict_of(result),
        titles=TITLES,
        anchors=FACETS[OVERALL].anchors,
        colours=colours,
        plot=interval_plot(result.overall, colours) if len(result.overall) else None,
        bars={name: bars_by(table, name, TITLES, colours) for name, table in _drawn(result).items()},
        agreement_plot=agreement_plot(result.agreement, TITLES) if any(a.pairs for a in result.agreement.values()) else None,
        best=best_per_row(annotators.dropna()) if len(annotators) else {},
        proven=what_means_prove(annotators.dropna(axis=1)) if len(annotators) and annotators.shape[1] > 1 else [],
        cost=cost_of(result),
        method=method_of(result),
        relevant_from=RELEVANT_FROM,
        disagreements=[_with_pictures(one, settings) for one in result.disagreements],
        lineage=json.dumps(result.lineage, indent=1, sort_keys=True),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def export_tables(result: StudyResult, folder: Path) -> list[Path]:
    """Write ratings, what each system returned, scores and metrics as CSV and Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"ratings": result.ratings, "judge_ratings": result.judged, "returned": result.returned, "scores": result.overall}
    tables |= {"earlier_ratings": result.earlier}
    tables |= {f"scores_by_{name}": table for name, table in result.by.items()}
    tables |= {"differences": difference_table(result), "metrics": result.metrics, "annotators": result.annotators.reset_index()}
    written = []
    for name, table in tables.items():
        csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
        table.to_csv(csv, index=False)
        table.to_parquet(parquet, index=False)
        written += [csv, parquet]
    return written


def score_table(result: StudyResult) -> pd.DataFrame:
    """Systems, best first: mean, interval and counts, as a reader wants them in a terminal or in Dagster."""
    if result.overall.empty:
        return pd.DataFrame()
    columns = ["system", "mean", "low", "high", "ratings", "raters", "looks"]
    return result.overall.sort_values("mean", ascending=False)[columns].round(3)


def difference_table(result: StudyResult) -> pd.DataFrame:
    """Differences between systems in the overall facet."""
    return pd.DataFrame(
        {
            "better": d.better, "worse": d.worse, "difference": d.interval.mean, "low": d.interval.low, "high": d.interval.high,
            "percent_of_leader": d.percent_of_leader, "percent_of_worse": d.percent_of_worse, "p_holm": d.p_holm,
            "significant": d.significant,
        }
        for d in result.differences
    )  # fmt: skip


def verdict_of(result: StudyResult) -> str:
    """The study's answer: the system with the highest mean against each other one."""
    if not result.differences:
        return "Nobody has rated yet." if result.overall.empty else "One system alone was rated; there is nothing to compare."
    first, *others = result.overall.sort_values("mean", ascending=False)["system"].tolist()
    lines = []
    for other in others:
        found = next((d for d in result.differences if {d.better, d.worse} == {first, other}), None)
        lines.append(f"{first} and {other} share no rated layer." if found is None else _sentence(found))
    return " ".join(lines)


def _sentence(found: Difference) -> str:
    interval = f"{found.interval.mean:.2f} (95 % interval {found.interval.low:.2f} to {found.interval.high:.2f})"
    if found.significant:
        p = "p < 0.0001" if found.p_holm < 0.0001 else f"p = {found.p_holm:.4f}"
        share = f"{found.percent_of_leader:.1f} % of its score"
        return f"{found.better} is better than {found.worse} by {interval}, {share}; {p} after Holm."
    return f"{found.better} is ahead of {found.worse} by {interval}, which may be chance: p = {found.p_holm:.2f} after Holm."


def cost_of(result: StudyResult) -> dict[str, Any]:
    """Hours of rating, their price where one is set, and what the judge's calls took."""
    once = result.ratings.drop_duplicates(["rater", "position"]) if len(result.ratings) else result.ratings
    hours = float(once["seconds"].sum()) / 3600 if len(once) else 0.0
    median = float(once["seconds"].median()) if len(once) else 0.0
    rate = result.definition.hourly_rate
    return {
        "hours": hours,
        "median_seconds": median,
        "money": None if rate is None else hours * rate,
        "currency": result.definition.currency,
        "judge": result.lineage.get("judge"),
    }


def method_of(result: StudyResult) -> list[tuple[str, str]]:
    """What P.800.2 asks for, item by item."""
    d, told = result.definition, result.ratings
    dropped = [v.rater for v in result.verdicts if not v.kept]
    dates = told["rated_at"] if len(told) else pd.Series(dtype="datetime64[ns, UTC]")
    when = f"{dates.min():%Y-%m-%d} to {dates.max():%Y-%m-%d}" if len(dates) else "not yet rated"
    kinds = "simulated raters" if result.simulated else "people with a link each, unsupervised, on their own screens"
    words = ", ".join(f"{step} {word}" for step, word in enumerate(FACETS[OVERALL].anchors, start=1))
    p = result.progress
    return [
        ("Method", "single stimulus with the look as reference beside it; absolute category rating of each pair on its own"),
        ("Scale", f'1 to 5: {words}; "cannot tell" allowed'),
        ("Facets", ", ".join(TITLES[facet] for facet in d.facets)),
        ("Stimuli", f"{p.pairs} pairs of a look's layer and a product, the first {d.depth} of each system, pooled"),
        ("Raters", f"{len(result.verdicts)} {kinds}; {d.ratings_per_layer} for each layer"),
        ("Votes", f"{p.rated} of {p.assigned} items rated; {p.complete_pairs} of {p.pairs} pairs have all their ratings"),
        ("Second thoughts", f"{p.replaced} ratings were replaced by their rater's later ones; the earlier are exported"),
        ("When", when),
        ("Order", "drawn for each rater; a layer's whole pool goes to the same raters, who do not know the systems"),
        ("Training", f"{d.warm_up} warm-up items for each rater, not counted"),
        ("Controls", f"{d.gold} gold items and {d.repeats:.0%} repeats a list; at most {d.session_items} items a sitting"),
        ("Screening", f"gold, one answer to all, BT.500-15 with low correlation; left out: {', '.join(dropped) or 'nobody'}"),
        ("Intervals", "95 %, clustered by rater and look (Cameron, Gelbach and Miller 2011), Satterthwaite degrees of freedom"),
        ("Tests", "paired by rater and look layer; Holm's correction over all pairs of systems"),
        ("Reading of looks", str(result.lineage.get("reader", "unknown"))),
    ]


def _drawn(result: StudyResult) -> dict[str, pd.DataFrame]:
    """Tables that are drawn: those with more than one value, of which only the most rated."""
    found = {}
    for name, table in result.by.items():
        if len(table) and (name == "facet" or table[name].nunique() > 1):
            most = table.groupby(name)["ratings"].sum().nlargest(_MOST_BARS).index
            found[name] = table[table[name].isin(most)]
    return found


def _systems(result: StudyResult) -> list[str]:
    if len(result.overall):
        return list(result.overall.sort_values("mean", ascending=False)["system"])
    return [system.name for system in result.definition.systems]


def _with_pictures(one: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    digest = one["product_digest"]
    files = {
        "look_picture": settings.look_folder / one["look_file"],
        "product_picture": settings.image_folder / digest[:2] / digest,
    }
    return {**one, **{name: _thumbnail(path) for name, path in files.items()}}


def _thumbnail(path: Path) -> str | None:
    """A small picture as a data address; None where the file is gone."""
    try:
        picture = decode_picture(path.read_bytes())
    except (OSError, InvalidInputError):
        return None
    file = io.BytesIO()
    ImageOps.contain(picture.convert("RGB"), _THUMBNAIL).save(file, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _figure(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if value == value else "–"
