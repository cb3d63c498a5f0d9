from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch

from model.detector import Detector
from training.detector.release import export_detector
from training.detector.train import DetectorTraining, train_detector


def shown(items: Iterable[int], _total: int, _name: str) -> Iterable[int]:
    return items


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorTraining:
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path / "absent"))
    return DetectorTraining(
        folder=tmp_path / "run",
        data=tmp_path / "absent",
        logos=None,
        scenes=4,
        dev_scenes=2,
        sides=(32, 64),
        pixels_a_step=2 * 64 * 64,
        served_sides=(64, 32),
        steps=4,
        warmup_steps=1,
        dev_every=2,
        channels=8,
    )


def test_a_training_that_was_stopped_ends_as_one_that_was_not(settings: DetectorTraining, tmp_path: Path) -> None:
    lines: list[str] = []
    train_detector(settings, progress=shown, report=lines.append)
    again = dataclasses.replace(settings, folder=tmp_path / "stopped")

    def stopping(items: Iterable[int], _total: int, name: str) -> Iterable[int]:
        for item in items:
            if name == "detector" and item == 3:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        train_detector(again, progress=stopping, report=lines.append)
    train_detector(again, progress=shown, report=lines.append)
    whole, stopped = (torch.load(s.folder / "last.pt", weights_only=True)["average"] for s in (settings, again))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)
    log = [json.loads(line) for line in (settings.folder / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [2, 4]
    assert any("without real photos" in line for line in lines)
    with pytest.raises(ValueError, match="made with other settings"):
        train_detector(dataclasses.replace(settings, weight_decay=0.1), progress=shown)


def test_a_trained_network_is_exported_with_its_threshold(settings: DetectorTraining, tmp_path: Path) -> None:
    train_detector(settings, progress=shown, report=lambda _line: None)
    release = export_detector(settings.folder, tmp_path / "detector.onnx")
    assert Detector(tmp_path / "detector.onnx").score_threshold == pytest.approx(release.score_threshold, abs=1e-4)
    assert Detector(tmp_path / "detector.onnx").sides == (64, 32)
    assert release.largest_difference_fp32 < 1e-3
    assert set(release.int8) == {"scenes"}
    assert 0 < release.megabytes_int8 < 8
