import numpy as np
import pytest

from model.alignment import prepare_reference
from model.second_look import SecondLook
from model.verifier import Laid


class CountingEmbedder:
    """The mean colour is the vector."""

    size = 40

    def __init__(self):
        self.embedded = 0
        self.shapes = set()

    def embed(self, crops):
        self.embedded += len(crops)
        self.shapes |= {crop.shape for crop in crops}
        means = np.stack([crop.reshape(-1, 3).mean(axis=0) for crop in crops]).astype(np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def laid(region: np.ndarray, reference) -> Laid:
    return Laid(region, np.eye(3), reference)


def plain(red: int, green: int) -> np.ndarray:
    return np.full((60, 80, 3), (red, green, 0), np.uint8)


def test_the_aligned_region_is_compared_with_the_references_picture():
    look, reference = SecondLook(CountingEmbedder()), prepare_reference(plain(200, 0))
    pairs = [laid(plain(100, 0), reference), laid(plain(0, 100), reference)]
    assert look.similarities(pairs) == pytest.approx([1.0, 0.0], abs=0.01)


def test_a_reference_is_embedded_once():
    embedder = CountingEmbedder()
    look, reference = SecondLook(embedder), prepare_reference(plain(200, 0))
    for _ in range(3):
        look.similarities([laid(plain(100, 50), reference)])
    assert embedder.embedded == 4


def test_a_region_is_laid_out_as_large_as_it_is_embedded():
    embedder = CountingEmbedder()
    SecondLook(embedder).similarities([laid(plain(100, 50), prepare_reference(plain(200, 0)))])
    assert embedder.shapes == {(30, 40, 3), (192, 256, 3)}
