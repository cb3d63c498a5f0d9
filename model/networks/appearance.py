"""The network that says how a region looks beside its reference: a trunk that learnt elsewhere, and statistics.

The verifier's own network learnt from nothing on drawn pairs and sees strokes and edges. This one has the trunk of the
network that sees tampered places, which began from ImageNet and learnt on photos. Of each picture's features, and of
their difference place by place, it keeps a few statistics (as texture is described by statistics of a trained network's
features, Gatys et al. 2015, https://arxiv.org/abs/1505.07376); the verifier's head weighs them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FRAME_SIDE as FRAME
from model.networks.tampering import TamperingNetwork
from model.networks.weights import load_weights

SIDE = 160
"""Pixels to which each picture is enlarged: the trunk halves it five times."""

_TAPS = {11: 112, 15: 192}
"""Place in the trunk (the stem is 0) → channels, at strides 16 and 32."""

_STATISTICS = 5

NUMBERS = _STATISTICS * sum(_TAPS.values())
"""How many numbers describe a pair."""


class AppearanceNetwork(nn.Module):
    """(n, 2, FRAME, FRAME, 3) uint8 RGB, region and reference laid on each other → (n, NUMBERS) float32.

    For each tap, over its places: mean and standard deviation of the region's features, mean and largest absolute
    difference from the reference's, and the difference of the means.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = TamperingNetwork().body.trunk

    def start_from_tampering(self, path: Path) -> None:
        """Take the trunk of the network of tampered places, in `tampering.fp16.npz`."""
        seeing = TamperingNetwork()
        load_weights(seeing, path)
        self.trunk.load_state_dict(seeing.body.trunk.state_dict())

    def forward(self, pairs: Tensor) -> Tensor:
        """See the class."""
        count = pairs.shape[0]
        pixels = pairs.permute(0, 1, 4, 2, 3).reshape(count * 2, 3, FRAME, FRAME).float()
        features = functional.interpolate((pixels - 127.0) / 128.0, size=(SIDE, SIDE), mode="bilinear")
        found = []
        for number, block in enumerate(self.trunk):
            features = block(features)
            if number in _TAPS:
                seen, known = features.reshape(count, 2, *features.shape[1:]).unbind(dim=1)
                found += _statistics(seen, known)
        return torch.cat(found, dim=1)


def _statistics(seen: Tensor, known: Tensor) -> list[Tensor]:
    """Five of (n, channels), of two planes (n, channels, h, w)."""
    mean, difference = seen.mean(dim=(2, 3)), (seen - known).abs()
    spread = ((seen - mean[:, :, None, None]) ** 2).mean(dim=(2, 3)).sqrt()
    return [mean, spread, difference.mean(dim=(2, 3)), difference.amax(dim=(2, 3)), mean - known.mean(dim=(2, 3))]
