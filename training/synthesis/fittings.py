"""Parts of things and places that look designed and are no marks: wheels, lamps, grilles, plates, windows, buttons.

A detector that learnt on drawn marks alone takes a headlight or a hubcap for one: both are round, shiny and of few
colours. These are drawn plainly, in metal, glass, rubber and plastic, alone or as they stand together on a vehicle, a
facade or a garment. Each is RGBA (height, width, 4) uint8 pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthesis.grounds import any_colour
from training.synthesis.logos import RgbaImage

_FINER = 2  # drawn so many times as large, then reduced
_GLASS = ((235, 235, 225), (225, 70, 50), (240, 150, 40), (170, 190, 205))
_LETTERS = list("ABCDEFGHJKLMNPRSTUVWXYZ")

Colour = tuple[int, int, int, int]


def fitting(rng: np.random.Generator, *, side: int) -> RgbaImage:
    """One part, or some that stand together, with its longer side about `side` px."""
    large = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))](rng, side * _FINER)
    size = (max(1, large.shape[1] // _FINER), max(1, large.shape[0] // _FINER))
    return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)


def _wheel(rng: np.random.Generator, side: int) -> RgbaImage:
    """A tyre, a rim with spokes or holes, and a hub; at times a plain hubcap."""
    wheel, middle = _nothing(side, side), side // 2
    tyre, metal = _grey(rng, 15, 60), _grey(rng, 120, 230)
    _disc(wheel, middle, middle, 0.5 * side, tyre)
    rim = float(rng.uniform(0.28, 0.4)) * side
    _disc(wheel, middle, middle, rim, metal)
    spokes, dark = int(rng.integers(3, 13)), _grey(rng, 20, 90)
    if rng.random() < 0.75:
        for angle in 2 * np.pi * (np.arange(spokes) + rng.random()) / spokes:
            x, y = middle + 0.6 * rim * np.cos(angle), middle + 0.6 * rim * np.sin(angle)
            _disc(wheel, x, y, max(1.0, rim * min(0.24, 1.2 / spokes)), dark)
    _disc(wheel, middle, middle, rim * float(rng.uniform(0.1, 0.3)), _grey(rng, 60, 240))
    return _squeezed(_shaded(wheel, rng), rng, least=0.45)


def _lamp(rng: np.random.Generator, side: int) -> RgbaImage:
    """A lamp of a vehicle or a street: glass in a frame, with ribs and a highlight."""
    high = int(side * rng.uniform(0.35, 1.0))
    lamp = _nothing(high, side)
    glass: Colour = (*_GLASS[int(rng.integers(len(_GLASS)))], 255)
    shape = _ellipse if rng.random() < 0.6 else _block
    shape(lamp, 0.0, _grey(rng, 40, 230))
    shape(lamp, float(rng.uniform(0.04, 0.12)), glass)
    inner, rib = lamp.copy(), _opaque(np.array(glass[:3]) * 0.8)
    if rng.random() < 0.6:
        for place in range(0, side, max(3, int(side * rng.uniform(0.05, 0.15)))):
            cv2.line(inner, (place, 0), (place, high), rib, 2)
    if rng.random() < 0.6:
        _disc(inner, side * rng.uniform(0.3, 0.7), high * rng.uniform(0.3, 0.7), 0.2 * high, (250, 250, 240, 255))
    lamp[..., :3] = np.where(lamp[..., 3:] > 0, inner[..., :3], 0)
    return _shaded(lamp, rng)


def _grille(rng: np.random.Generator, side: int) -> RgbaImage:
    """Bars or a mesh in a frame, as before an engine or an airshaft."""
    high = int(side * rng.uniform(0.2, 0.8))
    grille = _nothing(high, side)
    metal = _grey(rng, 90, 235)
    _block(grille, 0.0, metal)
    _block(grille, 0.03, _grey(rng, 5, 60))
    pitch = max(4, int(side * rng.uniform(0.04, 0.14)))
    thick = max(1, int(pitch * rng.uniform(0.2, 0.5)))
    upright, lying = ((True, False), (False, True), (True, True))[int(rng.integers(3))]
    bars = np.zeros((high, side), np.uint8)
    for place in range(0, side if upright else 0, pitch):
        bars[:, place : place + thick] = 255
    for place in range(0, high if lying else 0, pitch):
        bars[place : place + thick] = 255
    grille[(bars > 0) & (grille[..., 3] > 0)] = metal
    return _shaded(grille, rng)


def _plate(rng: np.random.Generator, side: int) -> RgbaImage:
    """A number plate, or a number as on houses, shirts and doors."""
    high = int(side * rng.uniform(0.18, 0.55))
    plate = _nothing(high, side)
    ground: Colour = (*((250, 250, 245), (250, 215, 70), (30, 60, 140), (20, 20, 20))[int(rng.integers(4))], 255)
    ink: Colour = (20, 20, 30, 255) if sum(ground[:3]) > 380 else (245, 245, 245, 255)
    _block(plate, 0.0, ink)
    _block(plate, 0.02, ground)
    text = "".join(rng.choice(_LETTERS, int(rng.integers(0, 4)))) + " " + str(int(rng.integers(1, 10_000)))
    face, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, high // 12)
    (wide, tall), _ = cv2.getTextSize(text, face, 1.0, 1)
    scale = min(0.85 * side / max(wide, 1), 0.6 * high / max(tall, 1))
    at = (int((side - wide * scale) / 2), int((high + tall * scale) / 2))
    cv2.putText(plate, text, at, face, scale, ink, thick, cv2.LINE_AA)
    return plate


def _windows(rng: np.random.Generator, side: int) -> RgbaImage:
    """Windows, doors or lockers in rows, each with its own reflection."""
    high = int(side * rng.uniform(0.3, 1.0))
    facade = _nothing(high, side)
    rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    frame, gap = _grey(rng, 30, 240), float(rng.uniform(0.08, 0.3))
    tall, wide = high / rows, side / columns
    for row in range(rows):
        for column in range(columns):
            corner = (int((column + gap / 2) * wide), int((row + gap / 2) * tall))
            other = (int((column + 1 - gap / 2) * wide), int((row + 1 - gap / 2) * tall))
            pane = _opaque(rng.uniform(20, 200) + rng.normal(0, 12, 3))
            cv2.rectangle(facade, corner, other, pane, -1)
            cv2.rectangle(facade, corner, other, frame, max(1, int(wide * 0.04)))
            if rng.random() < 0.5:
                middle = (corner[0] + other[0]) // 2
                cv2.line(facade, (middle, corner[1]), (middle, other[1]), frame, max(1, int(wide * 0.03)))
    return _shaded(facade, rng)


def _button(rng: np.random.Generator, side: int) -> RgbaImage:
    """A button, a rivet, an eyelet, a knob or a lens: rings of one material, at times with holes."""
    button, middle = _nothing(side, side), side / 2
    colour = any_colour(rng) if rng.random() < 0.5 else np.array(_grey(rng, 30, 240)[:3], np.float32)
    radius = 0.5 * side
    for _ in range(int(rng.integers(1, 5))):
        _disc(button, middle, middle, radius, _opaque(colour * rng.uniform(0.5, 1.3)))
        radius *= float(rng.uniform(0.5, 0.9))
    for angle in 2 * np.pi * (np.arange(int(rng.choice([0, 2, 4]))) / 4 + rng.random()):
        x, y = middle + 0.14 * side * np.cos(angle), middle + 0.14 * side * np.sin(angle)
        _disc(button, x, y, 0.045 * side, _grey(rng, 0, 80))
    return _squeezed(_shaded(button, rng), rng, least=0.6)


def _zip(rng: np.random.Generator, side: int) -> RgbaImage:
    """A zip, a seam or a chain: many small teeth in a row."""
    high = max(4, int(side * rng.uniform(0.04, 0.12)))
    row = _nothing(high, side)
    metal, pitch = _grey(rng, 60, 240), max(3, int(high * rng.uniform(0.4, 1.2)))
    row[high // 3 : high - high // 3] = _grey(rng, 10, 200)
    for place in range(0, side, pitch):
        cv2.rectangle(row, (place, 0), (place + pitch // 2, high), metal, -1)
    return row


def _leaves(rng: np.random.Generator, side: int) -> RgbaImage:
    """A bush: leaves of one plant, light and dark."""
    bush, colour = _nothing(side, side), np.array([rng.uniform(20, 150), rng.uniform(70, 170), rng.uniform(10, 70)])
    for _ in range(int(rng.integers(15, 60))):
        at = tuple(int(value) for value in np.clip(rng.normal(side / 2, side / 6, 2), 0, side))
        axes = (int(side * rng.uniform(0.04, 0.14)), int(side * rng.uniform(0.02, 0.07)))
        leaf = _opaque(colour * rng.uniform(0.4, 1.5))
        cv2.ellipse(bush, at, axes, float(rng.uniform(0, 360)), 0, 360, leaf, -1, cv2.LINE_AA)
    return bush


def _together(rng: np.random.Generator, side: int) -> RgbaImage:
    """What stands together: two lamps, a grille and a plate; two wheels; a row of buttons; a column of lights."""
    whole = _nothing(int(side * 0.6), side)
    kind = rng.random()
    if kind < 0.4:
        lamp = _lamp(rng, side // 5)
        _lay(whole, lamp, 0.12, 0.4)
        _lay(whole, np.ascontiguousarray(lamp[:, ::-1]), 0.88, 0.4)
        _lay(whole, _grille(rng, int(side * 0.4)), 0.5, 0.4)
        _lay(whole, _plate(rng, int(side * 0.25)), 0.5, 0.85)
    elif kind < 0.7:
        wheel = _wheel(rng, side // 4)
        _lay(whole, wheel, 0.2, 0.75)
        _lay(whole, wheel, 0.8, 0.75)
        _lay(whole, _windows(rng, int(side * 0.4)), 0.5, 0.25)
    else:
        part = _button(rng, side // 8) if rng.random() < 0.6 else _lamp(rng, side // 7)
        count = int(rng.integers(3, 7))
        for number in range(count):
            _lay(whole, part, (number + 0.5) / count, 0.5)
        if rng.random() < 0.5:
            return np.ascontiguousarray(whole.swapaxes(0, 1))
    return whole


_KINDS: tuple[Callable[[np.random.Generator, int], RgbaImage], ...] = (
    _wheel, _lamp, _grille, _plate, _windows, _button, _zip, _leaves, _together,
)  # fmt: skip
_SHARES = np.array([0.15, 0.15, 0.1, 0.1, 0.1, 0.12, 0.05, 0.08, 0.15])


def _nothing(height: int, width: int) -> RgbaImage:
    return np.zeros((max(2, height), max(2, width), 4), np.uint8)


def _grey(rng: np.random.Generator, low: int, high: int) -> Colour:
    """A grey, hardly tinted."""
    return _opaque(rng.uniform(low, high) + rng.normal(0, 5, 3))


def _opaque(tone: NDArray[np.floating]) -> Colour:
    red, green, blue = (int(value) for value in np.clip(tone, 0, 255))
    return red, green, blue, 255


def _disc(image: RgbaImage, x: float, y: float, radius: float, colour: Colour) -> None:
    cv2.circle(image, (round(x), round(y)), max(1, round(radius)), colour, -1, cv2.LINE_AA)


def _ellipse(image: RgbaImage, inset: float, colour: Colour) -> None:
    height, width = image.shape[:2]
    axes = (max(1, int(width * (0.5 - inset))), max(1, int(height * (0.5 - inset))))
    cv2.ellipse(image, (width // 2, height // 2), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)


def _block(image: RgbaImage, inset: float, colour: Colour) -> None:
    """A rectangle, `inset` of the width from the rim."""
    height, width = image.shape[:2]
    rim = int(inset * width)
    cv2.rectangle(image, (rim, rim), (width - 1 - rim, max(rim, height - 1 - rim)), colour, -1)


def _lay(image: RgbaImage, part: RgbaImage, x: float, y: float) -> None:
    """Lay the part with its middle at the share `x` of the width and `y` of the height; it is cut at the rim."""
    height, width = image.shape[:2]
    left, top = int(x * width - part.shape[1] / 2), int(y * height - part.shape[0] / 2)
    first_x, first_y = max(0, left), max(0, top)
    shown = part[first_y - top : height - top, first_x - left : width - left]
    place = image[first_y : first_y + shown.shape[0], first_x : first_x + shown.shape[1]]
    np.copyto(place, shown, where=shown[..., 3:] > 127)


def _shaded(image: RgbaImage, rng: np.random.Generator) -> RgbaImage:
    """Lit from one side, with a gleam."""
    height, width = image.shape[:2]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    angle = float(rng.uniform(0, 2 * np.pi))
    light = 1 + float(rng.uniform(0, 0.5)) * ((across - 0.5) * np.cos(angle) + (down - 0.5) * np.sin(angle))
    gleam = np.exp(-((across - rng.uniform(0.2, 0.8)) ** 2 + (down - rng.uniform(0.1, 0.6)) ** 2) / 0.02)
    lit = image[..., :3] * light[..., None] + float(rng.uniform(0, 90)) * gleam[..., None]
    return np.dstack([np.clip(lit, 0, 255).astype(np.uint8), image[..., 3]])


def _squeezed(image: RgbaImage, rng: np.random.Generator, *, least: float) -> RgbaImage:
    """Seen from the side, half of the time: narrower by up to `least`."""
    if rng.random() < 0.5:
        return image
    wide = max(2, int(image.shape[1] * rng.uniform(least, 1.0)))
    return np.asarray(cv2.resize(image, (wide, image.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
