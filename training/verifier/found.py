"""Pairs that nobody drew: a mark as a photo shows it, and a drawing of it that was traced from other photos.

Of an imitation the drawing is edited, not the photo: the two differ all the same, and what the network sees of the
photo is real. What light and folds left in a tracing stands beside genuine marks and imitations alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.decode import decode
from model.encoding import jpeg
from model.regions import Box, RgbImage
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, any_imitation
from training.photo_files import read_photo
from training.synthesis.found_marks import FoundMark, through
from training.synthesis.grounds import Backgrounds, any_colour
from training.synthesis.logos import Logo, RgbaImage, content_of, one_colour, rasterise
from training.synthesis.rendering import clean_mark
from training.synthesis.tracing import Extent, Tracing, trace
from training.verifier.drawing import Drawn, Seed
from training.verifier.impossible import Impossible
from training.verifier.layout import changed_by_edit, changed_by_smear, genuine_corners, rectangle
from training.verifier.pairs import MARK_WIDTH, NOWHERE, UNCHANGED, Pair, cropped, smeared

SHARES = {"package": 0.62, "word": 0.26, "garment": 0.12}
"""Of the pairs: marks and words of packages, seen by several photos; words of one photo; boxed marks of garments."""

EXTENTS: tuple[Extent, ...] = ("all", "whole", "mark")

_COLOURS = range(3, 7)
_MEDIAN_SHARE = 0.75
_BOXED_COUNT = 2.5  # times as often as a word that is seen as often
_ONE_COLOUR_SHARE, _DARKEST = 0.12, 170
_OTHER_GROUND_SHARE = 0.15
_LEAST_SIDE = 12  # pixels of what is drawn, on the photo
_FAITHFUL = 0.86  # correlation of a drawing with the picture that it was traced from
_PROBE_WIDTH = 160


@dataclass(slots=True)
class FoundPairs:
    """Draws pairs around `marks`, of which there must be one at least."""

    marks: Sequence[FoundMark]
    backgrounds: Backgrounds
    _weights: NDArray[np.float64] = field(init=False)
    _tracings: dict[tuple[int, int, int], Tracing] = field(init=False, default_factory=dict)
    _faithful: dict[tuple[int, int, int, Extent], bool] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not self.marks:
            raise ValueError("there is no found mark to draw pairs around")
        self._weights = _weights(self.marks)

    def draw(self, *, label: str, rng: np.random.Generator, unseen: bool) -> tuple[Pair, RgbImage]:
        """A pair for `label` (genuine, smear or imitation), and the reference's picture; its number is left open.

        `unseen` draws only edits that are kept out of fitting. Raises ValueError where what was chosen does not do.
        """
        number = self._any(rng)
        mark = self.marks[number]
        tracing = self._drawn(number, rng)
        view = mark.views[int(rng.integers(len(mark.views)))]
        photo = read_photo(view.path)
        logo = Logo(mark.name, mark.name, "traced", _in_ink(tracing, rng).svg(), monochrome=False)
        genuine = rasterise(logo, width=MARK_WIDTH)
        corners = _corners_of(logo, tracing, view.corners)
        box = _around(corners)
        if min(box.width, box.height) < _LEAST_SIDE:
            raise ValueError(f"{mark.name} is too small on {view.path.name}")
        edit, strength, changed, reference = "", 0.0, UNCHANGED, genuine
        if label == "imitation":
            kinds = HELD_OUT_IMITATIONS if unseen else tuple(k for k in IMITATIONS if k not in HELD_OUT_IMITATIONS)
            kinds = tuple(kind for kind in kinds if kind != "combined")
            edit, reference = any_imitation(logo, kinds=kinds, rng=rng, width=MARK_WIDTH)
            to_genuine = cv2.getPerspectiveTransform(genuine_corners(genuine, reference), rectangle(genuine.shape))
            on_genuine = through(rectangle(reference.shape), to_genuine)
            changed = changed_by_edit(reference, genuine, on_genuine)
            corners = through(on_genuine, cv2.getPerspectiveTransform(rectangle(genuine.shape), corners))
        elif label == "smear":
            edit, strength, after = smeared(photo, box, rng, backgrounds=self.backgrounds, unseen=unseen)
            changed, photo = changed_by_smear(photo, after, corners), after
        region, quad = cropped(_saved_again(photo, rng), box, corners, rng)
        return Pair(region, mark.name, -1, quad, label, edit, strength, changed), _uploaded(reference, rng)

    def unrelated(self, rng: np.random.Generator) -> Pair:
        """A mark as a photo shows it, whose reference is chosen later. Raises ValueError where it is too small."""
        mark = self.marks[self._any(rng)]
        view = mark.views[int(rng.integers(len(mark.views)))]
        box = _around(view.corners)
        if min(box.width, box.height) < _LEAST_SIDE:
            raise ValueError(f"{mark.name} is too small on {view.path.name}")
        region, _ = cropped(_saved_again(read_photo(view.path), rng), box, view.corners, rng)
        return Pair(region, mark.name, -1, NOWHERE, "unrelated", "found", 0.0, UNCHANGED)

    def _any(self, rng: np.random.Generator) -> int:
        return int(rng.choice(len(self.marks), p=self._weights))

    def _drawn(self, number: int, rng: np.random.Generator) -> Tracing:
        """A tracing of the mark that shows what its picture shows. Raises ValueError where it does not."""
        pictures = self.marks[number].pictures
        which = 0 if rng.random() < _MEDIAN_SHARE else len(pictures) - 1
        colours, extent = int(rng.choice(_COLOURS)), EXTENTS[int(rng.integers(len(EXTENTS)))]
        key = number, which, colours
        if key not in self._tracings:
            self._tracings[key] = trace(pictures[which], colours=colours)
        limited = self._tracings[key].limited(extent)
        if limited is not None and (*key, extent) not in self._faithful:
            ground = self._tracings[key].parts[0].colour
            self._faithful[*key, extent] = _is_faithful(limited, ground, pictures[which])
        if limited is None or not self._faithful[*key, extent]:
            raise ValueError(f"{self.marks[number].name} cannot be traced in {colours} colours")
        return limited


def found_pairs(
    found: FoundPairs, *, count: int, shares: Mapping[str, float], seed: Seed, unseen: bool = False
) -> Drawn:
    """`count` pairs of real marks, by the `shares` of their labels; `unseen` takes only kept-out edits."""
    rng, drawn = np.random.default_rng(seed), Drawn([], [], [])
    labels, odds = list(shares), list(shares.values())
    impossible = Impossible(count)
    while len(drawn.pairs) < count:
        label = str(rng.choice(labels, p=odds))
        try:
            if label == "unrelated":
                drawn.pairs.append(found.unrelated(rng))
                continue
            pair, picture = found.draw(label=label, rng=rng, unseen=unseen)
        except ValueError as error:  # too small on the photo chosen, not to be traced so, or without what it needs
            impossible.note(error)
            continue
        drawn.pairs.append(replace(pair, reference=len(drawn.pictures)))
        drawn.pictures.append(picture)
        drawn.brands.append(pair.brand)
    return drawn


def _weights(marks: Sequence[FoundMark]) -> NDArray[np.float64]:
    kinds = np.array([_kind(mark) for mark in marks])
    each = np.array([np.sqrt(len(mark.views)) * (_BOXED_COUNT if mark.is_boxed else 1) for mark in marks])
    for kind, share in SHARES.items():
        of_kind = kinds == kind
        each[of_kind] *= share / max(float(each[of_kind].sum()), 1e-9)
    return np.asarray(each / each.sum())


def _kind(mark: FoundMark) -> str:
    if len(mark.views) > 1:
        return "package"
    return "garment" if mark.is_boxed else "word"


def _is_faithful(tracing: Tracing, ground: tuple[int, int, int], picture: RgbImage) -> bool:
    """Whether a drawing on its ground looks as the `picture` does there: little of the mark was lost."""
    logo = Logo("", "", "traced", tracing.svg(), monochrome=False)
    drawn = rasterise(logo, width=_PROBE_WIDTH, background=ground)[..., :3]
    left, top, right, bottom = (value * picture.shape[1] for value in content_of(logo))
    cut = picture[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
    if min(cut.shape[:2]) < 6:
        return False
    seen = cv2.resize(cut, (drawn.shape[1], drawn.shape[0]), interpolation=cv2.INTER_AREA)
    one, other = (
        cv2.GaussianBlur(cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_RGB2GRAY), (0, 0), 1.2).ravel()
        for each in (drawn, seen)
    )
    return min(float(one.std()), float(other.std())) > 0 and float(np.corrcoef(one, other)[0, 1]) > _FAITHFUL


def _in_ink(tracing: Tracing, rng: np.random.Generator) -> Tracing:
    """In the colours of a print rather than of its photo: as much contrast as ink has, hues fuller, greys greyer."""
    colours = np.array([part.colour for part in tracing.parts], np.float64)
    if rng.random() < 0.65:
        low, high = colours.min(), colours.max(axis=0)
        high = high.max() if rng.random() < 0.5 else high
        colours = np.clip((colours - low) * rng.uniform(225, 256) / np.maximum(high - low, 40), 0, 255)
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(colours.astype(np.uint8)[None], cv2.COLOR_RGB2HSV)[0].astype(np.float64)
        fuller, greyer = rng.uniform(1, 1.6), rng.uniform(0.2, 1)
        hsv[:, 1] = np.clip(hsv[:, 1] * np.where(hsv[:, 1] > 50, fuller, greyer), 0, 255)
        colours = cv2.cvtColor(hsv.astype(np.uint8)[None], cv2.COLOR_HSV2RGB)[0].astype(np.float64)
    return tracing.recoloured(colours.astype(np.uint8))


def _uploaded(mark: RgbaImage, rng: np.random.Generator) -> RgbImage:
    """The drawing as a brand uploads it, now and then in one colour or on another ground."""
    is_cut_out = float((mark[..., 3] > 127).mean()) < 0.9
    if is_cut_out and rng.random() < _ONE_COLOUR_SHARE:
        mark = one_colour(mark, tuple(int(value) for value in np.minimum(any_colour(rng), _DARKEST)))
    solid = mark[mark[..., 3] > 127][:, :3]
    light = len(solid) > 0 and float(solid.mean()) > 185
    ground = (24, 24, 24) if light else (255, 255, 255)
    if is_cut_out and rng.random() < _OTHER_GROUND_SHARE:
        red, green, blue = (int(value) for value in any_colour(rng))
        ground = red, green, blue
    return clean_mark(mark, ground=ground)


def _corners_of(logo: Logo, tracing: Tracing, corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the corners of what `logo` draws lie in a photo in which those of the tracing lie at `corners`."""
    left, top, right, bottom = content_of(logo)
    drawn = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) * tracing.width
    to_photo = cv2.getPerspectiveTransform(rectangle((tracing.height, tracing.width)), corners.astype(np.float32))
    return through(drawn, to_photo)


def _around(corners: NDArray[np.float32]) -> Box:
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Box(left, top, right - left, bottom - top)


def _saved_again(photo: RgbImage, rng: np.random.Generator) -> RgbImage:
    """What becomes of a photo, which is one already: smaller, brighter, in another light, saved anew."""
    height, width = photo.shape[:2]
    if rng.random() < 0.45:
        share = float(rng.uniform(0.4, 0.95))
        small = max(8, round(width * share)), max(8, round(height * share))
        photo = np.asarray(
            cv2.resize(cv2.resize(photo, small, interpolation=cv2.INTER_AREA), (width, height)), np.uint8
        )
    pixels: NDArray[Any] = photo.astype(np.float32)
    if rng.random() < 0.3:
        pixels = pixels * rng.uniform(0.6, 1.3) + rng.uniform(-25, 25)
    if rng.random() < 0.2:
        pixels = pixels * rng.uniform(0.8, 1.2, 3)
    return decode(jpeg(np.clip(pixels, 0, 255).astype(np.uint8), quality=int(rng.integers(45, 97))))
