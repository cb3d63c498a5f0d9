"""The verifier network: in go a region and a reference, laid on each other; out come a verdict and where it lies.

Both pictures pass one stem. Each place of the reference then looks for itself among its neighbours in the region
(attention over small displacements, as the local correlation of optical flow networks), so cloth and a crude alignment
cost little; what it found there beside what it should be is judged place by place, and all places together.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FRAME_SIDE as FRAME
from model.networks.layers import NearbyMatch, PairNetwork, UnsignedEdges, block

CLASSES = ("genuine", "smear", "imitation", "unrelated")

MAP_SIDE = FRAME // 4
"""Cells along the side of the maps."""

REACH = 2
"""How far a place looks for itself, cells of the map in x and y together: 6 % of the frame."""

_STEM, _DESCRIPTION, _SUMMARY = 32, 24, 32


class VerifierNetwork(PairNetwork):
    """A siamese stem, local attention, and a trunk over both."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = UnsignedEdges()
        self.stem = nn.Sequential(block(6, 16, stride=2), block(16, _STEM, stride=2), block(_STEM, _STEM))
        self.description = nn.Conv2d(_STEM, _DESCRIPTION, 1)
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        self.nearby = NearbyMatch(reach=REACH)
        self.compared = nn.Sequential(block(3 * _STEM + len(self.nearby.shifts), 48, size=1), block(48, 48))
        self.maps = nn.Conv2d(48, 2, 1)
        self.trunk = nn.Sequential(block(48 + 2, 64, stride=2), block(64, 96, stride=2), block(96, 96))
        self.summary = nn.Sequential(nn.Dropout(0.2), nn.Linear(96 * 2 + 4, _SUMMARY), nn.ReLU())
        self.verdict = nn.Linear(_SUMMARY, len(CLASSES))

    def forward(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """`pairs` (n, 2, FRAME, FRAME, 3) uint8 RGB: the region, then the reference, in `model.alignment`'s frame.

        Returns `logits` (n, 4) in the order of `CLASSES`, and `maps` (n, 2, MAP_SIDE, MAP_SIDE): logits of what a smear
        and what an imitation changed in each cell.
        """
        return self.judged(self.places(self.described_pairs(pairs)))

    def described(self, pictures: Tensor) -> Tensor:
        """What is drawn at each place, (n, _STEM, MAP_SIDE, MAP_SIDE), of `pictures` (n, FRAME, FRAME, 3) uint8."""
        shades = pictures.float() / 255
        pixels = shades.permute(0, 3, 1, 2)
        features: Tensor = self.stem(torch.cat([pixels - 0.5, self.edges(shades)], dim=1))
        return features

    def places(self, described: Tensor) -> Tensor:
        """What is seen at each place beside what should be there: (n, 48, MAP_SIDE, MAP_SIDE), of what
        `described_pairs` gave; all follows from it.
        """
        seen, known = described.unbind(dim=1)
        seen_as, known_as = (
            functional.normalize(self.description(features), dim=1, eps=1e-4) for features in (seen, known)
        )
        costs, found = self.nearby(seen_as, known_as, seen, self.sharpness)
        compared: Tensor = self.compared(torch.cat([known, found, (known - found).abs(), costs], dim=1))
        return compared

    def judged(self, compared: Tensor) -> tuple[Tensor, Tensor]:
        """`logits` and `maps` (see `forward`) from what `places` gave."""
        maps = self.maps(compared)
        shares = torch.sigmoid(maps)
        features = self.trunk(torch.cat([compared, shares], dim=1))
        pooled = [
            features.mean(dim=(2, 3)),
            features.amax(dim=(2, 3)),
            shares.mean(dim=(2, 3)),
            shares.amax(dim=(2, 3)),
        ]
        return self.verdict(self.summary(torch.cat(pooled, dim=1))), maps
