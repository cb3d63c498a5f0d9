"""From a torch module to the ONNX files that serve: fp32, then static int8.

This module needs the training extra (torch, onnx); serving only reads the files it writes.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from model.whole_files import written_whole

OPSET = 18
QUANTIZED_OPERATORS = ("Conv", "Add", "Clip", "Relu", "MaxPool", "Resize", "Concat")
"""What runs in int8. Pooling powers, norms and small heads stay fp32: they cost little and lose most."""

FIRST_BLOCK = 3
"""Convolutions of an EfficientNet up to the end of its first block. Their few channels are of very unlike ranges, which
int8 cannot hold (Sheng et al. 2018, https://arxiv.org/abs/1803.08607), and all that follows suffers.
"""


def export_onnx(
    module: nn.Module,
    path: Path,
    *,
    example: torch.Tensor,
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic: Mapping[int, Any] | None = None,
) -> None:
    """Write `module` as an fp32 ONNX file that holds its weights and nothing of the machine that made it.

    `example` is one input. `dynamic` are its dimensions whose size is free afterwards (`torch.export.Dim`), the first,
    the batch, where nothing is said; of each the example must have at least 2, or the exporter takes 1 for a constant.
    Raises `ValueError` when it has not. Several inputs are not needed anywhere and are not supported.
    """
    free = {0: torch.export.Dim("n")} if dynamic is None else dict(dynamic)
    if any(example.shape[dimension] < 2 for dimension in free):
        raise ValueError(f"the example must be at least 2 long where sizes stay free, got {tuple(example.shape)}")
    module = module.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecations
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            dynamic_shapes=(free,),
            input_names=list(input_names),
            output_names=list(output_names),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    written = program.model_proto
    _forget_the_machine(written)
    onnx.checker.check_model(written)
    with written_whole(path) as beside:
        onnx.save(written, str(beside))


def _forget_the_machine(written: Any) -> None:
    """Remove the source paths and stack traces that the exporter leaves in a model."""
    graph = written.graph
    del written.metadata_props[:], graph.metadata_props[:]
    written.doc_string = graph.doc_string = ""
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Feeds the calibration batches to onnxruntime one after the other."""

    def __init__(self, batches: Iterable[NDArray[Any]], *, name: str) -> None:
        self._batches: Iterator[NDArray[Any]] = iter(batches)
        self._name = name

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The next batch by input name, None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def quantize(
    path_fp32: Path,
    path_int8: Path,
    *,
    calibration: Iterable[NDArray[Any]],
    operators: Sequence[str] = QUANTIZED_OPERATORS,
    exclude: Sequence[str] = (),
    exact: int = FIRST_BLOCK,
) -> None:
    """Write the static int8 version (QDQ, weights per channel) of an ONNX file with one input.

    `calibration` gives batches for that input, in its dtype; ranges are the minimum and maximum seen, so that a given
    calibration gives a given file. `operators` are the operator types that run in int8; the nodes named in `exclude`
    and the first `exact` convolutions stay in fp32. Weights have 7 bits: without VNNI processors add pairs of products
    in 16 bits, which those of 8-bit weights overflow.
    """
    name = onnxruntime.InferenceSession(str(path_fp32), providers=["CPUExecutionProvider"]).get_inputs()[0].name
    with tempfile.TemporaryDirectory() as folder:
        prepared, quantized = Path(folder) / "prepared.onnx", Path(folder) / "quantized.onnx"
        # Folds batch norm and constants, so that what is quantised is what will run.
        quant_pre_process(str(path_fp32), str(prepared), skip_symbolic_shape=True)
        convolutions = [node.name for node in onnx.load(str(prepared)).graph.node if node.op_type == "Conv"]
        quantize_static(
            str(prepared),
            str(quantized),
            _Calibration(calibration, name=name),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(operators),
            nodes_to_exclude=[*exclude, *convolutions[:exact]],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        written = onnx.load(str(quantized))
    _forget_the_machine(written)
    with written_whole(path_int8) as beside:
        onnx.save(written, str(beside))


def largest_difference(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """The largest absolute difference of two arrays of one shape; raises `ValueError` when the shapes differ."""
    if left.shape != right.shape:
        raise ValueError(f"shapes differ: {left.shape} and {right.shape}")
    return float(np.abs(left.astype(np.float64) - right).max()) if left.size else 0.0
