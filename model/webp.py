"""WebP: its chunks, and the pixels of the first frame; of others it is known how many there are.

The decoder sees a file rebuilt from the chunks of the first frame alone.
Source: RFC 9649 (WebP image format), sections 2 and 3; RFC 6386, section 9.1, for the VP8 frame header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from model.orientation import UPRIGHT, exif_orientation
from model.regions import RgbImage
from model.rejection import DecodeLimits, corrupt, truncated
from model.transparency import Lay, decoded_by_opencv, rgb_on_white

_PIXELS = (b"VP8 ", b"VP8L")
_ALPHA_FLAG = 0x10


@dataclass(slots=True)
class WebpStructure:
    """What the chunks of a WebP say: the canvas, where the first frame lies on it, and the chunks of that frame."""

    width: int = 0
    height: int = 0
    animated: bool = False
    frame_size: tuple[int, int] = (0, 0)
    frame_place: tuple[int, int] = (0, 0)
    frame_chunks: dict[bytes, bytes] = field(default_factory=dict)
    orientation: int = UPRIGHT
    frames: int = 1
    rest: bytes = b""

    def pixels(self, *, lay: Lay = rgb_on_white) -> RgbImage:
        """The first frame, laid out by `lay`, on a white canvas, not upright; raises `ImageRejected` (`corrupt`)."""
        (width, height), (x, y) = self.frame_size, self.frame_place
        pixels = decoded_by_opencv(self._rebuilt())
        if pixels is None or pixels.shape[:2] != (height, width):
            raise corrupt("the compressed pixels of this WebP cannot be read")
        image = lay(pixels)
        if (width, height) == (self.width, self.height):
            return image
        canvas = np.full((self.height, self.width, 3), 255, dtype=np.uint8)
        canvas[y : y + height, x : x + width] = image
        return canvas

    def _rebuilt(self) -> bytes:
        chunks = [_chunk(kind, body) for kind, body in self.frame_chunks.items()]
        if b"ALPH" in self.frame_chunks:
            width, height = self.frame_size
            chunks.insert(0, _chunk(b"VP8X", struct.pack("<I", _ALPHA_FLAG) + _three(width - 1) + _three(height - 1)))
        body = b"WEBP" + b"".join(chunks)
        return b"RIFF" + struct.pack("<I", len(body)) + body


def read_webp(data: bytes, *, limits: DecodeLimits) -> WebpStructure:
    """Walk the chunks of `data`, which begins with `RIFF....WEBP`.

    Raises `ImageRejected`: `too_many_pixels` as soon as a header says so, `truncated` or `corrupt`.
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise truncated("a WebP's container is cut off")
    picture = WebpStructure()
    rest = [data[end + end % 2 :]]
    for kind, body in _chunks(data[:end], 12):
        if kind == b"VP8X":
            picture.width, picture.height = _sides(body, 4)
            limits.check_pixels(width=picture.width, height=picture.height)
        elif kind == b"ANMF" and picture.animated:
            picture.frames += 1
        elif kind == b"ANMF" and not picture.frame_chunks:
            rest += _read_animation_frame(picture, body, limits)
        elif kind in _PIXELS and not set(_PIXELS) & picture.frame_chunks.keys():
            _add_pixels(picture, kind, body, limits)
        elif kind == b"ALPH" and not picture.frame_chunks:
            picture.frame_chunks[kind] = body
        elif kind == b"EXIF":
            picture.orientation = exif_orientation(body.removeprefix(b"Exif\0\0"))
        if kind not in (*_PIXELS, b"ANMF", b"ALPH"):
            rest.append(body)
    _check_frame(picture)
    picture.rest = b"\n".join(rest)
    return picture


def _chunks(data: bytes, position: int) -> Iterator[tuple[bytes, bytes]]:
    while position < len(data):
        if position + 8 > len(data):
            raise truncated("a WebP chunk is cut off")
        kind, size = struct.unpack_from("<4sI", data, position)
        if position + 8 + size > len(data):
            raise truncated("a WebP chunk is cut off")
        yield kind, data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2


def _read_animation_frame(picture: WebpStructure, body: bytes, limits: DecodeLimits) -> list[bytes]:
    """Read the first frame of an animation; returns the bodies of its chunks that hold no pixels."""
    if len(body) < 16 or not picture.width:
        raise corrupt("a frame of an animated WebP has a wrong header")
    picture.animated = True
    picture.frame_place = (2 * int.from_bytes(body[0:3], "little"), 2 * int.from_bytes(body[3:6], "little"))
    announced = _sides(body, 6)
    others = []
    for kind, part in _chunks(body, 16):
        if kind in _PIXELS and not set(_PIXELS) & picture.frame_chunks.keys():
            _add_pixels(picture, kind, part, limits)
        elif kind == b"ALPH" and not picture.frame_chunks:
            picture.frame_chunks[kind] = part
        else:
            others.append(part)
    if picture.frame_size != announced:
        raise corrupt("a frame of an animated WebP is not as large as announced")
    return others


def _add_pixels(picture: WebpStructure, kind: bytes, body: bytes, limits: DecodeLimits) -> None:
    if kind == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", body, 6))
    elif kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        picture.frame_chunks.pop(b"ALPH", None)  # lossless pixels carry their own alpha
    else:
        raise corrupt("the picture inside this WebP has no header")
    limits.check_pixels(width=width, height=height)
    picture.frame_size = (width, height)
    picture.frame_chunks[kind] = body
    if not picture.width:
        picture.width, picture.height = width, height


def _check_frame(picture: WebpStructure) -> None:
    (width, height), (x, y) = picture.frame_size, picture.frame_place
    if not width:
        raise corrupt("it holds no pixels")
    if x + width > picture.width or y + height > picture.height:
        raise corrupt("the picture inside this WebP is larger than its canvas")
    if not picture.animated and (width, height) != (picture.width, picture.height):
        raise corrupt("the picture inside this WebP is not as large as its canvas")


def _sides(body: bytes, position: int) -> tuple[int, int]:
    """Width and height in pixels from two 24-bit numbers that hold one less."""
    if len(body) < position + 6:
        raise corrupt("a WebP header is too short")
    width = int.from_bytes(body[position : position + 3], "little") + 1
    return width, int.from_bytes(body[position + 3 : position + 6], "little") + 1


def _three(value: int) -> bytes:
    return value.to_bytes(3, "little")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
