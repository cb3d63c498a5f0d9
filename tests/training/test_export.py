from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import training.export
from model.alignment import FRAME_SIDE
from model.bundle import load_bundle
from model.released import bundle_folder
from model.siamese import Siamese
from training.export import export_networks

RELEASED = bundle_folder()


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The released bundle, its networks written anew with ranges of a few pictures."""
    for name, few in (("SCENES", 6), ("MARKS", 12), ("TAMPERED", 24), ("PAIRS", 12)):
        monkeypatch.setattr(training.export, name, few)
    # Half a minute, and a test of its own (verifier/test_close_look.py); the start's file stays.
    monkeypatch.setattr(training.export, "export_close_look", lambda look, path: None)
    export_networks(RELEASED, tmp_path / "candidate", logos=None, seed=0)
    return tmp_path / "candidate"


def test_networks_written_anew_see_what_they_saw(exported: Path) -> None:
    before, after = load_bundle(RELEASED), load_bundle(exported)
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    (one,), (other,) = before.embedder.embed([picture]), after.embedder.embed([picture])
    assert float(one @ other) > 0.97
    assert before.tampering.map(picture).probabilities == pytest.approx(
        after.tampering.map(picture).probabilities, abs=0.2
    )
    frames = np.random.default_rng(0).integers(0, 256, (1, 2, FRAME_SIDE, FRAME_SIDE, 3), dtype=np.uint8)
    said, says = (Siamese(folder / "verifier.onnx", outputs=["logits"]) for folder in (RELEASED, exported))
    assert said.compare_all(frames)[0] == pytest.approx(says.compare_all(frames)[0], abs=1e-3)
    assert (exported / "embedder.onnx").read_bytes() != (RELEASED / "embedder.onnx").read_bytes()
    assert (exported / "calibration.json").read_bytes() == (RELEASED / "calibration.json").read_bytes()


def test_all_but_the_named_network_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.export, "SCENES", 6)
    monkeypatch.setattr(training.export, "MARKS", 12)
    export_networks(RELEASED, tmp_path / "candidate", logos=None, seed=0, networks=["embedder"])
    changed = {
        file.name
        for file in (tmp_path / "candidate").iterdir()
        if file.read_bytes() != (RELEASED / file.name).read_bytes()
    }
    assert changed == {"embedder.onnx", "manifest.json"}


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="another folder"):
        export_networks(RELEASED, tmp_path, logos=None, seed=0)
