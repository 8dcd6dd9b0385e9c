"""Finds a pinned Hugging Face model on disk, downloading it on first need."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lookmatch_serving.encoders.errors import EncoderUnavailableError

_FILES = ("*.json", "*.txt", "*.model", "open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.safetensors")


_WEIGHTS = (".safetensors", ".pt", ".bin")


@dataclass(frozen=True)
class HubModel:
    """A repository on the Hugging Face hub; `revision` is a commit, or a branch whose commit is part of the version."""

    key: str
    repository: str
    revision: str
    files: tuple[str, ...] = _FILES

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit; a branch is pinned by what was pulled first, until it is pulled again."""
        return len(self.revision) == 40

    def folder_on_disk(self) -> Path | None:
        """The local snapshot; None when it is not there. Never asks the network."""
        from huggingface_hub import snapshot_download

        try:
            found = Path(self._download(snapshot_download, local_only=True))
        except Exception:  # the hub's own exception classes differ between its releases
            return None
        return found if any(file.suffix in _WEIGHTS for file in found.iterdir()) else None

    def pull(self) -> Path:
        """Download what is missing of the snapshot, with progress on stderr; what was begun before is gone on with.

        Raises:
            EncoderUnavailableError: the hub cannot be reached or does not have it.
        """
        from huggingface_hub import snapshot_download

        try:
            return Path(self._download(snapshot_download, local_only=False))
        except Exception as error:  # as above
            raise EncoderUnavailableError(
                self.key,
                f"{self.repository} at {self.revision} could not be fetched ({type(error).__name__}: {error})"[:400],
                "check the connection to the hub (HF_ENDPOINT names another one) and pull again; finished files are kept",
            ) from error

    def _download(self, snapshot_download: Callable[..., str], *, local_only: bool) -> str:
        patterns = list(self.files)
        return snapshot_download(self.repository, revision=self.revision, allow_patterns=patterns, local_files_only=local_only)

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
    found = model.folder_on_disk()
    if found is not None:
        return found
    try:
        return model.pull()
    except EncoderUnavailableError as error:
        raise EncoderUnavailableError(
            model.key,
            f"the weights of {model.repository} are not on disk and could not be fetched",
            f"run `lookmatch models pull {model.key}` where the network allows, or use lookmatch-mini",
        ) from error
