"""`python -m benchmarks looks`: search of looks composed of real products that the catalogue does not hold.

Every layer's first hit is judged by the retailer's own words: has it the article type, and a colour of the family, of the product
whose photo was laid there? A layer that search did not see counts as wrong.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from PIL import Image
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from lookmatch_assets.calibration.composed_looks import ComposedLook, StyleRecord
from lookmatch_assets.synthetic.demo_data import KEPT_OUT, compose_looks, read_style_records
from lookmatch_assets.synthetic.kept_out import colour_families, records_not_held
from lookmatch_serving.embedded import ensure_services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.search.factory import build_pipeline
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.pipeline import SearchPipeline
from lookmatch_serving.settings import Market, read_settings

DEADLINE_MS = 20_000
"""So long that no step is skipped: what is measured here is quality."""

TOPS = ("inner_topwear", "outermost_topwear")


class NoSegments:
    """A segmenter that cuts nothing, so that queries are texts alone and candidates keep their vector order."""

    version = "none"

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        return {}


@dataclass
class Tally:
    """Layers judged, layers seen at all, and first hits of the right type, colour family and both."""

    layers: int = 0
    seen: int = 0
    right_type: int = 0
    right_colour: int = 0
    right_both: int = 0

    def share(self, count: int) -> str:
        """A count as a share of the layers."""
        return f"{count / self.layers:.3f}" if self.layers else "-"


def judge(
    answer: SearchAnswer, look: ComposedLook, known: Mapping[str, StyleRecord], families: Mapping[str, str], tally: Tally
) -> None:
    """Add one answer to a tally."""
    for layer, garment in look.garments.items():
        tally.layers += 1
        hits = _first_hits(answer, layer, garment, known)
        if not hits:
            continue
        tally.seen += 1
        right_type = any(hit.article_type == garment.article_type for hit in hits)
        right_colour = any(_family(hit, families) == _family(garment, families) for hit in hits)
        tally.right_type += right_type
        tally.right_colour += right_colour
        tally.right_both += right_type and right_colour


def _first_hits(answer: SearchAnswer, layer: str, garment: StyleRecord, known: Mapping[str, StyleRecord]) -> list[StyleRecord]:
    """The record of the layer's first hit; accessories come in any order, so the one whose type agrees, else the first."""
    wanted = TOPS if layer in TOPS else (layer,)
    found = [
        known[hits[0].product_id.rpartition(":")[2]]
        for hits in (one.hits for one in answer.layers if one.layer in wanted or _both_accessories(layer, one.layer))
        if hits and hits[0].product_id.rpartition(":")[2] in known
    ]
    agreeing = [hit for hit in found if hit.article_type == garment.article_type]
    return (agreeing or found)[:1]


def _both_accessories(one: str, other: str) -> bool:
    return one.startswith("accessory") and other.startswith("accessory")


def _family(record: StyleRecord, families: Mapping[str, str]) -> str:
    return families.get(record.colour.lower(), record.colour.lower())


def run_looks(
    pipeline: SearchPipeline, looks: Sequence[ComposedLook], known: Mapping[str, StyleRecord], families: Mapping[str, str]
) -> Tally:
    """Search every look and judge its answer."""
    tally = Tally()
    for look in tqdm(looks, desc="looks", unit="look"):
        file = io.BytesIO()
        look.image.save(file, "JPEG", quality=92)
        request = SearchRequest(market=Market.INDIA, page_size=5, deadline_ms=DEADLINE_MS)
        judge(pipeline.search(request, file.getvalue()), look, known, families, tally)
    return tally


@click.command("looks")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="Most looks; all that can be composed when left out.")
def bench_looks(data: Path, limit: int | None) -> None:
    """Search looks composed of products of DATA (styles.csv + images) that this home's catalogue does not hold.

    Run `make demo DATA=... LIMIT=n` first, with n so small that it leaves the last 500 records out.
    """
    settings = read_settings()
    services = ensure_services(settings)
    records = read_style_records(data)
    kept_out = records_not_held(services.database_url, records[-KEPT_OUT:])
    looks = list(compose_looks(data, kept_out))[:limit]
    if not looks:
        raise InvalidInputError("data", str(data), "a folder whose last records this home's catalogue does not hold")
    known = {record.product_id: record for record in records}
    families = colour_families(services.database_url)
    systems = {
        "segment ranker": build_pipeline(settings, services),
        "text and vector order": build_pipeline(settings, services, NoSegments()),
    }
    table = Table("system", "layers", "seen", "type right", "colour family right", "both", title=f"{len(looks)} composed looks")
    for name, pipeline in systems.items():
        tally = run_looks(pipeline, looks, known, families)
        pipeline.close()
        shares = [tally.share(count) for count in (tally.seen, tally.right_type, tally.right_colour, tally.right_both)]
        table.add_row(name, str(tally.layers), *shares)
    Console(width=110).print(table)
