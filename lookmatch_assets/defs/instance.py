"""The Dagster instance of a home: its configuration, the environment of its processes, and runs of the chain from Python."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import yaml

from lookmatch_assets.defs.catalog.dbt_project import environment, prepare_project, vocabularies_are_current
from lookmatch_assets.migrations.database_urls import dagster_storage_url, dbt_environment
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions, ExecuteInProcessResult

STORAGE_VARIABLE = "LOOKMATCH_DAGSTER_DATABASE_URL"
PROCESS_TAG = "lookmatch/process"
"""Of runs that a command of ours executes itself."""

_KEEP_DAYS = 7
_QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Runs in the caller's process print no events; the instance keeps them."""


def prepare_instance(settings: Settings, services: Services) -> Path:
    """Write ``dagster.yaml`` under the home and parse the dbt project, where that was not done.

    Args:
        settings: names the home.
        services: addresses of the stores; the database must be migrated.

    Returns:
        The folder that DAGSTER_HOME names.
    """
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(_configuration(folder), sort_keys=False)
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
    prepare_project(settings, dbt_environment(services.database_url))
    return folder


def dagster_environment(settings: Settings, services: Services) -> dict[str, str]:
    """Variables that every Dagster process of this home needs."""
    return {
        "DAGSTER_HOME": str(settings.home / "dagster"),
        STORAGE_VARIABLE: dagster_storage_url(services.database_url),
        "LOOKMATCH_HOME": str(settings.home),
        "LOOKMATCH_DATABASE_URL": services.database_url,
        "LOOKMATCH_REDIS_URL": services.redis_url,
        "LOOKMATCH_ENCODER": settings.encoder,
        "LOOKMATCH_ALLOW_PRIVATE_ADDRESSES": str(settings.allow_private_addresses).lower(),
        **dbt_environment(services.database_url),
    }


def fail_abandoned_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs as failed whose process is gone, as after a crash; a market's next run would wait for them forever.

    To be called while no Dagster daemon of the home runs; runs of other living processes of ours (``lookmatch demo``) are left.

    Returns:
        The ids of those marked.
    """
    import dagster as dg

    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    abandoned = [
        run for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)) if not _is_alive(run.tags.get(PROCESS_TAG, ""))
    ]
    for run in abandoned:
        instance.report_run_failed(run, "The process that ran it is gone.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in abandoned]


def _process_tag() -> str:
    """Names this process: its id and when it began, since ids are used again."""
    return f"{os.getpid()}-{psutil.Process().create_time():.0f}"


def _is_alive(tag: str) -> bool:
    number, _, began = tag.partition("-")
    try:
        return f"{psutil.Process(int(number)).create_time():.0f}" == began
    except (ValueError, psutil.NoSuchProcess):
        return False


def load_definitions(replaced: Mapping[str, Any] | None = None) -> Definitions:
    """The code location, with resources replaced by name; the environment must name the home."""
    from lookmatch_assets.defs.assembly import assemble

    return assemble(replaced or {})


def run_partitions(
    settings: Settings,
    services: Services,
    partitions: Iterable[tuple[str, date]],
    say: Callable[[str], None] = print,
    resources: Mapping[str, Any] | None = None,
) -> list[ExecuteInProcessResult]:
    """Run the chain for partitions in this process, against the home's instance, so that the runs show in the UI.

    Args:
        settings: of the home.
        services: addresses of the stores.
        partitions: market and UTC day of each.
        say: takes one line of progress at a time.
        resources: resources in place of those of the definitions, by name.

    Raises:
        UpstreamError: a run failed; the message names the step and its error.
    """
    prepare_instance(settings, services)
    with environment(dagster_environment(settings, services)):
        from dagster import DagsterInstance

        definitions = load_definitions({"progress": say, **(resources or {})})
        with DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
            return [_run(instance, services, definitions, market, day, say) for market, day in partitions]


def run_job(
    settings: Settings,
    services: Services,
    job: str,
    configs: Mapping[str, Any],
    *,
    study_id: str | None = None,
    resources: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Run a job in this process, against the home's instance, so that the run shows in the UI.

    Args:
        settings: of the home.
        services: addresses of the stores.
        job: its name.
        configs: run config by asset.
        study_id: partition of a job whose partitions are studies; added when it is new.
        resources: resources in place of those of the definitions, by name.

    Raises:
        UpstreamError: the run failed; the message names the step and its error.
    """
    prepare_instance(settings, services)
    with environment(dagster_environment(settings, services)):
        from dagster import DagsterInstance

        from lookmatch_assets.defs.partitions import STUDIES

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Dagster names parts that are in preview at each load
            definition = load_definitions(resources).resolve_job_def(job)
        with DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
            if study_id is not None:
                instance.add_dynamic_partitions(STUDIES.name or "", [study_id])
            run_config = {**_QUIET, "ops": {name: {"config": config} for name, config in configs.items()}}
            result = definition.execute_in_process(
                instance=instance, partition_key=study_id, run_config=run_config, raise_on_error=False
            )
    _checked(result)
    return result


def _run(
    instance: DagsterInstance,
    services: Services,
    definitions: Definitions,
    market: str,
    day: date,
    say: Callable[[str], None],
) -> ExecuteInProcessResult:
    from lookmatch_assets.defs.partitions import MARKET_TAG, partition_key

    with psycopg.connect(services.database_url) as connection:
        current = vocabularies_are_current(connection)
    if not current:
        started = time.perf_counter()
        _checked(
            definitions.resolve_job_def("load_vocabularies").execute_in_process(
                instance=instance, run_config=_QUIET, raise_on_error=False
            )
        )
        say(f"vocabularies loaded: {time.perf_counter() - started:.1f} s")
    started = time.perf_counter()
    result = definitions.resolve_job_def("refresh_catalog").execute_in_process(
        instance=instance,
        partition_key=partition_key(market, day),
        tags={MARKET_TAG: str(market), PROCESS_TAG: _process_tag()},
        run_config=_QUIET,
        raise_on_error=False,
    )
    _checked(result)
    say(f"{market} {day}: {_summary(result)}; {time.perf_counter() - started:.1f} s")
    return result


def _checked(result: ExecuteInProcessResult) -> None:
    if result.success:
        return
    failures = [event for event in result.all_events if event.is_step_failure]
    first = failures[0] if failures else None
    error = first.step_failure_data.error if first else None
    cause = error.cause or error if error else None
    reason = cause.message.strip() if cause else "see its events"
    raise UpstreamError(f"run {result.run_id} failed in {first.step_key if first else 'its steps'}: {reason}")


def _summary(result: ExecuteInProcessResult) -> str:
    """The counts that tell what a run did."""
    shown = {
        "packets": "packets",
        "images": "new_or_changed",
        "embeddings": "pictures_embedded",
        "vector_index": "products",
        "looks": "tagged",
    }
    words = {
        "packets": "packets",
        "images": "new pictures",
        "embeddings": "embedded",
        "vector_index": "searchable",
        "looks": "looks tagged",
    }
    parts = []
    for asset, name in shown.items():
        made = [
            event for event in result.get_asset_materialization_events() if event.asset_key and event.asset_key.path == [asset]
        ]
        value = made[-1].materialization.metadata.get(name) if made else None
        parts.append(f"{value.value if value else 0} {words[asset]}")
    return ", ".join(parts)


def _configuration(folder: Path) -> dict[str, Any]:
    return {
        "storage": {"postgres": {"postgres_url": {"env": STORAGE_VARIABLE}}},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "compute_logs": {
            "module": "dagster._core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(folder / "logs")},
        },
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(folder / "artifacts")},
        },
        # A new product waits for its run to be taken off the queue; 5 seconds is the default.
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": 1},
        },
        # One run a market at a time: the next one finds what this one left; two on a machine at most.
        "concurrency": {
            "runs": {
                "max_concurrent_runs": 2,
                "tag_concurrency_limits": [{"key": "lookmatch/market", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}],
            },
            "pools": {"default_limit": 1},
        },
        # A failed step is done again by its own policy, and a failed run by the sensor; this is for a run whose process died.
        "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 300, "free_slots_after_run_end_seconds": 60},
        "retention": {"sensor": {"purge_after_days": {"skipped": _KEEP_DAYS, "failure": 30, "success": -1}}},
    }
