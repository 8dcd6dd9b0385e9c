"""Attributes of a product record, mined from its columns and its name, and the captions built from them.

Attributes are small integers (-1 = unknown) in the order of `ATTRIBUTES`, so that a batch can tell in one comparison which
pictures a caption describes.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from lookmatch_serving.encoders.vocabulary import ATTRIBUTE_PHRASES

ATTRIBUTES = ("type", "colour", "pattern", "sleeve", "gender", "usage", "kind")
UNKNOWN = -1

_PATTERN_WORDS = (
    ("polka dot", r"\bpolka|\bdotted|\bdots?\b"),
    ("floral", r"\bfloral|\bflower|\bflora\b"),
    ("checked", r"\bchecke?[drs]*\b|\bplaid|\bchex\b"),
    ("striped", r"\bstrip\w*|\bpinstripe"),
    ("embroidered", r"\bembroider"),
    ("colourblocked", r"\bcolou?r ?-?block"),
    ("graphic", r"\bgraphic"),
    ("printed", r"\bprint|\bpaisley|\bcamo"),
    ("solid", r"\bsolid|\bplain\b"),
)
_SLEEVE_WORDS = (
    ("sleeveless", r"\bsleeveless|\btank\b|\bspaghetti|\bcamisole"),
    ("long sleeves", r"\b(full|long)[- ]?sleeve|\bfull slv"),
    ("three-quarter sleeves", r"\b3/4|\bthree[- ]quarter"),
    ("short sleeves", r"\b(half|short)[- ]?sleeve|\bs/s\b"),
)
_SLEEVE_OF_TYPE = {
    "Sweatshirts": "long sleeves", "Sweaters": "long sleeves", "Jackets": "long sleeves", "Blazers": "long sleeves",
    "Rain Jacket": "long sleeves", "Hoodie": "long sleeves", "Coat": "long sleeves", "Cardigan": "long sleeves",
    "Polo": "short sleeves", "Camisoles": "sleeveless",
    "Innerwear Vests": "sleeveless", "Waistcoat": "sleeveless",
}  # fmt: skip
_KIND_OF_TYPE = {
    "Dresses": "dress", "Caps": "hat", "Hat": "hat", "Jackets": "outwear", "Rain Jacket": "outwear", "Blazers": "outwear",
    "Jeans": "pants", "Trousers": "pants", "Track Pants": "pants", "Casual Shoes": "shoes", "Sports Shoes": "shoes",
    "Formal Shoes": "shoes", "Shorts": "shorts", "Skirts": "skirt", "Tshirts": "t-shirt", "Shirts": "shirt",
    "Coat": "outwear", "Boots": "shoes", "Sweaters": "longsleeve", "Sweatshirts": "longsleeve",
}  # fmt: skip
_SLEEVE_OF_KIND = {"longsleeve": "long sleeves", "outwear": "long sleeves", "t-shirt": "short sleeves"}


@dataclass(frozen=True)
class Labels:
    """What is known of one picture: its caption of record ("" when it has none) and its attribute classes (None = unknown)."""

    name: str
    classes: tuple[str | None, ...]

    def codes(self) -> list[int]:
        """Return the classes as class numbers in the order of `ATTRIBUTES`; `UNKNOWN` where there is none."""
        return [
            UNKNOWN if label is None else CLASS_NUMBERS[attribute].get(label, UNKNOWN)
            for attribute, label in zip(ATTRIBUTES, self.classes, strict=True)
        ]


def class_names(attribute: str) -> list[str]:
    """Return the class names of an attribute, numbered by their place."""
    return list(ATTRIBUTE_PHRASES[attribute])


CLASS_NUMBERS = {a: {name: number for number, name in enumerate(class_names(a))} for a in ATTRIBUTES}


def _first_match(text: str, words: tuple[tuple[str, str], ...]) -> str | None:
    return next((label for label, pattern in words if re.search(pattern, text)), None)


def refined_type(article_type: str, name: str) -> str:
    """Return the article type, narrowed to "Polo", "Hoodie", "Cardigan" or "Boots" where the name says so."""
    text = name.lower()
    if article_type == "Tshirts" and re.search(r"\bpolos?\b", text):
        return "Polo"
    if article_type == "Sweaters" and "cardigan" in text:
        return "Cardigan"
    if article_type in ("Casual Shoes", "Heels", "Flats") and re.search(r"\bboots?\b", text):
        return "Boots"
    if article_type in ("Sweatshirts", "Jackets") and re.search(r"\bhood", text):
        return "Hoodie"
    return article_type


def product_labels(record: dict[str, str]) -> Labels:
    """Return the labels of a retailer record (columns of styles.csv; empty strings where a value is missing)."""
    name = record["productDisplayName"].strip()
    text = name.lower()
    article_type = refined_type(record["articleType"], name)
    sleeve = _first_match(text, _SLEEVE_WORDS) or _SLEEVE_OF_TYPE.get(article_type)
    pattern = _first_match(text, _PATTERN_WORDS) if record["masterCategory"] == "Apparel" else None
    kind = _KIND_OF_TYPE.get(article_type)
    if kind == "t-shirt" and sleeve is not None and sleeve != "short sleeves":
        kind = "longsleeve" if sleeve == "long sleeves" else None
    classes = (
        article_type,
        record["baseColour"] or None,
        pattern,
        sleeve,
        record["gender"] or None,
        record["usage"] or None,
        kind,
    )
    return Labels(name, tuple(classes))


def kind_labels(kind: str) -> Labels:
    """Return the labels of a photo taken at home, of which only its kind is known."""
    return Labels("", (None, None, None, _SLEEVE_OF_KIND.get(kind), None, None, kind))


def shuffled_name(name: str, rng: random.Random) -> str:
    """Return a product name with some words dropped, and sometimes reordered or in lower case; never empty for a name."""
    words = name.split()
    if rng.random() < 0.5 and len(words) > 3:
        drop = rng.choice((0.1, 0.25, 0.4))
        kept = [w for w in words if rng.random() > drop]
        words = kept if len(kept) >= 2 else words
    if rng.random() < 0.1:
        rng.shuffle(words)
    text = " ".join(words)
    return text.lower() if rng.random() < 0.3 else text


def phrase(attribute: str, label: str, rng: random.Random) -> str:
    """Return one way to say a class of an attribute: its first phrase half of the time, any other one otherwise."""
    phrases = ATTRIBUTE_PHRASES[attribute].get(label) or (label.lower(),)
    return phrases[0] if rng.random() < 0.5 else rng.choice(list(phrases))


def description(labels: Labels, rng: random.Random) -> tuple[str, list[bool]]:
    """Return a caption in the style of the search queries and which attributes it states.

    "Men's navy blue polo shirt, solid, short sleeves, casual." with parts left out at random. The mask is in the order of
    `ATTRIBUTES`; a caption states at least one attribute.
    """
    known = dict(zip(ATTRIBUTES, labels.classes, strict=True))
    keep = {"type": 0.9, "colour": 0.8, "pattern": 0.7, "sleeve": 0.6, "gender": 0.6, "usage": 0.4, "kind": 0.0}
    stated = {a for a in ATTRIBUTES if known[a] is not None and rng.random() < keep[a]}
    if not stated & {"type", "colour"}:
        stated.add("type" if known["type"] is not None else "kind" if known["kind"] is not None else "sleeve")
    said = {a: phrase(a, known[a] or "", rng) for a in stated if known[a] is not None}
    noun = said.get("type") or said.get("kind") or "garment"
    head = " ".join(part for part in (said.get("gender"), said.get("colour"), noun) if part)
    tail = [said[a] for a in ("pattern", "sleeve", "usage") if a in said]
    if rng.random() < 0.25 and "pattern" in said:
        head, tail = head.replace(noun, f"{said['pattern']} {noun}"), tail[1:]
    text = ", ".join([head, *tail])
    style = rng.random()
    if style < 0.5:
        text = text[0].upper() + text[1:] + "."
    elif style < 0.65:
        text = f"a photo of {text}"
    return text, [a in said for a in ATTRIBUTES]
