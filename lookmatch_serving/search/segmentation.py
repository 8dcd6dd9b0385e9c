"""Cuts the garments out of a look, each on neutral ground, for blending and for the segment reranker.

The embedded segmenter uses the layer's box and the person's mask. ``FlorenceSamSegmenter`` finds each garment by its
query (Florence-2
phrase grounding) and masks it (SAM 2), both of transformers, from weights given by name or folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.search.foreground import find_figure, on_neutral_ground
from lookmatch_serving.search.layout import find_pieces
from lookmatch_serving.search.look import Box, LayerQuery
from lookmatch_serving.search.regions import cut, tightened

FLORENCE = "florence-community/Florence-2-base"
SAM2 = "facebook/sam2.1-hiera-tiny"
_TASK = "<CAPTION_TO_PHRASE_GROUNDING>"
_GROUND = (246, 246, 246)


class Segmenter(Protocol):
    """Cuts layers out of a look."""

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """Layer name -> its cut-out (RGB, square, on neutral ground); layers that were not found are missing."""


class EmbeddedSegmenter:
    """Box of the layer and, where a person wears it, mask of the person; no weights."""

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        figure = find_figure(picture)
        laid_out = bool(find_pieces(figure))
        ground = picture if laid_out else on_neutral_ground(picture, figure)
        pieces = {}
        for query in queries:
            box = query.box if laid_out else query.box and tightened(query.box, figure)
            if box is not None:
                pieces[query.layer] = cut(ground, box)
        return pieces


class FlorenceSamSegmenter:
    """Florence-2 finds the garment a query describes, SAM 2 masks it."""

    def __init__(self, florence: Any, florence_processor: Any, sam: Any, sam_processor: Any) -> None:
        self._florence = florence
        self._florence_processor = florence_processor
        self._sam = sam
        self._sam_processor = sam_processor

    @classmethod
    def from_pretrained(cls, florence: str = FLORENCE, sam: str = SAM2) -> FlorenceSamSegmenter:
        """Load weights by hub name or folder.

        Raises:
            OSError: they are neither installed nor reachable.
        """
        import transformers

        library: Any = transformers
        return cls(
            library.Florence2ForConditionalGeneration.from_pretrained(florence).eval(),
            library.AutoProcessor.from_pretrained(florence),
            library.Sam2Model.from_pretrained(sam).eval(),
            library.Sam2Processor.from_pretrained(sam),
        )

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``; a layer without a grounded box uses the one its query came with."""
        pieces = {}
        for query in queries:
            box = self._grounded(picture, query.query) or query.box
            if box is not None:
                pieces[query.layer] = cut(self._masked(picture, box), box)
        return pieces

    def _grounded(self, picture: Image.Image, phrase: str) -> Box | None:
        """The box that Florence-2 gives the phrase; None when it names none."""
        import torch

        inputs = self._florence_processor(text=_TASK + phrase, images=picture, return_tensors="pt")
        with torch.inference_mode():
            tokens = self._florence.generate(**inputs, max_new_tokens=256, num_beams=1, do_sample=False)
        text = self._florence_processor.batch_decode(tokens, skip_special_tokens=False)[0]
        parsed = self._florence_processor.post_process_generation(text, task=_TASK, image_size=picture.size)
        boxes = parsed.get(_TASK, {}).get("bboxes", [])
        return _largest(boxes, picture.size)

    def _masked(self, picture: Image.Image, box: Box) -> Image.Image:
        """The picture with everything but SAM 2's best mask of the box made neutral."""
        import torch

        corners = [box.x0 * picture.width, box.y0 * picture.height, box.x1 * picture.width, box.y1 * picture.height]
        inputs = self._sam_processor(images=picture, input_boxes=[[corners]], return_tensors="pt")
        with torch.inference_mode():
            outputs = self._sam(**inputs)
        masks = self._sam_processor.post_process_masks(outputs.pred_masks, inputs["original_sizes"])[0][0]
        best = int(outputs.iou_scores.reshape(-1).argmax())
        mask: NDArray[np.bool_] = np.asarray(masks[best].numpy() > 0)
        if not mask.any():
            return picture
        paper = Image.new("RGB", picture.size, _GROUND)
        return Image.composite(picture, paper, Image.fromarray(mask.astype(np.uint8) * 255))


def _largest(boxes: Sequence[Sequence[float]], size: tuple[int, int]) -> Box | None:
    """The largest of pixel boxes as fractions; None when none has an area."""
    width, height = size
    fractions = [(max(0, a / width), max(0, b / height), min(1, c / width), min(1, d / height)) for a, b, c, d in boxes]
    sound = [box for box in fractions if box[0] < box[2] and box[1] < box[3]]
    if not sound:
        return None
    x0, y0, x1, y1 = max(sound, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
