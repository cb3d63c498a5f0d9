"""From scenes to the file that serves, on a handful of scenes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from model.networks.detector import LogoDetector
from model.networks.weights import save_weights
from model.regions import Box, RgbImage
from model.tampering import Tampering
from training.detector.data import SceneStore, draw_scenes
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.report import quietly
from training.synthesis.scenes import SceneMaterial
from training.tampering import data
from training.tampering.data import draw_tampered
from training.tampering.train import TamperingTraining, export_tampering, train_tampering

SETTINGS = TamperingTraining(steps=2, batch=2, side=64, warm_up_steps=1, evaluate_every=1, development_photos=12)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneStore:
    folder = tmp_path_factory.mktemp("scenes")
    return draw_scenes(folder, material=SceneMaterial(()), count=6, seed=2, progress=quietly)


def test_only_tools_that_may_be_learnt_from_are_used(scenes: SceneStore, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    def watched(image: RgbImage, box: Box, *, tool: str, strength: float, rng: np.random.Generator) -> RgbImage:
        used.append(tool)
        return smear(image, box, tool=tool, strength=strength, rng=rng)

    monkeypatch.setattr(data, "smear", watched)
    for seed in range(80):
        draw_tampered([(scenes, 1.0)], rng=np.random.default_rng(seed), side=64, untouched=False)
    assert len(used) > 30
    assert set(used) <= set(TRAINING_SMEARS) - {"emoji"}


def test_an_untouched_photo_has_an_empty_target_and_a_tampered_one_has_not(scenes: SceneStore) -> None:
    most = 0.0
    for seed in range(12):
        tampered = draw_tampered([(scenes, 1.0)], rng=np.random.default_rng(seed), side=128, untouched=False)
        untouched = draw_tampered([(scenes, 1.0)], rng=np.random.default_rng(seed), side=128, untouched=True)
        assert untouched.target.max() == 0
        assert tampered.image.shape == (128, 128, 3)
        assert tampered.target.shape == tampered.seen.shape == (16, 16)
        assert 0 <= tampered.target.max() <= 1
        assert tampered.target[~tampered.seen].max(initial=0) == 0
        most = max(most, float(tampered.target.max()))
    assert most > 0.9


def test_training_goes_on_where_it_was_and_gives_a_file(scenes: SceneStore, tmp_path: Path) -> None:
    start, checkpoint = tmp_path / "detector.fp16.npz", tmp_path / "checkpoint.pt"
    save_weights(LogoDetector(pretrained=False), start)
    lines: list[str] = []

    def train(settings: TamperingTraining) -> dict[str, float]:
        return train_tampering(
            [(scenes, 1.0)],
            [(scenes, 1.0)],
            checkpoint=checkpoint,
            detector=start,
            settings=settings,
            report=lines.append,
        )

    figures = train(SETTINGS)
    assert set(figures) == {"cells_auc", "photos_auc"}
    assert len(lines) == 2
    assert train(SETTINGS) == figures
    assert len(lines) == 2, "nothing is left to do"
    with pytest.raises(ValueError, match="made with other settings"):
        train(dataclasses.replace(SETTINGS, batch=3))
    assert export_tampering(checkpoint, tmp_path / "tampering.onnx", sources=[(scenes, 1.0)]) < 1e-3
    assert Tampering(tmp_path / "tampering.onnx").map(np.zeros((50, 80, 3), np.uint8)).probabilities.shape == (25, 40)
