from __future__ import annotations

from pathlib import Path

import pytest

from training.calibration import scans
from training.calibration.development import DevelopmentBrands, DevelopmentPhoto
from training.calibration.scans import scanned
from training.evaluation.report import quietly

BRANDS = DevelopmentBrands({"fuma": []}, {}, {}, {}, {})
PHOTOS = [DevelopmentPhoto(bytes([number])) for number in range(6)]


class Stopped(Exception):
    """The machine went off."""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The photos that the service was asked about; it stops at the one that holds 3, once."""
    seen: list[bytes] = []

    def service(bundle, brands, photos, *, progress):
        for photo in photos:
            seen.append(photo.data)
            if seen.count(bytes([3])) == 1 and photo.data == bytes([3]):
                raise Stopped
            yield {"findings": []}

    monkeypatch.setattr(scans, "_asked", service)
    return seen


def ask(bundle: Path, kept: Path) -> int:
    return len(scanned(bundle, BRANDS, PHOTOS, kept=kept, progress=quietly))


def test_scans_that_were_broken_off_go_on(bundle: Path, tmp_path: Path, asked: list[bytes]) -> None:
    with pytest.raises(Stopped):
        ask(bundle, tmp_path)
    (file,) = tmp_path.glob("scans-*.jsonl")
    file.write_text(file.read_text() + '{"findings": [')  # the line that was being written
    assert ask(bundle, tmp_path) == len(PHOTOS)
    assert [data[0] for data in asked] == [0, 1, 2, 3, 3, 4, 5]
    assert ask(bundle, tmp_path) == len(PHOTOS)
    assert len(asked) == 7, "what is kept is not asked again"


def test_another_bundle_is_asked_anew(bundle: Path, tmp_path: Path, asked: list[bytes]) -> None:
    with pytest.raises(Stopped):
        ask(bundle, tmp_path)
    ask(bundle, tmp_path)
    (bundle / "manifest.json").write_text('{"format": 1}')
    asked_before = len(asked)
    ask(bundle, tmp_path)
    assert len(asked) == asked_before + len(PHOTOS)
