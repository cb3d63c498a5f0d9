"""Pictures that the colour embedder tells apart."""

from __future__ import annotations

import cv2
import numpy as np

from model.regions import RgbImage


def mosaic(seed: int, *, side: int = 96) -> RgbImage:
    """Random tiles; another seed is another mark."""
    tiles = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(tiles, (side, side), interpolation=cv2.INTER_NEAREST)


def png(image: RgbImage) -> bytes:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def jpeg(image: RgbImage) -> bytes:
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def large_photo() -> RgbImage:
    """A mark under noise, which no file makes small: 14 MB as PNG, more than is read of an upload; less as JPEG."""
    noise = np.random.default_rng(0).integers(0, 128, (2300, 2300, 3), dtype=np.uint8)
    return mosaic(77_777, side=2300) // 2 + noise
