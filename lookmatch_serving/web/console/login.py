"""Logging in to the console with an admin key, and out."""

from __future__ import annotations

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.web.console.access import (
    SESSION_COOKIE,
    SESSION_SECONDS,
    admin_key,
    close_session,
    console,
    open_session,
    session_secret,
)
from lookmatch_serving.web.delivery import private_page
from lookmatch_serving.web.shopper import check_form

_HOME = "/console/"


@console.get("/login")
def show_login() -> Response:
    """The form for the key."""
    return private_page("console/login.html", refused=False, wanted=_own_path(request.args.get("next", "")))


@console.post("/login")
def log_in() -> AnyResponse:
    """Open a session for a valid admin key."""
    check_form(None)
    wanted = _own_path(request.form.get("next", ""))
    key = admin_key(request.form.get("key", ""))
    if key is None:
        return private_page("console/login.html", status=403, refused=True, wanted=wanted)
    response = redirect(wanted, 303)
    response.set_cookie(
        SESSION_COOKIE,
        open_session(key),
        max_age=SESSION_SECONDS,
        path="/console",
        httponly=True,
        secure=request.is_secure,
        samesite="Strict",
    )
    return response


@console.post("/logout")
def log_out() -> AnyResponse:
    """End the session."""
    secret = session_secret()
    check_form(secret)
    if secret is not None:
        close_session(secret, current_parts().valkey)
    response = redirect("/console/login", 303)
    response.delete_cookie(SESSION_COOKIE, path="/console")
    return response


def _own_path(path: str) -> str:
    """A path within the console; its front page in the place of anything else."""
    return path if path.startswith(_HOME) and "\\" not in path and path.isprintable() and "//" not in path else _HOME
