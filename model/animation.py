"""Animations: of all frames those that differ, laid out below each other as one picture, a film strip.

A buyer sees every frame, so every frame is looked at. Pillow draws them one over the other as browsers do; the first is
decoded by the structure of its format, as a picture of one frame is. Between the frames of a strip lies a band that is
plain to the eye and to the networks, and which `frames_in` knows exactly: no frame keeps a pixel of its lighter grey.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.orientation import upright
from model.regions import Box, RgbImage
from model.rejection import corrupt

MOST_FRAMES = 12
"""How many frames of an animation are looked at, at most."""

BAND = 8
"""Rows between two frames of a strip."""

_FORMATS = ("GIF", "PNG", "WEBP")
_GREY, _LIGHTER = 24, 25  # of the band, in turn like the squares of a chessboard
_CELLS = 64  # across and down, in which frames are compared
_DIFFERS = 16  # of 255, in one channel of one cell
_AT_ONCE, _AT_ONCE_SHOWN = 10, 100  # browsers show for 100 ms what asks for no more than 10
_LONG_SHOWN = 2_000  # ms; what is shown longer is not more surely seen

_UNREADABLE = (
    OSError, EOFError, SyntaxError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises for a damaged file; it has no error of its own."""


class _Frame(NamedTuple):
    image: RgbImage
    cells: NDArray[np.int16]
    milliseconds: int


def film_strip(data: bytes, *, first: RgbImage, frames: int, orientation: int) -> RgbImage:
    """The `first` frame, upright, of the animation in `data`, and below it those of its `frames` that differ, at most
    `MOST_FRAMES`, in their order and upright; where none does, `first` itself.

    Where more of them differ, those that are least alike and are shown longest stand for the others. Raises
    `ImageRejected` (`corrupt`).
    """
    others = _others(data, frames=frames, orientation=orientation, like=first)
    kept = _most_different([_Frame(first, _cells(first), 0), *others])
    return first if len(kept) == 1 else _laid_out([one.image for one in kept])


def frames_in(image: RgbImage) -> tuple[Box, ...]:
    """The frames of a film strip (height, width, 3), from the top; none where `image` is no strip."""
    rows, columns = image.shape[:2]
    for number in range(MOST_FRAMES, 1, -1):
        height, left = divmod(rows - (number - 1) * BAND, number)
        if left or height < 1:
            continue
        tops = [one * (height + BAND) for one in range(number)]
        band = _band(columns)
        if all((image[top - BAND : top] == band).all() for top in tops[1:]):
            return tuple(Box(0, top, columns, height) for top in tops)
    return ()


def _others(data: bytes, *, frames: int, orientation: int, like: RgbImage) -> Iterator[_Frame]:
    """The frames but the first, upright and as large as `like`."""
    height, width = like.shape[:2]
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            start = 1 if getattr(opened, "default_image", False) else 0  # a still picture that no animation shows
            if getattr(opened, "n_frames", 1) - start != frames:
                raise corrupt(f"not all of the {frames} frames of this animation can be read")
            for number in range(start + 1, start + frames):
                opened.seek(number)
                image = upright(_on_white(opened.convert("RGBA")), orientation=orientation)[:height, :width]
                if image.shape != like.shape:
                    raise corrupt("the frames of this animation are not of one size")
                yield _Frame(image, _cells(image), int(opened.info.get("duration", 0)))
    except _UNREADABLE as error:
        raise corrupt(f"a frame of this animation cannot be read ({error})") from error


def _on_white(picture: Image.Image) -> RgbImage:
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"), np.uint8)


def _cells(image: RgbImage) -> NDArray[np.int16]:
    return cv2.resize(image, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).astype(np.int16)


def _most_different(frames: Sequence[_Frame]) -> list[_Frame]:
    """The first of `frames` and, one after the other, the one that is least like any of those that were taken."""
    cells = np.stack([one.cells for one in frames])
    shown = np.array([_shown(one.milliseconds) for one in frames])
    taken = [0]
    apart, differs = _apart(cells, 0)
    while len(taken) < MOST_FRAMES and differs.any():
        taken.append(int(np.argmax(np.where(differs, apart * shown, -1))))
        to_this, differs_from_this = _apart(cells, taken[-1])
        apart, differs = np.minimum(apart, to_this), differs & differs_from_this
    return [frames[number] for number in sorted(taken)]


def _shown(milliseconds: int) -> int:
    return _AT_ONCE_SHOWN if milliseconds <= _AT_ONCE else min(milliseconds, _LONG_SHOWN)


def _apart(cells: NDArray[np.int16], number: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n,), (n,): how far each frame is from that of this `number`, and whether it differs from it."""
    distance = np.abs(cells - cells[number]).reshape(len(cells), -1)
    return distance.mean(axis=1), distance.max(axis=1) >= _DIFFERS


def _laid_out(frames: Sequence[RgbImage]) -> RgbImage:
    height, width = frames[0].shape[:2]
    strip = np.empty((len(frames) * (height + BAND) - BAND, width, 3), np.uint8)
    for number, frame in enumerate(frames):
        top = number * (height + BAND)
        strip[top : top + height] = frame
        strip[top : top + height][(frame == _LIGHTER).all(axis=2)] = _GREY
        strip[top + height : top + height + BAND] = _band(width)[: len(strip) - top - height]
    return strip


def _band(width: int) -> RgbImage:
    squares = np.indices((BAND, width)).sum(axis=0) % 2
    return np.repeat(np.where(squares, _LIGHTER, _GREY).astype(np.uint8)[..., None], 3, axis=2)
