"""EXIF orientation: reading it, and turning pixels upright."""

from __future__ import annotations

import struct

import cv2
import numpy as np

from model.regions import RgbImage

UPRIGHT = 1
_ORIENTATION_TAG = 0x0112
_SHORT, _LONG = 3, 4


def exif_orientation(tiff: bytes) -> int:
    """The orientation 1..8 in the first directory of `tiff`, an EXIF block from its `II` or `MM` on.

    Anything that cannot be read counts as upright (1), as in browsers. Source: TIFF 6.0, section 2; Exif 2.32, 4.6.4.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return UPRIGHT
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    if directory + 2 > len(tiff):
        return UPRIGHT
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for start in range(directory + 2, min(directory + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", tiff, start)
        if tag == _ORIENTATION_TAG and kind in (_SHORT, _LONG):
            (value,) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), tiff, start + 8)
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT


def upright(image: RgbImage, *, orientation: int) -> RgbImage:
    """`image` (height, width, 3) as it is to be looked at, given its EXIF orientation 1..8; C-contiguous."""
    turned = {
        2: lambda: cv2.flip(image, 1),
        3: lambda: cv2.rotate(image, cv2.ROTATE_180),
        4: lambda: cv2.flip(image, 0),
        5: lambda: cv2.transpose(image),
        6: lambda: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
        7: lambda: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180),
        8: lambda: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
    }.get(orientation)
    return np.ascontiguousarray(image if turned is None else turned(), dtype=np.uint8)
