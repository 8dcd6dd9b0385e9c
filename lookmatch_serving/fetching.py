"""A guarded fetcher from addresses that strangers chose.

Only http and https; each hop of a redirect is resolved once, every address it resolves to is checked, and the connection goes to
the address that was checked (so a second DNS answer cannot move it). Bytes and time are bounded, also against a server that
trickles.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import urllib3

from lookmatch_serving.errors import InvalidInputError, UpstreamError
from lookmatch_serving.pictures import MAX_BYTES

MAX_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PICTURES = "image/jpeg,image/png,image/webp"  # AVIF and HEIC are read, but take longer to decode
_CHUNK = 64 * 1024
_ACCEPTED = "an http or https address of a public server"


@dataclass(frozen=True)
class FetchLimits:
    """Bounds of one fetch.

    Attributes:
        seconds: whole time, redirects included.
        max_bytes: most bytes of the body.
        allow_private_addresses: also reach private, loopback and link-local addresses (development only).
    """

    seconds: float = 10.0
    max_bytes: int = MAX_BYTES
    allow_private_addresses: bool = False


@dataclass(frozen=True)
class _Target:
    """One hop, resolved and checked."""

    scheme: str
    host: str
    port: int
    address: str
    path: str


def fetch_picture(url: str, limits: FetchLimits | None = None, *, field: str = "image_url") -> bytes:
    """Fetch a picture; see ``fetch_body``.

    Args:
        url: of the picture.
        limits: bounds; the defaults when None.
        field: name of the field the address came in, for errors.

    Raises:
        InvalidInputError: as ``fetch_body`` raises.
        UpstreamError: as ``fetch_body`` raises.
    """
    return fetch_body(url, limits, accept=_PICTURES, field=field)


def fetch_body(url: str, limits: FetchLimits | None = None, *, accept: str, field: str) -> bytes:
    """Fetch the body behind an address.

    Args:
        url: what to fetch.
        limits: bounds; the defaults when None.
        accept: media types to ask for.
        field: name of the field the address came in, for errors.

    Raises:
        InvalidInputError: the address is malformed or not public, redirects too often, answers 4xx, or its body is too large.
        UpstreamError: the server could not be reached, answered 5xx or was too slow; trying later may help.
    """
    limits = limits or FetchLimits()
    end = time.monotonic() + limits.seconds
    for _ in range(MAX_REDIRECTS + 1):
        target = _checked(url, limits, field)
        body, location = _get(target, limits, end, field, accept)
        if location is None:
            return body
        url = urljoin(url, location)
    raise InvalidInputError(field, url, f"it redirects more than {MAX_REDIRECTS} times")


def _checked(url: str, limits: FetchLimits, field: str) -> _Target:
    """Resolve the address and refuse it when any of its addresses is not public."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError as error:
        raise InvalidInputError(field, url, f"accepted is {_ACCEPTED}") from error
    if parts.scheme not in _PORTS or not host or parts.username or parts.password:
        raise InvalidInputError(field, url, f"accepted is {_ACCEPTED}, without user and password")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UpstreamError(f"{field}: {host} could not be resolved") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not limits.allow_private_addresses and not all(_is_public(address) for address in addresses):
        raise InvalidInputError(field, url, f"{host} is not a public address; accepted is {_ACCEPTED}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme, host, port, addresses[0], path)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None and not inner.is_global:
            return False
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF).is_global
    return ip.is_global and not ip.is_multicast


def _get(target: _Target, limits: FetchLimits, end: float, field: str, accept: str) -> tuple[bytes, str | None]:
    """Body and, for a redirect, where it points."""
    left = end - time.monotonic()
    if left <= 0:
        raise UpstreamError(f"{field}: {target.host} did not answer within {limits.seconds:g} s")
    timeout = urllib3.Timeout(connect=left, read=left)
    default = target.port == _PORTS[target.scheme]
    headers = {
        "Host": target.host if default else f"{target.host}:{target.port}",
        "User-Agent": "lookmatch",
        "Accept": accept,
        "Accept-Encoding": "identity",
    }
    with _connection_to(target, timeout) as pool:
        try:
            response = pool.urlopen("GET", target.path, headers=headers, redirect=False, retries=False, preload_content=False)
            with response:
                if response.status in _REDIRECTS and response.headers.get("Location"):
                    return b"", response.headers["Location"]
                return _body(response, target, limits, end, field), None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UpstreamError(f"{field}: {target.host} did not answer usefully: {type(error).__name__}") from error


def _connection_to(target: _Target, timeout: urllib3.Timeout) -> urllib3.HTTPConnectionPool:
    """A connection pool to the checked address; TLS still checks the name."""
    if target.scheme == "https":
        return urllib3.HTTPSConnectionPool(
            target.address, target.port, timeout=timeout, maxsize=1, server_hostname=target.host, assert_hostname=target.host
        )
    return urllib3.HTTPConnectionPool(target.address, target.port, timeout=timeout, maxsize=1)


def _body(response: urllib3.BaseHTTPResponse, target: _Target, limits: FetchLimits, end: float, field: str) -> bytes:
    if response.status >= 500 or response.status == 429:
        raise UpstreamError(f"{field}: {target.host} answered {response.status}")
    if response.status != 200:
        raise InvalidInputError(field, target.host + target.path, f"the server answered {response.status}")
    parts: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > limits.max_bytes:
            raise InvalidInputError(field, target.host + target.path, f"what it sends is larger than {limits.max_bytes} bytes")
        if time.monotonic() > end:
            raise UpstreamError(f"{field}: {target.host} did not finish within {limits.seconds:g} s")
    return b"".join(parts)
