"""The released embedder as it serves; runs without torch."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.embedder import Embedder
from model.released import bundle_folder

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(bundle_folder() / "embedder.onnx")


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [cv2.imread(str(file), cv2.IMREAD_COLOR_RGB) for file in sorted(GOLDEN.glob("*.png"))]


def test_int8_stays_close_to_the_golden_vectors(embedder: Embedder, pictures: list[np.ndarray]) -> None:
    golden = np.load(GOLDEN / "vectors.npy")
    vectors = embedder.embed(pictures)
    assert vectors.shape == (6, embedder.dimension) == (6, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    similarities = vectors @ golden.T
    assert similarities.diagonal().min() > 0.95
    assert (similarities.argmax(axis=1) == np.arange(6)).all()


def test_the_same_picture_gives_the_same_vector_in_any_company(embedder: Embedder, pictures: list[np.ndarray]) -> None:
    together = embedder.embed(pictures * 8)
    np.testing.assert_array_equal(together[:6], together[-6:])
    np.testing.assert_array_equal(together[3], embedder.embed([pictures[3]])[0])


def test_no_picture_no_vector(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 256)


def test_another_network_is_refused() -> None:
    detector = bundle_folder() / "detector.onnx"
    if not detector.exists():
        pytest.skip("this bundle has no detector yet")
    with pytest.raises(ValueError, match="is no embedder"):
        Embedder(detector)
