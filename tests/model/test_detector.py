from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model.detector import (
    SIDES_KEY,
    THRESHOLD_KEY,
    Detector,
    cell_centres,
    distinct,
    fused,
    letterboxed,
    merged,
    non_maximum_suppression,
    regions_of,
)
from model.regions import Box, Region
from model.released import bundle_folder

SIDE = 64
RELEASED = bundle_folder() / "detector.onnx"


def logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def fixed_network(path: Path, boxes: dict[tuple[float, float, float, float], float], *, threshold: str = "") -> Path:
    """A network that says the same whatever it sees: `boxes` (corners in the square) with their scores."""
    centres = cell_centres(SIDE)
    logits = np.full((1, len(centres)), -20.0, np.float32)
    distances = np.ones((1, len(centres), 4), np.float32)
    for number, ((x0, y0, x1, y1), score) in enumerate(boxes.items()):
        x, y = centres[number]
        logits[0, number] = logit(score)
        distances[0, number] = (x - x0, y - y0, x1 - x, y1 - y)
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
        for name, value in (("logits", logits), ("distances", distances))
    ]
    graph = helper.make_graph(
        nodes,
        "fixed",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, logits.shape),
            helper.make_tensor_value_info("distances", TensorProto.FLOAT, distances.shape),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(made, {SIDES_KEY: str(SIDE)} | ({THRESHOLD_KEY: threshold} if threshold else {}))
    onnx.save(made, str(path))
    return path


def test_boxes_come_in_pixels_of_the_photo_strongest_first_and_clipped(tmp_path: Path) -> None:
    network = fixed_network(tmp_path / "d.onnx", {(8, 8, 24, 16): 0.6, (40, 10, 80, 30): 0.9})
    regions = Detector(network, score_threshold=0.5).detect(np.zeros((64, 128, 3), np.uint8))
    assert [round(region.score, 3) for region in regions] == [0.9, 0.6]
    assert np.allclose(regions[0].box, (80, 20, 48, 40), atol=1e-3)
    assert np.allclose(regions[1].box, (16, 16, 32, 16), atol=1e-3)


def test_the_threshold_travels_in_the_file_and_can_be_set(tmp_path: Path) -> None:
    network = fixed_network(tmp_path / "d.onnx", {(8, 8, 24, 16): 0.6, (40, 40, 60, 60): 0.9}, threshold="0.7")
    photo = np.zeros((64, 64, 3), np.uint8)
    assert Detector(network).score_threshold == 0.7
    assert len(Detector(network).detect(photo)) == 1
    assert len(Detector(network, score_threshold=0.5).detect(photo)) == 2
    assert len(Detector(network).detect(photo, score_threshold=0.5)) == 2
    assert len(Detector(network, score_threshold=0.5, most_regions=1).detect(photo)) == 1


def test_the_likeliest_places_need_no_score_and_are_no_two_of_one_place(tmp_path: Path) -> None:
    boxes = {(8, 8, 24, 16): 0.6, (40, 40, 60, 60): 0.9, (8, 40, 24, 60): 0.1, (40, 8, 60, 24): 0.01}
    detector = Detector(fixed_network(tmp_path / "d.onnx", boxes, threshold="0.7"))
    photo = np.zeros((64, 64, 3), np.uint8)
    assert [round(region.score, 3) for region in detector.likeliest(photo, most=9)] == [0.9, 0.6, 0.1]
    assert [round(region.score, 3) for region in detector.likeliest(photo, most=2)] == [0.9, 0.6]


def test_of_two_looks_boxes_that_are_nearly_the_same_the_likelier_is_kept() -> None:
    whole, nearly = Region(Box(0, 0, 100, 40), 0.3), Region(Box(4, 0, 100, 40), 0.6)
    part = Region(Box(0, 0, 50, 40), 0.5)
    assert distinct([whole, part, nearly], iou=0.75) == [nearly, part]


def test_another_network_is_refused(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 8, 8])],
    )
    other = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(other, str(tmp_path / "other.onnx"))
    with pytest.raises(ValueError, match="no detector: expected uint8"):
        Detector(tmp_path / "other.onnx")


def test_a_network_of_one_size_is_refused_where_others_are_asked_for(tmp_path: Path) -> None:
    network = fixed_network(tmp_path / "d.onnx", {(8, 8, 24, 16): 0.6})
    other = onnx.load(str(network))
    helper.set_model_props(other, {SIDES_KEY: "64 32"})
    onnx.save(other, str(network))
    with pytest.raises(ValueError, match="sides"):
        Detector(network)


def test_two_looks_at_one_mark_give_its_mean_box_and_score() -> None:
    large = [Region(Box(0, 0, 100, 40), 0.6)]
    small = [Region(Box(10, 0, 120, 40), 0.2), Region(Box(300, 300, 50, 50), 0.5)]
    mean, alone = fused([large, small], score_threshold=0.2, most=5)
    assert mean.score == pytest.approx(0.4)
    assert np.allclose(mean.box, (2.5, 0, 105, 40))  # three parts of the surer look to one of the other
    assert alone == Region(Box(300, 300, 50, 50), 0.25)
    assert fused([large, small], score_threshold=0.3, most=5) == [mean]
    assert fused([large, small], score_threshold=0.2, most=1) == [mean]


def test_one_look_alone_changes_nothing() -> None:
    seen = [Region(Box(0, 0, 100, 40), 0.6), Region(Box(0, 90, 20, 40), 0.3)]
    assert fused([seen], score_threshold=0.2, most=5) == [
        Region(pytest.approx(one.box), pytest.approx(one.score)) for one in seen
    ]


def naive_suppression(corners: NDArray[np.float64], iou: float) -> list[int]:
    boxes = [Box(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in corners.tolist()]
    kept: list[int] = []
    for number, box in enumerate(boxes):
        if all(box.iou(boxes[other]) < iou for other in kept):
            kept.append(number)
    return kept


def test_suppression_agrees_with_the_naive_one() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        low = rng.uniform(0, 40, (40, 2))
        corners = np.concatenate([low, low + rng.uniform(2, 30, (40, 2))], axis=1)
        assert non_maximum_suppression(corners, iou=0.4) == naive_suppression(corners, 0.4)
    assert non_maximum_suppression(np.zeros((0, 4)), iou=0.4) == []


def test_letters_of_one_word_become_one_box() -> None:
    letters = [Region(Box(10 + 12 * place, 20, 10, 14), 0.9 - place / 10) for place in range(3)]
    assert merged(letters) == [Region(Box(10, 20, 34, 14), 0.9)]


def test_letters_are_not_joined_when_the_word_was_found_or_they_are_not_alike() -> None:
    left, right, word = Box(10, 20, 10, 14), Box(21, 20, 10, 14), Box(10, 20, 21, 15)
    assert merged([Region(left, 0.9), Region(right, 0.8), Region(word, 0.7)])[:2] == [
        Region(left, 0.9),
        Region(right, 0.8),
    ]
    assert len(merged([Region(left, 0.9), Region(right, 0.3)])) == 2


@pytest.mark.parametrize(
    "other",
    [Box(40, 20, 10, 14), Box(21, 60, 10, 14), Box(21, 12, 30, 30)],
    ids=["far along the line", "on another line", "much taller"],
)
def test_what_is_not_one_word_stays_apart(other: Box) -> None:
    assert len(merged([Region(Box(10, 20, 10, 14), 0.9), Region(other, 0.8)])) == 2


def test_a_weaker_part_inside_a_mark_is_dropped_but_a_stronger_one_stays() -> None:
    whole, part = Box(0, 0, 100, 40), Box(4, 5, 50, 30)
    assert merged([Region(whole, 0.9), Region(part, 0.5)]) == [Region(whole, 0.9)]
    assert len(merged([Region(whole, 0.5), Region(part, 0.9)])) == 2


def test_a_small_mark_on_a_product_that_looks_like_a_mark_stays() -> None:
    product, mark = Region(Box(0, 0, 100, 100), 0.9), Region(Box(30, 30, 30, 30), 0.5)
    assert merged([product, mark]) == [product, mark]


def test_no_cell_above_the_threshold_gives_no_region() -> None:
    centres = cell_centres(SIDE)
    nothing = regions_of(
        np.full(len(centres), -9, np.float32),
        np.ones((len(centres), 4), np.float32),
        centres=centres,
        score_threshold=0.5,
        most=8,
    )
    assert nothing == []


def test_a_letterboxed_photo_keeps_its_shape() -> None:
    photo = np.zeros((30, 60, 3), np.uint8)
    square, scale = letterboxed(photo, side=120)
    assert scale == (2.0, 2.0)
    assert (square[:60] == 0).all()
    assert (square[60:] == 127).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1), (2, 3), (700, 500), (333, 4000)])
def test_the_released_detector_takes_any_size(shape: tuple[int, int]) -> None:
    detector = Detector(RELEASED)
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    regions = detector.detect(photo)
    assert regions == detector.detect(photo)
    assert len(regions) <= 8
    assert len(detector.likeliest(photo, most=5)) <= 5
    assert all(left.score >= right.score for left, right in pairwise(regions))
    for region in regions:
        assert region.box.area > 0
        assert region.box.clipped(width=shape[1], height=shape[0]) == region.box
