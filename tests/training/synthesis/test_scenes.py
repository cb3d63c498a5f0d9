from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.synthesis.clutter import add_clutter, made_up_word
from training.synthesis.grounds import is_for_thresholds, is_training_photo
from training.synthesis.logos import load_logos, split_of
from training.synthesis.scenes import SceneMaterial, draw_scene


@pytest.fixture(scope="module")
def material() -> SceneMaterial:
    return SceneMaterial([logo for logo in load_logos() if split_of(logo.brand) == "train"][::40])


def test_one_seed_gives_one_scene(material: SceneMaterial) -> None:
    first, second, other = (draw_scene(material, rng=np.random.default_rng(seed), side=160) for seed in (5, 5, 6))
    assert np.array_equal(first.image, second.image)
    assert first.boxes == second.boxes
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


def test_scenes_have_marks_inside_that_do_not_overlap(material: SceneMaterial) -> None:
    scenes = [draw_scene(material, rng=np.random.default_rng(seed), side=200) for seed in range(12)]
    for scene in scenes:
        height, width = scene.image.shape[:2]
        assert max(height, width) == 200
        assert scene.image.dtype == np.uint8
        for number, box in enumerate(scene.boxes):
            assert box.clipped(width=width, height=height) == box
            assert all(box.intersection(other) == 0 for other in scene.boxes[:number])
    assert any(len(scene.boxes) > 1 for scene in scenes)


def test_material_keeps_the_splits_of_brands_apart() -> None:
    kept = SceneMaterial.found_in(Path("nowhere"), logos=None, split="dev")
    assert kept.logos
    assert not kept.photos
    assert {split_of(logo.brand) for logo in kept.logos} == {"dev"}


def test_about_85_percent_of_photos_are_for_training_and_the_folder_does_not_matter() -> None:
    names = [f"{number}.jpg" for number in range(4000)]
    share = np.mean([is_training_photo(name) for name in names])
    assert 0.83 < share < 0.87
    assert all(is_training_photo(name) == is_training_photo(f"any/where/{name}") for name in names[:50])


def test_every_second_garment_is_kept_for_thresholds_whatever_else_it_may_teach() -> None:
    names = [f"{number}.jpg" for number in range(2000)]
    for among in (names, [name for name in names if is_training_photo(name)]):
        assert np.mean([is_for_thresholds(name) for name in among]) == pytest.approx(0.5, abs=0.04)


def test_clutter_is_drawn_on_a_copy_and_each_kind_draws() -> None:
    photo = np.full((120, 160, 3), 128, np.uint8)
    changed = [add_clutter(photo, rng=np.random.default_rng(seed), pieces=3) for seed in range(20)]
    assert (photo == 128).all()
    assert sum(not np.array_equal(drawn, photo) for drawn in changed) >= 19


def test_words_have_the_asked_length() -> None:
    assert [len(made_up_word(np.random.default_rng(0), letters=letters)) for letters in (1, 3, 9)] == [1, 3, 9]


def test_drawing_needs_no_torch() -> None:
    code = "import sys, training.synthesis.scenes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
