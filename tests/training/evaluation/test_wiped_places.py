from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_garment import PLACE, is_garment, product

import training.evaluation.wiped_places
from model.bundle import ModelBundle
from model.encoding import png
from model.photo_copy import load_copy_weights
from model.regions import Region
from model.released import bundle_folder
from model.wiped_places import load_weights
from training.edits.smears import HELD_OUT_SMEARS
from training.evaluation.datasets import Photo
from training.evaluation.report import quietly
from training.evaluation.wiped_places import COPIES, COPY_EDITS, SETS, wiped_copies
from training.synthesis.logos import load_logos, split_of


class PlaceDetector:
    """Finds the word on the drawn garment, and nothing on any other picture."""

    score_threshold = 0.5

    def detect(self, image, *, score_threshold=0.5):
        return [Region(PLACE, 0.9)] if is_garment(image) else []


class ThumbnailEmbedder:
    def embed(self, crops):
        vectors = np.array([[crop.mean() - 128, crop.std(), 1.0] for crop in crops])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class DrawnGarmentsBundle(SimpleNamespace):
    own_logos = ModelBundle.own_logos


BUNDLE = DrawnGarmentsBundle(
    detector=PlaceDetector(),
    embedder=ThumbnailEmbedder(),
    calibration=SimpleNamespace(copy_probability=0.5),
    photo_copy=load_copy_weights(bundle_folder() / "photo_copy.json"),
    wiped_places=load_weights(bundle_folder() / "wiped_places.json"),
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("products")
    paths = [folder / f"{number}.png" for number in range(4)]
    for path in paths:
        path.write_bytes(png(product()))
    return [Photo(path) for path in paths]


def measured(photos):
    held_out = [logo for logo in load_logos() if split_of(logo.brand) == "held_out"]
    return wiped_copies(photos, logos=held_out, bundle=BUNDLE, progress=quietly)


def test_every_method_is_measured_on_every_set(photos):
    tables = measured(photos)
    methods = ("hallmark", "embedding_similarity", "ssim", "served")
    assert set(tables) == {f"wiped_{name}_{method}" for name in SETS for method in methods}
    rows = tables["wiped_own_hallmark"].rows
    assert {"all", "tools of training", "tools kept out of training", *(f"edit {one}" for one in COPY_EDITS)} <= set(
        rows
    )
    assert rows["all"]["roc_auc"].count == rows["tools of training"]["roc_auc"].count + (
        rows["tools kept out of training"]["roc_auc"].count
    )
    assert rows["all"]["roc_auc"].value > 0.8
    served = tables["wiped_own_served"].rows
    assert served["honest copies"]["called"].count == COPIES * len(photos)
    assert served["wiped copies"]["called"].value > served["honest copies"]["called"].value + 0.5


def test_a_place_that_was_not_found_is_a_miss(photos, monkeypatch):
    monkeypatch.setattr(BUNDLE, "detector", SimpleNamespace(detect=lambda image, **_: []))
    tables = measured(photos[:2])
    served = tables["wiped_drawn_served"].rows["wiped copies"]
    assert served["placed"].value == 0
    assert served["called"].value == 0
    assert tables["wiped_drawn_hallmark"].rows["all"]["tpr_at_1_percent"].value == 0


def test_equal_photos_give_equal_figures(photos):
    first, second = measured(photos[:1]), measured(photos[:1])
    assert str(first) == str(second)


def test_a_copy_that_was_cropped_away_from_the_place_is_not_counted(photos):
    reference = training.evaluation.wiped_places._reference(product(), "own", [], BUNDLE, np.random.default_rng(0))
    assert reference is not None
    corner = replace(reference, target=PLACE._replace(x=60.0, y=60.0, width=30, height=30))
    shown = [corner._shown("cropped", seed) for seed in range(40)]
    assert min(shown) == 0
    assert max(shown) == pytest.approx(1.0)
    assert corner._shown("flipped", 0) == 1.0


def test_half_of_the_tools_were_kept_out_of_training(photos):
    reference = training.evaluation.wiped_places._reference(product(), "own", [], BUNDLE, np.random.default_rng(0))
    assert reference is not None
    tools = [one.tool for seed in range(8) for one in reference._copies(np.random.default_rng(seed)) if one.tool]
    assert 0.2 < np.mean(np.isin(tools, HELD_OUT_SMEARS)) < 0.5
