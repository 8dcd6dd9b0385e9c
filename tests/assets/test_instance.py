"""A home's Dagster instance: its configuration, its environment, and the code location as a separate process loads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from lookmatch_assets.defs.instance import dagster_environment, prepare_instance
from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Settings

ROOT = Path(__file__).parents[2]


def test_dagster_validates_the_workspace_with_the_homes_environment_alone(
    settings: Settings, database_url: str, redis_url: str
) -> None:
    services = Services(database_url, redis_url)
    folder = prepare_instance(settings, services)
    configuration = yaml.safe_load((folder / "dagster.yaml").read_text())
    assert configuration["telemetry"] == {"enabled": False}
    assert database_url not in (folder / "dagster.yaml").read_text()
    stamp = (folder / "dagster.yaml").stat().st_mtime_ns
    assert prepare_instance(settings, services) == folder
    assert (folder / "dagster.yaml").stat().st_mtime_ns == stamp

    environment = {**os.environ, **dagster_environment(settings, services)}
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(ROOT / "workspace.yaml")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
