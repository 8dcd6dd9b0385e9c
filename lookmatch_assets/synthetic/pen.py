"""Pens: what garments are drawn with. One paints pixels, one only remembers outlines to measure and shadow them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lookmatch_assets.synthetic.cloth import Cloth, paint_tile, trim
from lookmatch_assets.synthetic.outlines import Point, Points, points
from lookmatch_assets.synthetic.palette import Rgb

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are exclusive."""

_OWNER_STEP = 4
_SHADE_STEP = 8
_TONE_STEPS = 190.0
_DARKENING = [round(255 * min(1.0, 1 + (code - 128) / _TONE_STEPS)) for code in range(256)]
_LIGHTENING = [round(255 * 0.42 * max(0.0, (code - 128) / _TONE_STEPS)) for code in range(256)]


@dataclass(frozen=True)
class Fold:
    """A soft crease: a line in drawing units, its width in units, and its tone from -1 (dark) to 1 (light)."""

    start: Point
    end: Point
    width: float
    tone: float


class Pen(Protocol):
    """Draws shapes given in drawing units."""

    def panel(self, shape: Points, cloth: Cloth, folds: Sequence[Fold] = (), edge: bool = True, depth: float = 1.0) -> None:
        """Cut a shape from cloth, shade it as a soft volume of the given depth (0 is flat), and outline it."""

    def flat(self, shape: Points, colour: Rgb) -> None:
        """Fill a shape with one colour."""

    def stroke(self, path: Sequence[Point] | Points, colour: Rgb, width: float) -> None:
        """Draw a line of a width in units."""

    def disc(self, centre: Point, radius: float, colour: Rgb) -> None:
        """Fill a circle."""


@dataclass
class OutlinePen:
    """Remembers the outlines of what is drawn."""

    shapes: list[Points] = field(default_factory=list)
    lines: list[Points] = field(default_factory=list)

    def panel(self, shape: Points, cloth: Cloth, folds: Sequence[Fold] = (), edge: bool = True, depth: float = 1.0) -> None:
        """Remember the outline."""
        self.shapes.append(shape)

    def flat(self, shape: Points, colour: Rgb) -> None:
        """Remember the outline."""
        self.shapes.append(shape)

    def stroke(self, path: Sequence[Point] | Points, colour: Rgb, width: float) -> None:
        """Remember how far the line reaches."""
        reach = points(path)
        self.lines += [reach - width / 2, reach + width / 2]

    def disc(self, centre: Point, radius: float, colour: Rgb) -> None:
        """Remember nothing: discs are details."""

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of everything drawn, in units."""
        every = np.vstack(self.shapes + self.lines)
        left, top = every.min(axis=0)
        right, bottom = every.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


class CanvasPen:
    """Paints on an image at a multiple of its final size and notes which owner each spot belongs to."""

    def __init__(self, ground: Image.Image, size: tuple[int, int], scale: float, origin: Point, factor: int = 2) -> None:
        """Start on a ground.

        Args:
            ground: RGB image of the background at any size; it is stretched smoothly.
            size: Final width and height in pixels.
            scale: Final pixels per drawing unit.
            origin: Final pixel of the drawing unit (0, 0).
            factor: Supersampling, 1 or more.
        """
        self._factor = factor
        self._size = size
        self._pixels = scale * factor
        self._origin = np.array(origin, dtype=np.float64) * factor
        self._image = ground.resize((size[0] * factor, size[1] * factor), Image.Resampling.BILINEAR)
        self._draw = ImageDraw.Draw(self._image)
        self._owners = Image.new("L", (-(-size[0] // _OWNER_STEP), -(-size[1] // _OWNER_STEP)), 0)
        self._owner_draw = ImageDraw.Draw(self._owners)
        self.owner = 0

    def finished(self) -> Image.Image:
        """The picture at its final size, antialiased."""
        return self._image.reduce(self._factor)

    def box_of(self, owner: int) -> Box | None:
        """Bounding box of what is still visible of an owner's shapes, in final pixels; None if nothing is."""
        found = np.argwhere(np.asarray(self._owners) == owner)
        if not len(found):
            return None
        (top, left), (bottom, right) = found.min(axis=0) * _OWNER_STEP, (found.max(axis=0) + 1) * _OWNER_STEP
        return int(left), int(top), min(int(right), self._size[0]), min(int(bottom), self._size[1])

    def panel(self, shape: Points, cloth: Cloth, folds: Sequence[Fold] = (), edge: bool = True, depth: float = 1.0) -> None:
        """Cut a shape from cloth, shade it as a soft volume and outline it."""
        outline = self._to_pixels(shape)
        corner = np.floor(np.maximum(outline.min(axis=0) - 2, 0)).astype(int)
        far = np.ceil(np.minimum(outline.max(axis=0) + 2, self._image.size)).astype(int)
        width, height = (int(value) for value in far - corner)
        if width < 2 or height < 2:
            return
        local = outline - corner
        mask = Image.new("L", (width, height), 0)
        ImageDraw.Draw(mask).polygon(_flat(local), fill=255)
        tile = paint_tile(cloth, (width, height), self._pixels)
        if depth > 0:
            tile = self._shaded(tile, mask, [(f, self._to_pixels([f.start, f.end]) - corner) for f in folds], depth)
        self._image.paste(tile, (int(corner[0]), int(corner[1])), mask)
        self._own(outline)
        if edge:
            self.stroke(np.vstack([shape, shape[:1]]), trim(cloth, 0.34), 1.3)

    def flat(self, shape: Points, colour: Rgb) -> None:
        """Fill a shape with one colour."""
        outline = self._to_pixels(shape)
        self._draw.polygon(_flat(outline), fill=colour)
        self._own(outline)

    def stroke(self, path: Sequence[Point] | Points, colour: Rgb, width: float) -> None:
        """Draw a line with round joints of a width in units."""
        pixels = max(1, round(width * self._pixels))
        self._draw.line(_flat(self._to_pixels(path)), fill=colour, width=pixels, joint="curve")

    def disc(self, centre: Point, radius: float, colour: Rgb) -> None:
        """Fill a circle."""
        x, y = self._to_pixels([centre])[0]
        reach = max(1.0, radius * self._pixels)
        self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)

    def _to_pixels(self, shape: Sequence[Point] | Points) -> Points:
        """Convert drawing units to supersampled pixels."""
        return points(shape) * self._pixels + self._origin

    def _own(self, outline: Points) -> None:
        """Note that a shape, in supersampled pixels, now belongs to the current owner."""
        self._owner_draw.polygon(_flat(outline / (self._factor * _OWNER_STEP)), fill=self.owner)

    def _shaded(self, tile: Image.Image, mask: Image.Image, folds: Sequence[tuple[Fold, Points]], depth: float) -> Image.Image:
        """Shade cloth with light from the upper left, darker rims and the given folds."""
        step = _SHADE_STEP if min(mask.size) > 64 else 2
        small = mask.reduce(step)
        pixels = self._pixels / step
        creases = np.zeros((small.height, small.width), dtype=np.float32)
        if folds:
            layer = Image.new("L", small.size, 128)
            draw = ImageDraw.Draw(layer)
            for fold, ends in folds:
                line_width = max(1, round(fold.width * pixels))
                draw.line(_flat(ends / step), fill=int(128 + 120 * fold.tone), width=line_width)
            layer = layer.filter(ImageFilter.GaussianBlur(max(0.6, 4.0 * pixels)))
            creases = ((np.asarray(layer, dtype=np.float32) - 128) / 128).astype(np.float32)
        tone = _volume(small, max(1.0, 15.0 * pixels)) * np.float32(depth) + creases
        coded = (np.clip(tone, -0.65, 0.65) * _TONE_STEPS + 128).astype(np.uint8)
        tones = Image.fromarray(coded).resize(tile.size, Image.Resampling.BILINEAR)
        dark, light = tones.point(_DARKENING), tones.point(_LIGHTENING)
        shaded = ImageChops.multiply(tile, Image.merge("RGB", (dark, dark, dark)))
        return ImageChops.add(shaded, Image.merge("RGB", (light, light, light)))


def _volume(mask: Image.Image, radius: float) -> npt.NDArray[np.float32]:
    """Tone of a pillow-like volume over a mask: about -0.35 (shadow side) to 0.2 (lit side)."""
    pad = int(radius) + 1
    padded = Image.new("L", (mask.width + 2 * pad, mask.height + 2 * pad), 0)
    padded.paste(mask, (pad, pad))
    blurred = np.asarray(padded.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255
    height, width = mask.height, mask.width
    inner = blurred[pad : pad + height, pad : pad + width]
    sideways = blurred[pad : pad + height, 2 * pad :] - blurred[pad : pad + height, :width]
    downwards = blurred[2 * pad :, pad : pad + width] - blurred[:height, pad : pad + width]
    tone = sideways * 0.20 + downwards * 0.07 - (1 - inner) * 0.26 + 0.02
    return tone.astype(np.float32)


def _flat(shape: Points) -> list[float]:
    """Flatten points for Pillow's drawing calls."""
    return [float(value) for value in shape.ravel()]
