"""Shop photos of known products, their marks hidden: does the product speak for its brand through the real API?

The references are studio pictures of products alone, no logo is registered and no listing names a brand. Queries are
other photos of the same products, as they are and with the place that looks most like a mark made unreadable.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from client.api import Json
from client.temporary import temporary_service
from model.bundle import ModelBundle
from model.decode import decode
from model.encoding import jpeg
from training.edits.smears import HELD_OUT_SMEARS, TRAINING_SMEARS, smear
from training.evaluation.datasets import is_for_tuning
from training.evaluation.intervals import Estimate, mean_interval
from training.evaluation.report import Progress, Table
from training.synthesis.products import Product

STRENGTHS = (0.8, 1.0)
"""Of the smears, 1 where nothing is left."""

WAYS = {
    "untouched": (),
    "smeared_by_tools_of_training": TRAINING_SMEARS,
    "smeared_by_tools_kept_out": tuple(sorted(HELD_OUT_SMEARS)),
}
"""The rows: the tools, one of which each photo is smeared by."""


def shop_photos(products: Sequence[Product], *, bundle: ModelBundle, model: str, progress: Progress) -> Table:
    """For each of the `WAYS`: the share of photos with a smear of the right brand, and of another one; and the same of
    those that no threshold was chosen on either.

    All `products` are registered; the photos of those that were not trained on are scanned. Beside it is what the
    listing's naming the brand gives. Raises `ServiceFailed` when the service does not start.
    """
    asked = [(product, path) for product in products if product.split == "dev" for path in product.photos[1:]]
    rows: dict[str, dict[str, Estimate]] = {}
    with temporary_service(model=model) as api:
        ids: dict[str, str] = {}
        for product in products:
            brand = brand_of(product)
            ids[brand] = ids.get(brand) or api.create_brand(brand)["id"]
            api.add_reference(ids[brand], product.photos[0].read_bytes(), kind="product")
        for way, tools in WAYS.items():
            answers: list[tuple[Json, Json]] = []
            for number, (product, path) in enumerate(progress(asked, len(asked), f"shop photos, {way}")):
                picture = hidden(path.read_bytes(), tools, bundle, np.random.default_rng([number, len(tools)]))
                named = {"brand_claimed": brand_of(product)}
                answers.append((api.scan(picture), api.scan(picture, listing=named)))
            rows[way] = figures([brand_of(product) for product, _ in asked], answers)
            untouched = [number for number, (_, path) in enumerate(asked) if not is_for_tuning(path)]
            rows[f"{way}, untouched"] = figures(
                [brand_of(asked[number][0]) for number in untouched], [answers[number] for number in untouched]
            )
    facts = {"products": len(products), "brands": len(ids), "photos": len(asked)}
    return Table(
        "Shop photos of known products whose mark is hidden (grocery; no network saw the products)", rows, facts
    )


def brand_of(product: Product) -> str:
    """The first word of the product's name."""
    return product.name.partition("-")[0]


def hidden(data: bytes, tools: Sequence[str], bundle: ModelBundle, rng: np.random.Generator) -> bytes:
    """The photo with the place that the detector is surest of smeared; as it is without `tools` or such a place."""
    image = decode(data)
    regions = bundle.detector.detect(image) if tools else []
    if not regions:
        return data
    tool, strength = str(rng.choice(tools)), float(rng.uniform(*STRENGTHS))
    return jpeg(smear(image, regions[0].box, tool=tool, strength=strength, rng=rng))


def figures(brands: Sequence[str], answers: Sequence[tuple[Json, Json]]) -> dict[str, Estimate]:
    """Shares of the photos, of which brand `brands` says; `answers` are without the brand's name and with it."""

    def share(number: int, *, right: bool) -> Estimate:
        hits = [
            any(one["kind"] == "smear" and (one["brand"] == brand) is right for one in answer[number]["findings"])
            for brand, answer in zip(brands, answers, strict=True)
        ]
        return mean_interval(hits)

    return {
        "smear_of_the_brand": share(0, right=True),
        "smear_of_another": share(0, right=False),
        "smear_of_the_brand_named_by_the_listing": share(1, right=True),
    }
