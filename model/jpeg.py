"""JPEG: its structure, and its pixels.

libjpeg paints what it cannot read grey and only warns. So the segments are walked here first (a file without its end
marker is truncated), and simplejpeg runs in strict mode, in which a warning refuses the picture, but for those that
cameras and editors cause too: then what is decoded is what browsers, and so buyers, see.
Source: ITU-T T.81, annex B.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from model.orientation import UPRIGHT, exif_orientation
from model.regions import RgbImage
from model.rejection import UNSUPPORTED_TYPE, DecodeLimits, ImageRejected, corrupt, truncated
from model.transparency import Lay, rgb_on_white

SIGNATURE = b"\xff\xd8\xff"
_FRAMES_READ = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential and progressive, Huffman-coded
_FRAMES_UNREAD = {0xC3: "lossless", 0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded", 0xCB: "lossless"}
_FRAMES_UNREAD |= dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical")
_WITHOUT_LENGTH = {0x01, 0xD8, *range(0xD0, 0xD8)}
_START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MAX_SCAN_PIXELS = 16 * 40_000_000  # a progressive file may ask to go over its pixels some 10 times, not 1,000 times
_HARMLESS_WARNINGS = ("extraneous bytes before marker", "unknown JFIF revision", "Unknown Adobe color transform")
_UNUSUAL_SAMPLING = "subsampling"


@dataclass(slots=True)
class JpegStructure:
    """What the segments of a JPEG say; `rest` holds all bytes that are not compressed pixels or their tables."""

    data: bytes
    width: int = 0
    height: int = 0
    components: int = 0
    orientation: int = UPRIGHT
    frames: int = 1
    rest: bytes = b""

    def pixels(self, *, lay: Lay = rgb_on_white) -> RgbImage:
        """The picture as stored (not yet turned upright), (height, width, 3); raises `ImageRejected` (`corrupt`)."""
        space = "CMYK" if self.components == 4 else "RGB"
        try:
            image = simplejpeg.decode_jpeg(self.data, colorspace=space)
        except ValueError as error:
            image = self._decoded_again(str(error), space)
        if image.shape[:2] != (self.height, self.width):
            raise corrupt(
                f"{self.width}×{self.height} pixels were announced and {image.shape[1]}×{image.shape[0]} came"
            )
        return _rgb_of_inks(image) if space == "CMYK" else np.asarray(image, dtype=np.uint8)

    def _decoded_again(self, problem: str, space: str) -> RgbImage:
        """The picture after a complaint of strict mode that does not touch pixels."""
        if any(warning in problem for warning in _HARMLESS_WARNINGS):
            try:
                return np.asarray(simplejpeg.decode_jpeg(self.data, colorspace=space, strict=False), dtype=np.uint8)
            except ValueError as error:
                raise corrupt(str(error)) from error
        if _UNUSUAL_SAMPLING in problem.lower():
            return self._decoded_by_pillow(space)
        raise corrupt(problem)

    def _decoded_by_pillow(self, space: str) -> RgbImage:
        try:
            with Image.open(io.BytesIO(self.data), formats=["JPEG"]) as picture:
                image = np.array(picture.convert(space), dtype=np.uint8)
        except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
            raise corrupt(str(error)) from error
        return ~image if space == "CMYK" else image


def read_jpeg(data: bytes, *, limits: DecodeLimits) -> JpegStructure:
    """Walk the segments of `data`, which begins with `SIGNATURE`.

    Raises `ImageRejected`: `too_many_pixels` as soon as the frame header says so, `truncated`, `corrupt`, or
    `unsupported_type` for the rare codings that browsers do not show either.
    """
    picture = JpegStructure(data)
    rest: list[bytes] = []
    scans, position = 0, 2
    while True:
        marker, position = _next_marker(data, position)
        if marker == _END_OF_IMAGE:
            break
        if marker in _WITHOUT_LENGTH:
            continue
        body = _segment(data, position)
        position += 2 + len(body)
        if marker == _START_OF_SCAN:
            scans += 1
            position = _end_of_scan(data, position)
        elif marker in _FRAMES_READ or marker in _FRAMES_UNREAD:
            _read_frame(picture, marker, body, limits)
        elif marker in _APPLICATION or marker == _COMMENT:
            rest.append(body)
            _read_application(picture, marker, body)
    if not picture.components or not scans:
        raise corrupt("it holds no picture")
    if scans > 1 and scans * picture.width * picture.height > _MAX_SCAN_PIXELS:
        raise corrupt(f"it goes over its pixels {scans} times")
    picture.rest = b"\n".join([*rest, data[position:]])
    return picture


def _rgb_of_inks(cmyk: RgbImage) -> RgbImage:
    """Device CMYK to RGB as R = C·K / 255, since JPEGs store the inverse of all four inks (as browsers take it)."""
    cyan, magenta, yellow, black = cv2.split(cmyk)
    return np.asarray(cv2.merge([cv2.multiply(ink, black, scale=1 / 255) for ink in (cyan, magenta, yellow)]))


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The next marker's code and the position after it; stray bytes before it are skipped, as all readers do."""
    position = data.find(b"\xff", position)
    while 0 <= position < len(data) - 1 and data[position + 1] in (0x00, 0xFF):
        position = data.find(b"\xff", position + 1)
    if position < 0 or position >= len(data) - 1:
        raise truncated("a JPEG's end marker is missing")
    return data[position + 1], position + 2


def _segment(data: bytes, position: int) -> bytes:
    """The body of the segment whose length field is at `position`."""
    length = int.from_bytes(data[position : position + 2], "big")
    if position + max(length, 2) > len(data):
        raise truncated("a JPEG segment is cut off")
    if length < 2:
        raise corrupt("a JPEG segment has no length")
    return data[position + 2 : position + length]


def _end_of_scan(data: bytes, position: int) -> int:
    found = _MARKER_IN_SCAN.search(data, position)
    if found is None:
        raise truncated("a JPEG's end marker is missing")
    return found.start()


def _read_frame(picture: JpegStructure, marker: int, body: bytes, limits: DecodeLimits) -> None:
    if len(body) < 6 or picture.components:
        raise corrupt("its frame header is wrong")
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    coding = _FRAMES_UNREAD.get(marker, "12-bit" if precision != 8 else None)
    if coding is not None:
        raise ImageRejected(
            UNSUPPORTED_TYPE, f"This JPEG is {coding}, which browsers do not show either. Save it as a baseline JPEG."
        )
    limits.check_pixels(width=width, height=height)
    if components not in (1, 3, 4):
        raise corrupt(f"it has {components} colour components instead of 1, 3 or 4")
    picture.width, picture.height, picture.components = width, height, components


def _read_application(picture: JpegStructure, marker: int, body: bytes) -> None:
    if marker == 0xE1 and body.startswith(b"Exif\0") and picture.orientation == UPRIGHT:
        picture.orientation = exif_orientation(body[6:])
