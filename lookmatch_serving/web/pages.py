"""The shopper's pages."""

from __future__ import annotations

import base64
import io

from flask import Blueprint, Response, make_response, render_template, request, send_from_directory
from PIL import Image
from werkzeug.datastructures import FileStorage

from lookmatch_serving.api.answering import answer_search
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.picture_routes import look_file
from lookmatch_serving.api.records import LookList
from lookmatch_serving.api.routes import LookListParameters, checked_id
from lookmatch_serving.api.validation import validate
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.pictures import decode_picture
from lookmatch_serving.search.look import SearchAnswer, SearchRequest
from lookmatch_serving.settings import Market
from lookmatch_serving.web import formatting

web = Blueprint("web", __name__)

_HITS_SHOWN = 8
_SIMILAR_SHOWN = 6
_SHOWN_SIDE = 1024
_STATIC_SECONDS = 3600
_STATIC = {"site.css": "text/css"}


@web.app_template_filter("money")
def _money(amount: float | None, currency: str | None, market: Market) -> str:
    return formatting.money(amount, currency, market)


web.add_app_template_filter(formatting.layer_name, "layer_name")
web.add_app_template_filter(formatting.grade_name, "grade_name")
web.add_app_template_filter(formatting.safe_link, "safe_link")
web.add_app_template_global(formatting.MARKET_NAMES, "market_names")  # type: ignore[arg-type]


@web.get("/")
def home() -> str:
    """The upload form and the looks."""
    parameters = validate(LookListParameters, {name: value for name, value in request.args.items() if value})
    looks: LookList = current_parts().catalogue.looks(parameters.market, parameters.page_size, parameters.page_token)
    return render_template("home.html", looks=looks, market=parameters.market)


@web.get("/looks/<look_id>")
def look(look_id: str) -> str:
    """A stored look with its products."""
    stored = current_parts().catalogue.look(checked_id(look_id, "look"))
    search = SearchRequest(market=stored.look.market, look_id=stored.look.look_id, page_size=_HITS_SHOWN)
    answer = answer_search(current_parts(), search, None)
    return _answer_page(answer, stored.look.image_url, _size_of(stored.image_file), stored.look.look_id)


@web.post("/looks")
def uploaded_look() -> Response:
    """The products of a picture that the shopper brought."""
    file = request.files.get("image") or FileStorage()
    data = file.read()
    if not data:
        raise InvalidInputError("image", "nothing", "choose a picture of an outfit (JPEG, PNG or WebP)")
    search = validate(SearchRequest, {"market": request.form.get("market", ""), "page_size": _HITS_SHOWN})
    picture = decode_picture(data)
    answer = answer_search(current_parts(), search, data)
    picture.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
    return make_response(_answer_page(answer, _data_address(picture), picture.size, None), {"Cache-Control": "no-store"})


@web.get("/products/<path:product_id>")
def product(product_id: str) -> str:
    """One product and others like it."""
    catalogue = current_parts().catalogue
    found = catalogue.product(checked_id(product_id, "product"))
    return render_template("product.html", product=found, similar=catalogue.similar_products(found, _SIMILAR_SHOWN))


@web.get("/static/<name>")
def static(name: str) -> Response:
    """The style sheet."""
    if name not in _STATIC:
        raise NotFoundError("no such file")
    return send_from_directory(web.root_path + "/static", name, mimetype=_STATIC[name], max_age=_STATIC_SECONDS)


def _answer_page(answer: SearchAnswer, picture: str, size: tuple[int, int], look_id: str | None) -> str:
    ids = [hit.product_id for layer in answer.layers for hit in layer.hits]
    pictures = current_parts().catalogue.picture_paths(ids) if ids else {}
    return render_template("look.html", answer=answer, picture=picture, size=size, look_id=look_id, pictures=pictures)


def _size_of(image_file: str) -> tuple[int, int]:
    """Width and height from the file's header, so that the page does not shift when the picture arrives."""
    try:
        with Image.open(look_file(image_file), formats=("JPEG", "PNG", "WEBP")) as opened:
            return opened.size
    except OSError as error:
        raise NotFoundError("the picture of this look is not stored here") from error


def _data_address(picture: Image.Image) -> str:
    """The picture within the page: an uploaded picture is not stored."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
