"""Light and camera: shading, glare, things in front, blur, noise, white balance, compression, few pixels.

Images are float32 RGB of values about 0..255 unless a type says otherwise.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage
from training.synthesis.grounds import FloatImage, any_colour, smooth_noise


def lit(image: FloatImage, *, rng: np.random.Generator) -> FloatImage:
    """The scene under uneven light: a gradient, soft shadows, now and then a hard shadow edge."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    light = 1 + along * rng.uniform(0, 0.9)
    if rng.random() < 0.3:
        light += rng.uniform(0.05, 0.2) * smooth_noise(height, width, cells=rng.uniform(1, 4), rng=rng)
    if rng.random() < 0.12:
        light *= np.where(along > rng.uniform(-0.3, 0.3), 1.0, rng.uniform(0.45, 0.8))
    return np.asarray(image * np.clip(light, 0.2, 2.2)[..., None], np.float32)


def glared(image: FloatImage, *, rng: np.random.Generator) -> FloatImage:
    """A soft highlight or a streak of reflected light."""
    height, width = image.shape[:2]
    glare = np.zeros((height, width), np.float32)
    centre = (int(rng.integers(width)), int(rng.integers(height)))
    long = max(3, int(max(height, width) * rng.uniform(0.08, 0.5)))
    short = max(2, int(long * rng.uniform(0.1, 0.8)))
    cv2.ellipse(glare, centre, (long, short), float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(glare, (0, 0), max(1.5, short * rng.uniform(0.3, 0.9))).astype(np.float32)
    return image + soft[..., None] * np.float32(rng.uniform(40, 190))


def covered(image: FloatImage, *, box: tuple[float, float, float, float], rng: np.random.Generator) -> FloatImage:
    """Something in front of the mark in `box` (left, top, right, bottom): at most a third of it, from a side."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    colour = any_colour(rng).tolist()
    reach = rng.uniform(0.08, 0.3)
    covering = image.copy()
    if rng.random() < 0.5:  # an edge: another object, a hand, a fold
        angle = rng.uniform(0, 2 * np.pi)
        direction = np.array([np.cos(angle), np.sin(angle)])
        centre = np.array([(left + right) / 2, (top + bottom) / 2])
        start = centre + direction * (0.5 - reach) * np.array([width, height])
        across = np.array([-direction[1], direction[0]]) * max(width, height) * 2
        far = direction * max(width, height) * 2
        polygon = np.rint(np.array([start + across, start - across, start - across + far, start + across + far]))
        cv2.fillPoly(covering, [polygon.astype(np.int32)], colour, cv2.LINE_AA)
    else:  # a small thing: a button, a tag, a finger, a drop
        centre_point = (int(rng.uniform(left, right)), int(rng.uniform(top, bottom)))
        axes = (max(2, int(width * reach)), max(2, int(height * reach)))
        cv2.ellipse(covering, centre_point, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return covering


def photographed(image: FloatImage, *, rng: np.random.Generator, strength: float = 1.0) -> RgbImage:
    """What a camera, an app and an upload make of `image`: uint8, the same size.

    `strength` scales how often and how much (0 only rounds to uint8).
    """
    shot = image.astype(np.float32)
    if rng.random() < 0.7 * strength:  # white balance, exposure, contrast
        shot = shot * rng.uniform(0.85, 1.15, 3).astype(np.float32)
        shot = (shot - 128) * rng.uniform(0.65, 1.2) + 128 + rng.uniform(-35, 35)
    if rng.random() < 0.2 * strength:
        grey = shot.mean(axis=-1, keepdims=True)
        shot = grey + (shot - grey) * rng.uniform(0.0, 0.8)
    shot = _blurred(shot, rng, strength)
    if rng.random() < 0.55 * strength:
        noise = rng.standard_normal((*shot.shape[:2], 1 if rng.random() < 0.5 else 3), np.float32)
        shot = shot + np.float32(rng.uniform(1, 14)) * noise
    taken = np.clip(np.rint(shot), 0, 255).astype(np.uint8)
    if rng.random() < 0.8 * strength:
        taken = compressed(taken, quality=int(rng.integers(25, 96)))
    return taken


def _blurred(image: FloatImage, rng: np.random.Generator, strength: float) -> FloatImage:
    """Out of focus or moved, by up to about 2 % of the picture."""
    size = max(image.shape[:2])
    kind = rng.random()
    if kind < 0.35 * strength:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.3, size * rng.uniform(0.002, 0.018))), np.float32)
    if kind < 0.45 * strength:
        length = max(2, int(size * rng.uniform(0.01, 0.05)))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        middle = (length - 1) / 2
        offset = np.array([np.cos(angle), np.sin(angle)]) * middle
        start, end = np.rint(middle - offset).astype(int), np.rint(middle + offset).astype(int)
        cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
        moved = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
        return np.asarray(moved, np.float32)
    return image


def compressed(image: RgbImage, *, quality: int) -> RgbImage:
    """The image after JPEG at `quality` 1..100."""
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)


def bending(
    height: int, width: int, *, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel of a bent surface comes from: source x, source y and its shade (about 1), each (height, width).

    The surface is a cylinder (can, sleeve, mug), smooth folds (cloth), or nearly flat.
    """
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shade = np.ones((height, width), np.float32)
    kind = rng.random()
    if kind < 0.18:
        bend = rng.uniform(0.5, 0.95)
        upright = rng.random() < 0.75
        along, length = (x, width) if upright else (y, height)
        unit = (along / (length - 1) * 2 - 1) * bend
        source = (np.arcsin(unit) / np.arcsin(bend) + 1) / 2 * (length - 1)
        shade = np.sqrt(1 - unit**2) ** rng.uniform(0.3, 1.0)
        x, y = (source, y) if upright else (x, source)
        sag = rng.uniform(-0.06, 0.06) * (unit / bend) ** 2  # seen from above or below
        x, y = (x, y + sag * height) if upright else (x + sag * width, y)
    elif kind < 0.55:
        cells = rng.uniform(1.2, 4)
        bump = smooth_noise(height, width, cells=cells, rng=rng)
        amount = rng.uniform(0.003, 0.022) * max(height, width) / cells * 2
        x = x + amount * smooth_noise(height, width, cells=cells, rng=rng)
        y = y + amount * bump
        slope = cv2.Sobel(bump, cv2.CV_32F, 1, 1 if rng.random() < 0.5 else 0)
        shade = np.clip(1 + slope / (np.abs(slope).max() + 1e-6) * rng.uniform(0.05, 0.45), 0.4, 1.7)
    return x.astype(np.float32), y.astype(np.float32), shade.astype(np.float32)
