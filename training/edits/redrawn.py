"""Imitations on vector level: the paths of a logo taken apart into letters and shapes, and put together otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from training.edits.outlines import Outline, Points, format_path, group_parts, parse_path
from training.synthesis.logos import Logo

_PATH = re.compile(r'<path\b[^>]*?\sd="([^"]*)"')
_HIDDEN = re.compile(r"<(defs|clipPath|mask|symbol)\b.*?</\1>", re.DOTALL)


class ImpossibleEditError(ValueError):
    """The logo does not offer what the edit needs, such as a second part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A letter or shape with its holes: `path` is the index of the `<path>` element that draws it."""

    path: int
    outlines: tuple[Outline, ...]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in the units of the path."""
        return self.outlines[0].bounds

    @property
    def size(self) -> Points:
        """Width and height, never 0."""
        left, top, right, bottom = self.bounds
        return np.array([max(right - left, 1e-6), max(bottom - top, 1e-6)])

    @property
    def middle(self) -> Points:
        """The centre of the bounds."""
        left, top, right, bottom = self.bounds
        return np.array([left + right, top + bottom]) / 2

    def mapped(self, change: Callable[[Points], Points]) -> Part:
        """The part with every point, shape (n, 2), put through `change`."""
        return replace(self, outlines=tuple(Outline(change(o.points), o.closed) for o in self.outlines))


@dataclass(frozen=True, slots=True)
class Drawing:
    """A logo as text around the path data, and the parts of that data."""

    text: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def size(self) -> Points:
        """Width and height of all parts together."""
        bounds = np.array([part.bounds for part in self.parts])
        span: Points = bounds[:, 2:].max(axis=0) - bounds[:, :2].min(axis=0)
        return np.asarray(np.maximum(span, 1e-6), np.float64)

    def movable(self) -> list[int]:
        """Indices of the parts that are neither specks nor the ground: 1.5 to 60 % of the drawing's area."""
        whole = float(self.size.prod())
        return [i for i, part in enumerate(self.parts) if 0.015 < float(part.size.prod()) / whole < 0.6]

    def svg(self) -> str:
        """The document again."""
        pieces = [self.text[0]]
        for path, text in enumerate(self.text[1:]):
            outlines = [outline for part in self.parts if part.path == path for outline in part.outlines]
            pieces += [format_path(outlines), text]
        return "".join(pieces)


VectorEdit = Callable[[Drawing, np.random.Generator], Drawing]
"""(drawing, random numbers) → edited drawing. Raises ImpossibleEditError."""


def take_apart(logo: Logo) -> Drawing:
    """The drawing of `logo`. Raises ImpossibleEditError when it has no path that can be read."""
    hidden = [match.span() for match in _HIDDEN.finditer(logo.svg)]
    text: list[str] = []
    parts: list[Part] = []
    end = 0
    for match in _PATH.finditer(logo.svg):
        if any(start <= match.start() < stop for start, stop in hidden):
            continue
        try:
            groups = group_parts(parse_path(match[1]))
        except ValueError as error:
            raise ImpossibleEditError(f"{logo.name}: {error}") from error
        parts += [Part(len(text), tuple(group)) for group in groups]
        text.append(logo.svg[end : match.start(1)])
        end = match.end(1)
    if not parts:
        raise ImpossibleEditError(f"{logo.name} has no path to edit")
    return Drawing((*text, logo.svg[end:]), tuple(parts))


def part_removed(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part is left out."""
    chosen = _choose(drawing, rng, least=2)
    return replace(drawing, parts=tuple(part for i, part in enumerate(drawing.parts) if i != chosen))


def part_doubled(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part appears twice, beside itself: a fourth stripe, a double letter."""
    part = drawing.parts[_choose(drawing, rng)]
    direction = rng.choice([-1.0, 1.0]) * np.array([[1.0, 0.0], [0.0, 1.0]][int(rng.random() < 0.25)])
    shift = direction * part.size * rng.uniform(0.7, 1.1)
    return replace(drawing, parts=(*drawing.parts, part.mapped(lambda points: points + shift)))


def part_mirrored(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part is seen in a mirror, left to right or upside down."""
    flip = np.array([-1.0, 1.0] if rng.random() < 0.6 else [1.0, -1.0])
    return _with(drawing, rng, lambda part: lambda points: (points - part.middle) * flip + part.middle)


def part_moved(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part moves by 25 to 70 % of its size."""
    angle = rng.uniform(0, 2 * np.pi)
    step = rng.uniform(0.3, 0.7) * np.array([np.cos(angle), np.sin(angle)])
    return _with(drawing, rng, lambda part: lambda points: points + step * part.size)


def part_scaled(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part becomes 0.45 to 0.7 or 1.35 to 1.8 times as large, perhaps more in one direction."""
    factor = rng.uniform(0.45, 0.7) if rng.random() < 0.5 else rng.uniform(1.35, 1.8)
    factors = np.array([factor, factor if rng.random() < 0.5 else 1.0])
    return _with(drawing, rng, lambda part: lambda points: (points - part.middle) * factors + part.middle)


def part_rotated(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part turns by 25 to 180 degrees."""
    angle = np.radians(rng.uniform(25, 180)) * rng.choice([-1, 1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return _with(drawing, rng, lambda part: lambda points: (points - part.middle) @ turn + part.middle)


def part_bent(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One part, or all of a mark of one part, is bent along a wave of 12 to 30 % of its size."""
    depth, phase = rng.uniform(0.12, 0.3), rng.uniform(0, 2 * np.pi)
    axis = int(rng.random() < 0.5)

    def bend(part: Part) -> Callable[[Points], Points]:
        def change(points: Points) -> Points:
            along = (points[:, 1 - axis] - part.middle[1 - axis]) / part.size[1 - axis]
            moved = points.copy()
            moved[:, axis] += depth * part.size[axis] * np.sin(np.pi * along + phase)
            return moved

        return change

    choices = drawing.movable() or list(range(len(drawing.parts)))
    return _changed(drawing, int(rng.choice(choices)), bend)


def letters_swapped(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """Two parts of about the same height change places."""
    first, second = _pair(drawing, rng)
    a, b = drawing.parts[first], drawing.parts[second]
    parts = list(drawing.parts)
    parts[first] = a.mapped(lambda points: points - a.middle + b.middle)
    parts[second] = b.mapped(lambda points: points - b.middle + a.middle)
    return replace(drawing, parts=tuple(parts))


def letter_replaced(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """One letter gives way to another letter of the same word, fitted into its place."""
    first, second = _pair(drawing, rng)
    place, letter = drawing.parts[first], drawing.parts[second]
    fit = place.size / letter.size
    fitted = letter.mapped(lambda points: (points - letter.middle) * fit + place.middle)
    parts = [replace(fitted, path=place.path) if i == first else part for i, part in enumerate(drawing.parts)]
    return replace(drawing, parts=tuple(parts))


VECTOR_EDITS: dict[str, VectorEdit] = {
    "part_removed": part_removed,
    "part_doubled": part_doubled,
    "part_mirrored": part_mirrored,
    "part_moved": part_moved,
    "part_scaled": part_scaled,
    "part_rotated": part_rotated,
    "part_bent": part_bent,
    "letters_swapped": letters_swapped,
    "letter_replaced": letter_replaced,
}
"""Edits of the paths, by name."""


def _choose(drawing: Drawing, rng: np.random.Generator, *, least: int = 1) -> int:
    """A movable part, large ones rather than small ones. Raises ImpossibleEditError below `least` of them."""
    choices = drawing.movable()
    if len(choices) < least or len(drawing.parts) < 2:
        raise ImpossibleEditError(f"{len(choices)} movable parts of {len(drawing.parts)}, {least} are needed")
    weights = np.array([float(drawing.parts[i].size.prod()) for i in choices]) ** 0.5
    return int(rng.choice(choices, p=weights / weights.sum()))


def _pair(drawing: Drawing, rng: np.random.Generator) -> tuple[int, int]:
    """Two parts of similar height. Raises ImpossibleEditError when there are none."""
    first = _choose(drawing, rng, least=2)
    height = drawing.parts[first].size[1]
    alike = [i for i in drawing.movable() if i != first and 0.6 < drawing.parts[i].size[1] / height < 1.7]
    if not alike:
        raise ImpossibleEditError("no two parts of similar height")
    return first, int(rng.choice(alike))


def _with(drawing: Drawing, rng: np.random.Generator, change: Callable[[Part], Callable[[Points], Points]]) -> Drawing:
    return _changed(drawing, _choose(drawing, rng), change)


def _changed(drawing: Drawing, chosen: int, change: Callable[[Part], Callable[[Points], Points]]) -> Drawing:
    part = drawing.parts[chosen]
    parts = [part.mapped(change(part)) if i == chosen else other for i, other in enumerate(drawing.parts)]
    return replace(drawing, parts=tuple(parts))
