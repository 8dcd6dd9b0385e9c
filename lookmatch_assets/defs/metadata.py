"""How assets show what they did: tables and small pictures in the metadata of a materialisation."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from PIL import Image, ImageOps

from lookmatch_assets.images.store import picture_path
from lookmatch_serving.settings import Settings

_CELL = 96


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of equal keys as a Markdown table; a line that says so when there are none."""
    if not rows:
        return "_nothing_"
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(str(row[c]).replace("|", "\\|").replace("\n", " ")[:120] for c in columns) + " |" for row in rows]
    return "\n".join(lines)


def console_link(settings: Settings, path: str) -> dg.MetadataValue[str]:
    """A link to a page of the app's console, for example ``coverage?market=IN``."""
    return dg.MetadataValue.url(f"{settings.app_url.rstrip('/')}/console/{path}")


def picture_strip(folder: Path, digests: Sequence[str]) -> str:
    """Pictures side by side, each in a square of 96 pixels, as a Markdown image with the bytes inside."""
    if not digests:
        return "_no pictures_"
    strip = Image.new("RGB", (_CELL * len(digests), _CELL), "white")
    for place, digest in enumerate(digests):
        with Image.open(picture_path(folder, digest)) as picture:
            small = ImageOps.contain(picture.convert("RGB"), (_CELL, _CELL))
        strip.paste(small, (place * _CELL + (_CELL - small.width) // 2, (_CELL - small.height) // 2))
    data = io.BytesIO()
    strip.save(data, "JPEG", quality=75)
    return f"![preview](data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()})"
