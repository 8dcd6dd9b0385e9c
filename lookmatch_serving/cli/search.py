"""``lookmatch search``: the four stages from the shell, printed for people or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from PIL import Image
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from lookmatch_serving.cli.contact_sheet import contact_sheet
from lookmatch_serving.db import open_pool
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.pictures import decode_picture
from lookmatch_serving.search.factory import build_pipeline
from lookmatch_serving.search.models.answer import Hit, LayerAnswer, SearchAnswer
from lookmatch_serving.search.models.request import FilterName, Filters, SearchRequest
from lookmatch_serving.search.retrieval.products import products_by_id, stored_picture
from lookmatch_serving.settings import Market, Settings, read_settings
from lookmatch_serving.value_types import PriceRange, SizeSystem

_SHOWN = 5
_SHELL_DEADLINE_MS = 10_000


@click.command("search")
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--market", required=True, type=click.Choice([market.value for market in Market]), help="Where to search.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as the API gives it.")
@click.option("--brand", multiple=True, help="Only this brand; may be repeated.")
@click.option("--size", multiple=True, help="Only products with this size in stock; may be repeated.")
@click.option("--size-system", type=click.Choice([str(one) for one in SizeSystem]), help="What --size is written in.")
@click.option("--price-min", type=float, help="Least price, in the market's currency unless --currency says otherwise.")
@click.option("--price-max", type=float, help="Highest price.")
@click.option("--currency", help="Currency of the prices, ISO 4217.")
@click.option("--gender", type=click.Choice(["men", "women", "boys", "girls", "unisex"]), help="Only for these wearers.")
@click.option("--category", multiple=True, help="Only this category; may be repeated.")
@click.option("--in-stock", is_flag=True, help="Only what is in stock.")
@click.option(
    "--relax",
    multiple=True,
    type=click.Choice([str(one) for one in FilterName]),
    help="Drop this filter where too few pass; may be repeated, the first goes first.",
)
@click.option("--user", help="Follow the preferences of this shopper.")
@click.option("--deadline-ms", type=int, default=_SHELL_DEADLINE_MS, show_default=True, help="The answer comes by then.")
@click.option(
    "--contact-sheet", "sheet", type=click.Path(dir_okay=False, path_type=Path), help="Also draw the answer to this PNG."
)
def search(image: Path, market: str, as_json: bool, deadline_ms: int, sheet: Path | None, **options: Any) -> None:
    """Find products for each piece of the outfit in IMAGE."""
    settings = read_settings()
    try:
        request = _request(Market(market), deadline_ms, options)
        services = ensure_services(settings)
        answer = search_file(settings, services, request, image)
        if sheet is not None:
            draw_sheet(settings, services, answer, image).save(sheet)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(answer.model_dump_json(indent=2))
    else:
        print_answer(answer, Console())
        if sheet is not None:
            click.echo(f"contact sheet: {sheet}")


def search_file(settings: Settings, services: Services, request: SearchRequest, image: Path) -> SearchAnswer:
    """Search with the picture in a file, in a pipeline opened for it.

    Raises:
        LookmatchError: what ``SearchPipeline.search`` raises.
    """
    pipeline = build_pipeline(settings, services)
    try:
        pipeline.warm_up()
        return pipeline.search(request, image.read_bytes())
    finally:
        pipeline.close()


def draw_sheet(settings: Settings, services: Services, answer: SearchAnswer, image: Path) -> Image.Image:
    """The contact sheet of an answer, with the stored pictures of its products."""
    ids = [hit.product_id for layer in answer.layers for hit in layer.hits]
    pool = open_pool(services.database_url)
    try:
        with pool.connection() as connection:
            products = products_by_id(connection, answer.market.value, ids)
    finally:
        pool.close()

    def picture_of(hit: Hit) -> Image.Image | None:
        product = products.get(hit.product_id)
        return stored_picture(settings.image_folder, product.digest) if product else None

    return contact_sheet(decode_picture(image.read_bytes()), answer, picture_of)


def print_answer(answer: SearchAnswer, console: Console) -> None:
    """Print an answer for people: a table a layer, then ranker, degradations and timings."""
    for layer in answer.layers:
        console.print(_layer_table(layer))
        if layer.relaxed:
            console.print(f"too few passed the filters, so these were dropped: {', '.join(layer.relaxed)}", markup=False)
        if layer.explanation:
            console.print(layer.explanation, markup=False)
    if not answer.layers:
        console.print("No garment was found in this picture.")
    age = f"index as of {answer.index_as_of:%Y-%m-%d %H:%M}"
    console.print(f"ranker: {answer.ranker.value}   encoder: {answer.encoder_version[:12]}   {age}")
    for step in answer.degraded:
        console.print(f"degraded: {step.stage}: {step.reason}", markup=False)
    console.print("timings: " + "  ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in answer.timings_ms.items()))


def _layer_table(layer: LayerAnswer) -> Table:
    from rich.text import Text

    table = Table(title=Text(f"{layer.layer}: {layer.query} ({layer.match.value})"), title_justify="left", show_edge=False)
    for name in ("score", "match", "price", "brand", "title", "product"):
        table.add_column(name, justify="right" if name in ("score", "price") else "left", overflow="fold")
    for hit in layer.hits[:_SHOWN]:
        price = "-" if hit.price is None else f"{hit.price:,.2f}".removesuffix(".00") + f" {hit.currency}"
        cells = (f"{hit.score:.3f}", hit.match.value, price, hit.brand or "-", hit.title, hit.product_id)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _request(market: Market, deadline_ms: int, options: dict[str, Any]) -> SearchRequest:
    """The request that the options describe.

    Raises:
        click.ClickException: an option is outside what is accepted.
    """
    least, most = options["price_min"], options["price_max"]
    try:
        price = None
        if least is not None or most is not None:
            price = PriceRange(min=least, max=most, currency=options["currency"] or market.currency)
        filters = Filters(
            brand=list(options["brand"]) or None,
            size=list(options["size"]) or None,
            price=price,
            gender=options["gender"],
            category=list(options["category"]) or None,
            in_stock=options["in_stock"] or None,
            size_system=options["size_system"],
            relax=list(options["relax"]) or None,
        )
        return SearchRequest(market=market, filters=filters, user_id=options["user"], deadline_ms=deadline_ms)
    except ValidationError as error:
        raise click.ClickException("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())) from error
