"""``lookmatch models``: what weights there are on disk, and fetching them from the hub."""

from __future__ import annotations

import json
from typing import Any

import click

from lookmatch_serving.encoders.errors import EncoderUnavailableError
from lookmatch_serving.encoders.hub import HubModel
from lookmatch_serving.encoders.registry import HUB_MODELS, SEGMENTER_MODELS

_MODELS = {**HUB_MODELS, **SEGMENTER_MODELS}


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def show(as_json: bool) -> None:
    """List the models that can be fetched, with what is on disk. The network is not asked."""
    rows = [_row(model) for model in _MODELS.values()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        state = f"on disk, {row['megabytes']} MB, commit {row['commit'][:12]}" if row["on_disk"] else "not on disk"
        pin = "" if row["pinned"] else " (a branch: the commit that is pulled first is kept)"
        click.echo(f"{row['key']:<15} {row['repository']} at {row['revision'][:12]}{pin}: {state}")


@click.command("pull")
@click.argument("keys", nargs=-1, type=click.Choice(sorted(_MODELS)))
@click.option("--all", "everything", is_flag=True, help="Every model: some 10 GB.")
def pull(keys: tuple[str, ...], everything: bool) -> None:
    """Fetch the weights of KEYS; what is on disk is not fetched again, what was begun is gone on with."""
    wanted = list(_MODELS) if everything else list(keys)
    if not wanted:
        raise click.UsageError(f"name what to pull, or --all; accepted: {', '.join(sorted(_MODELS))}")
    failed = []
    for key in wanted:
        held = _MODELS[key].folder_on_disk()
        try:
            folder = held or _MODELS[key].pull()
        except EncoderUnavailableError as error:
            failed.append(key)
            click.echo(f"{key}: {error}", err=True)
            continue
        click.echo(f"{key}: {'already on disk' if held else 'fetched'}, commit {folder.name[:12]}")
    if failed:
        raise click.ClickException(f"not fetched: {', '.join(failed)}")


def _row(model: HubModel) -> dict[str, Any]:
    folder = model.folder_on_disk()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder else 0
    return {
        "key": model.key,
        "repository": model.repository,
        "revision": model.revision,
        "pinned": model.pinned,
        "on_disk": folder is not None,
        "commit": folder.name if folder else None,
        "megabytes": round(size / 2**20),
    }
