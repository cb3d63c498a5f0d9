"""Does a photo show the product of a reference? Another photo of it, in a shop or in a hand, from another side.

Vectors of whole photos find products that look alike. Which one it is, keypoints say: those of the reference that agree
with the photo's and lie as one affine map has them, by RANSAC. The products of one line share most of what is printed
on them; what tells them apart is the colours, compared where one is laid on the other. `model.photo_copy` asks for
more: whether it is the same photo.

Sizes, ratio, map and colours were chosen on shop photos of products that the embedder learnt from, by keypoints and
colours alone: 0.91 of 450 find their studio picture among the fifteen most alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import Matrix, PreparedReference, at_size, fitted
from model.correlation import correlated
from model.ground import smooth_share
from model.reference_views import ground_colour
from model.regions import Box, RgbImage
from model.sift import Keypoints, keypoints, matched
from model.tampering import surroundings

SIDE = 320
"""Longer side at which keypoints of photo and reference are found, pixels."""

FEWEST_AGREEING = 12
"""Keypoints from which on the photo shows the product, or one of its line.

Of 211 shop photos of products that the embedder did not learn from, 0.86 reach it with a reference of the brand, and
none with one of another among fifteen.
"""

STUDIO_SHARE = 0.75
"""Share of a photo's border that is smooth from which it is taken in a studio: that of 0.98 of 250 studio photos, of
none of 300 shop photos and of one of 200 photos of second-hand sellers.
"""

STUDIO_COLOURS = 0.85
"""Correlation of colours with a studio photo from which it shows the product, and not the same person in another shirt.

Faces, hands and trousers of one model agree from photo to photo: of 248 studio photos with a wiped mark 57 passed for
one of 238 other products by keypoints alone, 6 do by colours too. Of photos bent as other shots of the very product
are, eight in ten have such colours where they are bent a little, half where more.
"""

FEWEST_AROUND, AROUND = 2, 1.6
"""Keypoints that must agree around a place of a studio photo for the product to be shown there, and how wide around it.

In its longer side. Around 0.8 of the smeared places of 73 shop photos there are as many.
"""

_MOST_KEYPOINTS, _LEAST_CONTRAST = 1500, 0.01
_NEAR = 0.02 * SIDE  # pixels of the reference within which two places are one
_MAY_BE_CHANCE = 4
_COLOURS_FROM = 10  # keypoints from which on the map is good enough to compare colours
_COLOUR_SIDE, _COLOUR_BLUR, _FEWEST_PIXELS = 160, 1.5, 400
_COLOUR_WORTH, _WORTH = 2.0, 0.1
_SAME_AS_GROUND = 10


class _Pictured:
    """A picture at working size; its keypoints are found once, when first asked for."""

    def __init__(self, picture: RgbImage) -> None:
        self.picture = at_size(picture, fitted(picture.shape, SIDE))
        self.scale = np.array(self.picture.shape[1::-1]) / picture.shape[1::-1]

    @cached_property
    def keypoints(self) -> Keypoints:
        """Those of the picture, in its pixels."""
        return keypoints(self.picture, most=_MOST_KEYPOINTS, least_contrast=_LEAST_CONTRAST)


class ShopPhoto(_Pictured):
    """A photo, ready to be compared with several products."""

    def __init__(self, picture: RgbImage) -> None:
        super().__init__(picture)
        self.in_a_studio = smooth_share(self.picture) >= STUDIO_SHARE


class KnownProduct(_Pictured):
    """The picture of a product reference, trimmed to its content, and which of its pixels are the product."""

    def __init__(self, reference: PreparedReference) -> None:
        super().__init__(reference.picture)

    @cached_property
    def colours(self) -> NDArray[np.float32]:
        """Its colours in a square, (side, side, 2) float32, as `_colours` gives them."""
        return _colours(self.square)

    @cached_property
    def square(self) -> RgbImage:
        """The picture in a square of `_COLOUR_SIDE` pixels."""
        return at_size(self.picture, (_COLOUR_SIDE, _COLOUR_SIDE))

    @cached_property
    def product(self) -> NDArray[np.bool_]:
        """Pixels of the square that are not its plain ground, and not beside it."""
        ground = ground_colour(self.picture)
        if ground is None:
            return np.ones((_COLOUR_SIDE, _COLOUR_SIDE), np.bool_)
        differs = np.abs(self.square.astype(np.int16) - np.array(ground)).max(axis=-1) > _SAME_AS_GROUND
        return cv2.erode(differs.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a photo shows of a product: `agreeing` keypoints, at least 0, and how well `colours` correlate, -1..1, on
    the share `covered` (0..1) of the product that was laid on the photo; 0 where few keypoints agree. `places` are
    those of the keypoints, (x, y) in pixels of the photo.
    """

    agreeing: int
    colours: float = 0.0
    covered: float = 0.0
    places: tuple[tuple[float, float], ...] = ()

    @property
    def is_its(self) -> bool:
        """Whether the photo shows this product or one of its line."""
        return self.agreeing >= FEWEST_AGREEING

    @property
    def worth(self) -> float:
        """What it adds to the similarity of photo and reference when products are ranked, at least -0.2."""
        evidence = float(np.log1p(max(self.agreeing - _MAY_BE_CHANCE, 0)))
        return _WORTH * (evidence + _COLOUR_WORTH * self.colours * self.covered)

    def around(self, box: Box, shape: tuple[int, ...]) -> int:
        """How many keypoints agree close around `box` of the photo, whose shape (h, w, …) is `shape`, and not in it."""
        near = surroundings(box, shape, context=AROUND)
        return sum(_contains(near, place) and not _contains(box, place) for place in self.places)


def shown(photo: ShopPhoto, product: KnownProduct) -> Shown:
    """What `photo` shows of `product`; the same again for the same pictures."""
    matrix, agreeing = _laid(photo.keypoints, product.keypoints)
    found = Shown(len(agreeing), places=tuple((float(x), float(y)) for x, y in agreeing / photo.scale))
    if matrix is None or found.agreeing < _COLOURS_FROM:
        return found
    tall, wide = product.picture.shape[:2]
    to_square = np.diag([_COLOUR_SIDE / wide, _COLOUR_SIDE / tall, 1.0]) @ matrix
    size = (_COLOUR_SIDE, _COLOUR_SIDE)
    laid = np.asarray(cv2.warpPerspective(photo.picture, to_square, size), np.uint8)
    inside = cv2.warpPerspective(np.full(photo.picture.shape[:2], 255, np.uint8), to_square, size) > 250
    both = inside & product.product
    covered = float(both.sum() / max(int(product.product.sum()), 1))
    if both.sum() < _FEWEST_PIXELS:
        return replace(found, covered=covered)
    return replace(found, colours=correlated(_colours(laid)[both], product.colours[both]), covered=covered)


def _contains(box: Box, place: tuple[float, float]) -> bool:
    return box.x <= place[0] <= box.x + box.width and box.y <= place[1] <= box.y + box.height


def _laid(seen: Keypoints, known: Keypoints) -> tuple[Matrix | None, NDArray[np.float32]]:
    """The affine map from the photo to the reference that most matches follow, and the places (n, 2) in the photo of
    those that do.

    Each keypoint of the reference looks for its like in the photo, which may show the product several times.
    """
    pairs = matched(known, seen)
    if len(pairs) < _MAY_BE_CHANCE:
        return None, _NOWHERE
    source, target = seen.places[pairs[:, 1]], known.places[pairs[:, 0]]
    cv2.setRNGSeed(1)
    found: tuple[Any, Any] = cv2.estimateAffine2D(source, target, ransacReprojThreshold=_NEAR, maxIters=2000)
    affine, kept = found
    if affine is None:
        return None, _NOWHERE
    return np.vstack([affine, [0, 0, 1]]).astype(np.float64), source[kept.ravel() > 0]


_NOWHERE = np.zeros((0, 2), np.float32)


def _colours(picture: RgbImage) -> NDArray[np.float32]:
    """Colours without lightness, (h, w, 2) float32: a and b of CIELAB, blurred."""
    blurred = cv2.GaussianBlur(picture, (0, 0), _COLOUR_BLUR)
    return np.asarray(cv2.cvtColor(blurred, cv2.COLOR_RGB2LAB)[..., 1:], np.float32)
