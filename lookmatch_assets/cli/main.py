"""The ``lookmatch`` console script. A command's module is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from lookmatch_serving.cli.lazy_group import LazyGroup
from lookmatch_serving.errors import LookmatchError

COMMANDS: Mapping[str, str] = {
    "demo": "lookmatch_assets.cli.demo:demo",
    "up": "lookmatch_assets.cli.up:up",
    "feed": "lookmatch_assets.cli.feed:feed",
    "consume": "lookmatch_assets.cli.feed:consume",
    "search": "lookmatch_serving.cli.search:search",
    "looks": "lookmatch_assets.cli.looks:looks",
    "serve": "lookmatch_assets.cli.up:serve",
    "encoders": "lookmatch_assets.cli.encoders:encoders",
    "screenshots": "lookmatch_assets.cli.screenshots:screenshots",
    "status": "lookmatch_assets.cli.status:status",
    "stop": "lookmatch_assets.cli.up:stop",
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "cache": {
        "check": "lookmatch_assets.cli.cache:check_cache",
        "fingerprint": "lookmatch_assets.cli.cache:fingerprint_cache",
        "rebuild": "lookmatch_assets.cli.cache:rebuild_cache",
    },
    "explain": {"product": "lookmatch_assets.cli.explain:explain_product"},
    "keys": {
        "create": "lookmatch_serving.cli.keys:create",
        "list": "lookmatch_serving.cli.keys:show",
        "revoke": "lookmatch_serving.cli.keys:revoke",
    },
    "study": {
        name: f"lookmatch_assets.cli.study:{name}_study"
        for name in ("create", "list", "links", "simulate", "judge", "means", "report", "export", "compare", "replay", "sample")
    },
    "models": {
        "list": "lookmatch_serving.cli.models:show",
        "pull": "lookmatch_serving.cli.models:pull",
    },
    "train": {"mini": "lookmatch_assets.cli.train:train_mini"},
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.version_option(package_name="lookmatch")
def lookmatch() -> None:
    """Find real products for every piece of an outfit picture."""


for _name, _lazy in GROUPS.items():
    lookmatch.add_command(LazyGroup(name=_name, lazy=_lazy, help=f"{_name.capitalize()}: {', '.join(_lazy)}."))


def main() -> None:
    """Run the console script; errors that name their cause are printed without a traceback."""
    try:
        lookmatch()
    except LookmatchError as error:
        click.echo(f"lookmatch: {error}", err=True)
        sys.exit(2)
