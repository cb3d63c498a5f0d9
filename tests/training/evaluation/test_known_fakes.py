from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.bundle import load_bundle
from model.encoding import png
from model.regions import Box, RgbImage
from model.released import bundle_folder
from training.evaluation.datasets import Mark, Photo
from training.evaluation.known_fakes import known_fakes, known_photos, listed_again
from training.evaluation.report import quietly
from training.evaluation.verdict_cases import Case, CaseSet


def embed(pictures: Sequence[RgbImage]) -> NDArray[np.float32]:
    """The picture at 4 × 4 pixels, less its mean."""
    small = [cv2.resize(one, (4, 4), interpolation=cv2.INTER_AREA).reshape(-1).astype(np.float32) for one in pictures]
    vectors = np.array([one - one.mean() for one in small], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def mark(*seeds: int) -> RgbImage:
    """Patterns laid over each other in equal shares."""
    tiles = [np.random.default_rng(seed).integers(0, 256, (4, 4, 3)).astype(np.float32) for seed in seeds]
    return cv2.resize(np.mean(tiles, axis=0), (64, 64), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def case(picture: RgbImage, *, photo: str, kind: str, strength: float = float("nan")) -> Case:
    return Case(picture, picture, brand="a", photo=photo, kind=kind, strength=strength)


def test_fakes_that_stand_out_are_found_and_hold_nothing_genuine_up() -> None:
    cases = [
        case(mark(1), photo="first", kind="genuine"),
        case(mark(1, 2), photo="first", kind="smear", strength=0.2),
        case(mark(1), photo="second", kind="genuine"),
        case(mark(1, 3), photo="second", kind="smear", strength=0.2),
        case(np.full((64, 64, 3), 99, np.uint8), photo="second", kind="smear", strength=0.95),
    ]
    table = known_fakes(CaseSet("", cases, {"a": [mark(1)]}), embed=embed)
    assert table.facts == {"genuine_marks": 2, "smeared_marks": 2, "brands": 1}
    ours, plain = table.rows["hallmark"], table.rows["similarity"]
    assert (ours["listed_again"].value, ours["genuine_held_by_any"].value) == (1.0, 0.0)
    assert ours["genuine_held_copies"].value == 0.0, "a genuine mark's photo tells no fake"
    assert plain["genuine_held_copies"].value == 1.0


def test_the_photo_of_a_fake_is_told_from_others(tmp_path: Path) -> None:
    """Photos of grounds with much to hold on to; a studio photo of nothing passes for no other."""
    photos = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        picture = cv2.resize(
            rng.integers(0, 256, (24, 24, 3), dtype=np.uint8), (384, 384), interpolation=cv2.INTER_CUBIC
        )
        (tmp_path / f"{seed}.png").write_bytes(png(picture))
        photos.append(Photo(tmp_path / f"{seed}.png", (Mark("a", Box(150, 150, 60, 60)),)))
    table = known_photos(photos, photos[:2], bundle=load_bundle(bundle_folder()), progress=quietly)
    assert table.rows["hallmark"]["listed_again"].value == 1.0
    assert table.rows["hallmark"]["other_photo"].value == table.rows["hallmark"]["studio_photo"].value == 0.0
    assert table.facts == {"photos": 3, "studio_photos": 2}


def test_a_mark_that_is_listed_again_is_cut_smaller_and_compressed() -> None:
    before = mark(4)
    after = listed_again(before, rng=np.random.default_rng(0))
    assert 0.4 < after.shape[0] / before.shape[0] < 1.0
    assert float(embed([before])[0] @ embed([after])[0]) > 0.8
