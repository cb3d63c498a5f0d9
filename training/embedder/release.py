"""From a checkpoint to the files that serve: int8 ONNX, and the fp16 weights that a later round starts from."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.embedder import Embedder
from model.export import export_onnx, largest_difference, quantize
from model.networks.embedder import INPUT_SIZE, EmbedderNetwork
from model.networks.weights import load_weights, save_weights
from training.embedder.views import Views

_CALIBRATION_VIEWS = 256
_AGREEMENT = 1e-3


@dataclass(frozen=True)
class Release:
    """What was written and how faithful it is: the largest difference of a coordinate between torch and fp32 ONNX, the
    mean cosine of fp32 and int8 vectors on development views, and the median milliseconds a picture on one thread."""

    onnx_difference: float
    int8_cosine: float
    milliseconds: float
    bytes_int8: int


def release(network: EmbedderNetwork, *, views: Views, folder: Path) -> Release:
    """Write `embedder.onnx` (static int8, calibrated on training views only) and `embedder.fp16.npz` into `folder`.

    Raises `ValueError` when the views are not of the served size, `RuntimeError` when torch and the exported fp32 graph
    differ by more than 1e-3.
    """
    if views.plan.size != INPUT_SIZE:
        raise ValueError(f"the embedder serves {INPUT_SIZE} px, the views are of {views.plan.size} px")
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(network, folder / "embedder.fp16.npz")
    load_weights(network, folder / "embedder.fp16.npz")  # what is exported is what the file holds, to the last bit
    golden = _rows(views, "dev", count=128)
    with tempfile.TemporaryDirectory() as scratch:
        fp32 = Path(scratch) / "embedder.onnx"
        export_embedder(network, fp32)
        exact = _run(fp32, views.pixels[golden])
        with torch.no_grad():
            truth = network.eval()(torch.from_numpy(views.pixels[golden])).numpy()
        difference = largest_difference(truth, exact)
        if difference > _AGREEMENT:
            raise RuntimeError(f"torch and ONNX differ by {difference:.2g}, more than {_AGREEMENT}")
        quantize(fp32, folder / "embedder.onnx", calibration=_calibration(views))
    cosine = float((exact * _run(folder / "embedder.onnx", views.pixels[golden])).sum(axis=1).mean())
    size = (folder / "embedder.onnx").stat().st_size
    return Release(difference, cosine, median_milliseconds(folder / "embedder.onnx"), size)


TIMED = 60
"""Pictures that a network is timed on."""


def export_embedder(network: EmbedderNetwork, path: Path) -> None:
    """Write the fp32 graph: `pictures` (n, INPUT_SIZE, INPUT_SIZE, 3) uint8 → `vectors` (n, 256) float32."""
    example = torch.zeros((2, INPUT_SIZE, INPUT_SIZE, 3), dtype=torch.uint8)
    export_onnx(network, path, example=example, input_names=["pictures"], output_names=["vectors"])


def median_milliseconds(path: Path) -> float:
    """Median time of one picture on one thread, letterboxing included."""
    embedder = Embedder(path)
    picture = np.random.default_rng(0).integers(0, 256, (200, 180, 3), dtype=np.uint8)
    times = []
    for _ in range(TIMED):
        began = time.perf_counter()
        embedder.embed([picture])
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _rows(views: Views, split: str, *, count: int) -> NDArray[np.intp]:
    found = [row for row, view in enumerate(views.views) if view.split == split and views.done[row]]
    return np.sort(np.random.default_rng(0).permutation(found)[:count])


def _calibration(views: Views) -> Iterator[NDArray[np.uint8]]:
    rows = _rows(views, "train", count=_CALIBRATION_VIEWS)
    for start in range(0, len(rows), 32):
        yield np.ascontiguousarray(views.pixels[rows[start : start + 32]])


def _run(path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    return Embedder(path).embed(list(pictures))
