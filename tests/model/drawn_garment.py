"""A drawn product photo with a mark on it, what sellers do to the mark, and what shops do to the photo."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from model.regions import Box, RgbImage

PLACE = Box(150, 190, 90, 44)


def product() -> RgbImage:
    """A drawn garment on white, 480 × 400: folds, buttons, a pattern, and a word at `PLACE`."""
    rng = np.random.default_rng(4)
    photo = np.full((480, 400, 3), 255, np.uint8)
    cv2.fillPoly(photo, [np.array([[70, 60], [330, 60], [350, 440], [50, 440]])], (70, 110, 150), cv2.LINE_AA)
    for _ in range(26):
        x, y = (int(value) for value in rng.integers([80, 90], [310, 420]))
        ends = (x + int(rng.integers(-40, 40)), y + int(rng.integers(-40, 40)))
        cv2.line(photo, (x, y), ends, tuple(int(v) for v in rng.integers(0, 256, 3)), 3, cv2.LINE_AA)
    x, y, width, height = (int(value) for value in PLACE)
    cv2.rectangle(photo, (x - 4, y - 4), (x + width + 4, y + height + 4), (70, 110, 150), -1)
    cv2.putText(photo, "FUMA", (x + 4, y + 34), cv2.FONT_HERSHEY_DUPLEX, 1.05, (250, 240, 230), 2, cv2.LINE_AA)
    return photo


def is_garment(photo: RgbImage) -> bool:
    """Whether the photo shows all of the garment, upright, whatever is drawn on its middle."""
    hem = slice(400, 440)
    return photo.shape == product().shape and np.array_equal(photo[hem], product()[hem])


def blurred(patch: RgbImage) -> RgbImage:
    return cv2.GaussianBlur(patch, (0, 0), 11)


def mosaicked(patch: RgbImage) -> RgbImage:
    return cv2.resize(cv2.resize(patch, (4, 2), interpolation=cv2.INTER_AREA), patch.shape[1::-1], interpolation=0)


def painted(patch: RgbImage) -> RgbImage:
    return np.full_like(patch, (70, 110, 150))


def stickered(patch: RgbImage) -> RgbImage:
    out = np.full_like(patch, (240, 210, 40))
    cv2.circle(out, (patch.shape[1] // 2, patch.shape[0] // 2), 15, (60, 40, 20), 3, cv2.LINE_AA)
    return out


def smeared(photo: RgbImage, how: Callable[[RgbImage], RgbImage]) -> RgbImage:
    """The photo with the place of its word smeared."""
    out = photo.copy()
    patch = PLACE.grown(0.06).crop(out)
    patch[...] = how(patch.copy())
    return out


def recoloured(photo: RgbImage) -> RgbImage:
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 50) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def recompressed(photo: RgbImage) -> RgbImage:
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


COPIES = {
    "same": lambda photo: photo,
    "cropped": lambda photo: np.ascontiguousarray(photo[90:440, 60:340]),
    "flipped": lambda photo: np.ascontiguousarray(photo[:, ::-1]),
    "recoloured": recoloured,
    "recompressed": recompressed,
    "out of focus": lambda photo: cv2.GaussianBlur(photo, (0, 0), 3),
    "all": lambda photo: recompressed(recoloured(np.ascontiguousarray(photo[60:470, 40:380][:, ::-1]))),
}
WIPES = {"blurred": blurred, "mosaicked": mosaicked, "painted": painted, "stickered": stickered}


def in_a_shop(picture: RgbImage) -> RgbImage:
    """The product from another side, in other light, before a shelf."""
    height, width = picture.shape[:2]
    rng = np.random.default_rng(1)
    shelf = cv2.resize(rng.integers(60, 160, (12, 16, 3), dtype=np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[180, 60], [450, 90], [430, 440], [150, 400]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    laid = cv2.warpPerspective(picture, matrix, (640, 480))
    there = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (640, 480)) > 127
    return np.where(there[..., None], (laid * 0.7).astype(np.uint8), shelf)


def another() -> RgbImage:
    """Another product: the first one's halves, each turned on its head."""
    half = product().shape[0] // 2
    return np.ascontiguousarray(np.concatenate([product()[:half][::-1], product()[half:][::-1]]))
