"""Development photos and brands: what thresholds are chosen on and no figure is reported on.

Marks of `dev` brands, genuine, smeared and imitated, drawn on garments; real marks on packages in shops, and of a few
brands everywhere, as they are and smeared; marks of brands that nobody registered; garments without marks. Where a
brand has several drawings, one of them is never registered: photos show versions of a mark that no reference covers.
Half of the listings name a brand, as a rule the one that is in the photo. Some photos are framed or beside others.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import numpy as np

from model.decode import decode
from model.encoding import jpeg
from model.preprocessing import resized
from model.regions import Box, RgbImage
from training.edits.composites import composed
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, imitate
from training.edits.redrawn import ImpossibleEditError
from training.edits.smears import TRAINING_SMEARS, smear
from training.evaluation.datasets import (
    ALTERED_PHOTOS,
    TUNING_BRANDS,
    Photo,
    grocery_products,
    is_for_tuning,
    plain_photos,
    real_photos,
)
from training.evaluation.references import DRAWINGS_PER_BRAND
from training.evaluation.report import Progress
from training.evaluation.versions import drawings_in_use
from training.photo_files import read_photo
from training.synthesis.grounds import is_for_thresholds
from training.synthesis.inks import dressed
from training.synthesis.known_marks import shows_any_of
from training.synthesis.logos import Logo, RgbaImage, rasterise, split_of
from training.synthesis.packages import IGNORED, PackagePhoto, boxed_by_hand, boxed_packages
from training.synthesis.rendering import place_mark

Kind = Literal["genuine", "smear", "imitation"]

CLAIMING_SHARE = 0.5
"""Of listings, those that name a brand."""

COMPOSED_SHARE = 0.15
"""Of photos, those that stand in a frame or beside garments without marks."""

PACKAGE_REFERENCES = 3
"""Studio pictures of a packaged brand whose marks are registered, at most."""


NO_BRANDS = ("cow", "krav", "mark")
"""Marks on packages that belong to no one brand."""


@dataclass(frozen=True, slots=True)
class DevelopmentPhoto:
    """A JPEG; the registered brand in it, or None; what was done to its mark, or a stranger's; the brand claimed."""

    data: bytes
    brand: str | None = None
    kind: Kind | None = None
    claims: str | None = None


@dataclass(frozen=True, slots=True)
class DevelopmentBrands:
    """`registered` drawings by brand, and `others` only to be told from; `shown` are drawings that photos show.

    `strangers` are brands that nobody registers, `packaged` the pictures of marks cut out of packages, by brand. Of the
    `pictured` ones, registered like the others, there are real photos.
    """

    registered: dict[str, list[Logo]]
    shown: dict[str, list[Logo]]
    strangers: dict[str, list[Logo]]
    others: dict[str, list[Logo]]
    packaged: dict[str, list[RgbImage]]
    pictured: dict[str, list[Logo]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.registered) + len(self.others) + len(self.packaged) + len(self.pictured)


def development_brands(logos: Sequence[Logo], crowd: tuple[int, int], rng: np.random.Generator) -> DevelopmentBrands:
    """So many development brands to register, as many that nobody registers, and brands of the training split."""
    by_brand: dict[str, list[Logo]] = defaultdict(list)
    for logo in logos:
        by_brand[logo.brand].append(logo)
    dev = [brand for brand in sorted(by_brand) if split_of(brand) == "dev"]
    train = [brand for brand in sorted(by_brand) if split_of(brand) == "train"]
    order = [dev[number] for number in rng.permutation(len(dev))]
    count, others = crowd
    shown = {brand: by_brand[brand][:DRAWINGS_PER_BRAND] for brand in order[:count]}
    return DevelopmentBrands(
        registered={brand: drawings[: max(1, len(drawings) - 1)] for brand, drawings in shown.items()},
        shown=shown,
        strangers={brand: by_brand[brand][:DRAWINGS_PER_BRAND] for brand in order[count : 2 * count]},
        others={train[number]: by_brand[train[number]][:1] for number in rng.permutation(len(train))[:others]},
        packaged=_packaged_references(),
        pictured=drawings_in_use(sorted(TUNING_BRANDS), [logo for brand in TUNING_BRANDS for logo in by_brand[brand]]),
    )


def development_photos(
    brands: DevelopmentBrands, *, placed: int, packages: int, without: int, real: int = 0, rng: np.random.Generator
) -> Iterator[DevelopmentPhoto]:
    """`placed` marks on garments, `packages` in shops, `real` ones, and `without` photos without any registered mark.

    Raises `DataMissing` without the photos that are asked for.
    """
    names = sorted({*brands.registered, *brands.packaged, *brands.pictured})
    searched = {*names, *brands.others}
    garments = [
        photo
        for photo in plain_photos("clothing")
        if is_for_tuning(photo.path)
        and is_for_thresholds(photo.path.name)
        and not shows_any_of(photo.path.name, searched)
    ]
    photos = [
        *_placed_photos(brands, garments, count=placed, rng=rng),
        *_package_photos(brands, count=packages, rng=rng),
        *_real_photos(brands, count=real, rng=rng),
        *_without_marks([garments[n] for n in rng.permutation(len(garments))], count=without),
    ]
    apart = rng.spawn(1)[0]  # what is composed leaves all other draws as they are
    for photo in photos:
        claims = photo.brand or names[int(rng.integers(len(names)))]
        sent = _composed(photo, garments, rng=apart) if apart.random() < COMPOSED_SHARE else photo
        yield replace(sent, claims=claims) if rng.random() < CLAIMING_SHARE else sent


def _without_marks(garments: Sequence[Photo], *, count: int) -> Iterator[DevelopmentPhoto]:
    """`count` garments; where there are fewer, they come once more, mirrored."""
    for number in range(min(count, 2 * len(garments))):
        photo = garments[number % len(garments)]
        mirrored = number >= len(garments)
        yield DevelopmentPhoto(
            jpeg(np.ascontiguousarray(photo.read()[:, ::-1])) if mirrored else photo.path.read_bytes()
        )


def _composed(photo: DevelopmentPhoto, garments: Sequence[Photo], *, rng: np.random.Generator) -> DevelopmentPhoto:
    """The photo put together with others, or in a frame."""

    def another() -> RgbImage:
        return garments[int(rng.integers(len(garments)))].read()

    return replace(photo, data=jpeg(composed(decode(photo.data), (), another=another, rng=rng).image))


def readable_photos(
    logos: Sequence[Logo], count: int, *, rng: np.random.Generator, progress: Progress
) -> tuple[list[RgbImage], list[RgbImage]]:
    """`count` garments with a genuine mark of a development brand on each, and as many garments and shops without."""
    garments, shops = (
        [photo for photo in plain_photos(name) if is_for_tuning(photo.path)] for name in ("clothing", "grocery")
    )
    dev = [logo for logo in logos if split_of(logo.brand) == "dev"]
    marked = [
        _placed(
            rasterise(dev[int(rng.integers(len(dev)))], width=512, background=None),
            garments[int(rng.integers(len(garments)))],
            rng=rng,
        )
        for _ in progress(range(count), count, "marks to read")
    ]
    plain = [*garments, *shops]
    return marked, [plain[number].read() for number in rng.permutation(len(plain))[:count]]


def _placed_photos(
    brands: DevelopmentBrands, garments: Sequence[Photo], *, count: int, rng: np.random.Generator
) -> Iterator[DevelopmentPhoto]:
    """Three in four of registered brands, one of strangers; two in five genuine, two smeared, one imitated."""
    for number in range(count):
        known = number % 4 != 0
        pool = brands.shown if known else brands.strangers
        brand = sorted(pool)[int(rng.integers(len(pool)))]
        logo = pool[brand][int(rng.integers(len(pool[brand])))]
        kind: Kind = ("genuine", "smear", "imitation")[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
        edited = imitated(logo, rng=rng) if kind == "imitation" else None
        if kind == "imitation" and edited is None:
            kind = "genuine"
        mark = rasterise(logo, width=512, background=None) if edited is None else edited
        image = _placed(mark, garments[int(rng.integers(len(garments)))], smear_it=kind == "smear", rng=rng)
        yield DevelopmentPhoto(jpeg(image), brand if known else None, kind)


def _placed(mark: RgbaImage, garment: Photo, *, smear_it: bool = False, rng: np.random.Generator) -> RgbImage:
    image, box, _ = place_mark(
        dressed(mark, rng=rng), garment.read(), rng=rng, width_fraction=float(rng.uniform(0.1, 0.6))
    )
    return smeared(image, box, rng=rng) if smear_it else image


def smeared(image: RgbImage, box: Box, *, rng: np.random.Generator) -> RgbImage:
    """`image` with a tool that may be fitted to used on the mark in `box`."""
    tool = str(rng.choice(TRAINING_SMEARS))
    return smear(image, box, tool=tool, strength=float(rng.uniform(0.1, 0.7)), rng=rng)


def imitated(logo: Logo, *, rng: np.random.Generator) -> RgbaImage | None:
    """The logo after an edit that may be fitted to; None when none of those tried is possible for it."""
    kinds = sorted(set(IMITATIONS) - {*HELD_OUT_IMITATIONS, "combined"})
    for kind in rng.permutation(kinds)[:6]:
        try:
            return imitate(logo, kind=str(kind), rng=rng, width=512)
        except ImpossibleEditError:
            continue
    return None


def _package_photos(brands: DevelopmentBrands, *, count: int, rng: np.random.Generator) -> Iterator[DevelopmentPhoto]:
    """Shop photos: those of registered brands every other time with the brand's marks smeared, others as they are."""
    found = _packages() if count else []
    for number in rng.permutation(len(found))[:count]:
        photo = found[number]
        registered = [name for name in photo.names if name in brands.packaged]
        if not registered:
            yield DevelopmentPhoto(photo.path.read_bytes())
            continue
        brand, image = registered[0], read_photo(photo.path)
        if rng.random() < 0.5:
            yield DevelopmentPhoto(jpeg(image), brand, "genuine")
            continue
        for name, box in zip(photo.names, photo.marks, strict=True):
            if name == brand:
                image = smeared(image, box, rng=rng)
        yield DevelopmentPhoto(jpeg(image), brand, "smear")


def _real_photos(brands: DevelopmentBrands, *, count: int, rng: np.random.Generator) -> Iterator[DevelopmentPhoto]:
    """Photos of the brands of which there are real ones: each as it is, then each with the mark smeared, and so on."""
    photos = [
        (photo, brand)
        for photo in (real_photos(tuning=True) if count else [])
        if photo.path.name not in ALTERED_PHOTOS
        for brand in sorted({mark.brand for mark in photo.marks} & set(brands.pictured))[:1]
    ]
    for number in range(count if photos else 0):
        (photo, brand), is_smeared = photos[number % len(photos)], number // len(photos) % 2 == 1
        image = photo.read()
        for mark in photo.marks if is_smeared else ():
            image = smeared(image, mark.box, rng=rng)
        yield DevelopmentPhoto(jpeg(image), brand, "smear" if is_smeared else "genuine")


@cache
def _packages() -> list[PackagePhoto]:
    """The shop photos that may be tuned on; finding the packages on them takes a minute or two."""
    products = [
        replace(product, photos=(product.photos[0], *(path for path in product.photos[1:] if is_for_tuning(path))))
        for product in grocery_products()
    ]
    return list(boxed_packages(products))


def _packaged_references() -> dict[str, list[RgbImage]]:
    """Marks cut out of studio pictures, enlarged, of every other brand that the table names more than once."""
    studio = {product.name: product.photos[0] for product in grocery_products()}
    cut: dict[str, list[RgbImage]] = defaultdict(list)
    for product, marks in boxed_by_hand().items():
        for name, box in marks:
            if name not in (*NO_BRANDS, IGNORED) and _is_registered(name) and len(cut[name]) < PACKAGE_REFERENCES:
                crop = box.grown(0.05).crop(read_photo(studio[product]))
                cut[name].append(resized(crop, width=4 * crop.shape[1], height=4 * crop.shape[0]))
    return dict(cut)


def _is_registered(name: str) -> bool:
    """Whether a packaged brand is registered, by a hash of its name."""
    return hashlib.sha256(f"registered {name}".encode()).digest()[0] % 2 == 0
