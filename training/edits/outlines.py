"""SVG path data as arrays of points, so that a part of a logo can be moved, bent, swapped or dropped.

Every command becomes cubic Bézier curves in absolute coordinates: any function of points is then an edit.
Arcs follow appendix B.2.4 of SVG 2 (https://www.w3.org/TR/SVG2/implnote.html).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_COMMAND = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


@dataclass(frozen=True, slots=True)
class Outline:
    """One subpath: `points` of shape (1 + 3n, 2), a start and then n cubic curves (control, control, end)."""

    points: Points
    closed: bool

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of all points, controls included."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def contains(self, other: Outline) -> bool:
        """Whether the bounds of `other` lie inside the bounds of this outline."""
        a, b = self.bounds, other.bounds
        return a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2] and a[3] >= b[3]


def parse_path(data: str) -> list[Outline]:
    """The outlines of an SVG `d` attribute. Raises ValueError where it is not path data."""
    pen = _Pen()
    for letter, text in _COMMAND.findall(data):
        for turn, arguments in enumerate(_argument_groups(letter, text)):
            # A moveto with more than one pair goes on as lineto.
            pen.draw({"M": "L", "m": "l"}.get(letter, letter) if turn else letter, arguments)
    pen.finish(closed=False)
    return pen.outlines


def format_path(outlines: list[Outline]) -> str:
    """The `d` attribute of `outlines`, to three decimals."""
    pieces = []
    for outline in outlines:
        start, rest = outline.points[0], outline.points[1:].reshape(-1, 6)
        curves = "".join("C" + " ".join(f"{value:.3f}" for value in curve) for curve in rest)
        pieces.append(f"M{start[0]:.3f} {start[1]:.3f}{curves}{'Z' if outline.closed else ''}")
    return "".join(pieces)


def group_parts(outlines: list[Outline]) -> list[list[Outline]]:
    """Outlines that belong together: a letter with its holes is one part. Left to right.

    Outlines are joined where the bounds of one contain those of the other.
    """
    groups: list[list[Outline]] = []
    for outline in sorted(outlines, key=_bounds_area, reverse=True):
        home = next((group for group in groups if group[0].contains(outline)), None)
        if home is None:
            groups.append([outline])
        else:
            home.append(outline)
    return sorted(groups, key=lambda group: group[0].bounds[0])


def _bounds_area(outline: Outline) -> float:
    left, top, right, bottom = outline.bounds
    return (right - left) * (bottom - top)


def _argument_groups(letter: str, text: str) -> Iterator[list[float]]:
    count = _ARGUMENTS[letter.upper()]
    if count == 0:
        yield []
        return
    numbers = _arc_numbers(text) if letter in "Aa" else [float(number) for number in _NUMBER.findall(text)]
    if not numbers or len(numbers) % count:
        raise ValueError(f"path command {letter!r} wants groups of {count} numbers, got {text!r}")
    for start in range(0, len(numbers), count):
        yield numbers[start : start + count]


def _arc_numbers(text: str) -> list[float]:
    """Numbers of an arc command, whose two flags may be written without a separator."""
    numbers: list[float] = []
    position = 0
    flag = re.compile(r"[\s,]*([01])")
    number = re.compile(r"[\s,]*(" + _NUMBER.pattern + ")")
    while text[position:].strip(" ,\n\t\r"):
        pattern = flag if len(numbers) % 7 in (3, 4) else number
        match = pattern.match(text, position)
        if match is None:
            raise ValueError(f"not the numbers of an arc: {text!r}")
        numbers.append(float(match[1]))
        position = match.end()
    return numbers


class _Pen:
    """Draws commands into outlines; `reach` is the last control point, which S and T reflect."""

    def __init__(self) -> None:
        self.outlines: list[Outline] = []
        self.points: list[Points] = []
        self.at = np.zeros(2)
        self.reach = np.zeros(2)
        self.last = ""

    def finish(self, *, closed: bool) -> None:
        if len(self.points) > 1:
            self.outlines.append(Outline(np.array(self.points), closed))
        self.points = []

    def draw(self, letter: str, arguments: list[float]) -> None:
        command, relative = letter.upper(), letter.islower()
        origin = self.at if relative else np.zeros(2)
        if command == "Z":
            start = self.points[0] if self.points else self.at
            self.finish(closed=True)
            self.at = start
        elif command == "M":
            self.finish(closed=False)
            self.at = origin + arguments
            self.points = [self.at]
        else:
            if not self.points:
                self.points = [self.at]
            self._curve(command, arguments, origin)
        self.last = command

    def _curve(self, command: str, arguments: list[float], origin: Points) -> None:
        if command in "HV":
            end = self.at.copy()
            axis = 0 if command == "H" else 1
            end[axis] = origin[axis] + arguments[0]
            self._line(end)
        elif command == "L":
            self._line(origin + arguments)
        elif command == "A":
            self._arc(arguments[:5], origin + arguments[5:])
        else:
            self._bezier(command, np.reshape(arguments, (-1, 2)) + origin)

    def _line(self, end: Points) -> None:
        self.points += [self.at + (end - self.at) / 3, self.at + (end - self.at) * 2 / 3, end]
        self.at = self.reach = end

    def _bezier(self, command: str, given: Points) -> None:
        smooth_after = {"S": "CS", "T": "QT"}.get(command, "")
        if smooth_after:
            reflected = 2 * self.at - self.reach if self.last and self.last in smooth_after else self.at
            given = np.vstack([reflected, given])
        end = given[-1]
        if command in "CS":
            first, second = given[0], given[1]
            self.reach = second
        else:
            first, second = self.at + (given[0] - self.at) * 2 / 3, end + (given[0] - end) * 2 / 3
            self.reach = given[0]
        self.points += [first, second, end]
        self.at = end

    def _arc(self, shape: list[float], end: Points) -> None:
        radius_x, radius_y, tilt_degrees, large, sweep = shape
        if radius_x == 0 or radius_y == 0 or np.allclose(self.at, end):
            self._line(end)
            return
        tilt = math.radians(tilt_degrees)
        turn = np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
        radii = np.abs([radius_x, radius_y])
        half = turn.T @ (self.at - end) / 2
        radii = radii * max(1.0, math.sqrt(float(((half / radii) ** 2).sum())))
        unit = half / radii
        length = float((unit**2).sum())
        side = 1.0 if large != sweep else -1.0
        centre = side * math.sqrt(max(1 / length - 1, 0.0)) * np.array([unit[1], -unit[0]])
        start_angle = math.atan2(*(unit - centre)[::-1])
        span = math.atan2(*(-unit - centre)[::-1]) - start_angle
        if sweep and span < 0:
            span += 2 * math.pi
        elif not sweep and span > 0:
            span -= 2 * math.pi
        to_page = turn * radii
        middle = to_page @ centre + (self.at + end) / 2
        pieces = max(1, math.ceil(abs(span) / (math.pi / 2) - 1e-9))
        step = span / pieces
        handle = 4 / 3 * math.tan(step / 4)
        for piece in range(pieces):
            a, b = start_angle + piece * step, start_angle + (piece + 1) * step
            p, q = np.array([math.cos(a), math.sin(a)]), np.array([math.cos(b), math.sin(b)])
            controls = (p + handle * np.array([-p[1], p[0]]), q - handle * np.array([-q[1], q[0]]), q)
            self.points += [to_page @ control + middle for control in controls]
        self.points[-1] = end
        self.at = self.reach = end
