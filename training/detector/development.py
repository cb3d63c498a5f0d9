"""What the detector is judged by while it learns: drawn scenes of other brands, and real garments.

The figures here choose weights and threshold; nothing that is reported is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.detector import fused, look
from model.networks.detector import LogoDetector
from model.regions import Box, Region, RgbImage
from training.detector.data import SceneStore
from training.evaluation.datasets import boxed_photos, real_photos
from training.evaluation.detection import Photo, detection_figures
from training.photo_files import read_photo
from training.refusals import DataMissing
from training.synthesis.garments import boxed_garments
from training.synthesis.grounds import data_folder

_LOWEST_SCORE = 0.02
FALSE_BOXES = 2.0
"""False boxes a photo at which recall is read off while choosing."""


@dataclass(frozen=True)
class DevSet:
    """Photos (or scenes) with the boxes of their marks; `iou` is the overlap from which a mark counts as found.

    `besides` are, where it is known, the boxes of marks that nobody is asked for (`training.evaluation.detection`).
    """

    name: str
    images: Sequence[RgbImage]
    truth: Sequence[Sequence[Box]]
    iou: float = 0.5
    besides: Sequence[Sequence[Box]] = ()


def torch_regions(network: LogoDetector, images: Sequence[RgbImage], *, sides: Sequence[int]) -> list[list[Region]]:
    """For each image its regions in its own pixels, found by the torch network one image at a time."""
    network.eval()

    def outputs(square: RgbImage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.inference_mode():
            logits, distances = network(torch.from_numpy(square[None]))
        return logits[0].numpy(), distances[0].numpy()

    return [
        fused(
            [look(image, outputs, side=side, score_threshold=_LOWEST_SCORE) for side in sides],
            score_threshold=_LOWEST_SCORE,
            most=20,
        )
        for image in images
    ]


def dev_figures(regions: Sequence[Sequence[Region]], dev: DevSet) -> dict[str, float]:
    """Recall at the set's IoU, and at 0.5, with at most 2 false boxes a photo, and the threshold for that."""
    threshold = threshold_for(regions, dev, false_per_photo=FALSE_BOXES)
    photos = _photos(regions, dev, threshold)
    figures, strict = detection_figures(photos, iou=dev.iou), detection_figures(photos)
    return {
        "recall": round(figures.recall, 4),
        "recall_over_8_percent": round(figures.recall_over_8_percent, 4),
        "recall_iou50": round(strict.recall, 4),
        "false_per_photo": round(figures.false_per_photo, 3),
        "unasked_per_photo": round(figures.unasked_per_photo, 3),
        "threshold": round(threshold, 4),
    }


def threshold_for(regions: Sequence[Sequence[Region]], dev: DevSet, *, false_per_photo: float) -> float:
    """The lowest score from which at most `false_per_photo` boxes a photo match no mark at the set's IoU."""
    for threshold in np.linspace(_LOWEST_SCORE, 0.9, 89):
        if detection_figures(_photos(regions, dev, threshold), iou=dev.iou).false_per_photo <= false_per_photo:
            return float(threshold)
    return 0.9


def _photos(regions: Sequence[Sequence[Region]], dev: DevSet, threshold: float) -> list[Photo]:
    """The evaluated photos with the regions from `threshold` on."""
    besides = dev.besides or [()] * len(dev.images)
    return [
        Photo(image.shape[1], image.shape[0], truth, [region for region in found if region.score >= threshold], others)
        for image, truth, found, others in zip(dev.images, dev.truth, regions, besides, strict=True)
    ]


def real_garments() -> DevSet:
    """The boxed photos of garments; raises `DataMissing` when they are not there.

    People boxed them generously: a tight box overlaps theirs by less than half, so 0.25 counts as found.
    """
    photos = boxed_photos("garments")
    truth = [[mark.box for mark in photo.marks] for photo in photos]
    return DevSet("garments", [photo.read() for photo in photos], truth, iou=0.25)


def second_hand_garments() -> DevSet:
    """The garments of second-hand sellers; raises `DataMissing` when they are not there.

    What is ignored on them counts as false here too.
    """
    garments = [garment for garment in boxed_garments(data_folder()) if not garment.is_held_out]
    if not garments:
        raise DataMissing(f"no data set clothing in {data_folder().resolve()}")
    images = [read_photo(garment.path) for garment in garments]
    return DevSet("second-hand garments", images, [garment.marks for garment in garments])


def real_brands() -> DevSet:
    """The photos of FlickrLogos-27 for tuning; raises `DataMissing` when they are not there."""
    photos = real_photos(tuning=True)
    return DevSet(
        "real brands",
        [photo.read() for photo in photos],
        [[mark.box for mark in photo.marks] for photo in photos],
        besides=[photo.besides for photo in photos],
    )


def drawn_scenes(store: SceneStore) -> DevSet:
    """A store of scenes as a dev set."""
    scenes = [store.scene(number) for number in range(len(store))]
    return DevSet("scenes", [np.ascontiguousarray(scene.image) for scene in scenes], [scene.boxes for scene in scenes])


def development_sets(store: SceneStore, *, report: Callable[[str], None]) -> list[DevSet]:
    """The scenes of `store` and, where they are there, real photos; `report` is told when they are not."""
    dev_sets = [drawn_scenes(store)]
    for photos in (real_garments, second_hand_garments, real_brands):
        try:
            dev_sets.append(photos())
        except DataMissing as missing:
            report(f"without real photos for development: {missing}")
    return dev_sets
