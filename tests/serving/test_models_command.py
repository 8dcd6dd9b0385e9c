"""Weights of a hub: what is on disk is named with its commit, what is not is fetched or honestly refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner
from huggingface_hub import constants

from lookmatch_assets.cli.main import lookmatch
from lookmatch_serving.encoders.registry import HUB_MODELS, SAM2

CLOSED = "http://127.0.0.1:9"
COMMIT = "ab" * 20
FILES = {"sam2.1_hiera_tiny.pt": b"weights" * 1000, "README.md": b"not asked for"}


class _Hub(BaseHTTPRequestHandler):
    """The three addresses of a hub that a snapshot is fetched from: the commit of a branch, its files, and each file."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        listing = [
            {"rfilename": name, "type": "file", "path": name, "size": len(data), "oid": COMMIT} for name, data in FILES.items()
        ]
        if path.startswith(f"/api/models/{SAM2.repository}/"):
            model = {"id": SAM2.repository, "sha": COMMIT, "siblings": listing}
            self._answer(json.dumps(listing if "/tree/" in path else model).encode())
        elif name in FILES:
            self._answer(FILES[name])
        else:
            self.send_error(404)

    def _answer(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{sha256(data).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args):
        pass


def pulled(endpoint, cache):
    """What the command prints, in a process of its own: the address of the hub is read once, at import."""
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(cache), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "lookmatch_assets", "models", "pull", "sam2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


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


def test_a_pull_fetches_the_files_that_are_needed_once_and_keeps_the_commit_of_the_branch(hub):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        told = pulled(f"http://127.0.0.1:{server.server_port}", hub)
        server.shutdown()
    assert f"sam2: fetched, commit {COMMIT[:12]}" in told
    folder = SAM2.folder_on_disk()
    assert folder is not None
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {SAM2.files[0]: FILES[SAM2.files[0]]}
    assert SAM2.version() == sha256(f"{SAM2.repository}@{COMMIT}".encode()).hexdigest()[:16]
    assert "already on disk" in pulled(CLOSED, hub)


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
