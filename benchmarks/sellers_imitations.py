"""Imitations in whole photos, as sellers make and show them, and brands' own marks laid alike: what is said of both?

Nobody drew these edits for training (`benchmarks.lookalikes`). Marks of `dev` brands lie on garments and drawn goods,
from a tenth of the photo's width to nearly all of it; the listing names the brand. Each imitation has a twin, a genuine
version of the same mark in the same place.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from benchmarks.command_line import parser_of
from benchmarks.lookalikes import LOOKALIKES, SIDE, Material
from benchmarks.own_versions import OWN_VERSIONS
from client.api import Json
from client.temporary import temporary_service
from model.encoding import jpeg
from model.regions import Box, RgbImage
from training.edits.imitations import LEAST_CHANGE, change
from training.evaluation.references import Drawings, as_uploaded, drawings_of, other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.grounds import data_folder
from training.synthesis.inks import laid_over
from training.synthesis.logos import Logo, RgbaImage, fetch_packages, load_logos, rasterise, split_of
from training.synthesis.optics import photographed
from training.synthesis.rendering import place_mark
from training.synthesis.scenes import MARKED_GARMENTS
from training.synthesis.wares import with_ware
from training.synthesis.wordmarks import fetch_fonts

SIZES = {"small": (0.10, 0.14), "middling": (0.18, 0.26), "large": (0.34, 0.5), "close": (0.65, 0.9)}
"""Width of the mark as a share of the photo's."""

PHOTO_SIDE = 640

_SEEN = 45  # of 255, by which most of a mark differs from its ground


@dataclass(frozen=True)
class Size:
    """How much is drawn and scanned."""

    brands: int
    each: int
    others: int


FULL = Size(brands=60, each=28, others=200)
QUICK = Size(brands=12, each=1, others=10)


@dataclass(frozen=True, slots=True)
class Case:
    """A photo of a `brand`'s mark, imitated or genuine, changed as `kind` says."""

    data: bytes
    brand: str
    side: Literal["imitation", "genuine"]
    kind: str
    size: str


def main() -> None:
    """Draw, register, scan and print."""
    size = QUICK if parser_of(__doc__).parse_args().quick else FULL
    logos = load_logos(fetch_packages())
    own = _brands(logos, count=size.brands)
    others = {name: drawn for name, drawn in other_brands(logos, count=size.others).items() if name not in own}
    with temporary_service() as api:
        register_brands(api, {**own, **others}, progress=quietly)
        answered = [
            (case, _of_brand(api.scan(case.data, listing={"brand_claimed": case.brand}), case.brand))
            for case in _cases(own, each=size.each)
        ]
    _show(answered)


def _brands(logos: Sequence[Logo], *, count: int) -> Drawings:
    """Any `dev` brands whose drawings can all be seen on white."""
    names = sorted({logo.brand for logo in logos if split_of(logo.brand) == "dev"})
    drawn = drawings_of(names, logos)
    order = (names[place] for place in np.random.default_rng(7).permutation(len(names)))
    shown = (name for name in order if all(as_uploaded(logo) is not None for logo in drawn[name]))
    return {name: drawn[name] for name in islice(shown, count)}


def _cases(own: Drawings, *, each: int) -> Iterator[Case]:
    """Of every kind `each` imitations and their genuine twins, as far as the marks offer them."""
    fonts, garments = fetch_fonts(), unmarked_garments()
    marks = {name: [rasterise(logo, width=SIDE) for logo in drawn] for name, drawn in own.items()}
    every = [mark for drawn in marks.values() for mark in drawn]
    for number, (kind, make) in enumerate(LOOKALIKES.items()):
        made = 0
        for place in range(6 * len(marks)):
            rng = np.random.default_rng([number, place])
            brand = list(marks)[int(rng.integers(len(marks)))]
            mark = marks[brand][int(rng.integers(len(marks[brand])))]
            material = Material(brand, [every[int(one)] for one in rng.integers(len(every), size=6)], fonts)
            imitation = make(mark, material, rng)
            if imitation is None or change(mark, imitation) < LEAST_CHANGE:
                continue
            version = str(rng.choice(list(OWN_VERSIONS)))
            genuine = OWN_VERSIONS[version](mark, material, rng)
            size = list(SIZES)[(number + made) % len(SIZES)]
            pair = (imitation, mark if genuine is None else genuine)
            try:
                photos = laid(pair, garments, size=size, seed=[number, place])
            except ValueError:  # too thin to leave a pixel at this size
                continue
            yield Case(photos[0], brand, "imitation", kind, size)
            yield Case(photos[1], brand, "genuine", version, size)
            made += 1
            if made == each:
                break


def unmarked_garments() -> list[Path]:
    """The photos of clothing that show no mark."""
    marked = frozenset(MARKED_GARMENTS.read_text(encoding="utf-8").split())
    return [one for one in sorted((data_folder() / "clothing" / "images").glob("*.jpg")) if one.name not in marked]


def laid(marks: Sequence[RgbaImage], garments: Sequence[Path], *, size: str, seed: list[int]) -> list[bytes]:
    """The marks on one ground in one place, as JPEG; all on white labels where one of them would not be seen."""
    photo, box = _ground(garments, np.random.default_rng(seed), close=size == "close")
    part = box.crop(photo)
    on_ground = [_placed(mark, part, size=size, seed=seed) for mark in marks]
    if not all(is_seen for _, is_seen in on_ground):
        on_ground = [_placed(_on_label(mark), part, size=size, seed=seed) for mark in marks]
    found = []
    for placed, _ in on_ground:
        whole = photo.copy()
        box.crop(whole)[:] = placed
        taken = photographed(whole.astype(np.float32), rng=np.random.default_rng([*seed, 6]), strength=0.3)
        found.append(jpeg(taken, quality=88))
    return found


def _ground(garments: Sequence[Path], rng: np.random.Generator, *, close: bool) -> tuple[RgbImage, Box]:
    """A garment, or something drawn before it, and where a mark may lie; `close`, cloth alone."""
    read = cv2.imread(str(garments[int(rng.integers(len(garments)))]), cv2.IMREAD_COLOR_RGB)
    if read is None:
        raise OSError("a garment cannot be read as a picture")
    height, width = read.shape[:2]
    part = read[int(0.3 * height) : int(0.65 * height), int(0.25 * width) : int(0.75 * width)] if close else read
    scale = PHOTO_SIDE / max(part.shape[:2])
    photo = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = photo.shape[:2]
    if close:
        return photo, Box(0, 0, width, height)
    if rng.random() < 0.35:
        return with_ware(photo, rng=rng)
    return photo, Box(round(0.15 * width), round(0.18 * height), round(0.7 * width), round(0.64 * height))


def _placed(mark: RgbaImage, part: RgbImage, *, size: str, seed: list[int]) -> tuple[RgbImage, bool]:
    """`part` with the mark, and whether a person would see it."""
    rng = np.random.default_rng([*seed, 5])
    share = float(rng.uniform(*SIZES[size])) * min(1.0, (mark.shape[1] / mark.shape[0]) ** 0.5)
    placed, box, _ = place_mark(mark, part, rng=rng, width_fraction=share)
    differs = np.abs(box.crop(placed).astype(np.int16) - box.crop(part)).max(axis=-1) > _SEEN
    return placed, float(differs.mean()) > 0.4 * float((mark[..., 3] > 127).mean())


def _on_label(mark: RgbaImage) -> RgbaImage:
    room = round(0.1 * min(mark.shape[:2])) + 4
    over = np.pad(mark, ((room, room), (room, room), (0, 0)))
    return laid_over(np.full_like(over, 255), over)


def _of_brand(answer: Json, brand: str) -> Json | None:
    found = [one for one in answer["findings"] if one["brand"] == brand]
    return min(found, key=lambda one: one["scores"]["unrelated"], default=None)


def _show(answered: Sequence[tuple[Case, Json | None]]) -> None:
    genuine = [found for case, found in answered if case.side == "genuine"]
    rows: dict[str, list[Json | None]] = defaultdict(list)
    for case, found in answered:
        rows[f"all: {case.side}"].append(found)
        rows[f"{case.side}: {case.kind}"].append(found)
        rows[f"{case.size}: {case.side}"].append(found)
    figures = {name: _figures(found, genuine) for name, found in sorted(rows.items())}
    table = Table(title=f"{len(answered)} photos; the listing names the brand", title_justify="left")
    for name in ("what", "photos", "found", "called imitated", "called smeared", "ROC AUC"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, row in figures.items():
        table.add_row(name, f"{row['photos']:.0f}", *(f"{row[one]:.3f}" for one in list(row)[1:]))
    Console(width=100).print(table)
    print(json.dumps(figures))


def _figures(found: Sequence[Json | None], genuine: Sequence[Json | None]) -> dict[str, float]:
    """Of all photos the share found; of those found, what they are called; and how well the probability of an imitation
    tells them from the genuine marks that were found.
    """
    seen, known = ([one for one in each if one is not None] for each in (found, genuine))
    kinds = [str(one["kind"]) for one in seen]
    scores = [float(one["scores"]["imitation"]) for one in (*seen, *known)]
    labels = [1] * len(seen) + [0] * len(known)
    return {
        "photos": len(found),
        "found": len(seen) / len(found),
        "imitation": kinds.count("imitation") / max(len(kinds), 1),
        "smear": kinds.count("smear") / max(len(kinds), 1),
        "auc": float(roc_auc_score(labels, scores)) if seen and known else float("nan"),
    }


if __name__ == "__main__":
    main()
