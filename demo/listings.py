"""The listing photos that the demo scans: a fixed list, drawn from a fixed seed, whatever the service says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from demo.brands import BRANDS, NOBODYS_BRANDS, colour_of, rgb
from demo.camera import Rgba, photograph
from demo.garments import GARMENTS
from demo.goods import GOODS
from demo.photos import photo, with_mark
from demo.scenery import TOPS, before_a_wall
from model.encoding import jpeg
from model.regions import Box, RgbImage
from training.edits.imitations import imitate
from training.edits.smears import smear
from training.synthesis.logos import Logo, one_colour, rasterise

Expected = Literal["genuine", "smear", "imitation", "other brand", "no mark"]
Source = Literal["drawn", "real photo", "real photo, drawn mark"]

SEED = 2
PRODUCTS = GARMENTS | GOODS
MARK_WIDTH = 640
"""Width of a mark before it is laid on its product, in pixels."""

LEAST_CONTRAST = 120.0
"""Distance in RGB below which a mark would not be seen on its product, and is printed in black or white."""

NAMES = BRANDS | NOBODYS_BRANDS


@dataclass(frozen=True, slots=True)
class Plan:
    """What a listing photo shows.

    `subject` is a product that is drawn (in `colour`) or a photo; `brand` the drawing's name of the mark on it, with
    `edit` the smear or imitation done to it, and `strength` how much a smear hides (0..1). `claims` is what the seller
    writes, sent along with the photo.
    """

    expected: Expected
    subject: str
    colour: str = "#ffffff"
    brand: str | None = None
    edit: str | None = None
    strength: float = 0.5
    share: float = 0.92
    claims: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """How much of the photo is real."""
        if self.subject in PRODUCTS:
            return "drawn"
        return "real photo" if self.brand is None else "real photo, drawn mark"

    @property
    def title(self) -> str:
        """The picture in words: `Puma T-shirt, mosaic`."""
        words = [NAMES[self.brand]] if self.brand else ["plain"] if self.subject in PRODUCTS else []
        return " ".join([*words, self.subject]) + (f", {self.edit.replace('_', ' ')}" if self.edit else "")


@dataclass(frozen=True, slots=True)
class Listing:
    """A photo that is ready for upload: its JPEG, and where the mark lies in it (None: it has no mark of ours)."""

    plan: Plan
    photo: bytes
    box: Box | None


PLANS: tuple[Plan, ...] = (
    Plan("genuine", "T-shirt", "#f2f0ea", "adidas", claims={"title": "adidas T-shirt, size M"}),
    Plan("genuine", "hoodie", "#20242b", "nike", claims={"title": "Nike hoodie, like new"}),
    Plan("genuine", "cap", "#e6e1d6", "ferrari"),
    Plan("genuine", "mug", "#b3161f", "mcdonalds", claims={"title": "McDonald's mug", "brand_claimed": "McDonald's"}),
    Plan("genuine", "backpack", "#26282c", "thenorthface", claims={"title": "The North Face backpack"}),
    Plan("genuine", "can", "#1d4f9e", "pepsi"),
    Plan("genuine", "shoe box", "#c0262d", "jordan"),
    Plan("genuine", "phone case", "#e9eaec", "bmw", claims={"title": "BMW phone case"}),
    Plan("genuine", "coffee", brand="starbucks"),
    Plan("smear", "tote bag", "#27528f", "puma", "mosaic", 0.35, claims={"title": "Tote bag, P*ma quality"}),
    Plan("smear", "phone case", "#f1f1ef", "samsung", "gaussian_blur", 0.3, claims={"title": "Case, Sams*ng style"}),
    Plan("smear", "shoe", "#7b818a", "newbalance", "scribble", 0.4),
    Plan("smear", "T-shirt", "#e9e4d8", "playstation", "bar", 0.35, claims={"title": "PlayStation shirt"}),
    Plan("smear", "label", "#ece6da", "reebok", "inpaint", 0.3),
    Plan("smear", "hoodie", "#b9bcc2", "fila", "smudge", 0.4, claims={"title": "Fila hoodie grey"}),
    Plan("smear", "backpack", "#55606b", "hp", "sticker", 0.1),
    Plan("smear", "mug", "#f3f1ec", "apple", "emoji", 0.2, claims={"title": "Mug, Apple fans"}),
    Plan("smear", "pavement", brand="underarmour", edit="hatching", strength=0.15),
    Plan("imitation", "label", "#f0ece2", "adidas", "letters_swapped"),
    Plan("imitation", "T-shirt", "#d9dde2", "puma", "shape_added"),
    Plan("imitation", "shoe", "#e8e6e1", "nike", "bent", claims={"title": "Shoes, same style as Nike"}),
    Plan("imitation", "mug", "#f4f2ee", "starbucks", "half_mirrored"),
    Plan("imitation", "phone case", "#eef0f3", "samsung", "letter_replaced"),
    Plan("imitation", "cap", "#e9e5da", "bmw", "traced"),
    Plan("imitation", "tote bag", "#d8c7a0", "thenorthface", "part_mirrored", claims={"title": "Tote", "price": 9.9}),
    Plan("imitation", "can", "#e9eaec", "pepsi", "mirrored", claims={"title": "Pepsi can, collector"}),
    Plan("imitation", "motorcycle", brand="ducati", edit="bitten"),
    Plan("other brand", "mug", "#dfe3e8", "volvo"),
    Plan("other brand", "cap", "#efeae0", "steam"),
    Plan("other brand", "motorcycle"),
    Plan("no mark", "T-shirt", "#4f7a5c"),
    Plan("no mark", "shoe box", "#b08a5b"),
    Plan("no mark", "cat"),
    Plan("no mark", "astronaut"),
    Plan("no mark", "coffee"),
    Plan("no mark", "rocket"),
)  # fmt: skip
"""Every listing, three to a row of the contact sheet. What the service answers has no say in what is here."""


def make(number: int, *, logos: Mapping[str, Logo]) -> Listing:
    """The listing of `PLANS[number]`; `logos` by the drawing's name. The same number gives the same bytes."""
    plan = PLANS[number]
    rng = np.random.default_rng([SEED, number])
    mark = mark_of(plan, logos=logos, rng=rng)
    if plan.subject in PRODUCTS:
        product = PRODUCTS[plan.subject](plan.colour, rng)
        backdrop = before_a_wall(rng) if product.pose == "stands" else TOPS[rng.integers(len(TOPS))](rng)
        picture, box = photograph(product, mark, backdrop=backdrop, share=plan.share, rng=rng)
    elif mark is not None:
        picture, box = with_mark(plan.subject, mark, share=plan.share)
    else:
        picture, box = photo(plan.subject), None
    if plan.expected == "smear":
        picture = _smeared(picture, box, plan=plan, rng=rng)
    return Listing(plan, jpeg(picture, quality=int(rng.integers(76, 93))), box)


def mark_of(plan: Plan, *, logos: Mapping[str, Logo], rng: np.random.Generator) -> Rgba | None:
    """The mark of a plan in an ink that is seen on its product."""
    if plan.brand is None:
        return None
    logo = logos[plan.brand]
    if plan.expected == "imitation" and plan.edit is not None:
        mark = imitate(logo, kind=plan.edit, rng=rng, width=MARK_WIDTH)
    else:
        mark = rasterise(logo, width=MARK_WIDTH)
    ink = colour_of(logo)
    seen = seen_ink(ink, ground=GROUNDS.get(plan.subject, plan.colour))
    return mark if seen == ink else one_colour(mark, rgb(seen))


GROUNDS = {"coffee": "#d08a34", "motorcycle": "#b01c20", "pavement": "#555555"}
"""Colour of the place in a photo where a mark is laid."""


def seen_ink(ink: str, *, ground: str) -> str:
    """`ink` where it stands out from `ground`, else black or white, whichever does (colours as #rrggbb)."""
    distance = {
        choice: float(np.linalg.norm(np.subtract(rgb(choice), rgb(ground)))) for choice in (ink, "#16161a", "#f6f5f2")
    }
    return ink if distance[ink] >= LEAST_CONTRAST else max(("#16161a", "#f6f5f2"), key=lambda choice: distance[choice])


def _smeared(picture: RgbImage, box: Box | None, *, plan: Plan, rng: np.random.Generator) -> RgbImage:
    if box is None or plan.edit is None:
        raise ValueError(f"a smear needs a mark and a tool: {plan}")
    return smear(picture, box, tool=plan.edit, strength=plan.strength, rng=rng)
