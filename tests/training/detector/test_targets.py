from __future__ import annotations

import torch

from model.regions import Box
from training.detector.targets import CELLS_PER_MARK, assign, corner_boxes, pairwise_iou


def grid(side: int, stride: int) -> torch.Tensor:
    count = side // stride
    y, x = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="ij")
    return (torch.stack([x, y], dim=-1).reshape(-1, 2) + 0.5) * stride


def test_pairwise_iou_agrees_with_box_iou() -> None:
    generator = torch.Generator().manual_seed(0)
    low = torch.rand(6, 2, generator=generator) * 20
    corners = torch.cat([low, low + torch.rand(6, 2, generator=generator) * 20], dim=1)
    boxes = [Box(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in corners.tolist()]
    overlap = pairwise_iou(corners, corners)
    for i, left in enumerate(boxes):
        for j, right in enumerate(boxes):
            assert abs(overlap[i, j].item() - left.iou(right)) < 1e-5


def test_corner_boxes_lie_around_their_centres() -> None:
    boxes = corner_boxes(torch.tensor([[10.0, 20.0]]), torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    assert boxes.tolist() == [[[9.0, 18.0, 13.0, 24.0]]]


def test_only_cells_inside_a_mark_answer_and_the_best_is_as_sure_as_its_box_is_good() -> None:
    centres = grid(128, 8)
    truth = torch.tensor([[16.0, 16.0, 80.0, 48.0]])
    generator = torch.Generator().manual_seed(1)
    boxes = truth + 12 * torch.rand(len(centres), 4, generator=generator)
    scores = torch.rand(len(centres), generator=generator)
    targets = assign(scores, boxes, centres=centres, truth=truth)
    positive = targets.scores > 0
    inside = (centres > truth[0, :2]).all(dim=1) & (centres < truth[0, 2:]).all(dim=1)
    assert positive.sum() == CELLS_PER_MARK
    assert inside[positive].all()
    assert targets.boxes[positive].eq(truth[0]).all()
    best_overlap = pairwise_iou(truth, boxes)[0, positive].max()
    assert torch.isclose(targets.scores.max(), best_overlap)


def test_a_mark_smaller_than_a_cell_still_has_a_cell() -> None:
    centres = grid(64, 8)
    truth = torch.tensor([[30.0, 30.0, 33.0, 33.0]])
    targets = assign(torch.full((64,), 0.01), torch.zeros(64, 4), centres=centres, truth=truth)
    assert (targets.scores > 0).sum() >= 1


def test_a_cell_that_two_marks_want_answers_for_the_one_it_overlaps_more() -> None:
    centres = torch.tensor([[5.0, 5.0]])
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 20.0, 20.0]])
    targets = assign(torch.tensor([0.5]), torch.tensor([[0.0, 0.0, 18.0, 18.0]]), centres=centres, truth=truth)
    assert targets.boxes[0].tolist() == truth[1].tolist()


def test_a_photo_without_marks_is_all_background() -> None:
    targets = assign(torch.rand(4), torch.rand(4, 4), centres=torch.rand(4, 2), truth=torch.zeros(0, 4))
    assert targets.scores.sum() == 0
