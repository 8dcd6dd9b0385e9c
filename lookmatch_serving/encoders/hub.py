"""Finds a pinned Hugging Face model on disk, downloading it on first need."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lookmatch_serving.encoders.errors import EncoderUnavailableError

_FILES = ("*.json", "*.txt", "*.model", "open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.safetensors")


@dataclass(frozen=True)
class HubModel:
    """A repository on the Hugging Face hub; `revision` is a commit, or a branch whose commit is part of the version."""

    key: str
    repository: str
    revision: str

    def folder(self) -> Path:
        """Return the local snapshot, downloading it when the network allows.

        Raises:
            EncoderUnavailableError: If it is neither on disk nor reachable.
        """
        return _snapshot(self)

    def version(self) -> str:
        """Return 16 hex digits over repository and commit, which fix weights and preprocessing."""
        commit = self.revision if len(self.revision) == 40 else self.folder().name
        return hashlib.sha256(f"{self.repository}@{commit}".encode()).hexdigest()[:16]


@cache
def _snapshot(model: HubModel) -> Path:
    from huggingface_hub import snapshot_download

    def fetch(local_only: bool) -> Path:
        return Path(
            snapshot_download(model.repository, revision=model.revision, allow_patterns=list(_FILES), local_files_only=local_only)
        )

    try:
        return fetch(True)
    except Exception:  # not on disk yet: the hub's own exception classes differ between its releases
        try:
            return fetch(False)
        except Exception as error:
            raise EncoderUnavailableError(
                model.key,
                f"the weights of {model.repository} are not on disk and could not be fetched ({type(error).__name__})",
                f"run `hf download {model.repository} --revision {model.revision}` where the network allows, "
                "or use lookmatch-mini",
            ) from error
