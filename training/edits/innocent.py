"""Innocent variants: what happens to genuine marks in the world, none of which is a smear or an imitation.

A mark may be made another way (inverted, outlined, engraved); `INNOCENT_PHOTOS` change the whole photo alike (out of
focus, small, compressed, lit, noisy, turned).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from model.regions import Box, RgbImage
from training.edits.strokes import random_colour
from training.synthesis.logos import RgbaImage
from training.synthesis.logos import one_colour as painted

InnocentPhoto = Callable[[RgbImage, np.random.Generator], RgbImage]
"""(photo, random numbers) → the photo taken, saved or sent another way."""


def inverted(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Light for dark, the hues kept: the version for dark grounds."""
    lab = cv2.cvtColor(mark[..., :3], cv2.COLOR_RGB2LAB)
    lab[..., 0] = 255 - lab[..., 0]
    return np.dstack([cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), mark[..., 3]]).astype(np.uint8)


def outlined(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Only the contour of the mark, as embroidered or cut from metal."""
    width = max(1, int(np.sqrt(mark.shape[0] * mark.shape[1]) * rng.uniform(0.012, 0.022)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    ink = painted(mark, random_colour(rng))
    room = cv2.copyMakeBorder(ink, width, width, width, width, cv2.BORDER_REPLICATE)
    alpha = cv2.copyMakeBorder(ink[..., 3], width, width, width, width, cv2.BORDER_CONSTANT)
    return np.dstack([room[..., :3], cv2.dilate(alpha, kernel) - cv2.erode(alpha, kernel)]).astype(np.uint8)


def engraved(mark: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Light on one flank and shadow on the other, hardly any colour of its own."""
    alpha = painted(mark, (0, 0, 0))[..., 3].astype(np.float32)
    depth = max(1, int(np.sqrt(alpha.size) * rng.uniform(0.008, 0.02)))
    padded = cv2.copyMakeBorder(alpha, depth, depth, depth, depth, cv2.BORDER_CONSTANT)
    lit = np.roll(padded, (-depth, -depth), axis=(0, 1)) - np.roll(padded, (depth, depth), axis=(0, 1))
    relief = cv2.GaussianBlur(lit, (0, 0), depth * 0.5)
    base = float(rng.uniform(60, 190))
    grey = np.clip(base + relief * 0.45, 0, 255)
    cover = np.clip(np.maximum(np.abs(relief) * 1.2, padded * rng.uniform(0.15, 0.5)), 0, 255)
    return np.dstack([grey, grey, grey, cover]).astype(np.uint8)


def out_of_focus(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """All of the photo blurred by 0.3 to 1.2 % of its longer side."""
    sigma = max(photo.shape[:2]) * rng.uniform(0.003, 0.012)
    return cv2.GaussianBlur(photo, (0, 0), max(sigma, 0.6)).astype(np.uint8)


def shaken(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """All of the photo blurred along one direction by 1 to 3 % of its longer side."""
    length = max(3, int(max(photo.shape[:2]) * rng.uniform(0.01, 0.03))) | 1
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1.0
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), float(rng.uniform(0, 180)), 1.0)
    stroke = cv2.warpAffine(line, turn, (length, length))
    kernel = np.asarray(stroke / max(float(stroke.sum()), 1e-6), np.float32)
    return cv2.filter2D(photo, -1, kernel).astype(np.uint8)


def low_resolution(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """All of the photo at 25 to 60 % of its size, enlarged again."""
    height, width = photo.shape[:2]
    share = rng.uniform(0.25, 0.6)
    small = cv2.resize(photo, (max(8, int(width * share)), max(8, int(height * share))), interpolation=cv2.INTER_AREA)
    method = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return cv2.resize(small, (width, height), interpolation=method).astype(np.uint8)


def recompressed(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """JPEG of quality 12 to 60, all over."""
    quality = int(rng.integers(12, 61))
    done, data = cv2.imencode(".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    if decoded is None:
        raise ValueError(f"a photo of shape {photo.shape} cannot be written as JPEG")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8)


def lit(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Exposure, contrast and warmth changed, and light that falls off across the photo."""
    height, width = photo.shape[:2]
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5)
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    light = (1 + fall * (x * np.cos(angle) + y * np.sin(angle)))[..., None]
    tint = 1 + rng.uniform(-0.1, 0.1, 3)
    gamma = float(np.exp(rng.uniform(-0.45, 0.45)))
    exposed = 255 * np.power(photo / 255.0, gamma) * light * tint
    return np.asarray(np.clip(exposed, 0, 255), np.uint8)


def noisy(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Sensor noise of 4 to 16 grey levels, all over."""
    grain = rng.normal(0, rng.uniform(4, 16), photo.shape)
    return np.clip(photo + grain, 0, 255).astype(np.uint8)


def turned(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Seen from the side: each corner moves by up to 8 % of the sides."""
    height, width = photo.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.08, 0.08, (4, 2)).astype(np.float32) * [width, height]
    change = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return cv2.warpPerspective(photo, change, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def with_glare(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """A flash that foil, glass or plastic mirrors: a bright spot, blown out in the middle or not, that fades away."""
    height, width = photo.shape[:2]
    y, x = np.ogrid[:height, :width]
    reach = min(height, width) * float(np.exp(rng.uniform(np.log(0.015), np.log(0.2))))
    away, turned = np.array([rng.uniform(0, height), rng.uniform(0, width)]), float(rng.uniform(0, np.pi))
    down, across = y - away[0], x - away[1]
    along = (across * np.cos(turned) + down * np.sin(turned)) / (reach * float(rng.uniform(1.0, 3.0)))
    beside = (down * np.cos(turned) - across * np.sin(turned)) / reach
    light = float(rng.uniform(60, 300)) * np.exp(-(along**2 + beside**2) / 2)
    return np.asarray(np.clip(photo + light[..., None] * rng.uniform(0.9, 1.0, 3), 0, 255), np.uint8)


def with_qr_code(photo: RgbImage, rng: np.random.Generator, *, hides: Callable[[Box], bool]) -> RgbImage:
    """A QR code (ISO/IEC 18004) on its white ground; the photo as it is where that `hides` anything."""
    height, width = photo.shape[:2]
    text = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz0123456789./"), size=int(rng.integers(8, 90))))
    code = cv2.QRCodeEncoder.create().encode(text)
    code = cv2.copyMakeBorder(code, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=255)
    side = int(min(height, width) * float(np.exp(rng.uniform(np.log(0.1), np.log(0.9)))))
    top, left = int(rng.uniform(0, height - side)), int(rng.uniform(0, width - side))
    rows, columns = slice(top, top + side), slice(left, left + side)
    if side < len(code) or hides(Box(left, top, side, side)):
        return photo
    shown = photo.copy()
    shown[rows, columns] = cv2.resize(code, (side, side), interpolation=cv2.INTER_AREA)[..., None]
    return shown


INNOCENT_PHOTOS: dict[str, InnocentPhoto] = {
    "out_of_focus": out_of_focus,
    "shaken": shaken,
    "low_resolution": low_resolution,
    "recompressed": recompressed,
    "lit": lit,
    "noisy": noisy,
    "turned": turned,
}
"""What befalls a whole photo, by name."""
