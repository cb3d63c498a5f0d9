"""The network whose features say how a picture looks: a trunk that learnt elsewhere.

The verifier's own network learnt from nothing on drawn pairs and sees strokes and edges. This one has the trunk of the
network that sees tampered places, which began from ImageNet and learnt on photos. `model.appearance` compares what it
makes of a region and of its reference.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from model.networks.tampering import TamperingNetwork
from model.networks.weights import load_weights

SIDE = 160
"""Pixels to which each picture is enlarged: the trunk halves it five times."""

TAPS = {11: 112, 15: 192}
"""Place in the trunk (the stem is 0) → channels, at strides 16 and 32."""


class AppearanceNetwork(nn.Module):
    """(n, h, w, 3) uint8 RGB → the features of each tap, (n, channels, SIDE / stride, SIDE / stride) float32."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = TamperingNetwork().body.trunk

    def start_from_tampering(self, path: Path) -> None:
        """Take the trunk of the network of tampered places, in `tampering.fp16.npz`."""
        seeing = TamperingNetwork()
        load_weights(seeing, path)
        self.trunk.load_state_dict(seeing.body.trunk.state_dict())

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        pixels = (pictures.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        features = functional.interpolate(pixels, size=(SIDE, SIDE), mode="bilinear")
        found = []
        for number, block in enumerate(self.trunk):
            features = block(features)
            if number in TAPS:
                found.append(features)
            if number == max(TAPS):
                break
        return tuple(found)
