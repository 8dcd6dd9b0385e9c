"""From the samples that a file holds to sRGB on white, eight bits a channel, as encoders, pages and people see it."""

from __future__ import annotations

import io
from contextlib import suppress
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_COLOUR_SPACES = {"RGB ": ("RGB", ("1", "L", "P", "RGB")), "GRAY": ("L", ("1", "L")), "CMYK": ("CMYK", ("CMYK",))}
"""Colour space of an ICC profile: the mode it is applied to, and the modes of pictures that may carry it."""

_LATTICE = 9


class ColourConversion:
    """How one picture's samples become sRGB on white; made once for the picture and applied to parts of it.

    Sixteen-bit and floating samples are scaled to eight bits. An embedded ICC profile is followed with the perceptual intent. One
    that is broken, or made for another kind of picture, is passed over and the samples count as sRGB, as in browsers.
    """

    def __init__(self, picture: Image.Image) -> None:
        """Make it for a loaded picture."""
        self._divisor = _divisor(picture)
        self._mode, self._transform = _transform(picture)

    def apply(self, part: Image.Image) -> Image.Image:
        """Convert a part of the picture (of its mode, with its palette and ``info``) to RGB; transparency is laid on white."""
        if self._divisor is not None:
            part = self._eight_bits(part)
        if not part.has_transparency_data:
            return self._srgb(part)
        layered = part.convert("RGBA")
        colours = part.convert("L") if part.mode == "LA" else layered.convert("RGB")
        ground = Image.new("RGB", part.size, (255, 255, 255))
        ground.paste(self._srgb(colours), mask=layered.getchannel("A"))
        return ground

    def _srgb(self, part: Image.Image) -> Image.Image:
        if self._transform is None:
            return part if part.mode == "RGB" else part.convert("RGB")
        converted = ImageCms.applyTransform(part.convert(self._mode), self._transform)
        return converted if converted is not None else part

    def _eight_bits(self, part: Image.Image) -> Image.Image:
        samples = np.asarray(part)
        scaled = np.clip(np.nan_to_num(samples / np.float32(self._divisor), posinf=255.0), 0, 255)
        grey = Image.fromarray(np.rint(scaled).astype(np.uint8))
        see_through = part.info.get("transparency")
        if isinstance(see_through, int):
            grey.putalpha(Image.fromarray(np.where(samples == see_through, 0, 255).astype(np.uint8)))
        return grey


def _divisor(picture: Image.Image) -> float | None:
    """What samples of more than eight bits are divided by; None where there are none.

    Pillow keeps neither the depth of ``I`` nor the range of ``F``: samples up to 1 are read as shares, up to 255 as eight bits,
    and larger ones as sixteen.
    """
    if picture.mode in _SIXTEEN_BITS:
        return 257.0
    if picture.mode not in ("I", "F"):
        return None
    samples = np.asarray(picture)
    largest = float(np.max(samples, initial=0.0, where=np.isfinite(samples)))
    if picture.mode == "F" and largest <= 1.0:
        return 1 / 255
    return 1.0 if largest <= 255.0 else 257.0


def _transform(picture: Image.Image) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The mode that the picture's ICC profile is applied to, and its way to sRGB; no transform where it has no usable profile."""
    embedded = picture.info.get("icc_profile")
    base = "L" if picture.mode in ("LA", "F", "I", *_SIXTEEN_BITS) else picture.mode.removesuffix("A")
    if not embedded or (base == "RGB" and _is_srgb(embedded)):
        return base, None
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        mode, carriers = _COLOUR_SPACES.get(profile.profile.xcolor_space, ("", ()))
        if base in carriers:
            return mode, _to_srgb(profile, mode)
    return base, None


def _to_srgb(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    intent = ImageCms.Intent.PERCEPTUAL
    return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB", renderingIntent=intent)


@lru_cache(maxsize=64)
def _is_srgb(embedded: bytes) -> bool:
    """Whether a profile moves no RGB colour of a lattice by more than a level: most embedded ones, and following them is slow."""
    levels = np.linspace(0, 255, _LATTICE).astype(np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(_LATTICE, -1, 3)
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        transform = _to_srgb(ImageCms.ImageCmsProfile(io.BytesIO(embedded)), "RGB")
        converted = ImageCms.applyTransform(Image.fromarray(lattice), transform)
        return converted is not None and int(np.abs(np.asarray(converted).astype(int) - lattice).max()) <= 1
    return False
