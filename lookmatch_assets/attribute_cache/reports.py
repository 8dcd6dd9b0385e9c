"""What the attribute cache says about the catalogue: coverage, sanity, and fingerprints that two systems can be compared by.

All of it reads the cache alone, so that it can run at any time beside a loaded database; the fingerprint of ``catalog.products``
is there to compare the cache with.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lookmatch_assets.attribute_cache.store import CACHED, Attributes, cached_form

REQUIRED = ("product_id", "market", "vendor", "title", "category", "layer", "gender", "colour_family", "image_url")
COVERED = ("category", "gender", "colour_family", "brand", "pattern", "sleeve", "usage", "size_system", "product_url")
MISSING_WORDS = {"unmapped", "unknown"}
"""What standardisation writes where it knows nothing; coverage counts them as missing."""

EXAMPLES = 5
_MODULUS = 2**128

GroupKey = tuple[str, str, str]
"""Market, vendor, category."""


@dataclass
class CacheReport:
    """What one pass over a market's cache found.

    Attributes:
        products: hashes read.
        covered: (vendor, attribute) -> products of the vendor that have it.
        by_vendor: vendor -> products.
        problems: code -> how many products.
        examples: code -> some of their ids.
        fingerprints: group -> its count and digest.
    """

    products: int = 0
    covered: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_vendor: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    fingerprints: dict[GroupKey, Fingerprint] = field(default_factory=dict)

    def coverage_rows(self) -> list[dict[str, Any]]:
        """Vendors with their products and the share, in [0, 1], that has each attribute."""
        return [
            {"vendor": vendor, "products": n, **{name: round(self.covered[vendor, name] / n, 4) for name in COVERED}}
            for vendor, n in sorted(self.by_vendor.items())
        ]

    def problem_rows(self) -> list[dict[str, Any]]:
        """Problems with how many products have them and some of those."""
        return [
            {"problem": code, "products": n, "examples": ", ".join(self.examples[code])}
            for code, n in self.problems.most_common()
        ]


@dataclass(frozen=True)
class Fingerprint:
    """Products of a group, and a digest of all they say that does not depend on their order.

    The digest is the sum, modulo 2^128, of the first 128 bits of each product's SHA-256: an incremental set hash (AdHash, Bellare
    and Micciancio 1997). It tells accidental differences, not forged ones.
    """

    products: int = 0
    total: int = 0

    def with_product(self, attributes: Mapping[str, str]) -> Fingerprint:
        """The fingerprint of the group with one more product."""
        said = "\x1f".join(f"{name}\x1e{attributes[name]}" for name in CACHED if name in attributes)
        number = int.from_bytes(hashlib.sha256(said.encode()).digest()[:16], "big")
        return Fingerprint(self.products + 1, (self.total + number) % _MODULUS)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits."""
        return f"{self.total:032x}"


def report_on(market: str, found: Iterable[tuple[str, Attributes]]) -> CacheReport:
    """One pass over a market's cache.

    Args:
        market: that the products should be of.
        found: product ids with their hashes, as ``read_attributes`` gives them.
    """
    report = CacheReport()
    for product_id, attributes in found:
        for code in _problems(market, product_id, attributes):
            report.problems[code] += 1
            examples = report.examples.setdefault(code, [])
            if len(examples) < EXAMPLES:
                examples.append(product_id)
        if not attributes:
            continue
        report.products += 1
        vendor = attributes.get("vendor", "")
        report.by_vendor[vendor] += 1
        report.covered.update((vendor, name) for name in COVERED if attributes.get(name, "unknown") not in MISSING_WORDS)
        _add(report.fingerprints, attributes)
    return report


def fingerprints_of(rows: Iterable[Mapping[str, Any]]) -> dict[GroupKey, Fingerprint]:
    """Fingerprints of rows of ``catalog.products``, as the cache would have them."""
    groups: dict[GroupKey, Fingerprint] = {}
    for row in rows:
        _add(groups, cached_form(row))
    return groups


def compare(ours: Mapping[GroupKey, Fingerprint], theirs: Mapping[GroupKey, Fingerprint]) -> list[dict[str, Any]]:
    """Groups that differ, each with both counts and whether only the content does; empty when all is alike."""
    differences = []
    for key in sorted({*ours, *theirs}):
        one, other = ours.get(key, Fingerprint()), theirs.get(key, Fingerprint())
        if one != other:
            market, vendor, category = key
            what = "content" if one.products == other.products else "count"
            named = {"market": market, "vendor": vendor, "category": category}
            differences.append({**named, "ours": one.products, "theirs": other.products, "differs": what})
    return differences


def fingerprint_rows(groups: Mapping[GroupKey, Fingerprint]) -> list[dict[str, Any]]:
    """Fingerprints as rows for a file or a table."""
    return [
        {"market": market, "vendor": vendor, "category": category, "products": one.products, "digest": one.digest}
        for (market, vendor, category), one in sorted(groups.items())
    ]


def fingerprints_from_rows(rows: Iterable[Mapping[str, Any]]) -> dict[GroupKey, Fingerprint]:
    """The opposite of ``fingerprint_rows``.

    Raises:
        KeyError: a row lacks a field.
        ValueError: a count or digest is none.
    """
    return {
        (str(row["market"]), str(row["vendor"]), str(row["category"])): Fingerprint(
            int(row["products"]), int(str(row["digest"]), 16)
        )
        for row in rows
    }


def _add(groups: dict[GroupKey, Fingerprint], attributes: Mapping[str, str]) -> None:
    key = (attributes.get("market", ""), attributes.get("vendor", ""), attributes.get("category", ""))
    groups[key] = groups.get(key, Fingerprint()).with_product(attributes)


def _problems(market: str, product_id: str, attributes: Attributes) -> list[str]:
    if not attributes:
        return ["hash_missing"]
    found = [f"{name}_missing" for name in REQUIRED if not attributes.get(name)]
    if attributes.get("product_id", product_id) != product_id:
        found.append("hash_of_another_product")
    if attributes.get("market", market) != market:
        found.append("other_market")
    return found
