"""Product photos: does a shop photo find the studio picture, and an edited copy its original?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from model.decode import decode
from model.encoding import jpeg
from model.regions import RgbImage
from training.evaluation.crops import Pictures
from training.evaluation.datasets import Photo
from training.evaluation.intervals import Estimate, grouped_mean, mean_interval
from training.evaluation.matchers import Matcher
from training.evaluation.report import Progress, Table
from training.evaluation.retrieval import first_is_right
from training.evaluation.sift import fitted
from training.photo_files import read_photo
from training.synthesis.products import Product

COPY_SIDE = 320
"""Longer side of the originals, pixels; all copies together must fit in memory."""

Edit = Callable[[RgbImage, np.random.Generator], RgbImage]
"""What a seller does to a product photo before using it again."""


def cropped(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Between 60 and 85 % of each side, anywhere."""
    height, width = photo.shape[:2]
    high, wide = (int(side * rng.uniform(0.6, 0.85)) for side in (height, width))
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    return np.ascontiguousarray(photo[top : top + high, left : left + wide])


def flipped(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Mirrored left to right."""
    return np.ascontiguousarray(photo[:, ::-1])


def recoloured(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """The hue turned by 40° to 120° either way, saturation and brightness changed."""
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(20, 60) * rng.choice([-1, 1])) % 180
    hsv[..., 1:] = np.clip(hsv[..., 1:] * rng.uniform(0.7, 1.3, 2), 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def recompressed(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Half as large, as JPEG of quality 40."""
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return decode(jpeg(np.asarray(small, np.uint8), quality=40))


def all_together(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Every edit, one after the other."""
    for edit in (cropped, flipped, recoloured, recompressed):
        photo = edit(photo, rng)
    return photo


EDITS: dict[str, Edit] = {edit.__name__: edit for edit in (cropped, flipped, recoloured, recompressed, all_together)}
"""By name; `training.synthesis.products.augmented`, which the embedder learns from, is other code with other ranges."""


def groceries(products: Sequence[Product], *, matchers: Sequence[Matcher], progress: Progress) -> Table:
    """Shop photos of the `dev` products find their studio picture among those of all products.

    The interval draws products anew, since photos of one are alike.
    """
    iconic, natural = [], []
    for product in products:
        first, *others = product.photos
        iconic.append((first, product.name))
        natural += [(photo, product.name) for photo in others if product.split == "dev"]
    queries, gallery = _pictures(natural), _pictures(iconic)
    rows = {}
    for matcher in progress(matchers, len(matchers), "groceries"):
        asked = queries.bearable(matcher)
        hits = first_is_right(matcher.similarities(asked.pictures, gallery.pictures), asked.label, gallery.label)
        rows[matcher.name] = {"recall_at_1": grouped_mean(hits, asked.label)}
    held_out = sorted(set(queries.label.tolist()))
    facts = {"products_asked_for": len(held_out), "studio_pictures": len(iconic)}
    return Table("Shop photo to studio picture (grocery, products that were not trained on)", rows, facts)


def copies(photos: Sequence[Photo], *, matchers: Sequence[Matcher], progress: Progress) -> Table:
    """Edited copies of catalogue photos find their original among all of them."""
    originals = [fitted(photo.read(), side=COPY_SIDE) for photo in photos]
    edited = {
        name: [edit(photo, np.random.default_rng([number, place])) for place, photo in enumerate(originals)]
        for number, (name, edit) in enumerate(EDITS.items())
    }
    names = np.array([photo.path.name for photo in photos])
    rows: dict[str, dict[str, Estimate]] = {}
    for matcher in progress(matchers, len(matchers), "copies"):
        rows[matcher.name] = {}
        asked = {name: Pictures(pictures, names, names).bearable(matcher) for name, pictures in edited.items()}
        # One call, so that the gallery is described once.
        found = matcher.similarities([picture for one in asked.values() for picture in one.pictures], originals)
        parts = np.split(found, np.cumsum([len(one.pictures) for one in asked.values()])[:-1])
        for (name, one), similarities in zip(asked.items(), parts, strict=True):
            rows[matcher.name][name] = mean_interval(first_is_right(similarities, one.label, names))
    facts = {"photos": len(photos), "figure": "recall at 1 by edit", "longer_side_px": COPY_SIDE}
    return Table("Edited copy to original product photo (catalogue)", rows, facts)


def _pictures(named: Sequence[tuple[Path, str]]) -> Pictures:
    files, label = zip(*named, strict=True)
    return Pictures([read_photo(file) for file in files], np.array(label), np.array([file.name for file in files]))
