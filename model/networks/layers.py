"""Layers that the aligner, the verifier and the close look share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional


class UnsignedEdges(nn.Module):
    """Edge strength and doubled direction of pictures, relative to each picture's own mean strength.

    An inverted or recoloured mark gives the same edges, and a faint one nearly the same.
    """

    def __init__(self) -> None:
        super().__init__()
        sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        self.sobel: Tensor
        self.register_buffer("sobel", torch.stack([sobel, sobel.T])[:, None], persistent=False)
        self.third: Tensor
        self.register_buffer("third", torch.full((3, 1), 1 / 3), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """`pictures` (n, h, w, 3), 0..1, to (n, 3, h, w): strength, and strength times the cosine and sine of the
        direction.

        The mean over the colours is a product of matrices: a runtime takes a third longer to sum planes.
        """
        grey = (pictures @ self.third).permute(0, 3, 1, 2)
        gradient = functional.conv2d(functional.pad(grey, (1, 1, 1, 1), mode="replicate"), self.sobel)
        x, y = gradient[:, :1], gradient[:, 1:]
        across, down = x * x, y * y
        squared = across + down + 1e-6
        strength = squared.sqrt()
        relative = (strength / (strength.mean(dim=(2, 3), keepdim=True) * 2 + 0.01)).sqrt()
        turned = relative / squared
        return torch.cat([relative - 0.5, (across - down) * turned, 2 * x * y * turned], dim=1)


class PairNetwork(nn.Module, ABC):
    """A network that describes two pictures alike and then compares the descriptions."""

    @abstractmethod
    def described(self, pictures: Tensor) -> Tensor:
        """What is made of each of `pictures` (n, h, w, 3) uint8 RGB: (n, …)."""

    def described_pairs(self, pairs: Tensor) -> Tensor:
        """The same of `pairs` (n, 2, h, w, 3), the region and then the reference: (n, 2, …)."""
        seen, known = pairs.unbind(dim=1)
        count = pairs.shape[0]
        both = self.described(torch.cat([seen, known]))
        return torch.stack([both[:count], both[count:]], dim=1)


class NearbyMatch(nn.Module):
    """Each place of a reference looks for itself among the places of the region near it, at most `reach` cells away in
    x and y together: attention over small displacements, as the local correlation of optical flow networks.

    `shifts` are the displacements, (y, x).
    """

    def __init__(self, *, reach: int) -> None:
        super().__init__()
        span = range(-reach, reach + 1)
        self.reach = reach
        self.shifts = [(y, x) for y in span for x in span if abs(y) + abs(x) <= reach]

    def forward(self, seen_as: Tensor, known_as: Tensor, seen: Tensor, sharpness: Tensor) -> tuple[Tensor, Tensor]:
        """How alike each place is to those near it, (n, shifts, h, w), and what it found there, (n, c, h, w).

        `seen_as` and `known_as` (n, k, h, w), of length 1, are what region and reference are compared by, `seen`
        (n, c, h, w) what is to be found; beyond the rim it repeats. A row is compared with all of the rows near it at
        once: one product of matrices is faster than one of planes for each shift.
        """
        count, _, height, width = seen.shape
        wide = width + 2 * self.reach
        first = torch.tensor([(y + self.reach) * wide + x + self.reach for y, x in self.shifts])
        there = (torch.arange(width)[:, None] + first)[None, None].expand(count, height, -1, -1)
        alike = known_as.permute(0, 2, 3, 1) @ self._rows_near(seen_as).transpose(2, 3)
        costs = torch.gather(alike, 3, there)
        attention = torch.zeros_like(alike).scatter(3, there, torch.softmax(costs * sharpness, dim=3))
        found = attention @ self._rows_near(seen)
        return costs.permute(0, 3, 1, 2), found.permute(0, 3, 1, 2)

    def _rows_near(self, plane: Tensor) -> Tensor:
        """(n, c, h, w) → (n, h, rows · wide, c): of each row those from `reach` above it to `reach` below it."""
        height = plane.shape[2]
        padded = functional.pad(plane, (self.reach,) * 4, mode="replicate").permute(0, 2, 3, 1)
        return torch.cat([padded[:, row : row + height] for row in range(2 * self.reach + 1)], dim=2)


def block(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
