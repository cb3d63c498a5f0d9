from __future__ import annotations

import numpy as np
import pytest
import torch

from model.alignment import FRAME_SIDE, prepare_reference
from model.appearance import FILE, Appearance, statistics
from model.networks.appearance import TAPS, AppearanceNetwork
from model.networks.weights import load_weights
from model.released import bundle_folder

STATISTICS = 5


@pytest.fixture(scope="module")
def released() -> Appearance:
    return Appearance(bundle_folder() / FILE)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, FRAME_SIDE, FRAME_SIDE, 3), dtype=np.uint8)


def first_tap(numbers: np.ndarray) -> list[np.ndarray]:
    """The five of the first tap: mean, spread, mean and largest difference, and the difference of the means."""
    return list(numbers[: STATISTICS * TAPS[11]].reshape(STATISTICS, -1))


def test_a_picture_beside_itself_differs_nowhere(released: Appearance, pictures: np.ndarray) -> None:
    alike, unlike = released.numbers(np.stack([pictures[[0, 0]], pictures]))
    assert len(alike) == STATISTICS * sum(TAPS.values())
    mean, spread, *differences = first_tap(alike)
    assert all((difference == 0).all() for difference in differences)
    assert np.array_equal(mean, first_tap(unlike)[0])
    assert np.array_equal(spread, first_tap(unlike)[1])
    assert all(np.abs(difference).max() > 0.1 for difference in first_tap(unlike)[2:])


@torch.inference_mode()
def test_the_released_file_sees_what_its_weights_see(released: Appearance, pictures: np.ndarray) -> None:
    network = AppearanceNetwork()
    load_weights(network, bundle_folder() / "appearance.fp16.npz")
    seen, known = ([plane.numpy() for plane in network.eval()(torch.from_numpy(one[None]))] for one in pictures)
    (expected,), (found,) = statistics(seen, known), released.numbers(pictures[None])
    assert np.corrcoef(found, expected)[0, 1] > 0.98


def test_one_pair_gets_the_numbers_that_many_get(released: Appearance, pictures: np.ndarray) -> None:
    reference = prepare_reference(pictures[1])
    pairs = np.stack([pictures, [pictures[0], reference.frame], pictures[::-1]])
    assert np.array_equal(released.numbers(pairs)[1], released.beside(pictures[0], reference))
