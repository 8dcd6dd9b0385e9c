"""``lookmatch explain product ID``."""

from __future__ import annotations

import json

import click
import psycopg
import redis
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lookmatch_assets.explanation.facts import Facts, products_called, read_facts
from lookmatch_assets.explanation.product import Explanation, explain
from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.record import product_id as checked_id
from lookmatch_assets.migrations import migrate
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import InvalidInputError, LookmatchError, NotFoundError
from lookmatch_serving.settings import Settings, read_settings

_MARKS = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "-"}


@click.command()
@click.argument("product_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def explain_product(product_id: str, as_json: bool) -> None:
    """Tell where the product ID (<vendor>:<market>:<vendor's id>) came from, and why search does or does not find it."""
    try:
        settings = read_settings()
        services = ensure_services(settings)
        migrate(services.database_url)
        found = explain(find_product(settings, services, product_id))
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _show(found)


def find_product(settings: Settings, services: Services, product_id: str) -> Facts:
    """What is stored of a product.

    Args:
        settings: of this home.
        services: addresses of the stores; the database must be migrated.
        product_id: ``<vendor>:<market>:<vendor's id>``.

    Raises:
        InvalidInputError: that is no product id; products that a vendor calls so are named.
        NotFoundError: no packet of it has landed or was refused.
    """
    with psycopg.connect(services.database_url, row_factory=dict_row) as connection:
        connection.read_only = True
        parts = product_id.split(":", 2)
        if len(parts) < 3:
            raise InvalidInputError("ID", product_id, _accepted(products_called(connection, product_id)))
        facts = read_facts(connection, product_id)
        if facts.packets or facts.quarantine:
            return facts
        try:
            checked_id(*parts)
        except RecordError as error:
            raise InvalidInputError("ID", product_id, f"{_accepted([])} ({error.message})") from error
        alike = [one for one in products_called(connection, parts[2]) if one != product_id]
    raise NotFoundError(_unknown(product_id, alike, _waiting(settings, services)))


def _accepted(alike: list[str]) -> str:
    accepted = "<vendor>:<market>:<vendor's id> is accepted, for example northlane:US:NL-1001"
    return f"{accepted}; perhaps {', '.join(alike)}" if alike else accepted


def _unknown(product_id: str, alike: list[str], waiting: int) -> str:
    said = f"ID: no packet of product {product_id!r} has landed or been refused"
    if alike:
        said += f"; perhaps {', '.join(alike)}"
    return f"{said}; packets that wait on the stream: {waiting}, which 'lookmatch consume' lands" if waiting else said


def _waiting(settings: Settings, services: Services) -> int:
    with redis.Redis.from_url(services.redis_url) as client:
        return int(client.xlen(settings.packet_stream))


def _show(found: Explanation) -> None:
    console = Console()
    steps = Table("step", "done", "when (UTC)", "what", title=escape(found.facts.product_id), title_justify="left")
    for step in found.steps:
        when = f"{step.at:%Y-%m-%d %H:%M:%S}" if step.at else ""
        steps.add_row(step.name, _MARKS[step.done], when, escape(step.detail))
    console.print(steps)
    if found.facts.packets:
        packets = Table("event", "type", "said (UTC)", "landed (UTC)", "format", title="Packets", title_justify="left")
        for packet in found.facts.packets:
            said, landed = (f"{packet[name]:%Y-%m-%d %H:%M:%S}" for name in ("event_time", "landed_at"))
            packets.add_row(escape(packet["id"]), packet["type"].rsplit(".", 1)[-1], said, landed, escape(packet["format"]))
        console.print(packets)
        if found.facts.packets_in_all > len(found.facts.packets):
            console.print(f"… and {found.facts.packets_in_all - len(found.facts.packets)} older packets")
    if found.facts.quarantine:
        refused = Table("what", "code", "message", "received (UTC)", "resolved", title="Quarantine", title_justify="left")
        for row in found.facts.quarantine:
            resolved = f"{row['resolved_at']:%Y-%m-%d %H:%M:%S}" if row["resolved_at"] else "open"
            refused.add_row(
                row["stage"], row["code"], escape(row["message"]), f"{row['received_at']:%Y-%m-%d %H:%M:%S}", resolved
            )
        console.print(refused)
    console.print(escape(found.why), style="bold", soft_wrap=True, highlight=False)
    if found.run:
        console.print(f"Run: {escape(found.run)}", soft_wrap=True, highlight=False)
