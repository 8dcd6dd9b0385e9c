"""The ``lookmatch`` console script. Commands live beside the parts they drive and load only when called."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

import click

from lookmatch_serving.errors import LookmatchError

COMMANDS: Mapping[str, str] = {
    "demo": "lookmatch_assets.demo:demo",
    "up": "lookmatch_assets.up:up",
    "feed": "lookmatch_assets.feeds.command:feed",
    "consume": "lookmatch_assets.feeds.command:consume",
    "search": "lookmatch_serving.search.command:search",
    "looks": "lookmatch_assets.look_register:looks",
    "serve": "lookmatch_assets.up:serve",
    "encoders": "lookmatch_assets.promotion.command:encoders",
    "screenshots": "lookmatch_assets.screenshots:screenshots",
    "status": "lookmatch_assets.status:status",
    "stop": "lookmatch_assets.up:stop",
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "cache": {
        "check": "lookmatch_assets.attribute_cache.command:check_cache",
        "fingerprint": "lookmatch_assets.attribute_cache.command:fingerprint_cache",
        "rebuild": "lookmatch_assets.attribute_cache.command:rebuild_cache",
    },
    "explain": {"product": "lookmatch_assets.explanation.command:explain_product"},
    "keys": {
        "create": "lookmatch_serving.api.keys_command:create",
        "list": "lookmatch_serving.api.keys_command:show",
        "revoke": "lookmatch_serving.api.keys_command:revoke",
    },
    "study": {
        name: f"lookmatch_assets.studies.command:{name}_study"
        for name in ("create", "list", "links", "simulate", "judge", "means", "report", "export", "compare", "replay", "sample")
    },
    "models": {
        "list": "lookmatch_serving.encoders.models_command:show",
        "pull": "lookmatch_serving.encoders.models_command:pull",
    },
    "train": {
        "mini": "lookmatch_assets.training.command:train_mini",
        "parser": "lookmatch_assets.training.parser.command:train_parser",
    },
    "bench": {
        "deadlines": "lookmatch_assets.evaluation.deadline_benchmark:bench_deadlines",
        "effect": "lookmatch_assets.evaluation.effect_benchmark:bench_effect",
        "encoders": "lookmatch_assets.evaluation.command:bench_encoders",
        "landing": "lookmatch_assets.evaluation.landing_benchmark:bench_landing",
        "looks": "lookmatch_assets.evaluation.look_benchmark:bench_looks",
        "pages": "lookmatch_assets.evaluation.page_benchmark:bench_pages",
        "reading": "lookmatch_assets.evaluation.reading_benchmark:bench_reading",
        "retrieval": "lookmatch_assets.evaluation.retrieval_benchmark:bench_retrieval",
        "serving": "lookmatch_assets.evaluation.serving_benchmark:bench_serving",
    },
}


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is called (click's documentation, "Lazily Loading Subcommands")."""

    def __init__(self, *args: object, lazy: Mapping[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in alphabetical order."""
        return sorted([*super().list_commands(ctx), *self._lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module on first need."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._lazy[cmd_name]} is no click command")
        return command


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
