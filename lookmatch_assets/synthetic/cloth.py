"""Cloth: a colour with a pattern, painted as a flat tile before it is cut and shaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw

from lookmatch_assets.synthetic.attributes import Colour, GarmentAttributes, GarmentType, Pattern
from lookmatch_assets.synthetic.palette import (
    COLOUR_RGB,
    DENIM_RGB,
    Rgb,
    contrast,
    darker,
    jittered,
    lighter,
    luminance,
    mix,
)


@dataclass(frozen=True)
class Cloth:
    """Cloth to cut a garment from.

    Attributes:
        colour: Base colour.
        accent: Second colour of the pattern and of trims.
        pattern: What is printed or woven; a graphic print is drawn by the garment, its cloth is plain.
        period: Repeat of the pattern in drawing units.
        turn: Direction of stripes in radians; 0 makes horizontal stripes.
        seed: Seed of scattered motifs.
    """

    colour: Rgb
    accent: Rgb
    pattern: Pattern = Pattern.SOLID
    period: float = 26.0
    turn: float = 0.0
    seed: int = 0

    def plain(self, colour: Rgb | None = None) -> Cloth:
        """The same cloth without a pattern, perhaps in another colour."""
        return replace(self, pattern=Pattern.SOLID, colour=colour or self.colour)

    def turned(self, radians: float) -> Cloth:
        """The same cloth laid at another angle, as on a sleeve."""
        return replace(self, turn=self.turn + radians)


_VERTICAL_STRIPES = (
    GarmentType.SHIRT,
    GarmentType.TROUSERS,
    GarmentType.BLAZER,
    GarmentType.KURTA,
    GarmentType.JUMPSUIT,
)


def cloth_for(attributes: GarmentAttributes, rng: Random) -> Cloth:
    """Choose cloth that shows a garment's colour and pattern, with the small variation of a real shop."""
    colour = COLOUR_RGB[attributes.colour]
    if attributes.type is GarmentType.JEANS:
        colour = DENIM_RGB.get(attributes.colour, colour)
    colour = jittered(colour, rng)
    accent = contrast(colour)
    if attributes.pattern is Pattern.STRIPED and attributes.colour is Colour.WHITE:
        accent = rng.choice([(44, 54, 92), (60, 62, 68), (52, 96, 170)])
    return Cloth(
        colour=colour,
        accent=accent,
        pattern=attributes.pattern,
        period=rng.uniform(24.0, 34.0),
        turn=pi / 2 if attributes.type in _VERTICAL_STRIPES else 0.0,
        seed=rng.randrange(1 << 30),
    )


def _stripes(draw: ImageDraw.ImageDraw, size: tuple[int, int], period: float, width: float, turn: float, ink: Rgb) -> None:
    """Rule a tile with parallel stripes; period and width in pixels."""
    reach = (size[0] + size[1]) / 2 + period
    middle_x, middle_y = size[0] / 2, size[1] / 2
    across_x, across_y = -sin(turn), cos(turn)
    along_x, along_y = cos(turn) * reach * 1.5, sin(turn) * reach * 1.5
    count = int(reach / period) + 1
    for index in range(-count, count + 1):
        x, y = middle_x + across_x * index * period, middle_y + across_y * index * period
        draw.line((x - along_x, y - along_y, x + along_x, y + along_y), fill=ink, width=max(1, round(width)))


def _checks(tile: Image.Image, cloth: Cloth, period: float) -> None:
    """Weave crossing bands: half-tone bands, darker where they cross, and a fine contrast line."""
    draw = ImageDraw.Draw(tile)
    step = period * 1.55
    half = mix(cloth.colour, cloth.accent, 0.42)
    _stripes(draw, tile.size, step, step * 0.42, cloth.turn, half)
    overlay = Image.new("L", tile.size, 0)
    ruled = ImageDraw.Draw(overlay)
    reach = sum(tile.size)
    middle_x, middle_y = tile.size[0] / 2, tile.size[1] / 2
    turn = cloth.turn + pi / 2
    for index in range(-int(reach / step) - 1, int(reach / step) + 2):
        x, y = middle_x - sin(turn) * index * step, middle_y + cos(turn) * index * step
        dx, dy = cos(turn) * reach, sin(turn) * reach
        ruled.line((x - dx, y - dy, x + dx, y + dy), fill=118, width=max(1, round(step * 0.42)))
    tile.paste(cloth.accent, (0, 0, *tile.size), overlay)
    for angle in (cloth.turn, turn):
        _stripes(draw, tile.size, step, step * 0.07, angle, mix(cloth.colour, cloth.accent, 0.85))


def _lattice(size: tuple[int, int], step: float) -> list[tuple[float, float]]:
    """Staggered grid positions in pixels covering a tile."""
    rows, columns = int(size[1] / step) + 2, int(size[0] / step) + 2
    return [((column + 0.5 * (row % 2)) * step, row * step) for row in range(rows) for column in range(columns)]


def _dots(tile: Image.Image, cloth: Cloth, period: float) -> None:
    """Print a staggered grid of dots."""
    draw = ImageDraw.Draw(tile)
    radius = period * 0.30
    for x, y in _lattice(tile.size, period * 1.15):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=cloth.accent)


def _flowers(tile: Image.Image, cloth: Cloth, period: float) -> None:
    """Print scattered five-petalled flowers with leaves."""
    draw = ImageDraw.Draw(tile)
    rng = Random(cloth.seed)
    pale = luminance(cloth.colour) > 150
    blooms: list[Rgb] = (
        [(214, 62, 96), (232, 120, 60), (150, 70, 160)] if pale else [(252, 232, 226), (250, 180, 190), (252, 214, 120)]
    )
    leaf: Rgb = (72, 128, 82) if pale else (136, 186, 138)
    for x, y in _lattice(tile.size, period * 1.75):
        x, y = x + rng.uniform(-0.3, 0.3) * period, y + rng.uniform(-0.3, 0.3) * period
        radius, spin, bloom = period * rng.uniform(0.20, 0.28), rng.uniform(0, pi), rng.choice(blooms)
        for side in (0.6, 2.7):
            lx, ly = x + cos(spin + side) * radius * 2.7, y + sin(spin + side) * radius * 2.7
            draw.line((x, y, lx, ly), fill=leaf, width=max(1, round(radius * 0.62)))
        for petal in range(5):
            px, py = x + cos(spin + petal * 1.2566) * radius * 1.15, y + sin(spin + petal * 1.2566) * radius * 1.15
            draw.ellipse((px - radius, py - radius, px + radius, py + radius), fill=bloom)
        core = radius * 0.6
        draw.ellipse((x - core, y - core, x + core, y + core), fill=(246, 196, 60) if pale else darker(bloom, 0.35))


def paint_tile(cloth: Cloth, size: tuple[int, int], pixels_per_unit: float) -> Image.Image:
    """Paint a flat piece of cloth.

    Args:
        cloth: What to paint.
        size: Width and height in pixels.
        pixels_per_unit: Scale of the pattern's period.

    Returns:
        An RGB image without shading.
    """
    tile = Image.new("RGB", size, cloth.colour)
    period = max(3.0, cloth.period * pixels_per_unit)
    if cloth.pattern is Pattern.STRIPED:
        _stripes(ImageDraw.Draw(tile), size, period, period * 0.40, cloth.turn, cloth.accent)
    elif cloth.pattern is Pattern.CHECKED:
        _checks(tile, cloth, period)
    elif cloth.pattern is Pattern.POLKA_DOT:
        _dots(tile, cloth, period)
    elif cloth.pattern is Pattern.FLORAL:
        _flowers(tile, cloth, period)
    return tile


def trim(cloth: Cloth, share: float = 0.22) -> Rgb:
    """A colour for seams and edges that shows on the cloth: darker on pale cloth, lighter on very dark cloth."""
    return lighter(cloth.colour, share) if luminance(cloth.colour) < 55 else darker(cloth.colour, share)
