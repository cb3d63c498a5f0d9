"""Layers that the aligner and the verifier share."""

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

    def forward(self, pixels: Tensor) -> Tensor:
        """`pixels` (n, 3, h, w) to (n, 3, h, w): strength, and strength times the cosine and sine of the direction."""
        grey = pixels.mean(dim=1, keepdim=True)
        gradient = functional.conv2d(functional.pad(grey, (1, 1, 1, 1), mode="replicate"), self.sobel)
        x, y = gradient[:, :1], gradient[:, 1:]
        squared = x * x + y * y + 1e-6
        strength = squared.sqrt()
        relative = (strength / (strength.mean(dim=(2, 3), keepdim=True) * 2 + 0.01)).sqrt()
        even, odd = (x * x - y * y) / squared, 2 * x * y / squared
        return torch.cat([relative - 0.5, even * relative, odd * relative], dim=1)


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


def block(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
