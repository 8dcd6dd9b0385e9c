"""What importing costs, and how long modules are; the arrows between packages are held by import-linter (pyproject.toml)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def modules_after(statement: str, **environment: str) -> set[str]:
    code = f"import json, sys; {statement}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **environment}
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "module", ["lookmatch_serving.server", "lookmatch_serving.search.pipeline", "lookmatch_serving.encoders"]
)
def test_importing_serving_loads_neither_dagster_nor_torch(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert "lookmatch_serving" in loaded
    assert not loaded & {"dagster", "dbt", "torch", "open_clip", "transformers", "lookmatch_assets"}


def test_importing_the_definitions_reads_no_settings_runs_no_dbt_and_waits_for_no_library_that_only_some_assets_need(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    loaded = modules_after("import lookmatch_assets.definitions", LOOKMATCH_HOME=str(home), LOOKMATCH_LANGUAGE="not a language")
    assert not home.exists()
    assert "lookmatch_assets" in loaded
    assert not loaded & {"torch", "open_clip", "transformers", "pandas", "scipy", "statsmodels", "matplotlib", "pyarrow"}


def test_no_module_is_longer_than_400_lines() -> None:
    sizes = {
        str(f.relative_to(ROOT)): len(f.read_text(encoding="utf-8").splitlines())
        for f in ROOT.glob("*/**/*.py")
        if f.parts[len(ROOT.parts)] in {"lookmatch_serving", "lookmatch_assets", "benchmarks", "tests"}
    }
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}
