"""The pictures that lookmatch-mini learns from, read into memory, and the fixed rule that says which are never trained on.

Held-out rule: products are ordered by the SHA-256 of "lookmatch-mini:<id>"; the first 3,000 are the test set and the next 1,500
choose between runs; neither is trained on. A photo taken at home is test below 0.23 of its hash's range and choosing below 0.28.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.training.encoder.captions import Labels, kind_labels, product_labels

TEST_PRODUCTS = 3_000
VALIDATION_PRODUCTS = 1_500
TEST_PHOTOS = 0.23
VALIDATION_PHOTOS = 0.28
PRODUCT_SIZE = (60, 80)
PHOTO_SIZE = (112, 112)


@dataclass
class Pictures:
    """Pictures of one size with their labels.

    `pixels`: uint8 (n, height, width, 3); `keys`: product id or file stem of each; `labels`: of each; `types`: the retailer's own
    article type ("" for pictures that are no products), which the evaluation groups by; `split`: "train", "validation" or "test".
    """

    pixels: NDArray[np.uint8]
    keys: list[str]
    labels: list[Labels]
    types: list[str]
    split: NDArray[np.str_]

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the row numbers of a split."""
        return np.flatnonzero(self.split == split)


def hash_fraction(key: str) -> float:
    """Return the SHA-256 of "lookmatch-mini:<key>" as a number in [0, 1)."""
    return int.from_bytes(hashlib.sha256(f"lookmatch-mini:{key}".encode()).digest()[:8], "big") / 2**64


def product_split(ids: list[str]) -> NDArray[np.str_]:
    """Return "test" for the 3,000 lowest hashes (a tenth of a smaller set), "validation" for the next 1,500, else "train"."""
    split = np.full(len(ids), "train", dtype="<U10")
    order = np.argsort([hash_fraction(i) for i in ids], kind="stable")
    test, validation = min(TEST_PRODUCTS, len(ids) // 10), min(VALIDATION_PRODUCTS, len(ids) // 20)
    split[order[:test]] = "test"
    split[order[test : test + validation]] = "validation"
    return split


def photo_split(stem: str) -> str:
    """Return the split of a photo taken at home by the hash of its file stem."""
    fraction = hash_fraction(stem)
    return "test" if fraction < TEST_PHOTOS else "validation" if fraction < VALIDATION_PHOTOS else "train"


def _pictures_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of every JPEG in the tar archives of a folder, or in the folder itself when there are none."""
    archives = sorted(folder.glob("*.tar"))
    for archive in archives:
        with tarfile.open(archive) as tar:
            for member in tar:
                handle = tar.extractfile(member) if member.name.endswith(".jpg") else None
                if handle is not None:
                    yield member.name, handle.read()
    if not archives:
        for path in sorted(folder.rglob("*.jpg")):
            yield str(path.relative_to(folder)), path.read_bytes()


def _pixels(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as picture:
        rgb = picture.convert("RGB")
    return np.asarray(rgb if rgb.size == size else rgb.resize(size, Image.Resampling.BICUBIC), dtype=np.uint8)


def read_products(folder: Path, limit: int | None = None) -> Pictures:
    """Read `styles.csv` and its 60 x 80 pictures (tar archives or loose files); `limit` keeps the first rows.

    Raises FileNotFoundError when `styles.csv` is absent. Rows without a picture are left out.
    """
    with (folder / "styles.csv").open(newline="", encoding="utf-8") as handle:
        records = {row["id"]: row for row in csv.DictReader(handle)}
    found: dict[str, NDArray[np.uint8]] = {}
    for name, data in _pictures_in(folder):
        key = Path(name).stem
        if key in records and key not in found:
            found[key] = _pixels(data, PRODUCT_SIZE)
    ids = [key for key in records if key in found]
    split = dict(zip(ids, product_split(ids), strict=True))
    ids = ids[:limit]
    return Pictures(
        np.stack([found[key] for key in ids]),
        ids,
        [product_labels(records[key]) for key in ids],
        [records[key]["articleType"] for key in ids],
        np.array([split[key] for key in ids]),
    )


def read_photos(folder: Path) -> Pictures:
    """Read the photos of clothes at home, `<kind>/<uuid>.jpg` (tar archive or loose files), squashed to 112 x 112."""
    rows = [(Path(name).parent.name, Path(name).stem, _pixels(data, PHOTO_SIZE)) for name, data in _pictures_in(folder)]
    return Pictures(
        np.stack([pixels for _, _, pixels in rows]),
        [stem for _, stem, _ in rows],
        [kind_labels(kind) for kind, _, _ in rows],
        ["" for _ in rows],
        np.array([photo_split(stem) for _, stem, _ in rows]),
    )
