"""The pictures that the embedder learns from, rendered beforehand into one file.

Rendering a view costs more than a training step on it, so `render_views` writes every view once, each from its own
seed: the same plan and seed give the same bytes, in any order, and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.networks.embedder import INPUT_SIZE
from model.preprocessing import letterbox
from model.regions import RgbImage
from model.whole_files import write_whole
from training.disk_space import ask_for_room
from training.photo_files import read_photo
from training.refusals import OtherTrainingError
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, RgbaImage, one_colour, rasterise, split_of
from training.synthesis.products import Product, augmented
from training.synthesis.rendering import clean_mark, render_mark

DRAWINGS_PER_BRAND = 4


@dataclass(frozen=True)
class Plan:
    """What to render. `photos_per_brand` is for one drawing; each further drawing of a brand adds half of that."""

    seed: int = 0
    size: int = INPUT_SIZE
    photos_per_brand: int = 8
    views_per_product_photo: int = 2
    views_per_garment: int = 4


@dataclass(frozen=True)
class View:
    """One picture to render: of which `group` (brand or product), `drawing` (version of its mark), in which `style`.

    `style` is `clean` (as uploaded), `reversed` (light on dark), `photo` (as a detector cuts it from a photo),
    `product` or `garment`; views of one group are alike, views of one drawing show the same thing.
    """

    group: str
    drawing: str
    style: str
    split: str
    number: int


def reference_colours(rgba: RgbaImage) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The grounds (RGB) of the clean and of the reversed reference: white, unless the mark itself is nearly white."""
    ink = rgba[..., :3][rgba[..., 3] > 127]
    light = float(ink.mean()) > 225 if ink.size else False
    return ((24, 24, 24), (255, 255, 255)) if light else ((255, 255, 255), (0, 0, 0))


def reference(rgba: RgbaImage) -> RgbImage:
    """The mark as a brand uploads it."""
    return clean_mark(rgba, ground=reference_colours(rgba)[0])


def reversed_reference(rgba: RgbaImage, *, rng: np.random.Generator) -> RgbImage:
    """The mark in white (a white one in black) on its own colour or on black (white)."""
    light_ground, other = reference_colours(rgba)
    ink = rgba[..., :3][rgba[..., 3] > 127]
    own = tuple(int(value) for value in np.median(ink, axis=0)) if ink.size and rng.random() < 0.5 else other
    if max(abs(a - b) for a, b in zip(own, light_ground, strict=True)) < 60:
        own = other
    return clean_mark(one_colour(rgba, light_ground), ground=(own[0], own[1], own[2]))


class Views:
    """Rendered views on disk: `pixels` (n, size, size, 3) uint8 memory map, `views` the n descriptions."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        description = json.loads((folder / "views.json").read_text(encoding="utf-8"))
        self.plan = Plan(**description["plan"])
        self.views = [View(*row) for row in description["views"]]
        mode: Literal["r+", "r"] = "r+" if writable else "r"
        shape = (len(self.views), self.plan.size, self.plan.size, 3)
        self.pixels: NDArray[np.uint8] = np.memmap(folder / "pixels.u8", np.uint8, mode, shape=shape)
        self.done: NDArray[np.uint8] = np.memmap(folder / "done.u8", np.uint8, mode, shape=(len(self.views),))

    def members(self, split: str, styles: Sequence[str]) -> dict[str, dict[str, dict[str, list[int]]]]:
        """Row numbers of finished views of a split by group, drawing and style."""
        found: dict[str, dict[str, dict[str, list[int]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for row, view in enumerate(self.views):
            if view.split == split and view.style in styles and self.done[row]:
                found[view.group][view.drawing][view.style].append(row)
        return found


def planned_views(plan: Plan, *, logos: Sequence[Logo], products: Sequence[Product]) -> list[View]:
    """Every view of the plan; held-out brands are not in it."""
    brands: dict[str, list[Logo]] = defaultdict(list)
    for logo in logos:
        if split_of(logo.brand) != "held_out":
            brands[logo.brand].append(logo)
    views = []
    for brand, drawings in sorted(brands.items()):
        split = split_of(brand)
        chosen = sorted(drawings, key=lambda logo: hashlib.sha256(logo.svg.encode()).digest())[:DRAWINGS_PER_BRAND]
        for order, logo in enumerate(chosen):
            photos = plan.photos_per_brand if order == 0 else plan.photos_per_brand // 2
            styles = ["clean", "reversed", *["photo"] * photos]
            views += [View(brand, f"{logo.package}:{logo.name}", style, split, n) for n, style in enumerate(styles)]
    for product in products:
        for number, photo in enumerate(product.photos):
            each = plan.views_per_garment if product.kind == "garment" else plan.views_per_product_photo
            drawing = product.name if product.kind == "garment" else photo.name
            for repeat in range(each):
                views.append(View(product.name, drawing, product.kind, product.split, number * 100 + repeat))
    return views


def render_views(
    folder: Path,
    *,
    plan: Plan,
    logos: Sequence[Logo],
    products: Sequence[Product],
    backgrounds: Backgrounds,
    share: tuple[int, int] = (0, 1),
) -> Iterator[int]:
    """Render what is missing of `plan` into `folder`, yielding the number of views after each.

    `share` (i, n) renders every n-th view beginning with i, so that n processes can work side by side. Raises
    `OtherTrainingError` when `folder` holds another plan.
    """
    views = planned_views(plan, logos=logos, products=products)
    _prepare(folder, plan, views)
    stored = Views(folder, writable=True)
    by_name = {f"{logo.brand} {logo.package}:{logo.name}": logo for logo in logos}
    photos = {(product.name, number): photo for product in products for number, photo in enumerate(product.photos)}
    # In shuffled order, so that what an interrupted run leaves is a fair sample of everything.
    order = np.random.default_rng(plan.seed).permutation(len(views))[share[0] :: share[1]]
    rows = [int(row) for row in order if not stored.done[row]]
    neighbour_pool = [logo for logo in logos if split_of(logo.brand) == "train"][:: max(1, len(logos) // 400)]
    for row in rows:
        view = views[row]
        rng = np.random.default_rng([plan.seed, row])
        if view.style in ("product", "garment"):
            picture = augmented(
                read_photo(photos[view.group, view.number // 100]), rng=rng, first=view.number % 100 == 0
            )
        else:
            logo = by_name[f"{view.group} {view.drawing}"]
            picture = _logo_view(logo, view.style, plan.size, rng=rng, backgrounds=backgrounds, pool=neighbour_pool)
        stored.pixels[row] = letterbox(picture, size=plan.size)
        stored.done[row] = 1
        yield row


def _prepare(folder: Path, plan: Plan, views: Sequence[View]) -> None:
    """Make the files, or check that those there are of this plan."""
    folder.mkdir(parents=True, exist_ok=True)
    description = {"plan": asdict(plan), "views": [list(vars(view).values()) for view in views]}
    file = folder / "views.json"
    if file.exists():
        if json.loads(file.read_text(encoding="utf-8")) != description:
            raise OtherTrainingError(f"{folder} holds views of another plan: give another folder or remove it")
        return
    shape = (len(views), plan.size, plan.size, 3)
    ask_for_room(folder, math.prod(shape))
    np.memmap(folder / "pixels.u8", np.uint8, "w+", shape=shape).flush()
    np.memmap(folder / "done.u8", np.uint8, "w+", shape=(len(views),)).flush()
    write_whole(file, json.dumps(description))


def _logo_view(
    logo: Logo, style: str, size: int, *, rng: np.random.Generator, backgrounds: Backgrounds, pool: Sequence[Logo]
) -> RgbImage:
    """One view of a logo; its raster is as wide as it must be for a longer side of `size` px."""
    rgba = rasterise(logo, width=size)
    if style == "clean":
        return reference(rgba)
    if style == "reversed":
        return reversed_reference(rgba, rng=rng)
    neighbours = [rasterise(pool[int(rng.integers(len(pool)))], width=96)] if rng.random() < 0.3 else []
    return render_mark(rgba, rng=rng, size=size, backgrounds=backgrounds, neighbours=neighbours)
