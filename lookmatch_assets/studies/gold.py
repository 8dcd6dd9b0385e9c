"""Gold items: pairs whose answer is known, to tell raters who look from raters who click.

A bad one shows a product of another layer of the market. A good one shows the piece itself, cut out of the look.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from random import Random

from lookmatch_assets.images.store import picture_path
from lookmatch_assets.studies.store import statement
from lookmatch_serving.db import DictConnection
from lookmatch_serving.pictures import decode_picture, picture_digest
from lookmatch_serving.search.factory import build_segmenter
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.settings import Settings

Pair = tuple[str, str, str]
"""Look, layer and product."""

GoldPair = tuple[str, str, str, str, str | None]
"""Look, layer, product, the expected answer, and the picture's digest where it is not the product's own."""


def gold_pairs(
    connection: DictConnection, settings: Settings, study_id: str, pool: Sequence[Pair], count: int, draw: Random
) -> Iterator[GoldPair]:
    """Draw gold items, bad and good in turn; fewer where the pool has too few layers.

    Args:
        connection: to the lookmatch database.
        settings: names the folders of pictures.
        study_id: whose layers.
        pool: what is rated.
        count: most items.
        draw: source of chance.
    """
    layers = sorted({(look, layer) for look, layer, _ in pool})
    markets = {(look, layer): product.split(":")[1] for look, layer, product in pool}
    for number, (look, layer) in enumerate(draw.sample(layers, min(count, len(layers)))):
        if number % 2 == 0:
            others = [p for _, other, p in pool if other != layer and p.split(":")[1] == markets[look, layer]]
            if others:
                yield look, layer, draw.choice(others), "bad", None
        else:
            digest = _cut_out(connection, settings, study_id, look, layer)
            if digest is not None:
                yield look, layer, f"gold:{markets[look, layer]}:{digest[:12]}", "good", digest


def _cut_out(connection: DictConnection, settings: Settings, study_id: str, look: str, layer: str) -> str | None:
    """Store the piece as a picture; its digest, or None where it cannot be cut out."""
    values = {"study_id": study_id, "look_id": look, "layer": layer}
    row = connection.execute(statement("study_layer"), values).fetchone()
    if row is None:
        return None
    picture = decode_picture((settings.look_folder / row["image_file"]).read_bytes())
    piece = build_segmenter(settings).segment(picture, [LayerQuery.model_validate(row["read"])]).get(layer)
    if piece is None:
        return None
    file = io.BytesIO()
    piece.convert("RGB").save(file, "JPEG", quality=92)
    digest = picture_digest(file.getvalue())
    path = picture_path(settings.image_folder, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.getvalue())
    return digest
