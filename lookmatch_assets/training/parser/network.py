"""The parser's network: timm's `tf_efficientnet_lite0`, a feature pyramid to a quarter of the input, context, two heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lookmatch_assets.training.encoder.network import load_imagenet_weights
from lookmatch_assets.training.parser.labels import CLASS_NAMES, KIND_NAMES
from lookmatch_serving.encoders.folding import fold_batch_norms

if TYPE_CHECKING:
    from torch import nn

WIDTH = 96


def build_parser(pretrained: bool = True) -> nn.Module:
    """Return the network: float (n, 3, h, w) in [-1, 1] -> class logits (n, 16, h/4, w/4) and kind logits (n, 36, h/4, w/4).

    h and w are multiples of 32. The backbone's batch norms are folded into its convolutions, which freezes their statistics.

    Raises:
        ModuleNotFoundError: If `pretrained` and the ImageNet weights are not installed (extra `train`).
    """
    import timm
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Sequential):
        """A depthwise 5 x 5 and a pointwise convolution, as the backbone's own blocks are built."""

        def __init__(self) -> None:
            super().__init__(
                nn.Conv2d(WIDTH, WIDTH, 5, padding=2, groups=WIDTH), nn.Conv2d(WIDTH, WIDTH, 1), nn.GroupNorm(8, WIDTH), nn.ReLU()
            )

    class Parser(nn.Module):
        """Top-down pyramid: each level adds what the level above it knows."""

        def __init__(self) -> None:
            super().__init__()
            self.trunk = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(1, 2, 3, 4))
            if pretrained:
                load_imagenet_weights(self.trunk)
            self.trunk.eval()
            fold_batch_norms(self.trunk)
            self.trunk.requires_grad_(True)
            channels: list[int] = cast("Any", self.trunk).feature_info.channels()
            self.lateral = nn.ModuleList(nn.Conv2d(c, WIDTH, 1) for c in channels)
            self.context = nn.Sequential(nn.Linear(channels[-1], WIDTH), nn.ReLU())
            self.blocks = nn.ModuleList(nn.Sequential(Block()) for _ in channels)
            self.last = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
            self.classes = nn.Conv2d(WIDTH, len(CLASS_NAMES), 1)
            self.kinds = nn.Conv2d(WIDTH, len(KIND_NAMES), 1)

        def forward(self, pictures: Any) -> tuple[Any, Any]:
            levels = self.trunk(pictures)
            context = self.context(levels[-1].mean((2, 3)))[:, :, None, None]
            x = self.blocks[-1](self.lateral[-1](levels[-1]) + context)
            for number in (2, 1, 0):
                above = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
                x = self.blocks[number](self.lateral[number](levels[number]) + above)
            x = torch.relu(self.last(x))
            return self.classes(x), self.kinds(x)

    return Parser()
