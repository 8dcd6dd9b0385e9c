"""Who a shopper is to these pages: a random name in a cookie, made only when something has to be kept under it.

The store knows a digest of the cookie, so that what is stored names nobody's cookie. A browser that asks not to be followed
(Global Privacy Control) is given no name by a click.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.access import ForbiddenError

SHOPPER_COOKIE = "shopper"
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS = 180 * 24 * 3600


def shopper_secret() -> str | None:
    """The cookie that came with the request; None when there is none of our making."""
    given = request.cookies.get(SHOPPER_COOKIE, "")
    return given if _COOKIE.fullmatch(given) else None


def new_secret() -> str:
    """A cookie of 256 random bits."""
    return secrets.token_urlsafe(32)


def shopper_id(secret: str) -> str:
    """What the store knows the holder of a cookie as."""
    return "web-" + hashlib.sha256(secret.encode()).hexdigest()[:40]


def known_shopper() -> str | None:
    """The shopper who asks; None when nothing is kept of them."""
    secret = shopper_secret()
    return shopper_id(secret) if secret else None


def wants_no_tracking() -> bool:
    """Whether the browser asks not to be followed."""
    return request.headers.get("Sec-GPC") == "1"


def remember(response: AnyResponse, secret: str) -> None:
    """Put the name into the shopper's browser."""
    response.set_cookie(SHOPPER_COOKIE, secret, max_age=_SECONDS, httponly=True, secure=request.is_secure, samesite="Lax")


def forget(response: Response | AnyResponse) -> None:
    """Take the name out of the shopper's browser."""
    response.delete_cookie(SHOPPER_COOKIE, httponly=True, secure=request.is_secure, samesite="Lax")


def form_token(secret: str) -> str:
    """What a form must bring to act for the holder of a cookie: other sites can neither read the cookie nor make this of it."""
    return hmac.new(secret.encode(), b"lookmatch form", hashlib.sha256).hexdigest()


def check_form(secret: str | None) -> None:
    """Refuse a form that was not made by our page for this browser.

    A browser that has no name yet has no token either: then its own word (``Sec-Fetch-Site`` or ``Origin``) must be that the form
    came from our page.

    Raises:
        ForbiddenError: the token is wrong, or the browser says that another site sent it.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    own = site in {"same-origin", "none"} if site is not None else origin == request.host_url.rstrip("/")
    if (site is not None or origin is not None) and not own:
        raise ForbiddenError("forms are only taken from our own pages")
    given = request.form.get("token", "")
    if secret is None and own:
        return
    if secret is None or not hmac.compare_digest(form_token(secret).encode(), given.encode("utf-8", "replace")):
        raise ForbiddenError("the form is out of date; open the page again")
