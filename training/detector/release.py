"""From the averaged weights of a training to the file that serves: int8 ONNX with its threshold, and its figures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from model.detector import SIDES_KEY, THRESHOLD_KEY, Detector, letterboxed
from model.export import QUANTIZED_OPERATORS, export_onnx, largest_difference, quantize
from model.networks.detector import SIDE_MULTIPLE, LogoDetector
from model.networks.weights import load_weights, save_weights
from model.regions import Region
from model.whole_files import written_whole
from training.averaged import Averaged
from training.detector.data import SceneStore
from training.detector.development import FALSE_BOXES, DevSet, dev_figures, development_sets, threshold_for
from training.detector.train import CHECKPOINT

_CALIBRATION_SCENES = 200
_GOLDEN_SCENES = 4
_MOST_MULTIPLES = 32


@dataclass(frozen=True, slots=True)
class DetectorRelease:
    """What was measured on the exported file; `fp32` and `int8` are dev figures by name of the dev set."""

    score_threshold: float
    largest_difference_fp32: float
    milliseconds_fp32: float
    milliseconds_int8: float
    megabytes_int8: float
    fp32: dict[str, dict[str, float]]
    int8: dict[str, dict[str, float]]


def export_detector(folder: Path, path: Path, *, report: Callable[[str], None] = print) -> DetectorRelease:
    """Write the int8 detector to `path`, and its weights beside it, and say how good it is.

    The weights are the averaged ones of `last.pt` in `folder` (see `DetectorTraining`).
    Ranges are calibrated on training scenes; the threshold is that with 2 false boxes a photo on the real photos for
    development, where a mark that nobody is asked for is none (drawn scenes, which hold more that looks like a mark,
    where there are none), and stands in the file's metadata with the sides of the squares. `report` is told when the
    real photos for development are missing. Raises `RuntimeError` when the fp32 file does not compute what torch does,
    to 1e-3.
    """
    averaged = Averaged.kept_in(folder / CHECKPOINT)
    sides = averaged.settings["served_sides"]
    network = LogoDetector(channels=averaged.settings["channels"], pretrained=False)
    averaged.load_into(network)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_weights(network, path.with_suffix(".fp16.npz"))
    load_weights(network, path.with_suffix(".fp16.npz"))  # what is exported is what the file holds, to the last bit
    store = SceneStore.opened(folder / "train")
    dev_sets = development_sets(SceneStore.opened(folder / "dev"), report=report)
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "detector.onnx"
        export_exact(network, exact)
        off = max(_off_torch(network, exact, store, side=side) for side in sides)
        if off > 1e-3:
            raise RuntimeError(f"the ONNX file differs from torch by {off:.2g}, at most 1e-3 is allowed")
        step = max(1, len(store) // _CALIBRATION_SCENES)
        squares = (
            letterboxed(store.scene(number).image, side=side)[0][None]
            for number in range(0, len(store), step)
            for side in sides
        )
        quantize_detector(exact, path, calibration=squares)
        found = {name: _regions(file, dev_sets) for name, file in (("fp32", exact), ("int8", path))}
        figures = {
            name: {dev.name: dev_figures(r, dev) for r, dev in zip(f, dev_sets, strict=True)}
            for name, f in found.items()
        }
        threshold = threshold_for(found["int8"][-1], dev_sets[-1], false_per_photo=FALSE_BOXES)
        write_metadata(path, {THRESHOLD_KEY: f"{threshold:.4f}", SIDES_KEY: " ".join(map(str, sides))})
        return DetectorRelease(
            score_threshold=threshold,
            largest_difference_fp32=off,
            milliseconds_fp32=_milliseconds(exact, dev_sets[0]),
            milliseconds_int8=_milliseconds(path, dev_sets[0]),
            megabytes_int8=path.stat().st_size / 1e6,
            fp32=figures["fp32"],
            int8=figures["int8"],
        )


def export_exact(network: LogoDetector, path: Path) -> None:
    """Write the fp32 graph: `image` (1, height, width, 3) uint8 → `logits` and `distances` of every place."""
    export_onnx(
        network,
        path,
        example=torch.zeros(1, 4 * SIDE_MULTIPLE, 3 * SIDE_MULTIPLE, 3, dtype=torch.uint8),
        input_names=["image"],
        output_names=["logits", "distances"],
        dynamic={
            dimension: SIDE_MULTIPLE * torch.export.Dim(name, min=1, max=_MOST_MULTIPLES)
            for dimension, name in ((1, "height"), (2, "width"))
        },
    )


def quantize_detector(exact: Path, path: Path, *, calibration: Iterable[NDArray[np.uint8]]) -> None:
    """Write the int8 version of the fp32 file `exact`; `calibration` are squares (1, side, side, 3)."""
    quantize(exact, path, calibration=calibration, operators=_OPERATORS, exclude=_output_nodes(exact))


# What feeds the exponential and the join of the grids stays fp32: distances run from 1 to thousands of pixels.
_OPERATORS = tuple(operator for operator in QUANTIZED_OPERATORS if operator != "Concat")


def _output_nodes(path: Path) -> list[str]:
    """The last convolutions of the head and the limits on the distances' logarithms: cheap, and exactness counts."""
    nodes = onnx.load(str(path)).graph.node
    takers = {name: node for node in nodes for name in node.input}
    last = [node for node in nodes if node.op_type == "Conv" and takers[node.output[0]].op_type == "Reshape"]
    limits = [node for node in nodes if node.op_type == "Clip" and takers[node.output[0]].op_type == "Exp"]
    return [node.name for node in (*last, *limits)]


def _off_torch(network: LogoDetector, path: Path, store: SceneStore, *, side: int) -> float:
    """Largest difference of the logits and of the distances (in squares' sides) between torch and the file."""
    detector = Detector(path)
    network.eval()
    off = 0.0
    for number in range(min(_GOLDEN_SCENES, len(store))):
        square, _ = letterboxed(store.scene(number).image, side=side)
        logits, distances = detector.outputs(square)
        with torch.inference_mode():
            expected = network(torch.from_numpy(square[None]))
        off = max(off, largest_difference(logits, expected[0][0].numpy()))
        off = max(off, largest_difference(distances, expected[1][0].numpy()) / side)
    return off


def _regions(path: Path, dev_sets: Sequence[DevSet]) -> list[list[list[Region]]]:
    """For each dev set and photo the regions from a very low score on."""
    detector = Detector(path, score_threshold=0.02)
    return [[detector.detect(image) for image in dev.images] for dev in dev_sets]


def _milliseconds(path: Path, dev: DevSet) -> float:
    """Median time for one photo on one thread, scaling and merging included."""
    detector = Detector(path)
    taken = []
    for image in dev.images[:60]:
        start = time.perf_counter()
        detector.detect(image)
        taken.append(time.perf_counter() - start)
    return 1000 * float(np.median(taken))


def write_metadata(path: Path, entries: dict[str, str]) -> None:
    """Put `entries` into the metadata of an ONNX file."""
    written = onnx.load(str(path))
    onnx.helper.set_model_props(written, entries)
    with written_whole(path) as beside:
        onnx.save(written, str(beside))
