"""The picture that shows why: mark, genuine reference and the difference between them, side by side.

A mark of which too little is left to be laid on the reference is shown in the photo in the place of the difference.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.encoding import jpeg, png
from model.regions import Box, RgbImage
from serve.pictures.objects import decode_stored
from serve.scanning.verification import Verified

TILE = 256
"""Width and height of each of the three tiles, in pixels."""

LEAST_DIFFERENCE = 0.25
"""What differs less, 0..1, at its worst is not outlined; else what differs half as much as the worst place."""

SOFTENED, SPECK = 3.0, 60.0
"""Pixels of a tile over which differences are smoothed, and square pixels up to which a place is not outlined."""

TINT = 0.35
"""How much a place that differs is tinted."""

ROOM = 0.08
"""What is shown around the mark, on each side, as a share of it."""

GAP = 8
CAPTION = 28
PAPER = (255, 255, 255)
INK = (34, 34, 34)
MARKER = (214, 39, 40)
SMALL, LARGE = 14, 17
"""Pixels of a line of text, in OpenCV's typeface, which has the letters of most scripts."""

BOLD = 700

COLOURS = {
    "genuine": (44, 160, 44),
    "smear": (214, 39, 40),
    "imitation": (255, 127, 14),
    "copied_photo": (148, 103, 189),
}
"""RGB by kind, for boxes and captions."""


def draw_evidence(image: RgbImage, verified: Verified) -> bytes:
    """A PNG: the mark as found, the genuine reference, and what differs where the mark is laid on it."""
    whole = verified.reference.prepared.picture
    reference = whole if verified.genuine is None else verified.genuine
    found = verified.place.grown(ROOM).crop(image)
    shown = {"in the listing": found, "genuine": reference}
    if verified.aligned is None or verified.difference is None:
        shown["in the photo"] = _framed(image, verified.place)
    else:
        differs = verified.difference * (verified.kind != "genuine")
        shown["difference"] = _marked(verified.aligned, differs)
    tiles = [_fitted(picture) for picture in shown.values()]
    width = GAP + len(tiles) * (TILE + GAP)
    canvas: RgbImage = np.full((CAPTION + TILE + 2 * CAPTION + GAP, width, 3), PAPER, np.uint8)
    for number, (tile, caption) in enumerate(zip(tiles, shown, strict=True)):
        left = GAP + number * (TILE + GAP)
        canvas[CAPTION : CAPTION + TILE, left : left + TILE] = tile
        _write(canvas, caption, (left, CAPTION - 9), INK, size=SMALL)
    verdict = f"{verified.kind.replace('_', ' ')}, {verified.reference.brand}"
    words = "; ".join(verified.reasons) or "agrees with the reference"
    room = width - 2 * GAP
    (title,) = _lines(verdict, room=room, most=1, size=LARGE, weight=BOLD)
    _write(canvas, title, (GAP, CAPTION + TILE + 18), COLOURS[verified.kind], size=LARGE, weight=BOLD)
    for number, line in enumerate(_lines(words, room=room, most=2, size=SMALL)):
        _write(canvas, line, (GAP, CAPTION + TILE + 38 + 17 * number), INK, size=SMALL)
    return png(canvas)


def taken_anew(evidence: bytes, *, quality: int) -> bytes:
    """The same PNG with what shows the listing's picture as a JPEG of that `quality` shows it; all else as it was."""
    canvas = decode_stored(evidence)
    for left in range(GAP, canvas.shape[1] - TILE, TILE + GAP):
        if left == GAP + TILE + GAP:  # the genuine reference
            continue
        tile = canvas[CAPTION : CAPTION + TILE, left : left + TILE]
        tile[:] = decode_stored(jpeg(np.ascontiguousarray(tile), quality=quality))
    return png(canvas)


def _marked(aligned: RgbImage, difference: NDArray[np.float32]) -> RgbImage:
    """The aligned region, at the size of a tile, with the places that differ most outlined and tinted."""
    size = _inside_tile(aligned)
    weight = np.clip(cv2.GaussianBlur(cv2.resize(difference, size), (0, 0), SOFTENED), 0.0, 1.0)[..., None]
    tint = weight * TINT
    mixed = cv2.resize(aligned, size) * (1.0 - tint) + np.asarray(MARKER, np.float32) * tint
    tinted = np.asarray(mixed.round(), np.uint8)
    most = float(weight.max())
    if most < LEAST_DIFFERENCE:
        return tinted
    outlines, _ = cv2.findContours((weight > most / 2).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    seen = [outline for outline in outlines if cv2.contourArea(outline) > SPECK]
    for colour, thickness in ((PAPER, 4), (MARKER, 2)):
        cv2.drawContours(tinted, seen, -1, colour, thickness, cv2.LINE_AA)
    return tinted


def _framed(image: RgbImage, place: Box) -> RgbImage:
    """All of the photo, at the size of a tile, with a frame around `place`."""
    width, height = _inside_tile(image)
    small = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8).copy()
    scale = width / image.shape[1]
    first = (round(place.x * scale), round(place.y * scale))
    last = (round((place.x + place.width) * scale), round((place.y + place.height) * scale))
    for colour, thickness in ((PAPER, 4), (MARKER, 2)):
        cv2.rectangle(small, first, last, colour, thickness)
    return small


def _inside_tile(picture: RgbImage) -> tuple[int, int]:
    """Width and height of `picture` where it fills a tile."""
    height, width = picture.shape[:2]
    scale = TILE / max(height, width)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _fitted(picture: RgbImage) -> RgbImage:
    """`picture` scaled into a square tile, its proportions kept, on white."""
    size = _inside_tile(picture)
    shrinks = size[0] < picture.shape[1]
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    tile: RgbImage = np.full((TILE, TILE, 3), PAPER, np.uint8)
    top, left = (TILE - size[1]) // 2, (TILE - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = scaled
    return tile


def _write(
    canvas: RgbImage, text: str, place: tuple[int, int], colour: tuple[int, int, int], *, size: int, weight: int = 400
) -> None:
    cv2.putText(canvas, text, place, colour, cv2.FontFace("sans"), size, weight)


def _lines(text: str, *, room: int, most: int, size: int, weight: int = 400) -> list[str]:
    """`text` in at most so many lines, each of which fits into `room` pixels; dots say that it goes on."""
    face = cv2.FontFace("sans")

    def fits(line: str) -> bool:
        return cv2.getTextSize((0, 0), line, (0, 0), face, size, weight)[2] <= room

    lines, rest = list[str](), text
    while rest and len(lines) < most:
        last = len(lines) + 1 == most
        places = range(len(rest) - 1, 0, -1)
        between_words = [] if last else [place for place in places if rest[place] == " "]
        ends = [len(rest), *between_words, *places]
        end = next((end for end in ends if fits(rest[:end] + "..." * (last and end < len(rest)))), len(rest))
        lines.append(rest[:end].rstrip() + "..." * (last and end < len(rest)))
        rest = rest[end:].lstrip()
    return lines
