from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from exports import Decided, write_export

from model.bundle import load_bundle
from model.calibration import read_calibration, write_calibration
from model.released import bundle_folder
from training.calibration import thresholds
from training.calibration.scans import Answered, ThresholdSettings, scanned
from training.evaluation.report import Progress, quietly
from training.round import run
from training.round.card import new_labels
from training.round.labels import read_labels
from training.round.run import Material, run_round
from training.round.settings import Places, RoundSettings, round_name
from training.synthesis.grounds import data_folder
from training.synthesis.logos import load_logos

SMALL = RoundSettings(embedder_steps=0, verifier_steps=3, standing_pairs=24, head_pairs=60, thresholds=None)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    folder = tmp_path_factory.mktemp("round")
    decided = [Decided(logo=n % 6, drawn="smear" if n % 2 else "genuine", target=0.95 * (n % 2)) for n in range(14)]
    return Places(
        champion=bundle_folder(), labels=write_export(folder / "labels", decided), logos=None,
        models=folder / "models", work=folder / "work", runs=folder / "runs",
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(places: Places) -> list[str]:
    """What a round told that broke off before the head was fitted, and was begun again."""
    lines: list[str] = []

    def break_off(material: Material) -> dict[str, float]:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        break_off.__name__ = "_head"
        patch.setattr(run, "_head", break_off)
        run_round(places, settings=SMALL, progress=quietly, report=lines.append)
    assert not places.models.exists(), "a candidate appears whole or not at all"
    run_round(places, settings=SMALL, progress=quietly, report=lines.append)
    return lines


@pytest.fixture
def candidate(places: Places, told: list[str]) -> Path:
    (found,) = places.models.iterdir()
    return found


def test_a_round_goes_on_where_it_was_interrupted(told: list[str]) -> None:
    stages = [line.partition(":")[0] for line in told]
    assert [stage for stage in stages if "-round-" not in stage] == ["embedder", "verifier", "head", "thresholds"]


def test_the_candidate_is_a_whole_bundle_of_new_networks(candidate: Path) -> None:
    assert load_bundle(candidate).name == candidate.name
    changed = {
        name for name in ("embedder.onnx", "detector.onnx", "aligner.onnx", "verifier.onnx", "appearance.onnx",
                          "calibration.json", "verifier_calibration.json", "verifier.fp16.npz")
        if (candidate / name).read_bytes() != (bundle_folder() / name).read_bytes()
    }  # fmt: skip
    assert changed == {"verifier.onnx", "verifier_calibration.json", "verifier.fp16.npz"}


def test_record_and_card_tell_what_went_in(candidate: Path, places: Places) -> None:
    record = json.loads((candidate / "round.json").read_text())
    labels = read_labels(places.labels)
    assert record["parent"]["name"] == bundle_folder().name
    assert record["data"]["labels"] == labels.fingerprint
    assert record["settings"]["verifier_steps"] == SMALL.verifier_steps
    assert record["metrics"]["head"]["labels_count_for"] > 0
    card = (candidate / "round.card.md").read_text()
    assert labels.fingerprint in card
    assert new_labels(candidate, labels.labels) == 0
    assert new_labels(bundle_folder(), labels.labels) == len(labels.labels)


def test_the_same_round_again_is_there_already(candidate: Path, places: Places) -> None:
    assert run_round(places, settings=SMALL, progress=quietly, report=pytest.fail) == candidate


@pytest.mark.skipif(not data_folder().is_dir(), reason="thresholds are chosen on real photos: set HALLMARK_DATA")
@pytest.mark.filterwarnings("ignore:The least populated class")  # of a handful of photos
def test_a_round_moves_embedder_and_thresholds_too(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ThresholdSettings(crowds=((24, 0),), placed_marks=40, packages=0, real=12, photos_without=24, read_photos=16)
    whole = replace(
        SMALL, embedder_steps=1, rehearsed_brands=12, rehearsed_products=4, verifier_steps=0, thresholds=few
    )
    elsewhere = replace(places, models=tmp_path / "models", work=tmp_path / "work", runs=tmp_path / "runs")
    # What scans answered would go with the round's folder; the second choice below reads it again.
    monkeypatch.setattr(thresholds, "scanned", partial(_scanned_and_kept, kept_here=tmp_path))
    found = run_round(elsewhere, settings=whole, progress=quietly, report=lambda line: None)
    assert load_bundle(found).name == found.name
    for name in ("embedder.onnx", "embedder.fp16.npz", "verifier_calibration.json", "calibration.json"):
        assert (found / name).read_bytes() != (bundle_folder() / name).read_bytes(), name
    metrics = json.loads((found / "round.json").read_text())["metrics"]
    assert metrics["embedder"]["label_pairs"] > 0, "the labels teach it too"
    assert metrics["embedder"]["int8_cosine"] > 0.9
    assert 0 < metrics["thresholds"]["read_share"] < 1

    file = found / "calibration.json"
    weighed = read_calibration(file)
    write_calibration(file, replace(weighed, kinds=replace(weighed.kinds, smear=(-9.0, *weighed.kinds.smear[1:]))))
    other_kinds, settings = file.read_bytes(), replace(few, keeps_kinds=True)
    thresholds.tune_thresholds(
        found, logos=load_logos(places.logos), settings=settings, kept=tmp_path, progress=quietly
    )
    assert file.read_bytes() == other_kinds, "kept, and all else is chosen as it was"


def _scanned_and_kept(*what: Any, kept: Path, kept_here: Path, progress: Progress) -> list[Answered]:
    return scanned(*what, kept=kept_here, progress=progress)


def test_the_name_tells_what_went_in() -> None:
    first = round_name("hallmark-2", {"labels": "a"})
    assert first.startswith("hallmark-2-round-")
    assert first != round_name("hallmark-2", {"labels": "b"})
    assert round_name(first, {"labels": "a"}) == first, "generations do not make the name longer"


def test_a_round_may_begin_from_another_bundle_than_the_champion(
    candidate: Path, places: Places, tmp_path: Path
) -> None:
    again = replace(
        places, champion=candidate, start=bundle_folder(), models=tmp_path / "models", runs=tmp_path / "runs"
    )
    found = run_round(again, settings=SMALL, progress=quietly, report=lambda line: None)
    record = json.loads((found / "round.json").read_text())
    assert (record["parent"]["name"], record["start"]["name"]) == (candidate.name, bundle_folder().name)
    assert (found / "verifier.fp16.npz").read_bytes() == (candidate / "verifier.fp16.npz").read_bytes()


def test_a_head_whose_stage_was_interrupted_is_not_taught_twice(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, teach = replace(SMALL, verifier_steps=0), run._head

    def heads(name: str, *, interrupted: bool) -> bytes:
        def stage(material: Material) -> dict[str, float]:
            teach(material)
            raise KeyboardInterrupt

        own = replace(places, models=tmp_path / name, work=tmp_path / f"{name} work", runs=tmp_path / f"{name} runs")
        if interrupted:
            stage.__name__ = "_head"
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(run, "_head", stage)
                run_round(own, settings=settings, progress=quietly, report=lambda line: None)
        made = run_round(own, settings=settings, progress=quietly, report=lambda line: None)
        return (made / "verifier_calibration.json").read_bytes()

    assert heads("twice", interrupted=True) == heads("once", interrupted=False)


def test_mlflow_holds_the_run(candidate: Path, places: Places) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=places.runs.as_uri())
    experiment = client.get_experiment_by_name("rounds")
    assert experiment is not None
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_name, found.info.status) == (candidate.name, "FINISHED")
    assert found.data.params["verifier_steps"] == "3"
    assert found.data.metrics["head/labels_count_for"] > 0
    assert found.data.tags["bundle"] == str(candidate)


def test_a_champion_without_its_weights_is_refused(places: Places, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in bundle_folder().iterdir():
        if not file.name.endswith(".npz"):
            (bare / file.name).symlink_to(file)
    with pytest.raises(FileNotFoundError, match=r"embedder\.fp16\.npz is missing"):
        run_round(replace(places, champion=bare), settings=SMALL, progress=quietly, report=pytest.fail)
