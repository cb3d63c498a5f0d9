from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from model.calibration import Recognition
from training.evaluation.report import quietly
from training.evaluation.reranking import VerifiedCrops

BY_SIMILARITY_ONCE_LAID = Recognition(
    -20.0, tuple(40.0 * (name == "realigned") for name in Recognition.NAMES), finding_probability=0.5
)


class MeanColour:
    """The mean colour is the vector."""

    def embed(self, crops: list[np.ndarray]) -> np.ndarray:
        means = np.stack([crop.reshape(-1, 3).mean(axis=0) for crop in crops]).astype(np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def plain(red: int, green: int) -> np.ndarray:
    return np.full((60, 80, 3), (red, green, 1), np.uint8)


def laid_like_green() -> SimpleNamespace:
    """Once laid, what is green is alike and nothing else."""
    return SimpleNamespace(
        embedder=MeanColour(),
        verifier=SimpleNamespace(
            lay=lambda region, reference: SimpleNamespace(green=int(reference.picture[0, 0, 1]), matrix=np.eye(3)),
            compare=lambda laid, *, similarity: SimpleNamespace(unrelated=0.5),
        ),
        second_look=SimpleNamespace(similarities=lambda laid: [one.green / 250 for one in laid]),
        calibration=SimpleNamespace(unclaimed=BY_SIMILARITY_ONCE_LAID),
    )


def similarities(crops: list[np.ndarray], photos: list[str]) -> np.ndarray:
    group = np.array(photos)
    verified = VerifiedCrops(crops, group, bundle=laid_like_green(), progress=quietly)
    return verified.similarities(crops, crops)


def test_what_a_search_finds_first_is_ranked_by_what_a_scan_says_of_it() -> None:
    crops = [plain(200, 120), plain(200, 100), plain(120, 250)]
    by_vectors = MeanColour().embed(crops) @ MeanColour().embed(crops).T
    assert by_vectors[0, 1] > by_vectors[0, 2]
    found = similarities(crops, ["a", "b", "c"])
    assert found[0, 2] > found[0, 1]
    assert found[0, 2] == pytest.approx(by_vectors[0, 2] + 1.0, abs=1e-4)


def test_a_photo_does_not_answer_itself() -> None:
    crops = [plain(200, 120), plain(120, 250), plain(200, 100)]
    found = similarities(crops, ["a", "a", "b"])
    assert found[0, 1] <= 1.0, "its own photo's other mark is not compared"


def test_only_the_crops_themselves_are_compared() -> None:
    crops = [plain(200, 120), plain(120, 250)]
    verified = VerifiedCrops(crops, np.array(["a", "b"]), bundle=laid_like_green(), progress=quietly)
    with pytest.raises(ValueError, match="expected the 2 crops"):
        verified.similarities(crops[:1], crops)
