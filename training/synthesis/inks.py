"""How a mark itself is made: its colours, one colour, counters filled, outlined, stitched, embossed, worn.

A package's one-colour symbol is in the world printed in two colours, reversed on a plate, or cast in chrome; these
functions turn a clean RGBA drawing into such versions, each drawn from a numpy `Generator`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import RgbImage
from training.synthesis.grounds import any_colour, smooth_noise
from training.synthesis.logos import RgbaImage, one_colour


def dressed(rgba: RgbaImage, *, rng: np.random.Generator) -> RgbaImage:
    """The mark as it may be made: recoloured, filled, outlined, on a plate (and grown by it), in relief, worn."""
    mark = _coloured(rgba, rng)
    if rng.random() < 0.16:
        mark = filled_counters(mark, rng)
    if rng.random() < 0.12:
        mark = outlined(
            mark, colour=any_colour(rng), pixels=max(1, round(max(mark.shape[:2]) * rng.uniform(0.01, 0.05)))
        )
    relief = rng.random()
    if relief < 0.10:
        mark = stitched(mark, rng=rng)
    elif relief < 0.26:
        mark = embossed(mark, rng=rng)
    elif relief < 0.36:
        mark = shaded(mark, rng)
    if rng.random() < 0.07:
        mark = worn(mark, rng=rng)
    if rng.random() < 0.22:
        mark = on_plate(mark, rng=rng)
    return mark


def _coloured(rgba: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Original colours (a little shifted), one colour, colours by part, or the negative."""
    kind = rng.random()
    ink = rgba[rgba[..., 3] > 200][:, :3].astype(int)
    plain = not ink.size or np.ptp(ink, axis=0).max() < 30
    if kind < (0.35 if plain else 0.62):
        return shifted(rgba, rng)
    if kind < 0.9:
        return one_colour(rgba, tuple(any_colour(rng).astype(int)))
    if kind < 0.96 and plain:
        return _by_part(rgba, rng)
    return negative(rgba)


def opposite(ground: RgbImage) -> tuple[int, int, int]:
    """The ink that is seen on `ground`, (height, width, 3): near white on what is dark, near black on what is light."""
    return (240, 240, 240) if float(ground.mean()) < 128 else (20, 20, 20)


def negative(rgba: RgbaImage) -> RgbaImage:
    """The mark with every colour turned into its opposite."""
    turned = rgba.copy()
    turned[..., :3] = 255 - turned[..., :3]
    return turned


def shifted(rgba: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Hue within ±8°, saturation and brightness within ±25 %."""
    hsv = cv2.cvtColor(np.ascontiguousarray(rgba[..., :3]), cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-4, 4)) % 180
    hsv[..., 1:] = np.clip(hsv[..., 1:] * rng.uniform(0.75, 1.25, 2).astype(np.float32), 0, 255)
    shifted = rgba.copy()
    shifted[..., :3] = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    return shifted


def _by_part(rgba: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Every connected part gets one of two or three colours."""
    count, parts = cv2.connectedComponents((rgba[..., 3] > 127).astype(np.uint8))
    palette = np.stack([any_colour(rng) for _ in range(int(rng.integers(2, 4)))])
    colours = palette[rng.integers(len(palette), size=count)]
    painted = rgba.copy()
    near = cv2.dilate(parts.astype(np.uint16), np.ones((3, 3), np.uint8))
    painted[..., :3] = colours[np.where(parts > 0, parts, near)].astype(np.uint8)
    return painted


def filled_counters(rgba: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """The enclosed holes of the mark filled with one colour (sometimes a second one)."""
    padded = np.pad((rgba[..., 3] <= 127).astype(np.uint8), 1, constant_values=1)
    count, parts = cv2.connectedComponents(padded, connectivity=4)
    label_of_outside = parts[0, 0]
    parts = parts[1:-1, 1:-1]
    if count <= 2:
        return rgba
    outside = np.equal(parts, label_of_outside)
    colours = np.stack([any_colour(rng) if rng.random() < 0.3 else np.full(3, 250, np.float32) for _ in range(count)])
    if rng.random() < 0.6:
        colours[:] = colours[0]
    alpha = rgba[..., 3:].astype(np.float32) / 255
    under = colours[np.where(outside, 0, parts)]
    filled = rgba.copy()
    inside = ~cv2.dilate(outside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    mixed = rgba[..., :3] * alpha + under * (1 - alpha)
    filled[..., :3] = np.where(inside[..., None], mixed, rgba[..., :3]).astype(np.uint8)
    filled[..., 3] = np.where(inside, 255, rgba[..., 3])
    return filled


def outlined(rgba: RgbaImage, *, colour: NDArray[np.float32], pixels: int) -> RgbaImage:
    """The mark with a rim of `pixels` in an RGB `colour` around it; the picture grows by the rim."""
    grown = np.pad(rgba, ((pixels, pixels), (pixels, pixels), (0, 0)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    rim = np.empty_like(grown)
    rim[..., :3] = colour.astype(np.uint8)
    rim[..., 3] = cv2.dilate(grown[..., 3], kernel)
    return laid_over(rim, grown)


def laid_over(under: RgbaImage, over: RgbaImage) -> RgbaImage:
    """`over` laid on `under` (same size), both with straight alpha."""
    top, bottom = over[..., 3:].astype(np.float32) / 255, under[..., 3:].astype(np.float32) / 255
    alpha = top + bottom * (1 - top)
    colour = (over[..., :3] * top + under[..., :3] * bottom * (1 - top)) / np.maximum(alpha, 1e-6)
    return np.concatenate([colour, alpha * 255], axis=-1).round().clip(0, 255).astype(np.uint8)


def _height_map(alpha: NDArray[np.uint8], *, round_to: float) -> NDArray[np.float32]:
    """A rounded relief of the mark: 0 outside, rising to 1 at `round_to` px from the rim."""
    distance = cv2.distanceTransform((alpha > 127).astype(np.uint8), cv2.DIST_L2, 3)
    rise = np.clip(distance / round_to, 0, 1)
    dome = np.sqrt(1 - (1 - rise) ** 2).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(dome, (0, 0), max(0.6, round_to / 4)), np.float32)


def embossed(rgba: RgbaImage, *, rng: np.random.Generator) -> RgbaImage:
    """The mark in relief under one light: cast badges, chrome, rubber, debossed leather."""
    size = max(rgba.shape[:2])
    relief = _height_map(rgba[..., 3], round_to=max(1.5, size * rng.uniform(0.01, 0.05)))
    angle = rng.uniform(0, 2 * np.pi)
    slope_x, slope_y = cv2.Sobel(relief, cv2.CV_32F, 1, 0), cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    light = (slope_x * np.cos(angle) + slope_y * np.sin(angle)) * rng.uniform(40, 130)
    raised = rgba.astype(np.float32)
    if rng.random() < 0.45:  # chrome: grey with a banded sky
        rows = np.linspace(0, rng.uniform(3, 7), rgba.shape[0], dtype=np.float32)[:, None]
        raised[..., :3] = (165 + 60 * np.sin(rows + rng.uniform(0, 6)))[..., None]
    raised[..., :3] += light[..., None]
    return raised.clip(0, 255).astype(np.uint8)


def stitched(rgba: RgbaImage, *, rng: np.random.Generator) -> RgbaImage:
    """The mark embroidered: threads along one direction, a soft raised rim, ragged edges."""
    height, width = rgba.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    pitch = max(2.2, max(height, width) * rng.uniform(0.012, 0.03))
    across = x * np.cos(angle) + y * np.sin(angle) + 0.6 * smooth_noise(height, width, cells=12, rng=rng)
    threads = np.sin(2 * np.pi * across / pitch) * rng.uniform(14, 34)
    relief = _height_map(rgba[..., 3], round_to=max(1.5, pitch * 1.5))
    shade = (relief - 0.75) * rng.uniform(30, 80) + threads
    sewn = rgba.astype(np.float32)
    sewn[..., :3] += (shade + 6 * rng.standard_normal((height, width)))[..., None]
    ragged = smooth_noise(height, width, cells=max(height, width) / 2.5, rng=rng) * 45
    sewn[..., 3] = np.where((rgba[..., 3] > 8) & (rgba[..., 3] < 250), rgba[..., 3] + ragged, rgba[..., 3])
    return sewn.clip(0, 255).astype(np.uint8)


def shaded(rgba: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """A gradient or a gloss over the mark."""
    height, width = rgba.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    light = along * rng.uniform(40, 160)
    if rng.random() < 0.4:
        light += np.where(y < height * rng.uniform(0.35, 0.6), rng.uniform(10, 50), 0)
    shaded = rgba.astype(np.float32)
    shaded[..., :3] += light[..., None]
    return shaded.clip(0, 255).astype(np.uint8)


def worn(rgba: RgbaImage, *, rng: np.random.Generator) -> RgbaImage:
    """Print that has cracked and rubbed off in places (5..35 % of it)."""
    height, width = rgba.shape[:2]
    field = smooth_noise(height, width, cells=rng.uniform(6, 40), rng=rng)
    field += 0.5 * smooth_noise(height, width, cells=rng.uniform(40, 90), rng=rng)
    threshold = np.quantile(field, rng.uniform(0.05, 0.35))
    rubbed = rgba.copy()
    kept = np.clip((field - threshold) * 6 + 0.5, 0, 1)
    rubbed[..., 3] = (rgba[..., 3] * kept).astype(np.uint8)
    return rubbed


def on_plate(rgba: RgbaImage, *, rng: np.random.Generator) -> RgbaImage:
    """The mark on a rectangle, rounded tile, pill, circle or ring of another colour, as signs, labels and apps do."""
    height, width = rgba.shape[:2]
    margin = rng.uniform(0.06, 0.35) * min(height, width)
    shape = rng.random()
    if shape < 0.35:  # circle: the corners of the mark must fit inside
        side = int(np.hypot(height, width) + 2 * margin * 0.4)
        tall, wide = side, side
    else:
        tall, wide = int(height + 2 * margin), int(width + 2 * margin)
    plate = np.zeros((tall, wide, 4), np.uint8)
    ink = rgba[..., :3][rgba[..., 3] > 127]
    colour = _contrasting(ink.mean(axis=0) if ink.size else np.zeros(3), rng)
    fill = (*(int(value) for value in colour), 255)
    if shape < 0.35:
        cv2.circle(plate, (wide // 2, tall // 2), min(tall, wide) // 2 - 1, fill, -1, cv2.LINE_AA)
        if rng.random() < 0.3:
            rim = (*(int(value) for value in any_colour(rng)), 255)
            cv2.circle(plate, (wide // 2, tall // 2), min(tall, wide) // 2 - 2, rim, max(2, tall // 30), cv2.LINE_AA)
    else:
        _rounded_rectangle(plate, fill, radius=int(rng.choice([0, 0.12, 0.5]) * min(tall, wide)))
    top, left = (tall - height) // 2, (wide - width) // 2
    lifted = np.zeros_like(plate)
    lifted[top : top + height, left : left + width] = rgba
    return laid_over(plate, lifted)


def _rounded_rectangle(canvas: RgbaImage, fill: tuple[int, ...], *, radius: int) -> None:
    """Fill the whole of `canvas` but its rounded corners."""
    height, width = canvas.shape[:2]
    cv2.rectangle(canvas, (radius, 0), (width - 1 - radius, height - 1), fill, -1)
    cv2.rectangle(canvas, (0, radius), (width - 1, height - 1 - radius), fill, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(canvas, (x, y), radius, fill, -1, cv2.LINE_AA)


def _contrasting(ink: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour that the mean `ink` can be told from."""
    for _ in range(8):
        colour = any_colour(rng)
        if float(np.abs(colour - ink).max()) > 70:
            return colour
    return np.full(3, 255.0 if ink.mean() < 128 else 15.0, np.float32)
