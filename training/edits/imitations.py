"""Imitations: marks made to be taken for a brand's, from its vector logo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.edits.redrawn import VECTOR_EDITS, ImpossibleEditError, take_apart
from training.edits.retouched import RASTER_EDITS, combined
from training.synthesis.logos import Logo, RgbaImage, rasterise

IMITATIONS: tuple[str, ...] = (*VECTOR_EDITS, *RASTER_EDITS, "combined")
"""Every kind of imitation: edits of the paths, edits of the pixels, and the mash-up of two logos."""

HELD_OUT_IMITATIONS: tuple[str, ...] = ("part_rotated", "letters_swapped", "half_mirrored", "traced", "combined")
"""Never used for fitting: the measure of imitations that training has not seen."""

LEAST_CHANGE = 0.06
"""Share of the mark's pixels that an imitation must change to be one."""

_TRIES = 6


def imitate(
    logo: Logo, *, kind: str, rng: np.random.Generator, width: int = 320, others: Sequence[Logo] = ()
) -> RgbaImage:
    """An imitation of `logo`, `width` pixels wide, trimmed to its content; at least `LEAST_CHANGE` of it differs.

    `combined` takes a part of one of `others`. Raises ImpossibleEditError when the logo does not offer what `kind`
    needs (a mark of one part has no letters to swap), and KeyError for an unknown kind.
    """
    if kind not in IMITATIONS:
        raise KeyError(f"unknown imitation {kind!r}; there are {', '.join(IMITATIONS)}")
    genuine = rasterise(logo, width=width)
    for _ in range(_TRIES):
        edited = _trimmed(_edited(logo, genuine=genuine, kind=kind, rng=rng, others=others))
        if LEAST_CHANGE <= change(genuine, edited) <= 0.9:
            return edited
    raise ImpossibleEditError(f"{kind} changes too little or too much of {logo.name}")


def any_imitation(
    logo: Logo, *, kinds: Sequence[str], rng: np.random.Generator, width: int = 320, others: Sequence[Logo] = ()
) -> tuple[str, RgbaImage]:
    """The first of `kinds`, in random order, that the logo offers, and its picture. Raises ImpossibleEditError."""
    for kind in rng.permutation(list(kinds)):
        try:
            return str(kind), imitate(logo, kind=str(kind), rng=rng, width=width, others=others)
        except ImpossibleEditError:
            continue
    raise ImpossibleEditError(f"none of {', '.join(kinds)} can be made of {logo.name}")


def change(genuine: RgbaImage, edited: RgbaImage) -> float:
    """Share 0..1 of the pixels under either mark that differ, both fitted to 96×96 and laid on grey."""
    a, b = _fitted(genuine), _fitted(edited)
    marked = np.maximum(a[..., 3], b[..., 3]) > 96
    on_grey = [rgba[..., :3] * (rgba[..., 3:] / 255) + 127 * (1 - rgba[..., 3:] / 255) for rgba in (a, b)]
    # A mark of the ground's grey would hide its own loss, so what is drawn at all counts as a channel too.
    different = np.maximum(np.abs(on_grey[0] - on_grey[1]).max(axis=-1), np.abs(a[..., 3] - b[..., 3]) / 2) > 60
    return float(different[marked].mean()) if marked.any() else 0.0


def _edited(
    logo: Logo, *, genuine: RgbaImage, kind: str, rng: np.random.Generator, others: Sequence[Logo]
) -> RgbaImage:
    if kind in VECTOR_EDITS:
        svg = VECTOR_EDITS[kind](take_apart(logo), rng).svg()
        try:
            return rasterise(replace(logo, svg=svg), width=genuine.shape[1])
        except ValueError as error:
            raise ImpossibleEditError(f"{kind} of {logo.name}: {error}") from error
    if kind == "combined":
        if not others:
            raise ImpossibleEditError("combined needs other logos")
        other = others[int(rng.integers(len(others)))]
        return combined(genuine, rasterise(other, width=genuine.shape[1]), rng)
    return RASTER_EDITS[kind](genuine, rng)


def _fitted(rgba: RgbaImage) -> NDArray[Any]:
    share = rgba[..., 3:].astype(np.float32) / 255
    premultiplied = np.dstack([rgba[..., :3] * share, rgba[..., 3:]])
    small: NDArray[Any] = cv2.resize(premultiplied, (96, 96), interpolation=cv2.INTER_AREA)
    return np.dstack([small[..., :3] / np.maximum(small[..., 3:] / 255, 1e-3), small[..., 3:]])


def _trimmed(rgba: RgbaImage) -> RgbaImage:
    rows, columns = (np.flatnonzero(rgba[..., 3].max(axis=axis) > 8) for axis in (1, 0))
    if len(rows) == 0:
        raise ImpossibleEditError("nothing is left of the mark")
    return np.ascontiguousarray(rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
