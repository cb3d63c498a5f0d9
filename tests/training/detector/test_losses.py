from __future__ import annotations

import math

import torch

from training.detector.losses import detection_loss, generalised_iou, quality_focal_loss

CENTRES = torch.tensor([[8.0, 8.0], [40.0, 40.0]])
NOTHING = [torch.zeros(0, 4)]


def test_generalised_iou_of_equal_apart_and_touching_boxes_by_hand() -> None:
    left = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 2.0, 2.0]])
    right = torch.tensor([[0.0, 0.0, 2.0, 2.0], [3.0, 0.0, 4.0, 1.0], [1.0, 0.0, 3.0, 2.0]])
    expected = [1.0, 0 - (4 - 2) / 4, 2 / 6]
    assert torch.allclose(generalised_iou(left, right), torch.tensor(expected), atol=1e-6)


def test_quality_focal_loss_by_hand() -> None:
    logit, target = torch.tensor([0.4]), torch.tensor([0.7])
    score = 1 / (1 + math.exp(-0.4))
    entropy = -(0.7 * math.log(score) + 0.3 * math.log(1 - score))
    assert math.isclose(quality_focal_loss(logit, target).item(), entropy * (0.7 - score) ** 2, rel_tol=1e-5)


def test_a_right_answer_costs_less_than_a_wrong_one() -> None:
    truth = [torch.tensor([[0.0, 0.0, 16.0, 16.0]])]
    right = torch.full((1, 2, 4), 8.0)
    good = detection_loss(torch.tensor([[6.0, -6.0]]), right, centres=CENTRES, truth=truth, ignored=NOTHING)
    unsure = detection_loss(torch.tensor([[-6.0, 6.0]]), right, centres=CENTRES, truth=truth, ignored=NOTHING)
    off = detection_loss(torch.tensor([[6.0, -6.0]]), right * 2, centres=CENTRES, truth=truth, ignored=NOTHING)
    assert good["total"] < 0.01 < unsure["total"]
    assert good["box"] < 1e-5 < off["box"]


def test_a_batch_without_marks_has_a_finite_loss_and_no_box_loss() -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    losses = detection_loss(logits, torch.ones(1, 2, 4), centres=CENTRES, truth=NOTHING, ignored=NOTHING)
    losses["total"].backward()
    assert losses["box"] == 0
    assert logits.grad is not None
    assert (logits.grad > 0).all()


def test_a_cell_in_an_ignored_place_is_not_told_that_it_is_background() -> None:
    truth, ignored = [torch.tensor([[0.0, 0.0, 16.0, 16.0]])], [torch.tensor([[30.0, 30.0, 50.0, 50.0]])]
    logits = torch.tensor([[2.0, 2.0]], requires_grad=True)
    detection_loss(logits, torch.full((1, 2, 4), 8.0), centres=CENTRES, truth=truth, ignored=ignored)[
        "total"
    ].backward()
    assert logits.grad is not None
    assert logits.grad[0, 0] != 0
    assert logits.grad[0, 1] == 0
