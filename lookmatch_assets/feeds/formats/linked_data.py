"""JSON-LD as shops publish it: scripts of pages as they really are, references within a document, products with their groups.

Both libraries there are were tried. ``extruct`` brings thirteen packages and loses the whole page when one script on it is
damaged; of the page habits here it reads raw line ends in strings, and neither comments around the JSON, nor a semicolon behind
it, nor a type with a charset. ``pyld`` resolves references by the JSON-LD algorithms, which begin with loading schema.org's
context from the network and end in expanded names that each reader would have to shorten again. Python's ``html.parser`` needs
85 s for 30,000 tags that nothing closes; what finds the scripts here looks at each character a bounded number of times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lookmatch_assets.feeds.formats.json_lines import LENIENT_DECODER

GROUP = "isVariantOf"
PRODUCT_KINDS = frozenset({"Product", "IndividualProduct", "ProductModel", "ProductGroup"})

_RAW_TEXT = re.compile(r"<!--|<(script|style|textarea|title)(?=[\s>/])", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"""(?>[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_TYPE = re.compile(r"""(?<![^\s"'/])type\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TAG_CHARACTERS = 1_024
_ENDS = {tag: re.compile(rf"</{tag}(?=[\s>/])", re.IGNORECASE) for tag in ("script", "style", "textarea", "title")}
_AROUND = (
    "/*<![CDATA[*/", "/* <![CDATA[ */", "//<![CDATA[", "// <![CDATA[", "<![CDATA[", "/*]]>*/", "/* ]]> */", "//]]>", "// ]]>",
    "]]>", "//-->", "// -->", "-->",
)  # fmt: skip
"""What pages put around the JSON of a script, besides comments."""

_LINKING = frozenset({"@id", "productGroupID", "hasVariant", GROUP})
"""A node that says none of these names no other and is named by none."""

_PREFIX = re.compile(r"(?:schema:|https?://schema\.org/)(?=[A-Za-z])")
_DEPTH = 12
_HOPS = 4
_MOST_RESOLVED = 500
_RESOLVED = (
    "image", "brand", "manufacturer", "offers", "audience", "size", "color", "material", "pattern", "category",
    "priceSpecification", "inventoryLevel", GROUP,
)  # fmt: skip
"""What a product says that may be a reference to another node. Only these are followed: pages link much else."""


def scripts_of(page: str) -> Iterator[str]:
    """The texts of a page's scripts of type ``application/ld+json``, in their order."""
    position = 0
    while found := _RAW_TEXT.search(page, position):
        if found.group(1) is None:
            position = page.find("-->", found.end() - 2) + 3  # "<!-->" is a whole one
            if position < 3:
                return
            continue
        tag = found.group(1).lower()
        start = _ATTRIBUTES.match(page, found.end(), found.end() + _TAG_CHARACTERS)
        if start is None:
            position = found.end()
            continue
        end = _ENDS[tag].search(page, start.end())
        stop = end.start() if end else len(page)
        if tag == "script" and _is_linked_data(start.group()):
            yield page[start.end() : stop]
        position = stop


def _is_linked_data(attributes: str) -> bool:
    found = _TYPE.search(attributes)
    kind = next((value for value in found.groups() if value is not None), "") if found else ""
    return kind.split(";")[0].strip().lower() == "application/ld+json"


def parse_script(text: str) -> Any:
    """The value of a script, without what pages write around it; raw line ends within strings are read.

    Raises:
        ValueError: it is not JSON; RecursionError: it is nested too deeply.
    """
    start = _skip(text, 0)
    if start >= len(text.rstrip()):
        start = _skip(text.replace("<!--", "    ", 1), 0)  # the whole script is in a comment, as for browsers without scripts
    value, end = LENIENT_DECODER.raw_decode(text, start)
    if _skip(text, end) < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _skip(text: str, position: int) -> int:
    """The place behind spaces, comments and what else stands around JSON."""
    last_close = text.rfind("-->")
    while position < len(text):
        if text[position].isspace() or text[position] in ";\ufeff":
            position += 1
        elif text.startswith("<!--", position) and last_close >= position + 4:
            position = text.find("-->", position + 4) + 3
        else:
            around = next((part for part in _AROUND if text.startswith(part, position)), None)
            if around is None:
                return position
            position += len(around)
    return position


@dataclass
class Nodes:
    """What the nodes of a document can refer to.

    Attributes:
        named: ``@id`` -> the node, parts of one node put together; products, which nothing they say refers to, are left out.
        groups: ``productGroupID`` -> the group, without its variants.
        group_of_variant: ``@id`` of a product -> the group that lists it by reference.
        parents: ``@id`` of what products say that they are variants of.
    """

    named: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    group_of_variant: dict[str, dict[str, Any]] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Note the nodes of a document's value."""
        waiting = [(value, _DEPTH)]
        while waiting:
            node, depth = waiting.pop()
            if depth == 0:
                continue
            if isinstance(node, list):
                waiting += [(item, depth - 1) for item in reversed(node)]
            elif isinstance(node, dict):
                self._note(node)
                waiting += [(said, depth - 1) for said in node.values() if isinstance(said, dict | list)]

    def _note(self, node: dict[str, Any]) -> None:
        if not _LINKING & node.keys():
            return
        kinds, name = kinds_of(node), node.get("@id")
        if "ProductGroup" in kinds:
            group = without_variants(node)
            if isinstance(node.get("productGroupID"), str):
                self.groups.setdefault(node["productGroupID"], group)
            for variant in listed(node.get("hasVariant")):
                if isinstance(variant, dict) and isinstance(variant.get("@id"), str) and _is_reference(variant):
                    self.group_of_variant.setdefault(variant["@id"], group)
        parent = _first_dict(node.get(GROUP)).get("@id")
        if isinstance(parent, str):
            self.parents.add(parent)
        if isinstance(name, str) and not _is_reference(node) and not kinds & {"Product", "IndividualProduct"}:
            self.named[name] = {**without_variants(node), **self.named.get(name, {})}

    def group_of(self, product: dict[str, Any]) -> dict[str, Any] | None:
        """The group of a product that does not name it itself, by its variants or its number."""
        name, number = product.get("@id"), product.get("inProductGroupWithID")
        by_name = self.group_of_variant.get(name) if isinstance(name, str) else None
        return by_name or (self.groups.get(number) if isinstance(number, str) else None)

    def resolved(self, product: dict[str, Any]) -> dict[str, Any]:
        """The product with the nodes in place of references to them, as far as ``_HOPS`` steps and ``_MOST_RESOLVED`` nodes."""
        if not self.named:
            return product
        return self._resolved_node(product, _HOPS, iter(range(_MOST_RESOLVED)))

    def _resolved_node(self, node: dict[str, Any], hops: int, left: Iterator[int]) -> dict[str, Any]:
        found = {name: self._resolved_value(node[name], hops, left) for name in _RESOLVED if name in node}
        return {**node, **found}

    def _resolved_value(self, value: Any, hops: int, left: Iterator[int]) -> Any:
        if isinstance(value, list):
            return [self._resolved_value(item, hops, left) for item in value]
        if not isinstance(value, dict) or hops == 0:
            return value
        named = self.named.get(value["@id"]) if isinstance(value.get("@id"), str) else None
        if named is None:
            return self._resolved_node(value, hops - 1, left)
        if next(left, None) is None:
            return value
        return self._resolved_node({**named, **value}, hops - 1, left)


def products_of(value: Any, nodes: Nodes) -> Iterator[dict[str, Any]]:
    """Products in a document's value, in the order that it lists them, each with its group under ``GROUP``.

    What has no offer and no id is a stub, and so is a group without offers, or one whose variants stand beside it: what is for
    sale is said elsewhere, or not at all.
    """
    for product in _found(value, _DEPTH):
        if _is_group(product) and isinstance(product.get("@id"), str) and product["@id"] in nodes.parents:
            continue
        group = product.get(GROUP) or nodes.group_of(product)
        whole = nodes.resolved({**product, GROUP: group} if group else product)
        if whole.get("offers") or _first_dict(whole.get(GROUP)).get("offers") or (id_of(whole) and not _is_group(whole)):
            yield whole


def whole_products(products: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The products of a document, which may say them in pieces.

    Those of one ``@id`` are put together, and those without an offer are left out where the same product is said with one.
    """
    by_name: dict[str, dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    for product in products:
        name = product.get("@id")
        if isinstance(name, str) and name in by_name:
            by_name[name].update({key: said for key, said in product.items() if key not in by_name[name]})
            continue
        product = dict(product)
        if isinstance(name, str):
            by_name[name] = product
        found.append(product)
    offered = {id_of(product) for product in found if product.get("offers")}
    return [product for product in found if product.get("offers") or id_of(product) not in offered]


def _found(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _found(item, depth - 1)
    elif isinstance(value, dict):
        kinds = kinds_of(value)
        variants = [item for item in listed(value.get("hasVariant")) if isinstance(item, dict)] if "ProductGroup" in kinds else []
        if variants:
            group = without_variants(value)
            yield from ({**variant, GROUP: group} for variant in variants if not _is_reference(variant))
        elif kinds & PRODUCT_KINDS or (not kinds and "offers" in value):
            yield value
        else:
            for name in ("@graph", "itemListElement", "item", "mainEntity"):
                yield from _found(value.get(name), depth - 1)


def plain_names(value: Any, depth: int = _DEPTH) -> Any:
    """The value with names as schema.org has them, where a document writes ``schema:name`` or ``https://schema.org/name``."""
    if depth == 0:
        return value
    if isinstance(value, list):
        return [plain_names(item, depth - 1) for item in value]
    if not isinstance(value, dict):
        return value
    return {_PREFIX.sub("", name) if ":" in name else name: plain_names(said, depth - 1) for name, said in value.items()}


def id_of(product: dict[str, Any]) -> str | None:
    """The vendor's id of a product, by the first of its numbers."""
    for name in ("sku", "productID", "identifier", "mpn", "gtin", "gtin13", "gtin14", "gtin12", "gtin8"):
        said = first(product.get(name))
        said = said.get("value") if isinstance(said, dict) else said
        if isinstance(said, str | int | float) and not isinstance(said, bool) and (text := " ".join(str(said).split())):
            return text
    return None


def kinds_of(node: dict[str, Any]) -> set[str]:
    """The names of a node's types, without what stands before them in an address."""
    said = node.get("@type")
    if isinstance(said, str) and said.isalpha():
        return {said}
    return {kind.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for kind in listed(said) if isinstance(kind, str)}


def without_variants(group: dict[str, Any]) -> dict[str, Any]:
    """A group as it is kept with each variant."""
    return {name: said for name, said in group.items() if name not in ("hasVariant", "@context")}


def first(value: Any) -> Any:
    """The value, or the first of several."""
    return next(iter(value), None) if isinstance(value, list) else value


def listed(value: Any) -> list[Any]:
    """The value as a list, of JSON-LD's own lists too."""
    if isinstance(value, dict) and ("@list" in value or "@set" in value):
        value = value.get("@list", value.get("@set"))
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_group(product: dict[str, Any]) -> bool:
    return "ProductGroup" in kinds_of(product)


def _is_reference(node: dict[str, Any]) -> bool:
    return "@id" in node and not set(node) - {"@id", "@type"}


def _first_dict(value: Any) -> dict[str, Any]:
    found = first(value)
    return found if isinstance(found, dict) else {}
