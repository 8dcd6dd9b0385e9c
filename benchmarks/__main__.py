"""``python -m benchmarks NAME``, from the root of a checkout."""

from __future__ import annotations

import sys

import click

from lookmatch_serving.cli.lazy_group import LazyGroup
from lookmatch_serving.errors import LookmatchError

NAMES = ("deadlines", "effect", "encoders", "landing", "looks", "pages", "retrieval", "serving")

benchmarks = LazyGroup(
    name="benchmarks",
    lazy={name: f"benchmarks.{name}:bench_{name}" for name in NAMES},
    help="Measurements, side by side with a peer or a limit of the machine.",
)

if __name__ == "__main__":
    try:
        benchmarks(prog_name="python -m benchmarks")
    except LookmatchError as error:
        click.echo(f"benchmarks: {error}", err=True)
        sys.exit(2)
