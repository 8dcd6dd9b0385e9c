"""The table of curves: written here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from lookmatch_assets.calibration.agreement import Garment
from lookmatch_assets.calibration.curves import FittedCurve
from lookmatch_assets.vectors.tables import VectorTable
from lookmatch_serving.db import DictConnection, read_sql


def read_garments(connection: DictConnection, table: VectorTable, most: int) -> list[Garment]:
    """Products with a picture and a vector, in an order that looks random and is always the same."""
    rows = connection.execute(
        table.filled(read_sql(__package__, "calibration_garments")), {"market": table.market, "most": most}
    ).fetchall()
    return [Garment(**row) for row in rows]


def replace_curves(connection: DictConnection, table: VectorTable, curves: Sequence[FittedCurve], products: int) -> None:
    """Put curves in place of those that the encoder version had in the market; search reads them from its next answer on."""
    values = {"encoder_version": table.encoder_version, "market": table.market, "products": products}
    with connection.transaction():
        connection.execute(
            "DELETE FROM vectors.match_curves WHERE encoder_version = %(encoder_version)s AND market = %(market)s", values
        )
        rows = [
            {
                **values,
                "ranker": one.ranker.value,
                "category": one.category,
                "grade": one.grade.value,
                "scores": list(one.curve.scores),
                "probabilities": list(one.curve.probabilities),
                "pairs": one.pairs,
                "positives": one.positives,
            }
            for one in curves
        ]
        connection.cursor().executemany(read_sql(__package__, "save_match_curve"), rows)


def fitted_on(connection: DictConnection, table: VectorTable) -> int:
    """Searchable products of the market when the encoder version was last calibrated there; 0 when it never was."""
    row = connection.execute(
        "SELECT coalesce(max(products), 0) AS products FROM vectors.match_curves WHERE encoder_version = %s AND market = %s",
        [table.encoder_version, table.market],
    ).fetchone()
    return int(row["products"]) if row else 0
