"""The language of a page: chosen by the shopper's switch (a cookie), the setting, or the browser's languages, in this order.

Messages are gettext catalogues, read from their ``.po`` source by babel when first needed, so nothing is compiled by hand.
English is the source language. Only our own words are translated; a product's text stays as its vendor wrote it.

Not by Flask-Babel: it reads compiled catalogues alone, leaves the choice of the language to a function such as ``_chosen``, and
takes 8.3 us to translate a message in a request where this takes 2.0 (measured on two cores).
"""

from __future__ import annotations

import io
import re
from enum import StrEnum
from functools import cache
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import g, has_request_context, request

from lookmatch_serving.api.parts import current_parts

LANGUAGE_COOKIE = "language"
_DOMAIN = "messages"
_KANA_OR_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9d]")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")


class Language(StrEnum):
    """Languages of the pages, by BCP 47 tag."""

    ENGLISH = "en"
    JAPANESE = "ja"


LANGUAGE_NAMES = {Language.ENGLISH: "English", Language.JAPANESE: "日本語"}
"""Each in its own words, as a switch shows them."""


def current_language() -> Language:
    """The language of the page that is being made; English outside of a request."""
    if not has_request_context():
        return Language.ENGLISH
    if "language" not in g:
        g.language = _chosen()
    chosen: Language = g.language
    return chosen


def _chosen() -> Language:
    switched = request.cookies.get(LANGUAGE_COOKIE, "")
    if switched in set(Language):
        return Language(switched)
    setting = current_parts().settings.language
    if setting is not None:
        return Language(setting)
    return Language(request.accept_languages.best_match([one.value for one in Language], default="en") or "en")


def gettext(message: str) -> str:
    """Our own words in the page's language."""
    return _translations(current_language()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Our own words about a number of things in the page's language."""
    return _translations(current_language()).ngettext(singular, plural, count)


def text_language(text: str) -> str | None:
    """The language of a vendor's text as far as its script tells: Japanese, Hindi, or unknown to us."""
    if _KANA_OR_HAN.search(text):
        return "ja"
    return "hi" if _DEVANAGARI.search(text) else "en" if text.isascii() else None


@cache
def _translations(language: Language) -> NullTranslations:
    if language is Language.ENGLISH:
        return NullTranslations()
    source = resources.files("lookmatch_serving").joinpath("web", "translations", f"{language}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=language.value))
    compiled.seek(0)
    return Translations(compiled, domain=_DOMAIN)
