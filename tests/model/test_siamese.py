from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.alignment import FRAME_SIDE, box_matrix, laid_in_frame, prepare_reference
from model.kept import Latest
from model.networks.aligner import AlignerNetwork
from model.networks.verifier import VerifierNetwork
from model.networks.weights import load_weights
from model.released import bundle_folder
from model.siamese import Siamese
from model.verifier import Aligner

RELEASED = bundle_folder()
NETWORKS = [
    (AlignerNetwork(), "aligner", ["flow", "doubt"]),
    (VerifierNetwork(), "verifier", ["logits", "maps"]),
]


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """Two pairs of smooth pictures, as the frame shows them."""
    coarse = np.random.default_rng(0).integers(0, 256, (4, 3, 12, 12)).astype(np.float32)
    smooth = nn.functional.interpolate(torch.from_numpy(coarse), size=(FRAME_SIDE, FRAME_SIDE), mode="bilinear")
    return smooth.permute(0, 2, 3, 1).numpy().astype(np.uint8).reshape(2, 2, FRAME_SIDE, FRAME_SIDE, 3)


@pytest.mark.parametrize(("network", "name", "outputs"), NETWORKS)
@torch.inference_mode()
def test_the_released_halves_compute_what_the_whole_network_does(
    network: nn.Module, name: str, outputs: list[str], frames: np.ndarray
) -> None:
    load_weights(network, RELEASED / f"{name}.fp16.npz")
    expected = network.eval()(torch.from_numpy(frames))
    found = Siamese(RELEASED / f"{name}.onnx", outputs=outputs).compare_all(frames)
    assert [one.shape for one in found] == [tuple(one.shape) for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one - other.numpy()).max() < 1e-3


def counted_descriptions(network: Siamese, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were described by each call, from now on."""
    described: list[int] = []
    describe = network._described

    def counted(pictures: Any) -> Any:
        described.append(len(pictures))
        return describe(pictures)

    monkeypatch.setattr(network, "_described", counted)
    return described


def test_one_pair_gets_what_many_get_and_its_reference_is_described_once(
    frames: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Siamese(RELEASED / "verifier.onnx", outputs=["logits"])
    described = counted_descriptions(network, monkeypatch)
    reference = prepare_reference(frames[0, 1])
    pairs = np.stack([np.stack([region, reference.frame]) for region in (frames[0, 0], frames[1, 0])])
    expected = network.compare_all(pairs)[0]
    described.clear()
    found = [network.compare(network.describe(region), reference)[0] for region, _ in pairs]
    assert np.allclose(found, expected, atol=1e-5)
    assert described == [1, 1, 1]  # the first region, the reference, the second region


def test_the_box_is_described_once_beside_several_references(
    frames: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    aligner = Aligner(RELEASED / "aligner.onnx")
    region, references = frames[0, 0], [prepare_reference(frames[row, 1]) for row in (0, 1)]
    expected = [Aligner(RELEASED / "aligner.onnx").align(region, reference) for reference in references]
    boxes = []
    describe = aligner._network.describe

    def counted(frame: np.ndarray) -> np.ndarray:
        boxes.append(np.array_equal(frame, laid_in_frame(region, box_matrix(region))))
        return describe(frame)

    monkeypatch.setattr(aligner, "_box", Latest(counted))
    monkeypatch.setattr(aligner._network, "describe", counted)
    found = [aligner.align(region, reference) for reference in references]
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    assert boxes.count(True) == 1
    assert len(boxes) > 2  # and wherever it was laid


def test_a_half_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "verifier.onnx").write_bytes((RELEASED / "verifier.onnx").read_bytes())
    with pytest.raises(Exception, match=r"verifier_features\.onnx"):
        Siamese(tmp_path / "verifier.onnx", outputs=["logits"])
