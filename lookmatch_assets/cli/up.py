"""``lookmatch up``: every process of a local installation under one supervisor; Ctrl-C stops all of it.

honcho (a Procfile manager) starts each in its own session, prefixes its output, and ends all when one ends or on a signal.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
from pathlib import Path

import click
from honcho.manager import Manager

from lookmatch_assets.migrations import migrate
from lookmatch_serving.embedded import Services, ensure_services, stop_services
from lookmatch_serving.settings import Settings, read_settings

WORKSPACE = Path(__file__).parents[2] / "workspace.yaml"
LOOPBACK = "127.0.0.1"


@click.command()
@click.option("--app-port", default=8000, show_default=True, help="Port of the app; a free one is taken if it is in use.")
@click.option("--dagster-port", default=3000, show_default=True, help="Port of the Dagster UI, likewise.")
def up(app_port: int, dagster_port: int) -> None:
    """Start services, consumer, Dagster and the app; print the addresses; Ctrl-C stops all of it."""
    from dagster import DagsterInstance

    from lookmatch_assets.defs.catalog.dbt_project import environment as environment_variables
    from lookmatch_assets.defs.instance import dagster_environment, fail_abandoned_runs, prepare_instance

    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    prepare_instance(settings, services)
    environment = {**os.environ, **_store_environment(settings, services), **dagster_environment(settings, services)}
    with environment_variables(environment), DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        fail_abandoned_runs(instance)
    app_port, dagster_port = free_port(app_port), free_port(dagster_port)
    environment.setdefault("LOOKMATCH_APP_URL", f"http://{LOOPBACK}:{app_port}")
    environment.setdefault("LOOKMATCH_DAGSTER_URL", f"http://{LOOPBACK}:{dagster_port}")
    manager = Manager()
    for name, command in _commands(app_port, dagster_port).items():
        manager.add_process(name, shlex.join(command), env=environment, quiet=False)
    click.echo(f"\n  App      http://{LOOPBACK}:{app_port}/\n  Console  http://{LOOPBACK}:{app_port}/console/")
    click.echo(f"  Search   POST http://{LOOPBACK}:{app_port}/v1/looks:search")
    click.echo(f"  Dagster  http://{LOOPBACK}:{dagster_port}/\n  State    {settings.home}\n\n  Ctrl-C stops everything.\n")
    try:
        manager.loop()
    finally:
        stop_services(settings)
    sys.exit(manager.returncode)


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes, each with its own encoder.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the app and its API with gunicorn."""
    from lookmatch_serving.server import ServerConfiguration
    from lookmatch_serving.server import serve as serve_app

    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    serve_app(settings, services, host, port, ServerConfiguration(workers=workers))


@click.command()
def stop() -> None:
    """Stop the embedded services of this home."""
    stopped = stop_services(read_settings())
    click.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def free_port(wanted: int) -> int:
    """The wanted port when it can be bound on the loopback address, else one that the system picks."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on the loopback address")


def _commands(app_port: int, dagster_port: int) -> dict[str, list[str]]:
    lookmatch = [sys.executable, "-m", "lookmatch_assets"]
    dagster = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "--workspace",
        str(WORKSPACE),
        "--host",
        LOOPBACK,
        "--port",
        str(dagster_port),
    ]
    return {
        "consumer": [*lookmatch, "consume"],
        "dagster": dagster,
        "app": [*lookmatch, "serve", "--host", LOOPBACK, "--port", str(app_port)],
    }


def _store_environment(settings: Settings, services: Services) -> dict[str, str]:
    return {
        "LOOKMATCH_HOME": str(settings.home),
        "LOOKMATCH_DATABASE_URL": services.database_url,
        "LOOKMATCH_REDIS_URL": services.redis_url,
    }
