"""The network that says which places of a photo were tampered with: the detector's trunk and pyramid, and one map.

What gives a smear away is that a place does not go with what is around it: smoother, tiled, painted over. The pyramid's
finest level sees texture and, through the coarser ones, the surroundings.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from model.networks.detector import LogoDetector
from model.networks.weights import load_weights

_LOGIT_PRIOR = -3.0  # most places are as they were


class TamperingNetwork(nn.Module):
    """(n, height, width, 3) uint8 RGB, sides multiples of 32 → logits (n, height / 8, width / 8) float32."""

    def __init__(self, *, channels: int = 48) -> None:
        super().__init__()
        self.body = LogoDetector(channels=channels, pretrained=False)
        self.tower = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
        )
        self.last = nn.Conv2d(channels, 1, 1)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.constant_(self.last.bias, _LOGIT_PRIOR)  # type: ignore[arg-type]
        # What only the detector's own outputs need.
        for name in ("coarsest", "tower", "score", "distance"):
            setattr(self.body, name, nn.Identity())

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        finest = self.body.pyramid((images.permute(0, 3, 1, 2).float() - 127.0) / 128.0)[0]
        logits: Tensor = self.last(self.tower(finest))[:, 0]
        return logits

    def freeze(self) -> None:
        """Keep the trunk up to stride 8 as it is."""
        self.body.freeze()

    def start_from_detector(self, path: Path) -> None:
        """Take trunk and pyramid of a released detector's weights (`detector.fp16.npz`)."""
        detector = LogoDetector(channels=self.body.channels, pretrained=False)
        load_weights(detector, path)
        known = {name: value for name, value in detector.state_dict().items() if name in self.body.state_dict()}
        self.body.load_state_dict(known)
