"""What the pages hold for the life of an application beside the API's parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app
from flask.blueprints import BlueprintSetupState

from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.shop.captions import Captions
from lookmatch_serving.shop.links import RetailerLinks
from lookmatch_serving.shop.retailers import read_retailers
from lookmatch_serving.shop.similar import SimilarProducts
from lookmatch_serving.web.blueprint import web

_EXTENSION = "lookmatch_page_state"


@dataclass(frozen=True)
class PageState:
    """What was read once and is remembered."""

    links: RetailerLinks
    captions: Captions = field(default_factory=Captions)
    similar: SimilarProducts = field(default_factory=SimilarProducts)


@web.record
def _install(state: BlueprintSetupState) -> None:
    retailers = read_retailers(parts_of(cast(Flask, state.app)).settings.home)
    state.app.extensions[_EXTENSION] = PageState(RetailerLinks(retailers))


def page_state() -> PageState:
    """The shelf of the application that handles the current request."""
    return cast(PageState, current_app.extensions[_EXTENSION])
