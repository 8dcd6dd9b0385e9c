"""Writes the catalogue's photos once, on several cores."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import PIL
from PIL import Image, ImageEnhance

from lookmatch_assets.synthetic.assortment import Product
from lookmatch_assets.synthetic.drawing import GENERATOR_VERSION, draw_product

PHOTO_SIZE = (360, 480)
"""Width and height in pixels."""

JPEG_QUALITY = 88

Progress = Callable[[int, int], None]
"""Called with the photos written so far and the total."""

_FEWEST_FOR_PROCESSES = 64
_STAMP = "images/.stamp"


def photo_of(product: Product) -> Image.Image:
    """Draw a product's photo; a retouched one is warmer, brighter and cropped by a few pixels."""
    photo = draw_product(product.attributes, seed=product.image_seed, size=PHOTO_SIZE)
    if product.retouched:
        photo = ImageEnhance.Brightness(ImageEnhance.Color(photo).enhance(1.12)).enhance(1.03)
        margin = (6, 8, PHOTO_SIZE[0] - 6, PHOTO_SIZE[1] - 8)
        photo = photo.crop(margin).resize(PHOTO_SIZE, Image.Resampling.BICUBIC)
    return photo


def _write_one(folder: Path, product: Product) -> None:
    """Write one photo below the folder."""
    photo_of(product).save(folder / product.image, quality=JPEG_QUALITY)


def _digest(products: Sequence[Product]) -> str:
    """Digest of everything that decides the photos' bytes."""
    said = hashlib.sha256(f"{GENERATOR_VERSION} {PHOTO_SIZE} {JPEG_QUALITY} {PIL.__version__}".encode())
    for product in products:
        said.update(f"{product.image} {product.attributes} {product.image_seed} {product.retouched}\n".encode())
    return said.hexdigest()


def _count(done: Iterable[None], total: int, progress: Progress | None) -> None:
    """Consume results and report each."""
    for number, _ in enumerate(done, start=1):
        if progress is not None:
            progress(number, total)


def write_photos(
    folder: Path, products: Sequence[Product], *, progress: Progress | None = None, workers: int | None = None
) -> bool:
    """Write the photos of one vendor's products unless they are there already.

    Args:
        folder: The vendor's folder; photos go to `images/` in it.
        products: Whose photos to write.
        progress: Called after each photo.
        workers: Processes to draw in; 1 draws in this one, None takes as many as there are cores.

    Returns:
        Whether anything was written.
    """
    stamp, digest = folder / _STAMP, _digest(products)
    current = stamp.is_file() and stamp.read_text() == digest
    if current and all((folder / product.image).is_file() for product in products):
        return False
    (folder / "images").mkdir(parents=True, exist_ok=True)
    workers = workers or os.cpu_count() or 1
    write = partial(_write_one, folder)
    if workers == 1 or len(products) < _FEWEST_FOR_PROCESSES:
        _count(map(write, products), len(products), progress)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            _count(pool.map(write, products, chunksize=8), len(products), progress)
    stamp.write_text(digest)
    return True
