"""The words that standardisation knows, read from the same seeds, to say before a feed goes in what would stay unmapped."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from lookmatch_assets.feeds.record import FeedRecord

_COLOUR_SEPARATORS = re.compile(r"[/／,，、・|+&＋＆×]|\s(?:and|x)\s", re.IGNORECASE)
"""What stands between the parts of a colour; the dbt macro ``colour_separators`` splits by the same."""

SEEDS = Path(__file__).parents[2] / "dbt_catalog" / "seeds"
ATTRIBUTES = ("category", "gender", "age_group", "colour", "pattern", "sleeve", "size_system")
"""Attributes of a feed record that have a vocabulary, in ``<attribute>_synonyms.csv``."""

Vocabulary = Mapping[str, frozenset[str]]
"""Attribute -> words that are known, as ``vocabulary_key`` spells them."""


@lru_cache(maxsize=1)
def read_vocabulary() -> Vocabulary:
    """The seeds' words."""
    return {attribute: frozenset(_words(SEEDS / f"{attribute}_synonyms.csv")) for attribute in ATTRIBUTES}


def vocabulary_key(word: str) -> str:
    """How words are compared; the dbt macro of this name does the same."""
    return " ".join(unicodedata.normalize("NFKC", word).lower().split())


def unmapped_words(record: FeedRecord, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Attributes of a record whose word no vocabulary knows, each with the word; what the record does not say is left out."""
    for attribute in ATTRIBUTES:
        said = _candidates(record, attribute)
        said = [word for word in said if word.strip()]
        if said and not any(vocabulary_key(word) in vocabulary[attribute] for word in said):
            yield attribute, said[0]


def _candidates(record: FeedRecord, attribute: str) -> list[str]:
    """The words that ``int_standardised_products.sql`` tries: a category's from the narrowest, a colour and then its parts."""
    if attribute != "category":
        whole: str = getattr(record, attribute) or ""
        return [whole, *_COLOUR_SEPARATORS.split(whole)] if attribute == "colour" else [whole]
    category, path = record.category or "", record.category_path or ""
    return [category, *reversed(category.split(">")), *reversed(path.split(">"))]


def _words(seed: Path) -> Iterator[str]:
    with seed.open(encoding="utf-8", newline="") as file:
        yield from (row["word"] for row in csv.DictReader(file))
