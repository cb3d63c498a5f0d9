"""A clean mark drawn as the world shows it: made in some material, on some ground, bent, lit and photographed.

`render_mark` gives the crop that a detector would deliver (for the embedder); `place_mark` puts a mark into a whole
photo and says where (for the detector and the verifier). The steps are in `inks.py` (the mark), `grounds.py` (what it
lies on) and `optics.py` (light and camera). A given generator state gives the same picture on the same photos.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.regions import Box, RgbImage
from training.synthesis.grounds import Backgrounds, FloatImage, any_colour, drawn_ground
from training.synthesis.inks import dressed
from training.synthesis.logos import RgbaImage, one_colour
from training.synthesis.optics import bending, covered, glared, lit, photographed

NO_PHOTOS = Backgrounds()
_LETTERS = "ABCDEFGHIKLMNOPRSTUVWYabcdefghiklmnoprstuvwy0123456789 .&%-"


def clean_mark(rgba: RgbaImage, *, ground: tuple[int, int, int] = (255, 255, 255), margin: float = 0.04) -> RgbImage:
    """The mark as a brand uploads it: flat on one `ground` colour, with `margin` of its longer side around it."""
    pixels = round(max(rgba.shape[:2]) * margin)
    padded = cv2.copyMakeBorder(rgba, pixels, pixels, pixels, pixels, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    alpha = padded[..., 3:].astype(np.float32) / 255
    return np.rint(padded[..., :3] * alpha + np.asarray(ground, np.float32) * (1 - alpha)).astype(np.uint8)


def render_mark(
    rgba: RgbaImage,
    *,
    rng: np.random.Generator,
    size: int,
    backgrounds: Backgrounds = NO_PHOTOS,
    neighbours: Sequence[RgbaImage] = (),
) -> RgbImage:
    """One crop of the mark `rgba` as a detector would cut it from a photo, its longer side at most `size` px.

    `neighbours` are other marks that may show in part beside it (words are drawn there too). The crop is off by up to
    15 % of the mark's size on each side.
    """
    mark = dressed(_fitted(rgba, size), rng=rng)
    scene, box = _scene(mark, rng=rng, backgrounds=backgrounds, neighbours=neighbours)
    scene = lit(scene, rng=rng)
    if rng.random() < 0.16:
        scene = glared(scene, rng=rng)
    if rng.random() < 0.16:
        scene = covered(scene, box=box, rng=rng)
    crop = _jittered_crop(scene, box, rng)
    longest, middling = max(crop.shape[:2]), float(np.sqrt(crop.shape[0] * crop.shape[1]))
    # Few pixels are few for both sides: a wordmark 8 times as wide as tall is not readable at 22 px of width.
    scale = min(1.0, size / longest, float(np.exp(rng.uniform(np.log(22), np.log(2.2 * size)))) / middling)
    if scale < 1:
        width, height = (max(4, round(side * scale)) for side in (crop.shape[1], crop.shape[0]))
        crop = np.asarray(cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    return photographed(crop, rng=rng)


def _fitted(rgba: RgbaImage, size: int) -> RgbaImage:
    """The mark with its longer side `size` px."""
    scale = size / max(rgba.shape[:2])
    width, height = (max(2, round(side * scale)) for side in (rgba.shape[1], rgba.shape[0]))
    if (height, width) == rgba.shape[:2]:
        return rgba
    return np.asarray(cv2.resize(rgba, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _ground(height: int, width: int, rng: np.random.Generator, backgrounds: Backgrounds) -> FloatImage:
    if backgrounds.files and rng.random() < 0.35:
        return backgrounds.piece(height, width, rng=rng)
    return drawn_ground(height, width, rng=rng)


def _scene(
    mark: RgbaImage, *, rng: np.random.Generator, backgrounds: Backgrounds, neighbours: Sequence[RgbaImage]
) -> tuple[FloatImage, tuple[float, float, float, float]]:
    """The mark on a ground, bent and turned; and its box there (left, top, right, bottom in pixels)."""
    height, width = mark.shape[:2]
    margin = int(0.42 * max(height, width))
    tall, wide = height + 2 * margin, width + 2 * margin
    ground = _ground(tall, wide, rng, backgrounds)
    inner = ground[margin : margin + height, margin : margin + width]
    for _ in range(4):
        if _stands_out(mark, inner):
            break
        ground = _ground(tall, wide, rng, backgrounds)
        inner = ground[margin : margin + height, margin : margin + width]
    else:
        mark = one_colour(mark, (245, 245, 245) if float(inner.mean()) < 128 else (15, 15, 15))
    if rng.random() < 0.4:
        _add_neighbours(ground, margin, rng, neighbours)
    if rng.random() < 0.12:
        _add_shadow(ground, mark, margin, rng)
    alpha = mark[..., 3:].astype(np.float32) / 255
    inner = ground[margin : margin + height, margin : margin + width]
    inner[:] = inner * (1 - alpha) + mark[..., :3] * alpha
    shown = np.zeros((tall, wide), np.float32)
    shown[margin : margin + height, margin : margin + width] = alpha[..., 0]
    return _warped(ground, shown, rng)


def _stands_out(mark: RgbaImage, ground: FloatImage) -> bool:
    """Whether the ink differs from what is under it by more than 40 of 255 on average over most of the mark."""
    ink = mark[..., 3] > 127
    if not ink.any():
        return False
    difference = np.abs(mark[..., :3].astype(np.float32) - ground).max(axis=-1)[ink]
    return float((difference > 40).mean()) > 0.55


def _add_neighbours(ground: FloatImage, margin: int, rng: np.random.Generator, neighbours: Sequence[RgbaImage]) -> None:
    """Words and other marks in the margins, as next to a mark on a label, a sign or a shirt."""
    tall, wide = ground.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        below = rng.random() < 0.7
        top = (
            int(rng.choice([rng.integers(0, margin), rng.integers(tall - margin, tall)]))
            if below
            else int(rng.integers(tall))
        )
        left = int(rng.integers(-margin // 2, wide - margin)) if below else int(rng.choice([0, wide - margin]))
        if neighbours and rng.random() < 0.4:
            _paste(ground, _fitted(neighbours[int(rng.integers(len(neighbours)))], max(8, margin)), top, max(0, left))
            continue
        _write(ground, margin, rng, place=(left, top))


def _write(ground: FloatImage, margin: int, rng: np.random.Generator, *, place: tuple[int, int]) -> None:
    """A word of any letters with its lower left corner at `place`, its height a part of `margin`."""
    word = "".join(rng.choice(list(_LETTERS), size=int(rng.integers(3, 14))))
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    ink = np.zeros(ground.shape[:2], np.uint8)
    cv2.putText(ink, word, place, font, margin / 40 * rng.uniform(0.3, 1.2), 255, int(rng.integers(1, 4)), cv2.LINE_AA)
    alpha = ink[..., None].astype(np.float32) / 255
    ground[:] = ground * (1 - alpha) + any_colour(rng) * alpha


def _paste(ground: FloatImage, mark: RgbaImage, top: int, left: int) -> None:
    """Lay `mark` on `ground` as far as it fits; `top` and `left` are not negative."""
    part = ground[top : top + mark.shape[0], left : left + mark.shape[1]]
    cut = mark[: part.shape[0], : part.shape[1]]
    alpha = cut[..., 3:].astype(np.float32) / 255
    part[:] = part * (1 - alpha) + cut[..., :3] * alpha


def _add_shadow(ground: FloatImage, mark: RgbaImage, margin: int, rng: np.random.Generator) -> None:
    """A drop shadow of a mark that stands off its ground."""
    height, width = mark.shape[:2]
    reach = max(height, width)
    shadow = cv2.GaussianBlur(mark[..., 3].astype(np.float32) / 255, (0, 0), max(0.8, reach * rng.uniform(0.005, 0.03)))
    dx, dy = (int(rng.uniform(-0.05, 0.05) * reach) for _ in range(2))
    part = ground[margin + dy : margin + dy + height, margin + dx : margin + dx + width]
    part *= 1 - shadow[..., None] * rng.uniform(0.25, 0.7)


def _warped(
    scene: FloatImage, shown: NDArray[np.float32], rng: np.random.Generator
) -> tuple[FloatImage, tuple[float, float, float, float]]:
    """The scene on a bent surface, seen aslant; and the box of what `shown` (0..1, the mark's alpha) covers then."""
    height, width = shown.shape
    x, y, shade = bending(height, width, rng=rng)
    home = _view(height, width, rng)
    scale = home[2, 0] * x + home[2, 1] * y + home[2, 2]
    map_x, map_y = ((row[0] * x + row[1] * y + row[2]) / scale for row in home[:2].astype(np.float32))
    bent = cv2.remap(scene, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    bent = bent * shade[..., None]
    seen = cv2.remap(shown, map_x, map_y, cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero(seen.max(axis=axis) > 0.3) for axis in (1, 0))
    if rows.size == 0:  # a hairline mark that vanished between pixels: its frame stands for it
        return bent, (width * 0.25, height * 0.25, width * 0.75, height * 0.75)
    return bent, (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def _view(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The (3, 3) homography from a slanted, turned view to the flat scene; one view in five is straight on."""
    if rng.random() < 0.2:
        return np.eye(3, dtype=np.float32)
    tilt = np.radians(rng.normal(0, 7) if rng.random() < 0.85 else rng.uniform(-40, 40))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    centre = np.array([width / 2, height / 2], np.float32)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]], np.float32)
    squeeze = np.array([rng.uniform(0.75, 1.0), rng.uniform(0.88, 1.0)], np.float32)
    moved = ((corners - centre) * squeeze) @ turn.T + centre
    moved += rng.uniform(-0.09, 0.09, (4, 2)).astype(np.float32) * np.array([width, height], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(moved.astype(np.float32), corners), np.float32)


def _jittered_crop(scene: FloatImage, box: tuple[float, float, float, float], rng: np.random.Generator) -> FloatImage:
    """The box as a detector draws it: each side off by up to 15 % (usually a little outside)."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    off = rng.normal(0.03, 0.06, 4).clip(-0.15, 0.15) * np.array([width, height, width, height])
    tall, wide = scene.shape[:2]
    x0, y0 = max(0, int(left - off[0])), max(0, int(top - off[1]))
    x1, y1 = min(wide, int(right + off[2]) + 1), min(tall, int(bottom + off[3]) + 1)
    return scene[y0 : max(y1, y0 + 4), x0 : max(x1, x0 + 4)]


def place_mark(
    rgba: RgbaImage, background: RgbImage, *, rng: np.random.Generator, width_fraction: float
) -> tuple[RgbImage, Box, NDArray[np.float32]]:
    """The mark put on a whole photo: the new photo, the mark's box, and its corners.

    The mark takes about `width_fraction` (0..1] of the photo's width, follows the light that is on the photo, and lies
    wholly inside it. The corners are (4, 2) float32 in pixels: top left, top right, bottom right, bottom left of the
    drawing `rgba`, wherever they came to lie. The mark is drawn as it is given: dress it first
    (`training.synthesis.inks.dressed`) for other colours and materials.
    """
    height, width = background.shape[:2]
    mark = _fitted(
        rgba, max(8, min(640, round(1.3 * width_fraction * width * max(1.0, rgba.shape[0] / rgba.shape[1]))))
    )
    quad = _quad(mark.shape[:2], (height, width), width_fraction, rng)
    corners = np.array([[0, 0], [mark.shape[1], 0], [mark.shape[1], mark.shape[0]], [0, mark.shape[0]]], np.float32)
    forward = cv2.getPerspectiveTransform(corners, quad)
    premultiplied = mark.astype(np.float32)
    premultiplied[..., :3] *= premultiplied[..., 3:] / 255
    laid = cv2.warpPerspective(premultiplied, forward, (width, height), flags=cv2.INTER_AREA)
    softness = float(rng.uniform(0.0, 0.9))
    if softness > 0.25:
        laid = cv2.GaussianBlur(laid, (0, 0), softness)
    alpha = laid[..., 3:] / 255 * rng.uniform(0.9, 1.0)
    picture = background.astype(np.float32)
    placed = picture * (1 - alpha) + laid[..., :3] * rng.uniform(0.9, 1.0) * _light_on(picture, quad)
    covers = laid[..., 3] > 60
    rows, columns = (np.flatnonzero(covers.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        raise ValueError(f"the mark vanished at width_fraction {width_fraction} of a {width} x {height} photo")
    box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0]))
    return np.clip(np.rint(placed), 0, 255).astype(np.uint8), box, quad


def _quad(
    mark: tuple[int, int], photo: tuple[int, int], width_fraction: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Corners (4, 2) of a mark of (height, width) `mark` inside a `photo` of (height, width), slanted and turned."""
    height, width = photo
    wide = width_fraction * width
    tall = wide * mark[0] / mark[1]
    shrink = min(1.0, 0.95 * height / tall, 0.95 * width / wide)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * np.array([wide, tall]) / 2 * shrink
    tilt = np.radians(rng.normal(0, 7))
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    quad = half @ turn.T + rng.uniform(-0.06, 0.06, (4, 2)) * np.array([wide, tall]) * shrink
    span = np.ptp(quad, axis=0)
    quad *= min(1.0, 0.98 * width / span[0], 0.98 * height / span[1])
    low, high = -quad.min(axis=0), np.array([width, height]) - quad.max(axis=0)
    return np.asarray(quad + rng.uniform(low, np.maximum(high, low + 1e-6)), np.float32)


def _light_on(picture: FloatImage, quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """How light varies over the photo, relative to the place under `quad`: (height, width, 1), 0.55..1.25.

    Smooth brightness differences under a print are folds and shadows, which a print shares.
    """
    grey = picture.mean(axis=-1)
    span = float(np.ptp(quad, axis=0).max())
    smooth = cv2.GaussianBlur(grey, (0, 0), max(1.0, span / 25))
    x0, y0 = np.clip(quad.min(axis=0), 0, np.array(grey.shape[::-1]) - 1).astype(int)
    x1, y1 = np.ceil(quad.max(axis=0)).astype(int)
    here = float(smooth[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].mean())
    return np.asarray(np.clip((smooth + 40) / (here + 40), 0.55, 1.25)[..., None], np.float32)
