"""The genuine references that figures are measured against: clean vector logos, none of whose brands was trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from client.api import Hallmark
from model.encoding import png
from model.reference_views import is_blank
from model.regions import RgbImage
from training.evaluation.report import Progress
from training.synthesis.logos import Logo, is_held_out, rasterise

DRAWINGS_PER_BRAND = 4
"""Clean versions of one brand's mark that are registered, at most."""

Drawings = Mapping[str, Sequence[Logo]]
"""The drawings of each brand's mark."""


def drawings_of(brands: Sequence[str], logos: Sequence[Logo]) -> dict[str, list[Logo]]:
    """At most `DRAWINGS_PER_BRAND` drawings of each of `brands`; a brand that no package draws is left out."""
    known = _by_brand(logos)
    return {brand: known[brand][:DRAWINGS_PER_BRAND] for brand in sorted(brands) if brand in known}


def other_brands(logos: Sequence[Logo], *, count: int) -> dict[str, list[Logo]]:
    """One drawing each of `count` brands that no figure is reported on; fewer are the first of more."""
    known = _by_brand(logos)
    strangers = [brand for brand in sorted(known) if not is_held_out(brand)]
    chosen = np.random.default_rng(0).permutation(len(strangers))[:count]
    return {strangers[number]: known[strangers[number]][:1] for number in chosen}


def as_uploaded(logo: Logo) -> RgbImage | None:
    """The drawing on white, 256 px wide, as a brand team uploads it; None where it cannot be seen on white."""
    drawn = np.ascontiguousarray(rasterise(logo, width=256, background=(255, 255, 255))[..., :3])
    return None if is_blank(drawn) else drawn


def register_brands(api: Hallmark, references: Drawings, *, progress: Progress) -> dict[str, str]:
    """Register each brand with its drawings as they are uploaded; their ids."""
    ids = {}
    for brand, logos in progress(references.items(), len(references), "references"):
        brand_id = ids[brand] = api.create_brand(brand)["id"]
        for logo in logos:
            drawn = as_uploaded(logo)
            if drawn is not None:
                api.add_reference(brand_id, png(drawn), kind="logo")
    return ids


def _by_brand(logos: Sequence[Logo]) -> dict[str, list[Logo]]:
    found: dict[str, list[Logo]] = defaultdict(list)
    for logo in logos:
        found[logo.brand].append(logo)
    return found
