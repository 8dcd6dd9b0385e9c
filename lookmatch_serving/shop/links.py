"""From a product's stored address to the link that a shopper is sent to.

Only an address that the product's vendor gave is ever followed, and only to a host that is known to be the vendor's: nothing of a
request goes into the link but names of things. An address is refused rather than mended where parsers read it differently
(white space, control characters, backslashes, a user name before the host).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from werkzeug.urls import iri_to_uri

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.shop.retailers import Retailer

LEAST_SHARE = 0.1
"""Share of a vendor's products from which a host counts as the vendor's, where no file names its hosts."""

_SAMPLE = 2_000
_REMEMBERED_SECONDS = 600.0
_LONGEST = 4_000
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_UNCLEAR = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"^`{|}]|%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")


@dataclass(frozen=True)
class Sold:
    """What of a product a link needs."""

    product_id: str
    vendor_product_id: str
    vendor: str
    market: str
    product_url: str | None


def sold_product(connection: DictConnection, product_id: str) -> Sold:
    """What a link to a product needs.

    Raises:
        NotFoundError: no product has this id, or its shop no longer sells it.
    """
    row = connection.execute(read_sql(__package__, "sold_product"), {"product_id": product_id}).fetchone()
    if row is None:
        raise NotFoundError("no product has this id, or the shop no longer sells it")
    return Sold(**row)


def authority_of(address: str | None) -> str | None:
    """Host, with its port unless that is the scheme's own, of an address that all parsers read alike; None for any other."""
    if not address or len(address) > _LONGEST or _UNCLEAR.search(address):
        return None
    try:
        parts = urlsplit(address)
        authority = parts.netloc.encode("idna").decode().lower() if parts.netloc else ""
    except (ValueError, UnicodeError):
        return None
    scheme, _, rest = address.partition(":")
    if scheme.lower() not in _DEFAULT_PORTS or not rest.startswith("//") or rest.startswith("///"):
        return None
    if not _AUTHORITY.fullmatch(authority):
        return None
    return authority.removesuffix(_DEFAULT_PORTS[scheme.lower()])


class RetailerLinks:
    """Makes links; remembers the hosts of vendors that no file names. Safe to use from many threads."""

    def __init__(self, retailers: Mapping[str, Retailer]) -> None:
        self._retailers = retailers
        self._learnt: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def name(self, vendor: str) -> str:
        """A vendor's name for shoppers."""
        found = self._retailers.get(vendor)
        return found.name if found is not None and found.name else vendor.replace("-", " ").replace("_", " ").title()

    def leads(self, connection: DictConnection, sold: Sold) -> bool:
        """Whether there is a link for a product."""
        return authority_of(sold.product_url) in self._hosts(connection, sold)

    def link(self, connection: DictConnection, sold: Sold, click_id: str) -> str:
        """The address that a shopper is sent to.

        Raises:
            NotFoundError: the product has no address, or one that does not lead to its vendor.
        """
        address = sold.product_url or ""
        if not self.leads(connection, sold):
            raise NotFoundError("the shop gave no link for this product that can be trusted")
        values = {
            "click_id": click_id,
            "product_id": sold.product_id,
            "vendor_product_id": sold.vendor_product_id,
            "market": sold.market,
        }
        retailer = self._retailers.get(sold.vendor, Retailer())
        target = _with_parameters(iri_to_uri(address), {k: v.format(**values) for k, v in retailer.parameters.items()})
        if retailer.deep_link is None:
            return target
        escaped = {name: quote(value, safe="") for name, value in {**values, "url": target}.items()}
        return retailer.deep_link.format(**escaped)

    def _hosts(self, connection: DictConnection, sold: Sold) -> frozenset[str]:
        named = self._retailers.get(sold.vendor)
        if named is not None and named.hosts:
            return frozenset(named.hosts)
        key = (sold.vendor, sold.market)
        with self._lock:
            at, hosts = self._learnt.get(key, (0.0, frozenset()))
        if at and time.monotonic() - at < _REMEMBERED_SECONDS:
            return hosts
        values = {"vendor": sold.vendor, "market": sold.market, "sample": _SAMPLE}
        rows = connection.execute(read_sql(__package__, "vendor_link_hosts"), values).fetchall()
        counted: dict[str, float] = {}
        for row in rows:
            host = authority_of(f"https://{row['host']}/") if row["host"] else None
            if host is not None:
                counted[host] = counted.get(host, 0.0) + row["share"]
        hosts = frozenset(host for host, share in counted.items() if share >= LEAST_SHARE)
        with self._lock:
            self._learnt[key] = (time.monotonic(), hosts)
        return hosts


def _with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    if not parameters:
        return address
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()])))
