from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from model.embedder import Embedder
from model.export import export_onnx, largest_difference, quantize
from model.released import bundle_folder


class _Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU6(), nn.Conv2d(16, 8, 3)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.convolutions(pictures.permute(0, 3, 1, 2).float() / 255)
        return maps.mean(dim=(2, 3))


@pytest.fixture
def small(tmp_path: Path) -> tuple[_Small, Path]:
    module, path = _Small().eval(), tmp_path / "small.onnx"
    example = torch.zeros((2, 32, 32, 3), dtype=torch.uint8)
    export_onnx(module, path, example=example, input_names=["pictures"], output_names=["vectors"])
    return module, path


def _pictures(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8))


@torch.no_grad()
def test_the_file_computes_what_torch_computes_for_any_batch(small: tuple[_Small, Path]) -> None:
    module, path = small
    for count in (1, 5):
        expected = module(torch.from_numpy(np.stack(_pictures(count)))).numpy()
        assert largest_difference(Embedder(path).embed(_pictures(count)), expected) < 1e-5


def test_int8_is_close_deterministic_and_quantised(small: tuple[_Small, Path], tmp_path: Path) -> None:
    _, path = small
    for name in ("a.onnx", "b.onnx"):
        quantize(path, tmp_path / name, calibration=[np.stack(_pictures(8))], exact=0)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    operators = Counter(node.op_type for node in onnx.load(str(tmp_path / "a.onnx")).graph.node)
    assert operators["QuantizeLinear"] >= 2
    exact, rounded = (Embedder(file).embed(_pictures(8)) for file in (path, tmp_path / "a.onnx"))
    assert 0 < largest_difference(exact, rounded) < 0.05


def test_the_first_convolutions_stay_exact(small: tuple[_Small, Path], tmp_path: Path) -> None:
    _, path = small
    quantize(path, tmp_path / "int8.onnx", calibration=[np.stack(_pictures(8))], exact=1)
    convolutions = [node for node in onnx.load(str(tmp_path / "int8.onnx")).graph.node if node.op_type == "Conv"]
    assert ["DequantizeLinear" in node.input[1] for node in convolutions] == [False, True]


@pytest.mark.parametrize("network", ["embedder", "detector", "tampering", "appearance"])
def test_no_processor_overflows_the_weights_of_a_released_network(network: str) -> None:
    """Without VNNI two products of a byte and a weight are added in 16 bits: 2 · 255 · 64 is the most that fits."""
    stored = onnx.load(str(bundle_folder() / f"{network}.onnx")).graph.initializer
    weights = [onnx.numpy_helper.to_array(one) for one in stored if one.data_type == onnx.TensorProto.INT8]
    kernels = [one.astype(int) for one in weights if one.ndim == 4]
    assert len(kernels) > 40
    assert max(abs(one).max() for one in kernels) <= 64


def test_a_batch_of_one_cannot_stay_dynamic(tmp_path: Path) -> None:
    example = torch.zeros((1, 32, 32, 3), dtype=torch.uint8)
    with pytest.raises(ValueError, match="at least 2"):
        export_onnx(_Small(), tmp_path / "x.onnx", example=example, input_names=["a"], output_names=["b"])


def test_different_shapes_have_no_difference() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        largest_difference(np.zeros(2, np.float32), np.zeros(3, np.float32))
