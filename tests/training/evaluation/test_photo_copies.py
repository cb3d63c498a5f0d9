from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from drawn_garment import PLACE, is_garment, product

from model.encoding import png
from model.photo_copy import load_copy_weights
from model.regions import Region
from model.released import bundle_folder
from training.evaluation.datasets import Photo
from training.evaluation.photo_copies import photo_copies
from training.evaluation.products import EDITS
from training.evaluation.report import quietly


class ThumbnailEmbedder:
    def embed(self, crops):
        vectors = np.array([cv2.resize(crop, (6, 6), interpolation=cv2.INTER_AREA).ravel() / 255 for crop in crops])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def word_of_the_garment(image):
    return [Region(PLACE, 0.9)] if is_garment(image) else []


BUNDLE = SimpleNamespace(
    detector=SimpleNamespace(detect=word_of_the_garment),
    embedder=ThumbnailEmbedder(),
    calibration=SimpleNamespace(copy_probability=0.5),
    photo_copy=load_copy_weights(bundle_folder() / "photo_copy.json"),
)


@pytest.fixture
def photos(tmp_path):
    """A garment, and a thing of circles."""
    other, rng = np.full_like(product(), 255), np.random.default_rng(1)
    for _ in range(40):
        x, y = (int(value) for value in rng.integers([90, 120], [310, 360]))
        cv2.circle(other, (x, y), 24, tuple(int(value) for value in rng.integers(0, 200, 3)), -1, cv2.LINE_AA)
    for name, picture in (("one", product()), ("other", other)):
        (tmp_path / f"{name}.png").write_bytes(png(picture))
    return [Photo(tmp_path / f"{name}.png") for name in ("one", "other")]


def test_copies_are_recognised_and_the_other_photo_is_not(photos):
    tables = photo_copies(photos, bundle=BUNDLE, progress=quietly)
    assert set(tables) == {f"copies_{name}" for name in ("hallmark", "embedding_similarity", "sift_ssim", "served")}
    served = tables["copies_served"].rows
    assert set(served) == {"most similar other photo", *EDITS}
    assert served["most similar other photo"]["recognised"].value == 0.0
    assert served["flipped"]["recognised"].value == served["recompressed"]["recognised"].value == 1.0
    assert tables["copies_hallmark"].rows["flipped"]["roc_auc"].value == 1.0
