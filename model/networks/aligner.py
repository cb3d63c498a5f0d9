"""The aligner network: where each cell of a reference lies in a region that shows it roughly where the box says.

Local features of both pictures are correlated over small displacements (the cost volume of optical flow networks,
Dosovitskiy et al. 2015), so the answer follows the drawing and not what was seen in training; each displacement comes
with how sure it is (Kendall and Gal 2017), so that what is smeared or redrawn does not pull. The input is edges without
sign: an inverted mark aligns as well.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FLOW_CELLS as CELLS
from model.networks.layers import PairNetwork, UnsignedEdges, block

REACH = 5
"""Largest displacement that is tried, cells: 31 % of the frame."""

DESCRIPTION = 48
"""Numbers that describe a cell."""


class AlignerNetwork(PairNetwork):
    """Siamese features, their correlation, and a few layers that let the cells agree."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = UnsignedEdges()
        self.features = nn.Sequential(
            block(3, 16, stride=2),
            block(16, 32, stride=2),
            block(32, 48, stride=2),
            nn.Conv2d(48, DESCRIPTION, 3, padding=1),
        )
        self.sharpness = nn.Parameter(torch.tensor(10.0))
        self.costs = nn.Sequential(nn.Conv2d((2 * REACH + 1) ** 2, 32, 1), nn.ReLU())
        self.agreed = nn.Sequential(block(32 + 3, 48), block(48, 48), block(48, 48))
        self.flow = nn.Conv2d(48, 3, 1)
        nn.init.zeros_(self.flow.weight)
        there, inside, steps = _shift_tables()
        self.there: Tensor
        self.inside: Tensor
        self.steps: Tensor
        self.register_buffer("there", there, persistent=False)
        self.register_buffer("inside", inside, persistent=False)
        self.register_buffer("steps", steps, persistent=False)

    def forward(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """`pairs` (n, 2, FRAME_SIDE, FRAME_SIDE, 3) uint8 RGB, the region and then the reference.

        Returns `flow` (n, 2, CELLS, CELLS), by how many cells in x and y each cell of the reference lies elsewhere in
        the region, and `doubt` (n, CELLS, CELLS), the logarithm of the expected error in cells.
        """
        _, flow, doubt = self.matches_and_flow(self.described_pairs(pairs))
        return flow, doubt

    def described(self, pictures: Tensor) -> Tensor:
        """What each cell shows, (n, DESCRIPTION, CELLS, CELLS), of `pictures` (n, FRAME_SIDE, FRAME_SIDE, 3) uint8."""
        return functional.normalize(self.features(self.edges(pictures.float() / 255)), dim=1, eps=1e-4)

    def matches_and_flow(self, described: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The share of each displacement by correlation alone, (n, shifts, CELLS, CELLS), then what `forward` gives, of
        what `described_pairs` gave.

        Displacements come last where they are summed over: a runtime is several times as fast along memory.
        """
        count = described.shape[0]
        seen, known = described.reshape(count, 2, DESCRIPTION, CELLS * CELLS).unbind(dim=1)
        correlated = torch.matmul(known.transpose(1, 2), seen)
        costs = torch.gather(correlated, 2, self.there.expand(count, -1, -1))
        costs = costs * self.inside + (self.inside - 1)
        likely = torch.softmax(costs * self.sharpness, dim=2)
        first = _in_cells(torch.matmul(likely, self.steps))
        sure = _in_cells(likely.amax(dim=2, keepdim=True))
        agreed = self.flow(self.agreed(torch.cat([self.costs(_in_cells(costs)), first / REACH, sure], dim=1)))
        return _in_cells(likely), first + agreed[:, :2] * REACH, agreed[:, 2].clamp(-4.0, 4.0)


def _in_cells(rows: Tensor) -> Tensor:
    """(n, CELLS², k) → (n, k, CELLS, CELLS)."""
    return rows.transpose(1, 2).reshape(rows.shape[0], rows.shape[2], CELLS, CELLS)


def _shift_tables() -> tuple[Tensor, Tensor, Tensor]:
    """For each reference cell and shift the region's cell there, whether it is inside, and the shifts."""
    places = torch.arange(CELLS)
    y, x = (part.reshape(-1, 1) for part in torch.meshgrid(places, places, indexing="ij"))
    reach = torch.arange(-REACH, REACH + 1)
    dy, dx = (part.reshape(1, -1) for part in torch.meshgrid(reach, reach, indexing="ij"))
    there_y, there_x = y + dy, x + dx
    inside = (there_y >= 0) & (there_y < CELLS) & (there_x >= 0) & (there_x < CELLS)
    there = there_y.clamp(0, CELLS - 1) * CELLS + there_x.clamp(0, CELLS - 1)
    steps = torch.stack([dx.reshape(-1), dy.reshape(-1)], dim=1).float()
    return there, inside.float(), steps
