"""A brand's product photo used again, by an honest shop or by a seller who wiped the logo first.

What is done to all of the photo is drawn by `reused`; it also says which pixel went where, so that it is known where a
place of the photo lies in the copy. `training.evaluation.products.EDITS`, which figures are measured with, is other
code with other ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from model.alignment import Matrix, content_bounds
from model.decode import decode
from model.encoding import jpeg
from model.regions import Box, RgbImage
from training.edits.innocent import out_of_focus
from training.edits.strokes import random_colour
from training.synthesis.inks import dressed
from training.synthesis.logos import Logo, one_colour, rasterise
from training.synthesis.rendering import place_mark

LEAST_CONTRAST = 36
"""Of 255, between the darkest and the lightest twentieth of the place of a drawn mark, in any channel."""

_CAPTIONS = ("SALE", "NEW", "50% OFF", "Free shipping", "2024", "best price", "shop 24")


@dataclass(frozen=True, slots=True)
class Reuse:
    """A copy, and the matrix from the original's pixels to its own."""

    picture: RgbImage
    matrix: Matrix


def marked_product(photo: RgbImage, logo: Logo, *, rng: np.random.Generator) -> tuple[RgbImage, Box]:
    """The product with a drawing of `logo` on its middle, and the mark's box.

    Raises `ValueError` when the mark cannot be seen there in any size that was tried.
    """
    top, bottom, left, right = content_bounds(photo)
    width, height = right - left, bottom - top
    middle = Box(left + 0.2 * width, top + 0.2 * height, 0.6 * width, 0.55 * height)
    part = np.ascontiguousarray(middle.crop(photo))
    mark = dressed(rasterise(logo, width=256), rng=rng)
    for _ in range(5):
        share = float(np.exp(rng.uniform(np.log(0.2), np.log(0.7))))
        try:
            placed, box, _ = place_mark(mark, part, rng=rng, width_fraction=share)
        except ValueError:
            continue
        before, after = box.crop(part).astype(np.int16), box.crop(placed)
        dark, light = np.percentile(after.reshape(-1, 3), (5, 95), axis=0)
        changed = float((np.abs(after - before).max(axis=-1) > LEAST_CONTRAST).mean())
        if min(box.width, box.height) >= 14 and changed > 0.12 and float((light - dark).max()) >= LEAST_CONTRAST:
            whole = photo.copy()
            middle.crop(whole)[...] = placed
            return whole, Box(box.x + int(middle.x), box.y + int(middle.y), box.width, box.height)
        mark = one_colour(mark, (240, 240, 240) if float(before.mean()) < 128 else (20, 20, 20))
    raise ValueError(f"a mark of {logo.brand} cannot be seen on this product")


def reused(photo: RgbImage, *, rng: np.random.Generator, keep: Box | None = None, clear: Sequence[Box] = ()) -> Reuse:
    """The photo cropped, mirrored, recoloured, captioned, scaled, blurred and compressed, each or not, by chance.

    `keep` stays inside the crop; no caption lies on it nor on the places `clear`.
    """
    height, width = photo.shape[:2]
    inside = (keep or Box(0.3 * width, 0.3 * height, 0.4 * width, 0.4 * height)).clipped(width=width, height=height)
    picture, matrix = photo, np.eye(3)
    if rng.random() < 0.5:
        left, top = int(rng.uniform(0, min(inside.x, 0.3 * width))), int(rng.uniform(0, min(inside.y, 0.3 * height)))
        right = int(np.ceil(rng.uniform(max(inside.x + inside.width, 0.7 * width), width)))
        bottom = int(np.ceil(rng.uniform(max(inside.y + inside.height, 0.7 * height), height)))
        picture = picture[top:bottom, left:right]
        matrix = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    if rng.random() < 0.35:
        matrix = np.array([[-1, 0, picture.shape[1] - 1], [0, 1, 0], [0, 0, 1.0]]) @ matrix
        picture = picture[:, ::-1]
    picture = np.array(picture, np.uint8, order="C")
    if rng.random() < 0.4:
        picture = _recoloured(picture, rng)
    if rng.random() < 0.3:
        picture = _lit(picture, rng)
    if rng.random() < 0.3:
        picture = _captioned(picture, [_moved(box, matrix) for box in (inside, *clear)], rng)
    if rng.random() < 0.6:
        scale = float(rng.uniform(0.4, 1.3))
        size = (max(round(picture.shape[1] * scale), 16), max(round(picture.shape[0] * scale), 16))
        matrix = np.diag([size[0] / picture.shape[1], size[1] / picture.shape[0], 1.0]) @ matrix
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
    if rng.random() < 0.2:
        picture = out_of_focus(picture, rng)
    if rng.random() < 0.8:
        picture = decode(jpeg(np.asarray(picture, np.uint8), quality=int(rng.integers(30, 93))))
    return Reuse(np.asarray(picture, np.uint8), matrix)


def _moved(box: Box, matrix: Matrix) -> Box:
    corners = np.array([[[box.x, box.y], [box.x + box.width, box.y + box.height]]], np.float64)
    (one, other) = cv2.perspectiveTransform(corners, matrix)[0]
    low, high = np.minimum(one, other), np.maximum(one, other)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _recoloured(picture: RgbImage, rng: np.random.Generator) -> RgbImage:
    """The hue turned by up to 180° either way, saturation and brightness changed."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-90, 90)) % 180
    hsv[..., 1:] = np.clip(hsv[..., 1:] * rng.uniform(0.6, 1.3, 2), 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def _lit(picture: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Contrast, exposure and warmth changed."""
    gamma = float(np.exp(rng.uniform(-0.5, 0.5)))
    light = 255 * np.power(picture / 255.0, gamma) * (1 + rng.uniform(-0.12, 0.12, 3))
    return np.clip(light, 0, 255).astype(np.uint8)


def _captioned(picture: RgbImage, keep: Sequence[Box], rng: np.random.Generator) -> RgbImage:
    """A word in the upper or the lower sixth, or none where it would touch one of `keep`."""
    height, width = picture.shape[:2]
    word = str(rng.choice(_CAPTIONS))
    size = width / 260 * float(rng.uniform(0.6, 1.2))
    (wide, tall), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, size, 2)
    x = int(rng.uniform(0, max(width - wide, 1)))
    y = int(height * rng.uniform(0.06, 0.16)) if rng.random() < 0.5 else int(height * rng.uniform(0.88, 0.97))
    written_on = Box(x, y - tall, wide, 1.4 * tall)
    if any(written_on.intersection(one.grown(0.1)) > 0 for one in keep):
        return picture
    written = picture.copy()
    cv2.putText(written, word, (x, y), cv2.FONT_HERSHEY_DUPLEX, size, random_colour(rng), 2, cv2.LINE_AA)
    return written
