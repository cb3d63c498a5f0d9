"""The verifier network: in go a region and a reference, laid on each other; out comes a verdict."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.alignment import FRAME_SIDE as FRAME

CLASSES = ("genuine", "smear", "imitation", "unrelated")
SUMMARY = 24
"""Numbers that describe the comparison beside the four logits, for the head that also knows the other evidence."""


class VerifierNetwork(nn.Module):
    """Early fusion: both pictures and their unsigned edges are the channels of one small CNN."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            _block(12, 16, stride=2),
            _block(16, 32, stride=2),
            _block(32, 32),
            _block(32, 64, stride=2),
            _block(64, 64),
            _block(64, 96, stride=2),
            _block(96, 96),
        )
        self.summary = nn.Sequential(nn.Dropout(0.2), nn.Linear(96 * 2, SUMMARY), nn.ReLU())
        self.verdict = nn.Linear(SUMMARY, len(CLASSES))
        self.sobel: Tensor
        sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        self.register_buffer("sobel", torch.stack([sobel, sobel.T])[:, None])

    def forward(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """`pairs` (n, 2, FRAME, FRAME, 3) uint8 RGB: the region, then the reference, in `model.alignment`'s frame.

        Returns `logits` (n, 4) in the order of `CLASSES`, and `summary` (n, SUMMARY).
        """
        pixels = pairs.permute(0, 1, 4, 2, 3).float() / 255 - 0.5
        count = pixels.shape[0]
        edges = self._edges(pixels.reshape(count * 2, 3, FRAME, FRAME)).reshape(count, 6, FRAME, FRAME)
        features = self.trunk(torch.cat([pixels.reshape(count, 6, FRAME, FRAME), edges], dim=1))
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        summary = self.summary(pooled)
        return self.verdict(summary), summary

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


def _block(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
