"""What the logo detector is punished for: a wrong score, and a box that misses its mark."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.detector.targets import assign, corner_boxes

BOX_WEIGHT = 2.0
SCORE_FOCUS = 2.0


def generalised_iou(left: Tensor, right: Tensor) -> Tensor:
    """GIoU in -1..1 of corner boxes (n, 4) pair by pair (https://arxiv.org/abs/1902.09630)."""
    low, high = torch.maximum(left[:, :2], right[:, :2]), torch.minimum(left[:, 2:], right[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    area = (left[:, 2:] - left[:, :2]).clamp(min=0).prod(dim=-1) + (right[:, 2:] - right[:, :2]).prod(dim=-1)
    union = (area - shared).clamp(min=1e-6)
    hull_low, hull_high = torch.minimum(left[:, :2], right[:, :2]), torch.maximum(left[:, 2:], right[:, 2:])
    hull = (hull_high - hull_low).prod(dim=-1).clamp(min=1e-6)
    return shared / union - (hull - union) / hull


def quality_focal_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy with soft targets in 0..1, weighted by how far off the score is; same shape as `logits`.

    Source: generalized focal loss, https://arxiv.org/abs/2006.04388.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return entropy * (targets - logits.sigmoid()).abs().pow(SCORE_FOCUS)


def detection_loss(
    logits: Tensor, distances: Tensor, *, centres: Tensor, truth: list[Tensor], ignored: list[Tensor]
) -> dict[str, Tensor]:
    """Losses of a batch by name: `score`, `box`, and their weighted sum `total`.

    `logits` (n, cells) and `distances` (n, cells, 4) come from `LogoDetector`; `truth` holds corner boxes (marks, 4)
    for each image, and cells whose centre lies in one of its `ignored` boxes (n, 4) are not told that they are
    background. Both losses are divided by the sum of the targets, so that a batch full of marks weighs no more.
    """
    boxes = corner_boxes(centres, distances)
    scores = logits.detach().sigmoid()
    targets = [assign(scores[i], boxes[i].detach(), centres=centres, truth=marks) for i, marks in enumerate(truth)]
    wanted = torch.stack([target.scores for target in targets])
    mass = wanted.sum().clamp(min=1.0)
    positive = wanted > 0
    told = positive | ~torch.stack([_inside_any(centres, boxes) for boxes in ignored])
    score_loss = (quality_focal_loss(logits, wanted) * told).sum() / mass
    overlap = generalised_iou(boxes[positive], torch.stack([target.boxes for target in targets])[positive])
    box_loss = ((1 - overlap) * wanted[positive]).sum() / mass
    return {"score": score_loss, "box": box_loss, "total": score_loss + BOX_WEIGHT * box_loss}


def _inside_any(centres: Tensor, boxes: Tensor) -> Tensor:
    """Whether each of the `centres` (cells, 2) lies in one of the corner `boxes` (n, 4); (cells,) bool."""
    after = (centres[None] >= boxes[:, None, :2]).all(dim=-1)
    return (after & (centres[None] <= boxes[:, None, 2:]).all(dim=-1)).any(dim=0)
