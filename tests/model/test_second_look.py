import numpy as np
import pytest

from model.alignment import prepare_reference
from model.second_look import SecondLook
from model.verifier import Laid


class CountingEmbedder:
    """The mean colour is the vector."""

    def __init__(self):
        self.embedded = 0

    def embed(self, crops):
        self.embedded += len(crops)
        means = np.stack([crop.reshape(-1, 3).mean(axis=0) for crop in crops]).astype(np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def laid(region: np.ndarray, reference) -> Laid:
    return Laid(region, np.eye(3), region, reference)


def plain(red: int, green: int) -> np.ndarray:
    return np.full((60, 80, 3), (red, green, 0), np.uint8)


def test_the_aligned_region_is_compared_with_the_references_picture():
    look, reference = SecondLook(CountingEmbedder()), prepare_reference(plain(200, 0))
    assert look.similarity(laid(plain(100, 0), reference)) == pytest.approx(1.0, abs=0.01)
    assert look.similarity(laid(plain(0, 100), reference)) == pytest.approx(0.0, abs=0.01)


def test_a_reference_is_embedded_once():
    embedder = CountingEmbedder()
    look, reference = SecondLook(embedder), prepare_reference(plain(200, 0))
    for _ in range(3):
        look.similarity(laid(plain(100, 50), reference))
    assert embedder.embedded == 4
