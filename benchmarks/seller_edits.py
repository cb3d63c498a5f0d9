"""What sellers do to a brand's product photo before they use it again, one thing at a time and several together.

`training.evaluation.products.EDITS`, which released figures are measured with, are five of them; these look for what
those do not show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from model.decode import decode
from model.encoding import jpeg
from model.reference_views import ground_colour
from model.regions import RgbImage

Edit = Callable[[RgbImage, np.random.Generator, Sequence[RgbImage]], RgbImage | None]
"""From the photo, chance and three photos of others to what is sent; None where it cannot be done to this photo."""

_WHITE, _RED, _BLUE, _BLACK = (255, 255, 255), (200, 40, 60), (40, 90, 160), (18, 18, 20)
_SAME_AS_GROUND = 20  # of 255


def _picture(pixels: Any) -> RgbImage:
    return np.ascontiguousarray(pixels, np.uint8)


def rotated(photo: RgbImage, degrees: float) -> RgbImage:
    """Turned about its middle, in a frame that holds all of it, on white."""
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    across, along = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, tall = int(height * along + width * across), int(height * across + width * along)
    matrix[:, 2] += (wide - width) / 2, (tall - height) / 2
    return _picture(cv2.warpAffine(photo, matrix, (wide, tall), borderValue=_WHITE))


def fitted(photo: RgbImage, side: int) -> RgbImage:
    """With a longer side of `side` pixels."""
    scale = side / max(photo.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return _picture(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=how))


def filling(photo: RgbImage, width: int, height: int) -> RgbImage:
    """The middle of it at that size, as apps cut thumbnails."""
    scale = max(width / photo.shape[1], height / photo.shape[0])
    size = (max(width, round(photo.shape[1] * scale)), max(height, round(photo.shape[0] * scale)))
    scaled = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return _picture(scaled[top : top + height, left : left + width])


def bordered(photo: RgbImage, share: float, colour: tuple[int, int, int]) -> RgbImage:
    """In a border of `share` of its longer side."""
    wide = int(share * max(photo.shape[:2]))
    return _picture(cv2.copyMakeBorder(photo, wide, wide, wide, wide, cv2.BORDER_CONSTANT, value=colour))


def cropped(photo: RgbImage, share: float, rng: np.random.Generator) -> RgbImage:
    """Without `share` of its area, anywhere."""
    height, width = photo.shape[:2]
    tall, wide = int(height * np.sqrt(1 - share)), int(width * np.sqrt(1 - share))
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    return _picture(photo[top : top + tall, left : left + wide])


def one_side(photo: RgbImage, kept: float, rng: np.random.Generator) -> RgbImage:
    """What is `kept` of it at one of the four sides."""
    height, width = photo.shape[:2]
    tall, wide = int(height * kept), int(width * kept)
    sides = (photo[:tall], photo[height - tall :], photo[:, :wide], photo[:, width - wide :])
    return _picture(sides[int(rng.integers(4))])


def slanted(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Each corner up to a tenth of the sides further in, on white."""
    height, width = photo.shape[:2]
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    moved = rng.uniform(0, 0.1, (4, 2)) * (width, height) * inwards
    matrix = cv2.getPerspectiveTransform(_corners(photo), (_corners(photo) + moved).astype(np.float32))
    return _picture(cv2.warpPerspective(photo, matrix, (width, height), borderValue=_WHITE))


def on_a_screen(photo: RgbImage, rng: np.random.Generator, others: Sequence[RgbImage]) -> RgbImage:
    """A screen that shows it, photographed at a slant in a room."""
    screen = bordered(photo, 0.05, _BLACK)
    height, width = screen.shape[:2]
    size = (int(width * 1.25), int(height * 1.25))
    room = cv2.GaussianBlur(cv2.resize(others[0], size), (0, 0), 6)
    moved = np.array([(size[0] - width) / 2, (size[1] - height) / 2]) + rng.uniform(-0.09, 0.09, (4, 2)) * (
        width,
        height,
    )
    matrix = cv2.getPerspectiveTransform(_corners(screen), (_corners(screen) + moved).astype(np.float32))
    there = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size) > 127
    seen = np.where(there[..., None], cv2.warpPerspective(screen, matrix, size), room).astype(np.float32)
    light = np.linspace(0.85, 1.1, size[0])[None, :, None]
    return _picture(np.clip(seen * light + rng.normal(0, 3, seen.shape), 0, 255))


def screenshot(photo: RgbImage) -> RgbImage:
    """As a telephone shows a listing: a bar above, words and a button below."""
    shown = fitted(photo, 720)
    height, width = shown.shape[:2]
    size = width / 700
    above, below = int(0.12 * width) + 30, int(0.8 * width)
    page = np.full((above + height + below, width, 3), 250, np.uint8)
    page[above : above + height] = shown
    lines = ("Brand new, size M", "19.99 EUR", "Ships in 24 hours", "4.8 (212 reviews)")
    written = [
        ("< Back", 0.6 * above),
        *((line, above + height + (70 + 70 * n) * size) for n, line in enumerate(lines)),
    ]
    for line, y in written:
        cv2.putText(page, line, (int(30 * size), int(y)), 0, size, (30, 30, 30), 2, cv2.LINE_AA)
    top = above + height + int(340 * size)
    cv2.rectangle(page, (int(30 * size), top), (width - int(30 * size), top + int(80 * size)), (30, 120, 240), -1)
    return page


def in_a_collage(photo: RgbImage, rng: np.random.Generator, others: Sequence[RgbImage], *, gap: int = 0) -> RgbImage:
    """A quarter of it, beside three other photos."""
    tall, wide = photo.shape[0] * 2 // 3, photo.shape[1] * 2 // 3
    tiles = [filling(other, wide, tall) for other in others[:3]]
    tiles.insert(int(rng.integers(4)), filling(photo, wide, tall))
    page = np.full((2 * tall + 3 * gap, 2 * wide + 3 * gap, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = gap + (number // 2) * (tall + gap), gap + (number % 2) * (wide + gap)
        page[top : top + tall, left : left + wide] = tile
    return page


def beside_another(photo: RgbImage, rng: np.random.Generator, others: Sequence[RgbImage]) -> RgbImage:
    """Left or right of another photo of its size."""
    pair = [photo, filling(others[0], photo.shape[1], photo.shape[0])]
    return _picture(np.concatenate(pair if rng.random() < 0.5 else pair[::-1], axis=1))


def cut_out(photo: RgbImage, ground: RgbImage) -> RgbImage | None:
    """What stands out from its plain ground, laid on `ground`; None without a plain ground."""
    colour = ground_colour(photo)
    if colour is None:
        return None
    differs = np.abs(photo.astype(np.int16) - np.array(colour)).max(axis=-1) > _SAME_AS_GROUND
    closed = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.drawContours(mask, outlines, -1, 255, -1)
    share = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None] / 255.0
    return _picture(photo * share + filling(ground, photo.shape[1], photo.shape[0]) * (1 - share))


def in_a_scene(photo: RgbImage, rng: np.random.Generator, scene: RgbImage, *, share: float) -> RgbImage:
    """Somewhere in a larger photo, its longer side `share` of that one's."""
    side = int(1.2 * max(photo.shape[:2]))
    page, small = filling(scene, side, side), fitted(photo, int(share * side))
    top, left = (int(rng.integers(0, side - length + 1)) for length in small.shape[:2])
    page[top : top + small.shape[0], left : left + small.shape[1]] = small
    return page


def watermarked(photo: RgbImage) -> RgbImage:
    """A shop's name all over it, in pale letters."""
    height, width = photo.shape[:2]
    size, layer = width / 600, np.zeros_like(photo)
    for y in range(0, height + 60, max(int(70 * size), 1)):
        for x in range(-40, width, max(int(230 * size), 1)):
            start = (x + (y * 7) % 60, y)
            cv2.putText(layer, "seller24.shop", start, 0, 0.9 * size, _WHITE, max(1, round(2 * size)), cv2.LINE_AA)
    share = 0.45 * layer[..., :1] / 255.0
    return _picture(photo * (1 - share) + 128 * share)


def stickered(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """A round price tag over a fifth of it."""
    height, width = photo.shape[:2]
    radius, out = int(np.sqrt(0.2 * height * width / np.pi)), photo.copy()
    middle = (int(width * rng.uniform(0.3, 0.7)), int(height * rng.uniform(0.3, 0.7)))
    cv2.circle(out, middle, radius, (230, 30, 40), -1, cv2.LINE_AA)
    start = (middle[0] - int(0.7 * radius), middle[1] + int(0.2 * radius))
    cv2.putText(out, "-50%", start, 0, radius / 45, _WHITE, max(2, radius // 15), cv2.LINE_AA)
    return out


def barred(photo: RgbImage, share: float, colour: tuple[int, int, int], *, above: bool = False) -> RgbImage:
    """A bar of `share` of its height over its lower side, and over the upper one where `above`."""
    out, tall = photo.copy(), int(share * photo.shape[0])
    out[-tall:] = colour
    if above:
        out[:tall] = colour
    return out


def captioned(photo: RgbImage) -> RgbImage:
    """Words on a bar over its lower side."""
    out = barred(photo, 0.16, _BLACK)
    size, line = photo.shape[0] * 0.16 / 60, int(0.95 * photo.shape[0])
    cv2.putText(out, "NEW size M 19.99", (int(0.04 * photo.shape[1]), line), 0, size, _WHITE, 2, cv2.LINE_AA)
    return out


def on_its_mirror_image(photo: RgbImage, share: float) -> RgbImage:
    """With `share` of its height above and below, where it goes on mirrored."""
    tall = int(share * photo.shape[0])
    return _picture(cv2.copyMakeBorder(photo, tall, tall, 0, 0, cv2.BORDER_REFLECT_101))


def other_hue(photo: RgbImage, turn: int = 50) -> RgbImage:
    """The hue turned, in steps of 2 degrees."""
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + turn) % 180
    return _picture(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def other_tone(photo: RgbImage, *, gamma: float, contrast: float = 1.0) -> RgbImage:
    """Darker or lighter by `gamma`, and with that much more contrast about the middle grey."""
    light = (np.power(photo / 255.0, gamma) - 0.5) * contrast + 0.5
    return _picture(np.clip(light * 255, 0, 255))


def grey(photo: RgbImage) -> RgbImage:
    """Without colours."""
    return _picture(cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def noisy(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """With noise of 20 grey levels."""
    return _picture(np.clip(photo + rng.normal(0, 20, photo.shape), 0, 255))


def _stretched(photo: RgbImage, across: float) -> RgbImage:
    return _picture(cv2.resize(photo, None, fx=across, fy=1.0, interpolation=cv2.INTER_LINEAR))


def _mirrored(photo: RgbImage) -> RgbImage:
    return _picture(photo[:, ::-1])


def _corners(photo: RgbImage) -> Any:
    height, width = photo.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


EDITS: dict[str, Edit] = {
    "as it is": lambda photo, rng, others: photo,
    "mirrored": lambda photo, rng, others: _mirrored(photo),
    "turned by 90": lambda photo, rng, others: _picture(np.rot90(photo)),
    "mirrored and turned by 90": lambda photo, rng, others: _picture(np.rot90(_mirrored(photo))),
    "rotated by 5": lambda photo, rng, others: rotated(photo, 5),
    "rotated by 10": lambda photo, rng, others: rotated(photo, 10),
    "rotated by 20": lambda photo, rng, others: rotated(photo, 20),
    "rotated by 45": lambda photo, rng, others: rotated(photo, 45),
    "stretched 1.2": lambda photo, rng, others: _stretched(photo, 1.2),
    "stretched 1.5": lambda photo, rng, others: _stretched(photo, 1.5),
    "slanted": lambda photo, rng, others: slanted(photo, rng),
    "photo of a screen": on_a_screen,
    "white border": lambda photo, rng, others: bordered(photo, 0.3, _WHITE),
    "coloured frame": lambda photo, rng, others: bordered(photo, 0.08, _RED),
    "wide coloured frame": lambda photo, rng, others: bordered(photo, 0.25, _BLUE),
    "screenshot": lambda photo, rng, others: screenshot(photo),
    "in a collage of four": in_a_collage,
    "in a collage with gaps": lambda photo, rng, others: in_a_collage(photo, rng, others, gap=12),
    "beside another photo": beside_another,
    "cut out, in a scene": lambda photo, rng, others: cut_out(photo, others[0]),
    "cut out, on a colour": lambda photo, rng, others: cut_out(photo, np.full((9, 9, 3), (120, 160, 150), np.uint8)),
    "a third cropped away": lambda photo, rng, others: one_side(photo, 0.67, rng),
    "half cropped away": lambda photo, rng, others: one_side(photo, 0.5, rng),
    "thumbnail of 160 px": lambda photo, rng, others: fitted(photo, 160),
    "enlarged 3 times": lambda photo, rng, others: fitted(photo, 3 * max(photo.shape[:2])),
    "grey": lambda photo, rng, others: grey(photo),
    "negative": lambda photo, rng, others: _picture(255 - photo),
    "darkened": lambda photo, rng, others: other_tone(photo, gamma=2.2),
    "strong contrast": lambda photo, rng, others: other_tone(photo, gamma=0.7, contrast=1.8),
    "JPEG of quality 15": lambda photo, rng, others: decode(jpeg(photo, quality=15)),
    "noise": lambda photo, rng, others: noisy(photo, rng),
    "watermark all over": lambda photo, rng, others: watermarked(photo),
    "sticker over a fifth": lambda photo, rng, others: stickered(photo, rng),
    "mirrored, cropped, framed": lambda photo, rng, others: bordered(cropped(_mirrored(photo), 0.2, rng), 0.1, _RED),
    "rotated, cropped, recoloured": lambda photo, rng, others: other_hue(cropped(rotated(photo, 8), 0.2, rng)),
    "in a scene, 0.6 of it": lambda photo, rng, others: in_a_scene(photo, rng, others[0], share=0.6),
    "in a scene, 0.35 of it": lambda photo, rng, others: in_a_scene(photo, rng, others[0], share=0.35),
    "bars above and below": lambda photo, rng, others: barred(photo, 0.12, _BLACK, above=True),
    "bar over a fifth": lambda photo, rng, others: barred(photo, 0.2, _BLACK),
    "bar over 0.3": lambda photo, rng, others: barred(photo, 0.3, _RED),
    "caption": lambda photo, rng, others: captioned(photo),
    "on its mirror image": lambda photo, rng, others: on_its_mirror_image(photo, 0.2),
}
"""By name."""
