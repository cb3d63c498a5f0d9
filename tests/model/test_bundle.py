from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from model.bundle import BundleRejected, load_bundle, write_manifest
from model.released import bundle_folder


@pytest.mark.parametrize(
    ("file", "left_out"),
    [("wiped_places.json", "likeness"), ("calibration.json", "kinds"), ("photo_copy.json", "weights")],
)
def test_a_bundle_of_another_version_is_refused_and_not_half_read(tmp_path: Path, file: str, left_out: str) -> None:
    folder = tmp_path / "older"
    shutil.copytree(bundle_folder(), folder)
    content = json.loads((folder / file).read_text())
    del content[left_out]
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(BundleRejected, match="altered"):
        load_bundle(folder)
    write_manifest(folder)
    with pytest.raises(BundleRejected, match="model bundle older"):
        load_bundle(folder)


def test_a_bundle_with_a_number_too_many_or_a_network_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    shutil.copytree(bundle_folder(), folder)
    places = folder / "wiped_places.json"
    content = json.loads(places.read_text())
    places.write_text(json.dumps(content | {"likeness": content["likeness"] | {"later": 1.0}}))
    write_manifest(folder)
    with pytest.raises(BundleRejected, match="another version"):
        load_bundle(folder)
    places.write_text(json.dumps(content))
    (folder / "detector.onnx").write_bytes(bytes(100))
    write_manifest(folder)
    with pytest.raises(BundleRejected, match=r"detector\.onnx cannot be run"):
        load_bundle(folder)
