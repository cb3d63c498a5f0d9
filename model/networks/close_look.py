"""The network of the close look: a region laid on its reference, as large as letters need, in the mark's proportions.

The verifier's network learnt from nothing, sees 128 pixels square, and judges whatever is laid on whatever. This one is
asked only of marks that are the brand's: are they genuine, smeared or imitated? It sees strokes and edges as that one
does, and beside them the features of the embedder's trunk, which began from ImageNet, at three resolutions (Lin et al.
2017, https://arxiv.org/abs/1612.03144). At each a place looks for itself among its neighbours, and what it found is
compared with what it should be.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.networks.embedder import EmbedderNetwork
from model.networks.layers import NearbyMatch, PairNetwork, UnsignedEdges, block

CLASSES = ("genuine", "smear", "imitation")

MAP_STRIDE = 8
"""Pixels along a cell of the maps."""

_TAPS = (4, 6, 12)
"""Places in the trunk (the stem is 0), at strides 4, 8 and 16."""

_TRUNK = 13
_RANGE = 3.0
"""What the trunk gives is of about this size."""


_AT_8, _AT_16 = 32, 48
"""Features of a place at strides 8 and 16."""

_PACKED = [48, _AT_8 // 4, _AT_16 // 16]
"""Features of a place at stride 4 in a description: those of stride 4, and what holds those of strides 8 and 16."""


class CloseLookNetwork(PairNetwork):
    """(n, 2, h, w, 3) uint8 RGB, region and reference → `logits` (n, 3) by `CLASSES`, and `maps`.

    `maps` (n, 2, h / 8, w / 8) are logits of what a smear and what an imitation changed in each cell. The sides are
    multiples of 16. The trunk is the embedder's and does not learn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.ModuleList(list(EmbedderNetwork().trunk)[:_TRUNK])
        self.edges = UnsignedEdges()
        self.stem = nn.Sequential(block(6, 16, stride=2), block(16, 24, stride=2), block(24, 24))
        self.p4, self.p8, self.p16 = block(24, 24, size=1), block(40, _AT_8, size=1), block(112, _AT_16, size=1)
        self.m4, self.m8 = _Matched(48, 48, reach=2), _Matched(_AT_8, 48, reach=1)
        self.m16 = _Matched(_AT_16, 64, reach=1)
        self.d4, self.f8 = block(48, 48, stride=2), block(96, 64)
        self.maps = nn.Conv2d(64, 2, 1)
        self.d8, self.f16 = block(66, 64, stride=2), nn.Sequential(block(128, 96), block(96, 96))
        self.out = nn.Sequential(nn.Dropout(0.2), nn.Linear(96 * 2 + 4, 48), nn.ReLU(), nn.Linear(48, len(CLASSES)))
        self.trunk.requires_grad_(False)

    def start_from_embedder(self, embedder: EmbedderNetwork) -> None:
        """Take its trunk."""
        for own, given in zip(self.trunk, embedder.trunk, strict=False):
            own.load_state_dict(given.state_dict())

    def forward(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        return self.compared(self.described_pairs(pairs))

    def described(self, pictures: Tensor) -> Tensor:
        """What is seen in `pictures` (n, h, w, 3) at strides 4, 8 and 16: (n, 59, h / 4, w / 4).

        A place of stride 8 or 16 has its features spread over the places of stride 4 that it holds.
        """
        shades = pictures.float()
        pixels = shades.permute(0, 3, 1, 2)
        strokes = self.stem(torch.cat([pixels / 255 - 0.5, self.edges(shades / 255)], dim=1))
        features, taps = (pixels - 127.0) / 128.0, []
        for number, layer in enumerate(self.trunk):
            features = layer(features)
            if number in _TAPS:
                taps.append(features / _RANGE)
        of8, of16 = (functional.pixel_shuffle(self.p8(taps[1]), 2), functional.pixel_shuffle(self.p16(taps[2]), 4))
        return torch.cat([strokes, self.p4(taps[0]), of8, of16], dim=1)

    def compared(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """What the descriptions of region and reference, (n, 2, 59, h / 4, w / 4), say: see the class."""
        (seen4, seen8, seen16), (known4, known8, known16) = (
            torch.split(one, _PACKED, dim=1) for one in pairs.unbind(dim=1)
        )
        unpack = functional.pixel_unshuffle
        matched4 = self.m4(seen4, known4)
        matched8 = self.m8(unpack(seen8, 2), unpack(known8, 2))
        matched16 = self.m16(unpack(seen16, 4), unpack(known16, 4))
        features = self.f8(torch.cat([self.d4(matched4), matched8], dim=1))
        maps = self.maps(features)
        shares = torch.sigmoid(maps)
        joined = self.f16(torch.cat([self.d8(torch.cat([features, shares], dim=1)), matched16], dim=1))
        pooled = [
            joined.mean(dim=(2, 3)),
            joined.amax(dim=(2, 3)),
            shares.mean(dim=(2, 3)),
            shares.amax(dim=(2, 3)),
        ]
        return self.out(torch.cat(pooled, dim=1)), maps


class _Matched(nn.Module):
    """What each place of the reference finds of itself within `reach` cells of the region, beside what it should be."""

    def __init__(self, inputs: int, outputs: int, *, reach: int) -> None:
        super().__init__()
        self.nearby = NearbyMatch(reach=reach)
        self.desc = nn.Conv2d(inputs, 24, 1)
        self.sharp = nn.Parameter(torch.tensor(8.0))
        compared = 3 * inputs + len(self.nearby.shifts)
        self.cmp = nn.Sequential(block(compared, outputs, size=1), block(outputs, outputs))

    def forward(self, seen: Tensor, known: Tensor) -> Tensor:
        """(n, inputs, h, w) of region and reference → (n, outputs, h, w)."""
        seen_as, known_as = (functional.normalize(self.desc(one), dim=1, eps=1e-4) for one in (seen, known))
        costs, found = self.nearby(seen_as, known_as, seen, self.sharp)
        compared: Tensor = self.cmp(torch.cat([known, found, (known - found).abs(), costs], dim=1))
        return compared
