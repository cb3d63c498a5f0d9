from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import Decided, write_export

from model.bundle import write_manifest
from model.released import bundle_folder
from serve.models.bundles import digest_of
from serve.models.comparison import REQUIRED, ComparedModel, grounds_against, read_comparison
from training.evaluation.report import quietly
from training.round.comparison import Pictures, compare, weighted_mean
from training.round.frozen import FrozenSizes, frozen_sets, recognition_set, verdict_set
from training.round.labels import divided, read_labels
from training.synthesis.logos import load_logos

SIZES = FrozenSizes(brands=6, photos_per_brand=2, pairs=60)


def test_a_mean_is_drawn_by_unit() -> None:
    better_by = np.array([1.0, 0.0, -1.0, 1.0, 1.0, 1.0])
    weights = np.ones(6)
    alone = weighted_mean(better_by, weights=weights, unit=list("abcdef"))
    assert alone.value == pytest.approx(0.5)
    assert alone.low < 0.5 < alone.high
    of_one_photo = weighted_mean(better_by, weights=weights, unit=list("aaaaaa"))
    assert (of_one_photo.low, of_one_photo.high) == pytest.approx((0.5, 0.5))


def test_a_unit_counts_by_its_weight_however_small_all_weights_are() -> None:
    found = weighted_mean(np.array([1.0, -1.0]), weights=np.array([3e-3, 1e-3]), unit=["a", "b"])
    assert found.value == pytest.approx(0.5)


def test_the_frozen_sets_are_always_the_same() -> None:
    logos = load_logos(None)
    assert recognition_set(logos, sizes=SIZES).fingerprint == recognition_set(load_logos(None), sizes=SIZES).fingerprint
    known, kept_out = (verdict_set(logos, sizes=SIZES, unseen=unseen) for unseen in (False, True))
    assert known.fingerprint == verdict_set(logos, sizes=SIZES, unseen=False).fingerprint != kept_out.fingerprint
    assert 0 < known.truth.mean() < 1


def test_pictures_of_one_brand_are_one_unit(report: tuple[Path, dict[str, Any]]) -> None:
    frozen = report[1]["frozen"]
    assert frozen["recognition"]["units"] == SIZES.brands
    assert SIZES.pairs / 4 < frozen["verdicts"]["units"] < SIZES.pairs


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A candidate that is sure of the contrary of whatever the champion says, compared with it."""
    folder = tmp_path_factory.mktemp("models") / "contrary"
    shutil.copytree(bundle_folder(), folder)
    path = folder / "verifier_calibration.json"
    calibration = json.loads(path.read_text())
    for rows in (*calibration["head"]["weights"], calibration["head"]["bias"]):
        rows[:] = [rows[1], rows[0], rows[3], rows[2]]
    calibration["head"]["temperature"] = 0.01
    path.write_text(json.dumps(calibration))
    write_manifest(folder)
    decided = [Decided(n % 5, "genuine", 0.05, origin="blind_test" if n % 2 else "complaint") for n in range(8)]
    labels = write_export(folder.parent / "labels", decided)
    pictures = Pictures(frozen_sets(load_logos(None), sizes=SIZES), labels=labels, scans=None)
    return folder, compare(folder, bundle_folder(), pictures=pictures, progress=quietly)


def test_a_candidate_that_is_sure_of_the_contrary_loses_where_it_is_asked_and_is_refused(
    report: tuple[Path, dict[str, Any]],
) -> None:
    folder, found = report
    assert found["frozen"]["recognition"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["frozen"]["verdicts"]["difference"]["high"] < 0
    blind_tests = divided(read_labels(folder.parent / "labels").labels).examining["blind tests"]
    assert found["labels"]["blind tests"]["units"] == len(blind_tests) > 0
    read = read_comparison(folder)
    assert set(read.frozen) == set(REQUIRED)
    candidate, champion = (
        ComparedModel(name=one.name, manifest=digest_of(one).hex()) for one in (folder, bundle_folder())
    )
    grounds = grounds_against(read, candidate=candidate, champion=champion)
    assert any(ground.startswith("it loses on verdicts: ") for ground in grounds)
    assert not any("recognition" in ground or "the report" in ground for ground in grounds)
