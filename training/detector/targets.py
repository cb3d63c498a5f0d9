"""Which cells of the logo detector answer for which mark, and how sure each should be.

Task-aligned assignment (TOOD, https://arxiv.org/abs/2108.07755): a cell inside a mark's box answers for it when its own
score and the overlap of the box that it draws are among the best. So every grid competes for every mark, and no range
of sizes has to be set by hand; wide wordmarks and square symbols are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SCORE_POWER = 0.5
OVERLAP_POWER = 6.0
CELLS_PER_MARK = 10
_SMALLEST_REACH = 8.0  # pixels: a box smaller than the finest cell still holds the cell that it lies in


@dataclass(frozen=True, slots=True)
class Targets:
    """What one image's cells should say.

    `scores` (cells,) float32 in 0..1, 0 for background; `boxes` (cells, 4) float32 corners, meaningful where the score
    is above 0.
    """

    scores: Tensor
    boxes: Tensor


def corner_boxes(centres: Tensor, distances: Tensor) -> Tensor:
    """Boxes (..., cells, 4) as left, top, right, bottom from `cell_centres` and the distances to the four sides."""
    return torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], dim=-1)


def pairwise_iou(left: Tensor, right: Tensor) -> Tensor:
    """Intersection over union (m, n) of corner boxes (m, 4) and (n, 4)."""
    low = torch.maximum(left[:, None, :2], right[None, :, :2])
    high = torch.minimum(left[:, None, 2:], right[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=-1) for boxes in (left, right)]
    return shared / (areas[0][:, None] + areas[1][None] - shared).clamp(min=1e-6)


@torch.no_grad()
def assign(scores: Tensor, boxes: Tensor, *, centres: Tensor, truth: Tensor) -> Targets:
    """Targets of one image.

    `scores` (cells,) in 0..1 and corner `boxes` (cells, 4) are what the network says now, `truth` (marks, 4) the corner
    boxes of the marks; there may be none. A cell that two marks want answers for the one that it overlaps more.
    """
    if truth.shape[0] == 0:
        return Targets(torch.zeros_like(scores), torch.zeros_like(boxes))
    overlap = pairwise_iou(truth, boxes)  # (marks, cells)
    alignment = scores[None].pow(SCORE_POWER) * overlap.pow(OVERLAP_POWER) * _reached(centres, truth)
    # A floor far below any real overlap lets the nearest cells answer while no box overlaps yet.
    alignment = alignment + 1e-12 * _reached(centres, truth)
    best = alignment.topk(min(CELLS_PER_MARK, scores.shape[0]), dim=1)
    chosen = torch.zeros_like(alignment).scatter_(1, best.indices, (best.values > 0).float())
    owner = torch.where(chosen > 0, overlap, -1.0).max(dim=0)
    positive = owner.values >= 0
    mine = chosen * (torch.arange(truth.shape[0])[:, None] == owner.indices[None])
    alignment, overlap = alignment * mine, overlap * mine
    # The best cell of each mark should be as sure as its box is good; the others in proportion.
    scale = overlap.amax(dim=1, keepdim=True) / alignment.amax(dim=1, keepdim=True).clamp(min=1e-13)
    target = (alignment * scale).amax(dim=0).clamp(0, 1)
    return Targets(torch.where(positive, target.clamp(min=1e-3), 0.0), truth[owner.indices])


def _reached(centres: Tensor, truth: Tensor) -> Tensor:
    """1 where a centre (cells, 2) lies in a mark's box, widened to a fine cell at least; (marks, cells)."""
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    half = ((truth[:, 2:] - truth[:, :2]) / 2).clamp(min=_SMALLEST_REACH / 2)
    return ((centres[None] - middle[:, None]).abs() <= half[:, None]).all(dim=-1).float()
