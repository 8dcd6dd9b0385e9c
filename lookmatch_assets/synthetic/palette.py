"""The RGB values behind colour names, and small colour arithmetic. Channels are integers from 0 to 255."""

from __future__ import annotations

import colorsys
from random import Random

from lookmatch_assets.synthetic.attributes import Colour

Rgb = tuple[int, int, int]

COLOUR_RGB: dict[Colour, Rgb] = {
    Colour.BLACK: (34, 34, 38),
    Colour.WHITE: (244, 244, 241),
    Colour.GREY: (140, 143, 148),
    Colour.NAVY_BLUE: (31, 42, 84),
    Colour.BLUE: (52, 112, 200),
    Colour.RED: (205, 34, 44),
    Colour.GREEN: (48, 130, 74),
    Colour.YELLOW: (245, 203, 46),
    Colour.PINK: (240, 140, 172),
    Colour.PURPLE: (118, 64, 158),
    Colour.BROWN: (112, 70, 42),
    Colour.BEIGE: (216, 194, 158),
    Colour.ORANGE: (238, 122, 34),
    Colour.MAROON: (112, 22, 42),
}

DENIM_RGB: dict[Colour, Rgb] = {
    Colour.BLUE: (76, 116, 170),
    Colour.NAVY_BLUE: (36, 50, 88),
}


def clamp(value: float) -> int:
    """Round to the nearest channel value."""
    return max(0, min(255, round(value)))


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Blend two colours; `share` is how much of the second, from 0 to 1."""
    return (
        clamp(first[0] + (second[0] - first[0]) * share),
        clamp(first[1] + (second[1] - first[1]) * share),
        clamp(first[2] + (second[2] - first[2]) * share),
    )


def darker(colour: Rgb, share: float = 0.25) -> Rgb:
    """Move a colour towards a warm black by `share` from 0 to 1."""
    return mix(colour, (16, 14, 18), share)


def lighter(colour: Rgb, share: float = 0.25) -> Rgb:
    """Move a colour towards white by `share` from 0 to 1."""
    return mix(colour, (255, 255, 255), share)


def luminance(colour: Rgb) -> float:
    """Perceived brightness from 0 (black) to 255 (white)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def jittered(colour: Rgb, rng: Random, amount: float = 1.0) -> Rgb:
    """Vary a colour as dye lots do: a little in hue and saturation, a little more in brightness."""
    hue, light, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in colour))
    hue = (hue + rng.uniform(-0.010, 0.010) * amount) % 1.0
    light = min(0.97, max(0.08, light + rng.uniform(-0.030, 0.030) * amount))
    saturation = min(1.0, max(0.0, saturation * (1 + rng.uniform(-0.10, 0.08) * amount)))
    red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return clamp(red * 255), clamp(green * 255), clamp(blue * 255)


def contrast(colour: Rgb) -> Rgb:
    """Choose the second colour of a pattern: pale on dark cloth, dark on pale cloth."""
    brightness = luminance(colour)
    if brightness > 205:
        return 44, 54, 92
    return (246, 244, 238) if brightness < 165 else mix(darker(colour, 0.55), (70, 40, 40), 0.2)
