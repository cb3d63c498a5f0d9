"""Real photos: those inside the scikit-image wheel (`skimage/data`, free to use), read as files, never downloaded."""

from __future__ import annotations

from importlib.resources import as_file, files

import cv2
import numpy as np

from demo.camera import Rgba, box_of, laid_on
from demo.products import Corners
from demo.surfaces import blurred
from model.regions import Box, RgbImage

FILES: dict[str, str] = {
    "astronaut": "astronaut.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "motorcycle": "motorcycle_left.png",
    "pavement": "brick.png",
    "rocket": "rocket.jpg",
}
"""File of each photo. The motorcycle is a Yamaha and says so; the astronaut wears badges of a space mission."""

LONGER_SIDE = 1200
"""Photos are enlarged to this, in pixels, as shops do."""

PLACES: dict[str, Corners] = {
    "coffee": np.array([[464, 244], [690, 244], [708, 366], [440, 366]], np.float32),
    "motorcycle": np.array([[612, 278], [742, 258], [760, 366], [616, 380]], np.float32),
    "pavement": np.array([[330, 330], [870, 330], [930, 920], [270, 920]], np.float32),
}
"""Where a mark can be laid in a photo, in pixels of the enlarged photo."""


def photo(name: str) -> RgbImage:
    """The photo of that name, `LONGER_SIDE` pixels on its longer side. Raises `RuntimeError` when it cannot be read."""
    with as_file(files("skimage") / "data" / FILES[name]) as path:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise RuntimeError(f"{FILES[name]} is not in the installed scikit-image; reinstall with `make demo`")
    scale = LONGER_SIDE / max(picture.shape[:2])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB).astype(np.uint8)


def with_mark(name: str, mark: Rgba, *, share: float) -> tuple[RgbImage, Box | None]:
    """The photo with a mark laid on its place, under the light that falls there, and the mark's box."""
    picture = photo(name).astype(np.float32)
    ink, cover = laid_on(mark, PLACES[name], shape=picture.shape[:2], share=share)
    brightness = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    around = np.maximum(blurred(brightness, 40), 1)
    light = np.clip(0.72 + 0.28 * around / 128, 0.6, 1.1) * np.clip(brightness / around, 0.75, 1.3)
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 1.1), np.float32)
    cover = blurred(cover, 1.1)
    laid = picture * (1 - 0.93 * cover[..., None]) + 0.93 * ink * light[..., None]
    return np.clip(laid, 0, 255).astype(np.uint8), box_of(cover)
