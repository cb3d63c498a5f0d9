"""PNG and APNG: the chunks, and the pixels of the first frame; of others it is known how many there are.

Every checksum is tested, and the decoder of the first frame sees a file rebuilt from the few chunks that hold pixels:
text, colour profiles and animation never reach it. Source: PNG specification, third edition (W3C, 2025).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from model.orientation import UPRIGHT, exif_orientation
from model.regions import RgbImage
from model.rejection import DecodeLimits, corrupt, truncated
from model.transparency import Lay, Pixels, decoded_by_opencv, rgb_on_white, with_colour_key

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_GREY, _TRUE_COLOUR, _PALETTE = 0, 2, 3
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


@dataclass(slots=True)
class _Frame:
    """Where the first frame lies on the canvas, in pixels, and its compressed rows."""

    width: int
    height: int
    x: int = 0
    y: int = 0
    parts: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class PngStructure:
    """What the chunks of a PNG say; `rest` holds all bytes that are not compressed pixels or their tables."""

    width: int
    height: int
    depth: int
    colour: int
    interlace: int
    frame: _Frame
    palette: bytes = b""
    transparency: bytes = b""
    orientation: int = UPRIGHT
    frames: int = 1
    rest: bytes = b""

    def pixels(self, *, lay: Lay = rgb_on_white) -> RgbImage:
        """The first frame, laid out by `lay`, on a white canvas, not upright; raises `ImageRejected` (`corrupt`)."""
        image = lay(self._keyed(self._decoded()))
        frame = self.frame
        if (frame.width, frame.height) == (self.width, self.height):
            return image
        canvas = np.full((self.height, self.width, 3), 255, dtype=np.uint8)
        canvas[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width] = image
        return canvas

    def _decoded(self) -> Pixels:
        pixels = decoded_by_opencv(self._rebuilt())
        if pixels is None or pixels.shape[:2] != (self.frame.height, self.frame.width):
            raise corrupt("the compressed pixels of this PNG cannot be read")
        return pixels

    def _rebuilt(self) -> bytes:
        frame = self.frame
        header = struct.pack(">IIBBBBB", frame.width, frame.height, self.depth, self.colour, 0, 0, self.interlace)
        tables = [_chunk(b"PLTE", self.palette)] if self.colour == _PALETTE else []
        if self.colour == _PALETTE and self.transparency:
            tables.append(_chunk(b"tRNS", self.transparency))
        rows = _chunk(b"IDAT", b"".join(frame.parts))
        return b"".join([SIGNATURE, _chunk(b"IHDR", header), *tables, rows, _chunk(b"IEND", b"")])

    def _keyed(self, pixels: Pixels) -> Pixels:
        """`pixels` with the colour key of grey and true colour made transparent; decoders differ in how they do it."""
        channels = {_GREY: 1, _TRUE_COLOUR: 3}.get(self.colour, 0)
        if not channels or len(self.transparency) < 2 * channels:
            return pixels
        key = [value & ((1 << self.depth) - 1) for value in struct.unpack_from(f">{channels}H", self.transparency)]
        if self.depth < 8:
            key = [value * 255 // ((1 << self.depth) - 1) for value in key]
        return with_colour_key(pixels, key_bgr=tuple(reversed(key)))


def read_png(data: bytes, *, limits: DecodeLimits) -> PngStructure:
    """Walk the chunks of `data`, which begins with `SIGNATURE`.

    Raises `ImageRejected`: `too_many_pixels` as soon as the header says so, `truncated` or `corrupt`.
    """
    picture = _read_header(data, limits)
    rest: list[bytes] = []
    animated, frames_begun = False, 0
    animation: _Frame | None = None  # the first animated frame, when the still picture is not it
    for kind, body in _chunks(data, rest):
        if kind == b"IDAT":
            picture.frame.parts.append(body)
        elif kind == b"PLTE":
            picture.palette = body
        elif kind == b"tRNS":
            picture.transparency = body
        elif kind == b"eXIf":
            picture.orientation = exif_orientation(body)
        elif kind == b"acTL":
            animated = not picture.frame.parts
        elif kind == b"fcTL" and animated:
            frames_begun += 1
            if frames_begun == 1 and picture.frame.parts:
                animation = _read_frame(picture, body)
        elif kind == b"fdAT" and animation is not None and frames_begun == 1:
            animation.parts.append(body[4:])
    if not picture.frame.parts or (picture.colour == _PALETTE and not picture.palette):
        raise corrupt("it holds no pixels")
    if animation is not None and animation.parts:
        picture.frame = animation
    picture.frames = max(frames_begun, 1)
    picture.rest = b"\n".join(rest)
    return picture


def _read_header(data: bytes, limits: DecodeLimits) -> PngStructure:
    if len(data) < 33:
        raise truncated("a PNG's header is cut off")
    length, kind, width, height, depth, colour, compression, filtering, interlace = struct.unpack_from(
        ">I4sIIBBBBB", data, 8
    )
    if length != 13 or kind != b"IHDR":
        raise corrupt("a PNG's header is missing")
    limits.check_pixels(width=width, height=height)
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise corrupt("a PNG's header holds values that do not exist")
    return PngStructure(width, height, depth, colour, interlace, _Frame(width, height))


def _chunks(data: bytes, rest: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk up to IEND; what holds no pixels, and what follows IEND, is added to `rest`."""
    position, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if position + 12 > len(data):
            raise truncated("a PNG's end chunk is missing")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if not kind.isalpha():
            raise corrupt("a PNG chunk has no name")
        if end > len(data):
            raise truncated("a PNG chunk is cut off")
        body = data[position + 8 : end - 4]
        if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end], "big"):
            raise corrupt("the checksum of a PNG chunk is wrong")
        if kind[:1].isupper() and kind not in _CRITICAL:
            raise corrupt("a PNG chunk that must be understood is unknown")
        if kind not in (b"IDAT", b"fdAT"):
            rest.append(body)
        yield kind, body
        position = end
    rest.append(data[position:])


def _read_frame(picture: PngStructure, body: bytes) -> _Frame:
    if len(body) != 26:
        raise corrupt("a frame of an animated PNG has a wrong header")
    width, height, x, y = struct.unpack_from(">IIII", body, 4)
    if not width or not height or x + width > picture.width or y + height > picture.height:
        raise corrupt("a frame of an animated PNG lies outside its canvas")
    return _Frame(width, height, x, y)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
