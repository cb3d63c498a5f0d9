from __future__ import annotations

import numpy as np
import pytest
import torch

from model.alignment import FRAME_SIDE
from model.appearance import FILE, Appearance
from model.bundle import bundle_folder
from model.networks.appearance import NUMBERS, AppearanceNetwork
from model.networks.weights import load_weights

_TAPS = (112, 192)  # channels


@pytest.fixture(scope="module")
def network() -> AppearanceNetwork:
    made = AppearanceNetwork()
    load_weights(made, bundle_folder() / "appearance.fp16.npz")
    return made.eval()


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, FRAME_SIDE, FRAME_SIDE, 3), dtype=np.uint8)


def _statistics(numbers: np.ndarray) -> list[np.ndarray]:
    """The five of the first tap: mean, spread, mean and largest difference, and the difference of the means."""
    return list(numbers[: 5 * _TAPS[0]].reshape(5, -1))


@torch.inference_mode()
def test_a_picture_beside_itself_differs_nowhere(network: AppearanceNetwork, pictures: np.ndarray) -> None:
    (alike,) = network(torch.from_numpy(np.stack([pictures[0], pictures[0]])[None])).numpy()
    (unlike,) = network(torch.from_numpy(pictures[None])).numpy()
    assert len(alike) == NUMBERS == 5 * sum(_TAPS)
    mean, spread, *differences = _statistics(alike)
    assert all((difference == 0).all() for difference in differences)
    assert np.array_equal(mean, _statistics(unlike)[0])
    assert np.array_equal(spread, _statistics(unlike)[1])
    assert all(np.abs(difference).max() > 0.1 for difference in _statistics(unlike)[2:])


@torch.inference_mode()
def test_the_released_file_sees_what_its_weights_see(network: AppearanceNetwork, pictures: np.ndarray) -> None:
    pairs = np.stack([pictures, pictures[::-1]])
    expected = network(torch.from_numpy(pairs)).numpy()
    found = Appearance(bundle_folder() / FILE).numbers(pairs)
    assert found.shape == expected.shape
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97


def test_one_pair_gets_the_numbers_that_many_get(pictures: np.ndarray) -> None:
    released = Appearance(bundle_folder() / FILE)
    pairs = np.stack([pictures, pictures[::-1], pictures])
    assert np.array_equal(released.numbers(pairs)[1:2], released.numbers(pairs[1:2]))
