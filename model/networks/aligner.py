"""The aligner network: where a reference's corners lie in a region that shows it roughly where the box says.

Local features of both pictures are correlated over small displacements (the cost volume of optical flow networks,
Dosovitskiy et al. 2015), so the answer follows the drawing and not what was seen in training. The input is edges
without sign: an inverted mark aligns as well.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FRAME_SIDE

CELLS = FRAME_SIDE // 8
"""Cells along the side of the feature maps."""

REACH = 3
"""Largest displacement that is tried, cells: 21 % of the frame."""

DESCRIPTION = 32
"""Numbers that describe a cell."""


class AlignerNetwork(nn.Module):
    """Siamese features, their correlation, and a small head."""

    def __init__(self) -> None:
        super().__init__()
        described = nn.Conv2d(32, DESCRIPTION, 3, stride=2, padding=1)
        self.features = nn.Sequential(_block(3, 16, stride=2), _block(16, 32, stride=2), described)
        shifts = (2 * REACH + 1) ** 2
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        self.costs = nn.Sequential(nn.Conv2d(shifts, 24, 1), nn.ReLU())
        self.places = nn.Sequential(_block(24 + 3, 48, stride=2), nn.Flatten(), nn.Linear(48 * 49, 96), nn.ReLU())
        self.corners = nn.Linear(96, 8)
        nn.init.zeros_(self.corners.weight)
        nn.init.zeros_(self.corners.bias)
        sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        self.sobel: Tensor
        self.register_buffer("sobel", torch.stack([sobel, sobel.T])[:, None])
        index, inside, steps = _shift_tables()
        self.index: Tensor
        self.inside: Tensor
        self.steps: Tensor
        self.register_buffer("index", index)
        self.register_buffer("inside", inside)
        self.register_buffer("steps", steps)

    def forward(self, pairs: Tensor) -> Tensor:
        """`pairs` (n, 2, FRAME_SIDE, FRAME_SIDE, 3) uint8 RGB, the region and then the reference, to corners (n, 8).

        Corners (top left, top right, bottom right, bottom left; x, y) are where the reference's lie in the region's
        frame, less where they would lie if it were aligned, in units of the frame's side.
        """
        return self.corners_and_flow(pairs)[0]

    def corners_and_flow(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """The corners, and for each cell of the reference where it went, (n, 2, CELLS, CELLS) in cells, x and y."""
        count = pairs.shape[0]
        pixels = pairs.permute(0, 1, 4, 2, 3).float().reshape(count * 2, 3, FRAME_SIDE, FRAME_SIDE) / 255
        features = functional.normalize(self.features(self._edges(pixels)), dim=1, eps=1e-4)
        seen, known = features.reshape(count, 2, DESCRIPTION, CELLS * CELLS).unbind(dim=1)
        correlated = torch.matmul(known.transpose(1, 2), seen).reshape(count, CELLS**4)
        costs = torch.index_select(correlated, 1, self.index).reshape(count, -1, CELLS, CELLS)
        costs = costs * self.inside + (1 - self.inside) * -1.0
        likely = torch.softmax(costs * self.sharpness, dim=1)
        flow = torch.einsum("nshw,sd->ndhw", likely, self.steps)
        sure = likely.amax(dim=1, keepdim=True)
        evidence = torch.cat([self.costs(costs), flow / REACH, sure], dim=1)
        return self.corners(self.places(evidence)), flow

    def _edges(self, pixels: Tensor) -> Tensor:
        """Edge strength and doubled direction of (n, 3, h, w), relative to the picture's own mean: (n, 3, h, w)."""
        grey = pixels.mean(dim=1, keepdim=True)
        gradient = functional.conv2d(functional.pad(grey, (1, 1, 1, 1), mode="replicate"), self.sobel)
        x, y = gradient[:, :1], gradient[:, 1:]
        squared = x * x + y * y + 1e-6
        strength = squared.sqrt()
        relative = (strength / (strength.mean(dim=(2, 3), keepdim=True) * 2 + 0.01)).sqrt()
        even, odd = (x * x - y * y) / squared, 2 * x * y / squared
        return torch.cat([relative - 0.5, even * relative, odd * relative], dim=1)


def _shift_tables() -> tuple[Tensor, Tensor, Tensor]:
    """For each shift and reference cell the index into all pairs of cells, whether it is inside, and the shifts."""
    places = torch.arange(CELLS)
    y, x = torch.meshgrid(places, places, indexing="ij")
    reach = torch.arange(-REACH, REACH + 1)
    dy, dx = (part.reshape(-1, 1, 1) for part in torch.meshgrid(reach, reach, indexing="ij"))
    there_y, there_x = y + dy, x + dx
    inside = (there_y >= 0) & (there_y < CELLS) & (there_x >= 0) & (there_x < CELLS)
    there = there_y.clamp(0, CELLS - 1) * CELLS + there_x.clamp(0, CELLS - 1)
    index = (y * CELLS + x) * CELLS**2 + there
    steps = torch.stack([dx.reshape(-1), dy.reshape(-1)], dim=1).float()
    return index.reshape(-1), inside.float(), steps


def _block(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
