"""The networks of a bundle written anew from its weights: where not what was learnt changed but how it is written.

The int8 ranges are those of drawn scenes, marks and pairs of training brands, on photos that may be trained on.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from model.bundle import write_manifest
from model.close_look import FILE
from model.detector import SIDES_KEY, letterboxed
from model.export import quantize
from model.networks.aligner import AlignerNetwork
from model.networks.close_look import CloseLookNetwork
from model.networks.detector import LogoDetector
from model.networks.embedder import INPUT_SIZE, EmbedderNetwork
from model.networks.tampering import TamperingNetwork
from model.networks.verifier import VerifierNetwork
from model.networks.weights import load_weights
from model.preprocessing import batch
from model.regions import RgbImage
from model.tampering import SIDE as TAMPERING_SIDE
from model.verifier import ALIGNER, Aligner
from training.detector import release as detector_release
from training.embedder.release import export_embedder
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import load_logos, split_of
from training.synthesis.scenes import Scene, SceneMaterial, draw_scene
from training.tampering import train as tampering_release
from training.tampering.data import draw_tampered
from training.verifier.close_look import WEIGHTS, export_close_look
from training.verifier.drawing import draw_pairs
from training.verifier.pairs import clean_reference
from training.verifier.release import export_aligner, export_appearance, export_judge, laid_pairs

SCENES, MARKS, TAMPERED, PAIRS = 200, 400, 96, 600
"""Drawn for the int8 ranges: of the detector, the embedder, the network of tampered places, and the appearance."""

_AT_ONCE = 8


@dataclass(frozen=True)
class DrawnScenes:
    """Scenes in memory."""

    scenes: Sequence[Scene]

    def __len__(self) -> int:
        return len(self.scenes)

    def scene(self, number: int) -> Scene:
        """Scene `number`."""
        return self.scenes[number]


def export_networks(
    start: Path, folder: Path, *, logos: Path | None, seed: int, networks: Collection[str] = ()
) -> None:
    """Write the bundle in the folder `start` into a new `folder`, its ONNX files made from the weights anew.

    `networks` names those that are (detector, embedder, tampering, verifier, close-look), where not all: that takes
    about two minutes. What was fitted to the networks is copied as it is.

    Raises `FileExistsError` when there is such a folder, `FileNotFoundError` when `start` lacks weights, `KeyError`
    when there is no network of such a name.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} is there already: give the bundle another folder")
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(start, beside)
    material = SceneMaterial.found_in(data_folder(), logos=logos, with_packages=False)
    rng = np.random.default_rng(seed)
    scenes = DrawnScenes([draw_scene(material, rng=rng) for _ in range(SCENES)])
    marks = _marks(scenes, material, rng=rng)
    writers: dict[str, Callable[[], None]] = {
        "detector": lambda: _export_detector(beside, scenes),
        "embedder": lambda: _export_embedder(beside, marks),
        "tampering": lambda: _export_tampering(beside, scenes, rng=rng),
        "verifier": lambda: _export_verifier(beside, logos=logos, seed=seed),
        "close-look": lambda: _export_close_look(beside),
    }
    for network in networks or writers:
        writers[network]()
    write_manifest(beside)
    beside.rename(folder)


def _export_detector(folder: Path, scenes: DrawnScenes) -> None:
    path, network = folder / "detector.onnx", LogoDetector(pretrained=False)
    load_weights(network, folder / "detector.fp16.npz")
    described = {one.key: one.value for one in onnx.load(str(path)).metadata_props}
    squares = (
        letterboxed(scene.image, side=int(side))[0][None]
        for scene in scenes.scenes
        for side in described[SIDES_KEY].split()
    )
    with _exact_file() as exact:
        detector_release.export_exact(network, exact)
        detector_release.quantize_detector(exact, path, calibration=squares)
    detector_release.write_metadata(path, described)


def _export_embedder(folder: Path, marks: Sequence[RgbImage]) -> None:
    network = EmbedderNetwork()
    load_weights(network, folder / "embedder.fp16.npz")
    with _exact_file() as exact:
        export_embedder(network, exact)
        quantize(exact, folder / "embedder.onnx", calibration=_parts(batch(marks, size=INPUT_SIZE)))


def _export_tampering(folder: Path, scenes: DrawnScenes, *, rng: np.random.Generator) -> None:
    network = TamperingNetwork()
    load_weights(network, folder / "tampering.fp16.npz")
    squares = [draw_tampered([(scenes, 1.0)], rng=rng, side=TAMPERING_SIDE).image[None] for _ in range(TAMPERED)]
    with _exact_file() as exact:
        tampering_release.export_exact(network, exact)
        quantize(exact, folder / "tampering.onnx", calibration=squares)


def _export_verifier(folder: Path, *, logos: Path | None, seed: int) -> None:
    """Its aligner, its judge, and the network of how a region looks."""
    aligner, judge = AlignerNetwork(), VerifierNetwork()
    load_weights(aligner, folder / "aligner.fp16.npz")
    load_weights(judge, folder / "verifier.fp16.npz")
    export_aligner(folder, aligner)
    export_judge(folder, judge)
    training = [logo for logo in load_logos(logos) if split_of(logo.brand) == "train"]
    drawn = draw_pairs(training, count=PAIRS, seed=seed, backgrounds=Backgrounds.found_in(data_folder()))
    export_appearance(folder, laid_pairs(drawn, drawn.prepared(), aligner=Aligner(folder / ALIGNER)))


def _export_close_look(folder: Path) -> None:
    look = CloseLookNetwork()
    load_weights(look, folder / WEIGHTS)
    export_close_look(look, folder / FILE)


@contextmanager
def _exact_file() -> Iterator[Path]:
    """Where an fp32 graph may lie until its int8 one is written."""
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch) / "exact.onnx"


def _marks(scenes: DrawnScenes, material: SceneMaterial, *, rng: np.random.Generator) -> list[RgbImage]:
    """Pictures as the embedder gets them: half of them marks in scenes, the others clean references."""
    seen = [box.crop(scene.image) for scene in scenes.scenes for box in scene.boxes][: MARKS // 2]
    chosen = rng.choice(len(material.logos), MARKS // 2, replace=False)
    return [*seen, *(clean_reference(material.logos[int(number)]) for number in chosen)]


def _parts(pictures: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return np.array_split(pictures, math.ceil(len(pictures) / _AT_ONCE))
