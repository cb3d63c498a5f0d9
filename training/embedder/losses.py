"""What the embedder is trained to lower."""

from __future__ import annotations

import torch
from torch import Tensor


def multi_similarity(
    vectors: Tensor,
    *,
    alike: Tensor,
    ignored: Tensor,
    alpha: float = 2.0,
    beta: float = 40.0,
    base: float = 0.5,
    margin: float = 0.1,
) -> Tensor:
    """The multi-similarity loss with its pair mining (Wang et al. 2019, https://arxiv.org/abs/1904.06627), a scalar.

    `vectors` is (n, d) float32 of length 1. `alike` is (n, n) bool: which pairs show the same thing; `ignored`
    (n, n) bool: pairs of which nobody knows (two marks of one family), neither pulled nor pushed. Positives count when
    they are less similar than the hardest negative plus `margin`, negatives when they are more similar than the
    hardest positive minus `margin`, or than `base` where there is no positive. 0 when there is nothing to mine.
    """
    similarity = vectors @ vectors.T
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    positive = alike & ~itself & ~ignored
    negative = ~alike & ~itself & ~ignored
    with torch.no_grad():
        hardest_negative = similarity.masked_fill(~negative, -2.0).amax(dim=1, keepdim=True)
        hardest_positive = similarity.masked_fill(~positive, 2.0).amin(dim=1, keepdim=True)
        hardest_positive = torch.where(positive.any(dim=1, keepdim=True), hardest_positive, base + margin)
        positive &= similarity < hardest_negative + margin
        negative &= similarity > hardest_positive - margin
    pull = torch.where(positive, torch.exp(-alpha * (similarity - base)), 0.0).sum(dim=1)
    push = torch.where(negative, torch.exp(beta * (similarity - base)), 0.0).sum(dim=1)
    return (torch.log1p(pull) / alpha + torch.log1p(push) / beta).mean()
