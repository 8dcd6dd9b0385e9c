"""What the model is asked to answer; the SDK turns these into the schema of its structured output."""

from __future__ import annotations

from pydantic import BaseModel


class SeenBox(BaseModel):
    """Fractions of the picture's width and height."""

    x0: float
    y0: float
    x1: float
    y1: float


class SeenLayer(BaseModel):
    """One garment of the look."""

    layer: str
    query: str
    garment_type: str
    gender: str
    colour: str
    pattern: str
    sleeve: str
    fit: str
    fabric: str
    occasion: str
    box: SeenBox


class SeenLook(BaseModel):
    """Everything worn."""

    layers: list[SeenLayer]


class JudgedCandidate(BaseModel):
    """One candidate in its place."""

    candidate: int
    score: float
    reason: str


class JudgedLayer(BaseModel):
    """A layer's candidates, best first."""

    layer: str
    order: list[JudgedCandidate]


class JudgedLook(BaseModel):
    """The order of every layer."""

    layers: list[JudgedLayer]
