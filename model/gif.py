"""GIF: its blocks, and the pixels of the first frame; of others it is known how many there are.

The decoder sees a file rebuilt from the first frame alone, placed here on a white canvas: readers disagree on what
lies beside the first frame, and browsers leave it transparent. Source: GIF89a specification (CompuServe, 1990).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

from model.regions import RgbImage
from model.rejection import DecodeLimits, corrupt, truncated
from model.transparency import Lay, rgb_on_white

SIGNATURES = (b"GIF87a", b"GIF89a")
_IMAGE, _EXTENSION, _TRAILER, _GRAPHIC_CONTROL = 0x2C, 0x21, 0x3B, 0xF9


@dataclass(slots=True)
class GifStructure:
    """What the blocks of a GIF say; `frame` is a GIF of the first frame alone, `place` its left and top in pixels."""

    width: int
    height: int
    palette: bytes
    flags: int
    frame: bytes = b""
    place: tuple[int, int] = (0, 0)
    orientation: int = 1
    frames: int = 0
    rest: bytes = b""

    def pixels(self, *, lay: Lay = rgb_on_white) -> RgbImage:
        """The first frame on its canvas, laid out by `lay`; raises `ImageRejected` (`corrupt`)."""
        try:
            with Image.open(io.BytesIO(self.frame), formats=["GIF"]) as opened:
                picture = opened.convert("RGBA")
        except (OSError, SyntaxError, ValueError, IndexError, struct.error) as error:
            raise corrupt(f"the compressed pixels of this GIF cannot be read ({error})") from error
        canvas = Image.new("RGBA", (self.width, self.height))
        canvas.paste(picture, self.place)
        return lay(np.ascontiguousarray(np.array(canvas)[..., [2, 1, 0, 3]]))


def read_gif(data: bytes, *, limits: DecodeLimits) -> GifStructure:
    """Walk the blocks of `data`, which begins with one of `SIGNATURES`.

    Raises `ImageRejected`: `too_many_pixels` as soon as a header says so, `truncated` or `corrupt`.
    """
    if len(data) < 13:
        raise truncated("a GIF's header is cut off")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    limits.check_pixels(width=width, height=height)
    position = 13 + _palette_bytes(flags)
    picture = GifStructure(width, height, data[13:position], flags)
    rest: list[bytes] = []
    control = b""
    while True:
        block = data[position] if position < len(data) else None
        if block == _TRAILER:
            break
        if block == _EXTENSION:
            body, end = _sub_blocks(data, position + 2)
            if data[position + 1 : position + 2] == bytes([_GRAPHIC_CONTROL]):
                control = data[position:end]
            else:
                rest.append(body)
        elif block == _IMAGE:
            end = _image_end(data, position)
            picture.frames += 1
            if not picture.frame:
                _read_frame(picture, control, data[position:end], limits)
        elif block is None:
            raise truncated("a GIF's end mark is missing")
        else:
            raise corrupt("a GIF block is of no known kind")
        position = end
    if not picture.frame:
        raise corrupt("it holds no pixels")
    picture.rest = b"\n".join([*rest, data[position + 1 :]])
    return picture


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(data: bytes, position: int) -> tuple[bytes, int]:
    """The joined sub-blocks that begin at `position`, and the position after their end."""
    parts = []
    while position < len(data) and data[position]:
        parts.append(data[position + 1 : position + 1 + data[position]])
        position += 1 + data[position]
    if position >= len(data):
        raise truncated("a GIF block is cut off")
    return b"".join(parts), position + 1


def _image_end(data: bytes, position: int) -> int:
    if position + 11 > len(data):
        raise truncated("a GIF frame is cut off")
    return _sub_blocks(data, position + 11 + _palette_bytes(data[position + 9]))[1]


def _read_frame(picture: GifStructure, control: bytes, image: bytes, limits: DecodeLimits) -> None:
    """Rebuild the first frame at the origin of its own canvas; a frame larger than the canvas grows the canvas."""
    x, y, width, height = struct.unpack_from("<HHHH", image, 1)
    if not width or not height:
        raise corrupt("its first frame has no pixels")
    picture.width, picture.height = max(picture.width, x + width), max(picture.height, y + height)
    limits.check_pixels(width=picture.width, height=picture.height)
    screen = struct.pack("<HHBBB", width, height, picture.flags, 0, 0) + picture.palette
    moved = image[:1] + struct.pack("<HHHH", 0, 0, width, height) + image[9:]
    picture.frame = b"".join([SIGNATURES[1], screen, control, moved, bytes([_TRAILER])])
    picture.place = (x, y)
