"""Backgrounds of looks: soft skies, hills, studio walls and city silhouettes."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lookmatch_assets.synthetic.palette import Rgb, mix

SCENE_STEP = 4
"""How many pixels of the picture one pixel of a scene stands for."""

_SKIES: tuple[tuple[Rgb, Rgb, Rgb], ...] = (
    ((250, 226, 206), (252, 242, 230), (222, 206, 196)),
    ((206, 226, 240), (244, 246, 244), (204, 214, 206)),
    ((232, 222, 240), (250, 240, 240), (214, 204, 216)),
    ((214, 232, 220), (246, 248, 238), (206, 214, 196)),
    ((236, 230, 220), (248, 246, 242), (220, 212, 200)),
)


def vertical_blend(size: tuple[int, int], top: Rgb, bottom: Rgb) -> Image.Image:
    """Blend from `top` to `bottom`; size in pixels."""
    share = np.linspace(0.0, 1.0, size[1], dtype=np.float32)[:, None, None]
    rows = np.asarray(top, dtype=np.float32) * (1 - share) + np.asarray(bottom, dtype=np.float32) * share
    return Image.fromarray(rows.round().astype(np.uint8)).resize(size, Image.Resampling.NEAREST)


def _hills(draw: ImageDraw.ImageDraw, size: tuple[int, int], ground: Rgb, sky: Rgb, rng: Random) -> None:
    """Three ranges of rolling hills, the nearest darkest."""
    width, height = size
    x = np.linspace(0, 1, 25)
    for layer in range(3):
        base = height * (0.56 + 0.08 * layer)
        wave = np.sin(x * rng.uniform(4, 8) + rng.uniform(0, 6)) * height * 0.045
        line = [(float(px * width), float(base + py)) for px, py in zip(x, wave, strict=True)]
        draw.polygon([(0, height), *line, (width, height)], fill=mix(sky, ground, 0.45 + 0.25 * layer))


def _city(draw: ImageDraw.ImageDraw, size: tuple[int, int], ground: Rgb, sky: Rgb, rng: Random) -> None:
    """Two rows of towers."""
    width, height = size
    for layer in range(2):
        x = -20.0
        while x < width:
            tower = width * rng.uniform(0.06, 0.13)
            top = height * rng.uniform(0.30 + 0.12 * layer, 0.58)
            draw.rectangle((x, top, x + tower, height), fill=mix(sky, ground, 0.35 + 0.3 * layer))
            x += tower + width * rng.uniform(0.0, 0.03)


def _studio(draw: ImageDraw.ImageDraw, size: tuple[int, int], ground: Rgb, sky: Rgb, rng: Random) -> None:
    """An arch or a disc on a wall."""
    width, height = size
    centre, reach = width * rng.uniform(0.42, 0.58), width * rng.uniform(0.34, 0.42)
    top = height * rng.uniform(0.10, 0.18)
    draw.ellipse((centre - reach, top, centre + reach, top + 2 * reach), fill=mix(sky, ground, 0.55))
    draw.rectangle((centre - reach, top + reach, centre + reach, height * 0.9), fill=mix(sky, ground, 0.55))


def scene(size: tuple[int, int], rng: Random) -> Image.Image:
    """Paint a soft background with a floor.

    Args:
        size: Width and height in pixels of the picture it is for.
        rng: Source of randomness.

    Returns:
        An RGB image a quarter as wide and high, to be stretched.
    """
    small = (max(8, size[0] // SCENE_STEP), max(8, size[1] // SCENE_STEP))
    top, middle, ground = rng.choice(_SKIES)
    image = vertical_blend(small, top, middle)
    draw = ImageDraw.Draw(image)
    rng.choice((_hills, _city, _studio))(draw, small, ground, middle, rng)
    floor = vertical_blend(
        (small[0], small[1] - int(small[1] * 0.84)), mix(ground, middle, 0.2), mix(ground, (120, 110, 104), 0.14)
    )
    image.paste(floor, (0, int(small[1] * 0.84)))
    return image.filter(ImageFilter.GaussianBlur(max(0.6, small[0] / 90)))
