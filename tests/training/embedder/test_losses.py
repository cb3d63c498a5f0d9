import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner
from torch.nn.functional import normalize

from training.embedder.losses import multi_similarity


def _vectors() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return normalize(torch.randn(24, 8), dim=1), torch.arange(24) // 3


def test_agrees_with_the_reference_implementation() -> None:
    vectors, label = _vectors()
    alike = label[:, None] == label[None]
    ours = multi_similarity(
        vectors, alike=alike, ignored=torch.zeros_like(alike), alpha=2, beta=40, base=0.5, margin=0.1
    )
    mined = MultiSimilarityMiner(epsilon=0.1)(vectors, label)
    theirs = MultiSimilarityLoss(alpha=2, beta=40, base=0.5)(vectors, label, mined)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_ignored_pairs_do_not_count() -> None:
    vectors, label = _vectors()
    alike = label[:, None] == label[None]
    everything = torch.ones_like(alike)
    assert multi_similarity(vectors, alike=alike, ignored=everything).item() == 0.0


def test_nothing_to_mine_has_a_gradient_of_zero() -> None:
    vectors = torch.eye(4, requires_grad=True)
    loss = multi_similarity(vectors, alike=torch.eye(4, dtype=torch.bool), ignored=torch.ones(4, 4, dtype=torch.bool))
    loss.backward()
    assert vectors.grad is not None
    assert not vectors.grad.any()


def test_what_is_alike_to_nothing_is_pushed_from_what_it_resembles() -> None:
    vectors = normalize(torch.tensor([[1.0, 0.5], [1.0, 0.6], [-1.0, 0.0]]), dim=1).requires_grad_()
    alone = torch.eye(3, dtype=torch.bool)
    loss = multi_similarity(vectors, alike=alone, ignored=torch.zeros(3, 3, dtype=torch.bool))
    loss.backward()
    assert vectors.grad is not None
    assert vectors.grad[:2].abs().max() > 0
    assert not vectors.grad[2].any()
