"""A picture of an answer: the look with its layers' boxes, and beside it each layer's products."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont, ImageOps

from lookmatch_serving.search.models.answer import Hit, LayerAnswer, SearchAnswer

INK, FAINT, PAPER, LINE = (28, 30, 36), (110, 114, 122), (255, 255, 255), (226, 228, 232)
LAYER_COLOURS = (
    (214, 69, 65),
    (38, 112, 196),
    (32, 140, 86),
    (206, 132, 20),
    (126, 70, 178),
    (16, 140, 150),
    (190, 60, 120),
    (90, 90, 90),
)
_MARGIN, _GAP = 24, 14
_TILE, _CAPTION, _HEADER = 150, 52, 30
_LOOK_WIDTH = 480

PictureOf = Callable[[Hit], Image.Image | None]


def contact_sheet(look: Image.Image, answer: SearchAnswer, picture_of: PictureOf, *, products: int = 5) -> Image.Image:
    """Draw an answer.

    Args:
        look: the picture that was asked about.
        answer: its answer.
        picture_of: a hit's picture, None when it has none.
        products: most products shown of a layer.

    Returns:
        An RGB image; as high as the look or the rows need.
    """
    shown = ImageOps.contain(look, (_LOOK_WIDTH, 10_000))
    row_height = _HEADER + _TILE + _CAPTION + _GAP
    width = _MARGIN * 3 + _LOOK_WIDTH + products * (_TILE + _GAP)
    height = 2 * _MARGIN + max(shown.height, row_height * max(1, len(answer.layers)))
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    sheet.paste(shown, (_MARGIN, _MARGIN))
    for number, layer in enumerate(answer.layers):
        colour = LAYER_COLOURS[number % len(LAYER_COLOURS)]
        _draw_box(draw, layer, shown.size, colour)
        _draw_row(sheet, layer, (2 * _MARGIN + _LOOK_WIDTH, _MARGIN + number * row_height), colour, picture_of, products)
    return sheet


def _draw_box(draw: ImageDraw.ImageDraw, layer: LayerAnswer, size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    if layer.box is None:
        return
    box = layer.box
    corners = (box.x0 * size[0], box.y0 * size[1], box.x1 * size[0], box.y1 * size[1])
    draw.rectangle([value + _MARGIN for value in corners], outline=colour, width=3)
    draw.text((corners[0] + _MARGIN + 5, corners[1] + _MARGIN + 3), _words(layer.layer), fill=colour, font=_font(13))


def _draw_row(
    sheet: Image.Image,
    layer: LayerAnswer,
    corner: tuple[int, int],
    colour: tuple[int, int, int],
    picture_of: PictureOf,
    products: int,
) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    draw.rectangle((left, top + 3, left + 6, top + 19), fill=colour)
    title = f"{_words(layer.layer)} · {layer.match.value}"
    draw.text((left + 14, top), title, fill=INK, font=_font(15))
    offset = left + 14 + draw.textlength(title, font=_font(15)) + 12
    room = sheet.width - _MARGIN - offset
    draw.text((offset, top + 2), _shortened(draw, layer.query, room, 13), fill=FAINT, font=_font(13))
    for place, hit in enumerate(layer.hits[:products]):
        _draw_hit(sheet, hit, (left + place * (_TILE + _GAP), top + _HEADER), picture_of)
    if not layer.hits:
        draw.text((left + 14, top + _HEADER + 8), "no product passes", fill=FAINT, font=_font(14))


def _draw_hit(sheet: Image.Image, hit: Hit, corner: tuple[int, int], picture_of: PictureOf) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    picture = picture_of(hit)
    if picture is not None:
        fitted = ImageOps.contain(picture.convert("RGB"), (_TILE, _TILE))
        sheet.paste(fitted, (left + (_TILE - fitted.width) // 2, top + (_TILE - fitted.height) // 2))
    draw.rectangle((left, top, left + _TILE, top + _TILE), outline=LINE)
    price = f"{hit.currency} {hit.price:,.2f}".removesuffix(".00") if hit.price is not None else "no price"
    draw.text((left, top + _TILE + 4), _shortened(draw, hit.title, _TILE, 12), fill=INK, font=_font(12))
    draw.text((left, top + _TILE + 20), price, fill=INK, font=_font(12))
    draw.text((left, top + _TILE + 35), f"{hit.score:.2f} {hit.match.value}", fill=FAINT, font=_font(12))


def _words(layer: str) -> str:
    return layer.replace("_", " ")


def _shortened(draw: ImageDraw.ImageDraw, text: str, width: float, size: int) -> str:
    """The text cut to a width in pixels, with an ellipsis."""
    if draw.textlength(text, font=_font(size)) <= width:
        return text
    while text and draw.textlength(text + "…", font=_font(size)) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
