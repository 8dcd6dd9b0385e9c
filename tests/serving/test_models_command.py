"""Weights of a hub: what is on disk is named with its commit, what is not is fetched or honestly refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from huggingface_hub import constants

from lookmatch_assets.cli import lookmatch
from lookmatch_serving.encoders.registry import HUB_MODELS, SAM2

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", CLOSED)
    return tmp_path


def on_disk(hub, model, commit, file):
    folder = hub / f"models--{model.repository.replace('/', '--')}"
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "snapshots" / commit / file).write_bytes(b"x" * 2**21)
    (folder / "refs").mkdir()
    (folder / "refs" / model.revision).write_text(commit)


def test_what_is_on_disk_is_listed_with_its_commit_and_not_fetched_again(hub):
    commit = "c" * 40
    on_disk(hub, SAM2, commit, "sam2.1_hiera_tiny.pt")
    rows = {row["key"]: row for row in json.loads(CliRunner().invoke(lookmatch, ["models", "list", "--json"]).output)}
    assert (rows["sam2"]["on_disk"], rows["sam2"]["commit"], rows["sam2"]["megabytes"]) == (True, commit, 2)
    assert not rows["clip-vit-h-14"]["on_disk"]
    assert rows["clip-vit-h-14"]["pinned"]
    assert set(HUB_MODELS) < set(rows)
    again = CliRunner().invoke(lookmatch, ["models", "pull", "sam2"])
    assert again.exit_code == 0
    assert "already on disk" in again.output


def test_a_hub_that_cannot_be_reached_is_an_honest_error(hub):
    told = CliRunner().invoke(lookmatch, ["models", "pull", "fashion-clip", "florence-2"])
    assert told.exit_code == 1
    assert "patrickjohncyh/fashion-clip" in told.output
    assert "not fetched: fashion-clip, florence-2" in told.output
    assert CliRunner().invoke(lookmatch, ["models", "pull"]).exit_code == 2
