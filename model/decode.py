"""From the bytes of an upload to upright RGB pixels, or to a refusal that says what to do.

Each format is read in two steps. `read_<format>` walks the file's own structure: it takes the size from the header
before anything is decoded, finds what is missing or damaged, and sets aside whatever is no pixels. Then a decoder sees
the pixels alone. Colour profiles are not applied: pixels count as sRGB.

`decode` is exact about what it accepts, but C libraries may still crash on hostile bytes, so the service calls it in
worker processes (`serve/pictures/decoding.py`).
"""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Final, Protocol

import cv2

from model.animation import film_strip
from model.gif import SIGNATURES as GIF_SIGNATURES
from model.gif import read_gif
from model.jpeg import SIGNATURE as JPEG_SIGNATURE
from model.jpeg import read_jpeg
from model.orientation import upright
from model.png import SIGNATURE as PNG_SIGNATURE
from model.png import read_png
from model.polyglots import refuse_second_file
from model.regions import RgbImage
from model.rejection import UNSUPPORTED_TYPE, DecodeLimits, ImageRejected, corrupt
from model.transparency import Lay, rgb_of_drawing, rgb_on_white
from model.webp import read_webp

__all__ = ["KEPT_LIMITS", "DecodeLimits", "ImageRejected", "Reading", "Structure", "decode", "read_structure"]

_READ = "Hallmark reads JPEG, PNG, WebP and GIF"
_OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"%PDF-", "a PDF document", "Export the page as PNG"),
    (0, b"BM", "a BMP picture", "Save it as PNG"),
    (0, b"II*\0", "a TIFF or camera raw picture", "Save it as JPEG or PNG"),
    (0, b"MM\0*", "a TIFF or camera raw picture", "Save it as JPEG or PNG"),
    (0, b"II+\0", "a BigTIFF picture", "Save it as JPEG or PNG"),
    (0, b"8BPS", "a Photoshop document", "Export it as JPEG or PNG"),
    (0, b"\0\0\x01\0", "an icon", "Save it as PNG"),
    (0, b"\xff\x0a", "a JPEG XL picture", "Save it as JPEG"),
    (4, b"JXL \r\n\x87\n", "a JPEG XL picture", "Save it as JPEG"),
    (4, b"jP  \r\n\x87\n", "a JPEG 2000 picture", "Save it as JPEG"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", "Save it as JPEG"),
    (4, b"ftypavi", "an AVIF picture", "Save it as JPEG or WebP"),
    (4, b"ftyphei", "a HEIC picture", "Save it as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)"),
    (4, b"ftyphev", "a HEIC picture", "Save it as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)"),
    (4, b"ftypmif1", "a HEIF picture", "Save it as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)"),
    (4, b"ftyp", "a video", "Send a frame of it as JPEG"),
    (0, b"PK\x03\x04", "a ZIP archive or office document", "Send the pictures in it one by one"),
    (0, b"\x1f\x8b", "compressed with gzip", "Send the file itself"),
)


class Reading(IntEnum):
    """What of a file is to be seen."""

    PHOTO = 0
    """All that a buyer sees: of an animation the frames that differ, as a film strip (`model/animation.py`)."""

    STILL = 1
    """Of an animation the first frame."""

    DRAWING = 2
    """As `STILL`, but on near-black where a part would vanish on white (`model.transparency.rgb_of_drawing`)."""


class Structure(Protocol):
    """What is known of a picture before its pixels are decoded."""

    @property
    def width(self) -> int:
        """Pixels, as stored (before EXIF orientation)."""

    @property
    def height(self) -> int:
        """Pixels, as stored (before EXIF orientation)."""

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1..8."""

    @property
    def frames(self) -> int:
        """How many pictures follow each other: 1, or those of an animation."""

    @property
    def rest(self) -> bytes:
        """All bytes that are no pixels: metadata, comments, what follows the end."""

    def pixels(self, *, lay: Lay = rgb_on_white) -> RgbImage:
        """The first frame as stored, what is transparent laid out by `lay`; raises `ImageRejected` (`corrupt`)."""


DEFAULT_LIMITS = DecodeLimits()

KEPT_LIMITS: Final = DecodeLimits(max_bytes=sys.maxsize, max_pixels=sys.maxsize, max_frames=sys.maxsize)
"""For files that Hallmark keeps: each was accepted under the limits of then, or Hallmark drew it. A photo takes several
times the bytes as PNG that were sent as JPEG.
"""


def decode(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS, reading: Reading = Reading.PHOTO) -> RgbImage:
    """The picture in `data` (JPEG, PNG, WebP or GIF), upright and on white; `reading` says what of it.

    Returns (height, width, 3) uint8 RGB, C-contiguous. Raises `ImageRejected` with code `empty`, `too_large`,
    `unsupported_type`, `too_many_pixels`, `truncated`, `corrupt` or `polyglot`, and nothing else save `MemoryError`.
    """
    limits.check_bytes(len(data))
    structure = read_structure(data, limits=limits)
    refuse_second_file(data, rest=structure.rest)
    try:
        pixels = structure.pixels(lay=rgb_of_drawing if reading is Reading.DRAWING else rgb_on_white)
        first = upright(pixels, orientation=structure.orientation)
        if structure.frames == 1 or reading is not Reading.PHOTO:
            return first
        limits.check_frames(structure.frames, width=structure.width, height=structure.height)
        strip = film_strip(data, first=first, frames=structure.frames, orientation=structure.orientation)
        limits.check_pixels(width=strip.shape[1], height=strip.shape[0])
        return strip
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError("OpenCV found no memory for a picture") from error
        raise corrupt("its compressed pixels cannot be read") from error


def read_structure(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS) -> Structure:
    """Find the format of `data` by its first bytes and walk it; raises `ImageRejected` as `decode` does."""
    if data.startswith(JPEG_SIGNATURE):
        return read_jpeg(data, limits=limits)
    if data.startswith(PNG_SIGNATURE):
        return read_png(data, limits=limits)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return read_webp(data, limits=limits)
    if data.startswith(GIF_SIGNATURES):
        return read_gif(data, limits=limits)
    raise _unsupported(data)


def _unsupported(data: bytes) -> ImageRejected:
    for offset, signature, kind, advice in _OTHERS:
        if data.startswith(signature, offset):
            return ImageRejected(UNSUPPORTED_TYPE, f"This is {kind}. {_READ}. {advice} and send that.")
    text = data[:512].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").replace(b"\0", b"").lower()
    if text.startswith(b"<"):
        kind = "an SVG drawing" if b"<svg" in text or b"svg" in text[:256] else "a web page or XML"
        return ImageRejected(UNSUPPORTED_TYPE, f"This is {kind}. {_READ}. Render it as PNG and send that.")
    return ImageRejected(UNSUPPORTED_TYPE, f"The first bytes are of no known picture format. {_READ}.")
