"""Which pictures does a picture show? Sellers send several in one, or one in a frame.

A sheet is cut along what runs all across it, a plain band or a seam, and each part again (recursive X-Y cut, Nagy and
Seth, "Hierarchical representation of optically scanned documents", ICPR 1984, which knows bands alone). A part of a
collage, what stands alone in a frame, and each frame of an animation is then looked at as a photo of its own.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.animation import frames_in
from model.framing import framed_picture
from model.preprocessing import at_most
from model.regions import Box, RgbImage

SIDE = 256
"""Pixels of the longer side of the picture, as it is looked at; of a long one, of a part as long as `LONG` widths."""

LONG = 2.0
"""From how many widths on a picture is a long one, such as of details of goods one below the other."""

LONGEST_SIDE = 12 * SIDE
"""Pixels in which a long picture is looked at, at most."""

LEAST_SIDE = 0.13
"""Of a panel, as a share of `SIDE` pixels: what is smaller is a caption or a badge."""

SMALLEST_SIDE = 64
"""Pixels of the picture's own that a panel has across and down, at least: smaller ones show nothing."""

LEAST_STRAIGHT = 0.6
"""Of a panel's four sides together: how much of them must differ from the plain ground outside."""

LEAST_SHOWN = 0.6
"""Of what is not plain around: the panels must be that much of it, or it is no sheet of pictures."""

MOST_PANELS = 9
"""How many panels are looked at, at most; of a long picture and of an animation, `MOST_LONG`."""

MOST_LONG = 20
_EDGE = 2  # lines in which a side begins
_DEEPEST = 6  # cuts inside cuts
_SAME_COLOUR, _PLAIN_SHARE = 14, 0.985  # of 255, and of a line that must be of its colour to be plain
_ASKED = 24  # pixels of a line that must be alike, and of which the median is its colour
_STEP, _SEAM_SHARE = 12, 0.8  # of 255 across a seam, in that share of its length
_OVER_NEIGHBOURS = 0.3  # by how much more of it changes than of lines beside it
_SHARP_SHARE, _SHARP_LINES = 0.7, 4  # of a seam in the picture's own pixels, and in how many lines it may change there
_THIN = 3  # lines beside a seam that the scaling down blurred
_BESIDE = 9  # lines on each side that it is compared with


class _Span(NamedTuple):
    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first

    def wider(self, most: int) -> _Span:
        """With one line more on each side, of the `most` that there are."""
        return _Span(max(self.first - 1, 0), min(self.last + 1, most))


class _Part(NamedTuple):
    """A part of the picture, `small` and in its `own` pixels; turned, its columns are its rows."""

    small: RgbImage
    own: RgbImage

    def turned(self) -> _Part:
        return _Part(self.small.transpose(1, 0, 2), self.own.transpose(1, 0, 2))

    def between(self, first: int, last: int) -> _Part:
        """The rows from `first` to before `last` of the small picture."""
        scale = len(self.own) / max(len(self.small), 1)
        return _Part(self.small[first:last], self.own[round(first * scale) : round(last * scale)])


def panels(image: RgbImage) -> tuple[Box, ...]:
    """The pictures that `image` (height, width, 3) shows, in its pixels, without plain rims.

    Several side by side, at most `MOST_PANELS` (of a long picture `MOST_LONG`) and the largest first; or the one that
    stands in a frame and nothing beside it; or none, where it is itself a picture, or where pictures with straight
    sides are too little of what it shows. Of an animation its frames, and then the pictures that they show.
    """
    frames = frames_in(image)
    within = [one.moved(*frame.corner()) for frame in frames for one in _shown(frame.crop(image))]
    return (*frames, *within)[:MOST_LONG] if frames else _shown(image)


def _shown(image: RgbImage) -> tuple[Box, ...]:
    """The pictures that one picture shows."""
    framed = framed_picture(image)
    if framed is None:
        return _side_by_side(image)
    return tuple(one.moved(*framed.corner()) for one in _side_by_side(framed.crop(image))) or (framed,)


def _side_by_side(image: RgbImage) -> tuple[Box, ...]:
    """The pictures of a collage, at least two; or none, where it is none."""
    height, width = image.shape[:2]
    length = max(height, width) / min(height, width)
    small = at_most(image, side=min(round(SIDE * max(length / LONG, 1)), LONGEST_SIDE))
    across, down = width / small.shape[1], height / small.shape[0]
    part = min(max(small.shape[:2]), LONG * min(small.shape[:2]))
    least = max(LEAST_SIDE * part, SMALLEST_SIDE * max(small.shape[:2]) / max(height, width))
    found = [box for box in _cut(_Part(small, image), depth=0) if min(box.width, box.height) >= least]
    shown = _content(_plain(small)).length * _content(_plain(small.transpose(1, 0, 2))).length
    if len(found) < 2 or sum(box.area for box in found) < LEAST_SHOWN * shown:
        return ()
    found = sorted(found, key=lambda box: -box.area)[: MOST_LONG if length > LONG else MOST_PANELS]
    return tuple(Box(x * across, y * down, wide * across, tall * down) for x, y, wide, tall in found)


def _cut(part: _Part, *, depth: int) -> list[Box]:
    """The panels of a part, in its small pixels."""
    around = part.small
    rows, columns = _content(_plain(around)), _content(_plain(around.transpose(1, 0, 2)))
    least = round(LEAST_SIDE * SIDE / 2)
    if min(rows.length, columns.length) < least:
        return []
    # One plain line around shows those within what the ground is.
    inner_rows, inner_columns = rows.wider(len(around)), columns.wider(around.shape[1])
    inside = part.between(*inner_rows).turned().between(*inner_columns).turned()
    for down in (True, False) if rows.length >= columns.length else (False, True):
        lines = inside if down else inside.turned()
        spans = _spans(lines, least=least) if depth < _DEEPEST else []
        if len(spans) > 1 or (spans and spans[0] != (0, len(lines.small))):
            break
    else:
        straight = _straightness(around, rows, columns) + _straightness(around.transpose(1, 0, 2), columns, rows)
        box = Box(columns.first, rows.first, columns.length, rows.length)
        return [box] if straight >= 2 * LEAST_STRAIGHT else []
    found = []
    for first, last in spans:
        left, top = inner_columns.first + (0 if down else first), inner_rows.first + (first if down else 0)
        inner = lines.between(first, last)
        found += [box.moved(left, top) for box in _cut(inner if down else inner.turned(), depth=depth + 1)]
    return found


def _straightness(part: RgbImage, rows: _Span, columns: _Span) -> float:
    """How much of the upper and the lower side of what stands between plain rows is where it begins and ends, 0..1.

    Of a picture all of it, but where that is of the ground's colour too; of a product little.
    """
    inside = part[rows.first : rows.last, columns.first : columns.last]
    sides = [(inside[:_EDGE], rows.first - 1), (inside[-_EDGE:], rows.last)]
    shares = [
        (_differing(lines, _colour_of(part[row])) > _SAME_COLOUR).mean(axis=1).max() if 0 <= row < len(part) else 1.0
        for lines, row in sides
    ]
    return float(np.mean(shares))


def _colour_of(line: RgbImage) -> NDArray[np.uint8]:
    return np.asarray(np.median(line, axis=0), np.uint8)


def _plain(part: RgbImage) -> NDArray[np.bool_]:
    """(h,): the rows of one colour."""
    plain = np.zeros(len(part), np.bool_)
    asked = part[:, :: max(1, part.shape[1] // _ASKED)]
    if asked.size == 0:
        return ~plain
    likely = np.flatnonzero((asked.max(axis=1) - asked.min(axis=1)).max(axis=1) <= 2 * _SAME_COLOUR)
    if len(likely):
        colours = np.median(asked[likely], axis=1, keepdims=True).astype(np.uint8)
        plain[likely] = (_differing(part[likely], colours) <= _SAME_COLOUR).mean(axis=1) >= _PLAIN_SHARE
    return plain


def _differing(one: RgbImage, other: RgbImage) -> NDArray[np.uint8]:
    """(h, w): by how much two pictures differ, in the channel in which they do most."""
    channels = (np.maximum(a, b) - np.minimum(a, b) for a, b in ((one[..., n], other[..., n]) for n in range(3)))
    return reduce(np.maximum, channels)


def _content(plain: NDArray[np.bool_]) -> _Span:
    """From the first to behind the last line that is not plain."""
    lines = np.flatnonzero(~plain)
    return _Span(int(lines[0]), int(lines[-1]) + 1) if len(lines) else _Span(0, 0)


def _spans(part: _Part, *, least: int) -> list[_Span]:
    """The rows between plain bands and seams, of at least `least` each: captions are left out.

    Beside a band one plain row is among them, which shows what the ground is.
    """
    height = len(part.small)
    cuts = sorted([*_bands(_plain(part.small)), *_seams(part, least=least)])
    spans, start = [], 0
    for first, last in [*cuts, _Span(height, height)]:
        is_band = last > first
        if first - start >= least:
            spans.append(_Span(start, first + is_band))
        if first - start >= least or is_band:
            start = max(start, last - is_band)
    return spans


def _bands(plain: NDArray[np.bool_]) -> list[_Span]:
    """The runs of plain rows."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]]).astype(np.int8)))
    return [_Span(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _seams(part: _Part, *, least: int) -> list[_Span]:
    """The rows at which most of the picture changes at once, and hardly anything just beside them."""
    if len(part.small) < 2 * least:
        return []
    changed = _changed(part.small[:, ::2])
    found = []
    for row in range(least - 1, len(changed) - least):
        share = changed[row]
        if share < _SEAM_SHARE or share < changed[row - _THIN : row + _THIN + 1].max():
            continue
        beside = [changed[max(row - _BESIDE, 0) : row - _THIN], changed[row + _THIN + 1 : row + _BESIDE + 1]]
        if np.median(np.concatenate(beside)) <= share - _OVER_NEIGHBOURS and _sharp(part, row + 1):
            found.append(_Span(row + 1, row + 1))
    return found


def _sharp(part: _Part, row: int) -> bool:
    """Whether the picture's own pixels change along one line there: a horizon is blurred or slants."""
    near = part.between(row - _THIN, row + _THIN + 1).own
    changed = _changed(near[:, :: max(1, near.shape[1] // SIDE)])
    return bool(len(changed)) and changed.max() >= _SHARP_SHARE and (changed > changed.max() / 2).sum() <= _SHARP_LINES


def _changed(part: RgbImage) -> NDArray[np.float64]:
    """(h - 2,): of each row but the first and the last, the share that changes from the row before to that behind."""
    return np.asarray((_differing(part[2:], part[:-2]) > _STEP).mean(axis=1))
