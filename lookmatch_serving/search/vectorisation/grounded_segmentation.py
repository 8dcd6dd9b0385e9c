"""Cuts garments out of a look by their queries: Florence-2 finds the phrase, SAM 2 masks what it found.

Florence-2 (Xiao et al., "Florence-2: Advancing a unified representation for a variety of vision tasks", CVPR 2024) is the one of
transformers. SAM 2 (Ravi et al., "SAM 2: Segment anything in images and videos", 2024) is Meta's ``sam2``, whose configuration
hydra must be shown before it builds.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.regions import cut

SAM2_CONFIG = "configs/sam2.1/sam2.1_hiera_t.yaml"
_TASK = "<CAPTION_TO_PHRASE_GROUNDING>"
_GROUND = (246, 246, 246)
_MOST_TOKENS = 256


class GroundedSegmenter:
    """Florence-2's box of each query, SAM 2's best mask of that box; one look at a time."""

    version = "florence-sam2-1"

    def __init__(self, florence: Any, processor: Any, predictor: Any) -> None:
        self._florence = florence
        self._processor = processor
        self._predictor = predictor
        self._one_at_a_time = threading.Lock()

    @classmethod
    def load(cls, florence: str, sam2_checkpoint: Path | None) -> GroundedSegmenter:
        """Load weights.

        Args:
            florence: folder or hub name of a Florence-2 model with its processor.
            sam2_checkpoint: file of ``sam2.1_hiera_tiny`` weights; None builds the network with random ones (tests).

        Raises:
            ConfigurationError: some of it is neither installed nor reachable.
        """
        import transformers

        library: Any = transformers
        try:
            model = library.Florence2ForConditionalGeneration.from_pretrained(florence).eval()
            return cls(model, library.AutoProcessor.from_pretrained(florence), load_sam2(sam2_checkpoint))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"the grounded segmenter's weights cannot be loaded: {error}") from error

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``; a layer that Florence-2 does not find uses the box that its query came with."""
        with self._one_at_a_time:
            boxes = {query.layer: self._grounded(picture, query.query) or query.box for query in queries}
            found = {layer: box for layer, box in boxes.items() if box is not None}
            if found:
                self._predictor.set_image(np.asarray(picture.convert("RGB")))
            return {layer: cut(self._masked(picture, box), box) for layer, box in found.items()}

    def _grounded(self, picture: Image.Image, phrase: str) -> Box | None:
        """The box that Florence-2 gives the phrase; None when it names none."""
        import torch

        inputs = self._processor(text=_TASK + phrase, images=picture, return_tensors="pt")
        with torch.inference_mode():
            tokens = self._florence.generate(**inputs, max_new_tokens=_MOST_TOKENS, num_beams=1, do_sample=False)
        text = self._processor.batch_decode(tokens, skip_special_tokens=False)[0]
        parsed = self._processor.post_process_generation(text, task=_TASK, image_size=picture.size)
        return largest_box(parsed[_TASK]["bboxes"], picture.size)

    def _masked(self, picture: Image.Image, box: Box) -> Image.Image:
        """The picture with everything but SAM 2's best mask of the box made neutral."""
        corners = np.array([box.x0 * picture.width, box.y0 * picture.height, box.x1 * picture.width, box.y1 * picture.height])
        masks, scores, _ = self._predictor.predict(box=corners, multimask_output=True)
        mask: NDArray[np.bool_] = np.asarray(masks[int(scores.argmax())]) > 0
        if not mask.any():
            return picture
        paper = Image.new("RGB", picture.size, _GROUND)
        return Image.composite(picture, paper, Image.fromarray(mask.astype(np.uint8) * 255))


def load_sam2(checkpoint: Path | None) -> Any:
    """An image predictor of SAM 2.1 (hiera tiny) on the CPU.

    Raises:
        ConfigurationError: ``sam2`` is not installed or the checkpoint is not there.
    """
    spec = find_spec("sam2")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the grounded segmenter needs the package sam2; `make install` installs it")
    if checkpoint is not None and not checkpoint.is_file():
        raise ConfigurationError(f"LOOKMATCH_SAM2_CHECKPOINT: there is no file {checkpoint}")
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    if not GlobalHydra.instance().is_initialized():
        hydra.initialize_config_dir(spec.submodule_search_locations[0])
    from sam2.build_sam import build_sam2
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    network = build_sam2(SAM2_CONFIG, ckpt_path=str(checkpoint) if checkpoint else None, device="cpu")
    return SAM2ImagePredictor(network)


def largest_box(boxes: Sequence[Sequence[float]], size: tuple[int, int]) -> Box | None:
    """The largest of pixel boxes (x0, y0, x1, y1) as fractions of a picture of ``size``; None when none has an area."""
    width, height = size
    fractions = [(max(0, a / width), max(0, b / height), min(1, c / width), min(1, d / height)) for a, b, c, d in boxes]
    sound = [box for box in fractions if box[0] < box[2] and box[1] < box[3]]
    if not sound:
        return None
    x0, y0, x1, y1 = max(sound, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
