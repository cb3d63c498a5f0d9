"""Real photos to tamper with: garments of second-hand sellers (CC0) and packages in shops (MIT).

What is smeared on them is what the detector takes for marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from model.logo_places import Detect
from model.regions import Box
from training.evaluation.datasets import is_for_tuning, plain_photos
from training.evaluation.report import Progress
from training.photo_files import read_photo
from training.synthesis.garments import boxed_garments
from training.synthesis.grounds import data_folder, is_for_thresholds
from training.synthesis.products import load_products
from training.synthesis.scenes import Scene


@dataclass(frozen=True)
class PhotosToTamper:
    """Real photos and the regions that the detector finds on them."""

    paths: Sequence[Path]
    regions: Sequence[tuple[Box, ...]]

    def __len__(self) -> int:
        return len(self.paths)

    def scene(self, number: int) -> Scene:
        """Photo `number`, in its own pixels."""
        return Scene(_photo(self.paths[number]), self.regions[number])


def photos_to_tamper(detect: Detect, *, split: str, progress: Progress) -> PhotosToTamper:
    """The photos of `split`: `train`, or `dev`, which is a tenth of those that may be trained on.

    Left out are garments that are known to show a mark of a brand that figures are reported on, and those that
    thresholds are chosen on: what learnt from a photo is surer of it than of others.

    Raises `DataMissing` when they are not there.
    """
    shops = {path for product in load_products(data_folder()) if product.split == "train" for path in product.photos}
    reported = {garment.path for garment in boxed_garments(data_folder()) if garment.is_held_out}
    garments = [photo.path for photo in plain_photos("clothing") if not is_for_thresholds(photo.path.name)]
    paths = [path for path in garments if path not in reported]
    paths += [photo.path for photo in plain_photos("grocery") if photo.path in shops]
    paths = [path for path in paths if is_for_tuning(path)]
    chosen = [path for number, path in enumerate(paths) if (number % 10 == 0) == (split == "dev")]
    regions = [
        tuple(region.box for region in detect(_photo(path)))
        for path in progress(chosen, len(chosen), f"photos to tamper with ({split})")
    ]
    return PhotosToTamper(chosen, regions)


_photo = lru_cache(maxsize=1000)(read_photo)
