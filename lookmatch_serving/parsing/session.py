"""The parser's network under ONNX Runtime, loaded when it is first needed."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.parsing.config import MODEL_FILE, MODEL_FOLDER, VERSION_FILE, ParserConfig, read_config

if TYPE_CHECKING:
    import onnxruntime


class ParserNetwork:
    """Runs the ONNX graph of a model's folder; safe to share between threads."""

    def __init__(self, folder: Path = MODEL_FOLDER, threads: int = 1) -> None:
        """Read the config; the weights load with the first `run`.

        Args:
            folder: what `lookmatch train parser` wrote.
            threads: cores that one run may use.

        Raises:
            ConfigurationError: If the folder's config or version cannot be read.
        """
        self.config: ParserConfig = read_config(folder)
        try:
            self.version = (folder / VERSION_FILE).read_text(encoding="ascii").strip()
        except OSError as error:
            raise ConfigurationError(f"{folder / VERSION_FILE} cannot be read: {error}") from error
        self._path = folder / MODEL_FILE
        self._threads = threads
        self._lock = Lock()
        self._session: onnxruntime.InferenceSession | None = None

    def run(self, pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return class probabilities (n, c, h, w) and kind probabilities (n, k, h/4, w/4) of pictures (n, 3, h, w).

        Raises:
            ConfigurationError: If the weights cannot be loaded.
        """
        classes, kinds = self._loaded().run(["classes", "kinds"], {"pictures": pictures})
        return np.asarray(classes, dtype=np.float32), np.asarray(kinds, dtype=np.float32)

    def _loaded(self) -> onnxruntime.InferenceSession:
        with self._lock:
            if self._session is None:
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._threads
                options.inter_op_num_threads = 1
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                try:
                    self._session = onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])
                except Exception as error:
                    raise ConfigurationError(f"{self._path} cannot be loaded: {error}") from error
            return self._session
