"""Labels made ready to teach: what is believed of each, and how a network draws them.

A label says with which probability a region infringes; the head learns from that alone (`training.round.head`). The
networks need a class, and within each answer the champion decides: a region that infringes is a smear or an imitation,
one that does not is genuine or another mark, in the shares that the champion gives them. Drawing labels by weight,
evened over the answers, and classes by target makes a network's loss, in expectation, the weighted cross entropy with
the soft target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference, prepare_reference
from model.networks.verifier import CLASSES
from model.regions import RgbImage
from model.verifier import VerdictHead, VerifierRuntime
from training.round.labels import Label, LabelSet
from training.verifier.head import Embed, likeness

UNSURE = 0.1
"""What each of the two classes of an answer gets at least, so that what the champion never thought of can be learnt."""

NOT_A_MARK = "copied_photo"
"""Labels of this kind are about product photos, which the verifier does not judge."""


INFRINGING = [CLASSES.index("smear"), CLASSES.index("imitation")]

MOST_RAISED = 8.0
"""How much more often a label of the rarer answer is drawn than one of the other, at most."""

MOST_EVENED = 2.0
"""How much more or less a brand's label weighs, at most, for its answer being rarer or commoner than elsewhere."""

COMPLAINED = ("complaint", "counter_notice", "trait")
"""Origins of labels that began with a rights holder's word."""


@dataclass(frozen=True, slots=True)
class Taught:
    """Labels made ready: references, and what is believed.

    `targets` (n, 4) are probabilities of `CLASSES`; `weights` (n,) 0..1; `frames` (n, 2, h, w, 3) uint8 are region and
    reference as the networks see them; `reference_of` (n,) points into `references`.
    """

    labels: tuple[Label, ...]
    pictures: list[RgbImage]
    references: list[PreparedReference]
    reference_of: NDArray[np.intp]
    frames: NDArray[np.uint8]
    targets: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def infringes(self) -> NDArray[np.float64]:
        """(n,) the probability that each region infringes, 0..1."""
        return np.asarray(self.targets[:, INFRINGING].sum(axis=1), np.float64)

    @property
    def evened_weights(self) -> NDArray[np.float64]:
        """(n,) the weights by which each brand's labels answer as all do, see `evening_brands`."""
        brands = np.array([label.brand for label in self.labels])
        return self.weights * evening_brands(self.weights, self.infringes, brands)

    @property
    def worth(self) -> float:
        """The sum of the weights: as many labels that are wholly believed would teach as much."""
        return float(self.weights.sum())

    def draw(self, count: int, *, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """`count` rows, each as often as its weight says among those of its answer, and a class for each by its target.

        Both answers come as often, as far as `MOST_RAISED` lets the rarer one: nearly all labels are of listings that
        infringe, and a learner that sees listings infringe and drawings not would learn to tell these two apart.
        """
        share = self.weights * evening(self.weights, self.infringes > 0.5)
        rows = rng.choice(len(self), count, p=share / share.sum())
        beyond = rng.random(count)[:, None] > self.targets[rows].cumsum(axis=1)
        return rows, np.minimum(beyond.sum(axis=1), len(CLASSES) - 1).astype(np.int64)


def taught(
    labels: LabelSet,
    teaching: Sequence[Label],
    *,
    runtime: VerifierRuntime,
    head: VerdictHead,
    embed: Embed,
    believe: bool,
) -> Taught:
    """Make the labels `teaching` ready by the champion's networks.

    Without `believe` whoever complained is taken at its word, and every label counts the same: to show what that costs.
    """
    about_marks = tuple(label for label in teaching if label.kind != NOT_A_MARK and label.weight > 0)
    names = sorted({label.reference for label in about_marks})
    first = {label.reference: label for label in about_marks}
    pictures = [labels.reference(first[name]) for name in names]
    references = [prepare_reference(picture) for picture in pictures]
    reference_of = np.array([names.index(label.reference) for label in about_marks], np.intp)
    regions = [labels.region(label) for label in about_marks]
    similarity = similarities(labels, about_marks, pictures, reference_of, embed=embed)
    frames, targets = [], []
    for label, region, place, similar in zip(about_marks, regions, reference_of, similarity, strict=True):
        examined = runtime.examine(region, references[place], similarity=similar)
        frames.append(np.stack([examined.frame, references[place].frame]))
        target = label.target if believe else _at_its_word(label)
        targets.append(soft_target(target, believed=head.probabilities(runtime.numbers(examined))))
    return Taught(
        about_marks,
        pictures,
        references,
        reference_of,
        np.stack(frames) if frames else np.empty((0, 2, 1, 1, 3), np.uint8),
        np.stack(targets) if targets else np.empty((0, len(CLASSES))),
        np.array([label.weight if believe else 1.0 for label in about_marks]),
    )


def soft_target(target: float, *, believed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (4,) of `CLASSES` for a region that infringes with probability `target`.

    `believed` (4,) are the champion's; they say how each answer is shared between its two classes.
    """
    genuine, smear, imitation, unrelated = np.maximum(believed, 1e-6)
    tampered = float(np.clip(smear / (smear + imitation), UNSURE, 1 - UNSURE))
    innocent = float(np.clip(genuine / (genuine + unrelated), UNSURE, 1 - UNSURE))
    shares = (innocent * (1 - target), tampered * target, (1 - tampered) * target, (1 - innocent) * (1 - target))
    return np.array(shares)


def evening(weights: NDArray[np.float64], infringes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Factors (n,) on `weights` (n,) by which both answers weigh the same, or nearly: at most `MOST_RAISED`.

    One where all labels answer alike.
    """
    masses = np.array([weights[~infringes].sum(), weights[infringes].sum()])
    if masses.min() == 0:
        return np.ones(len(weights))
    raised = np.minimum(masses.max() / masses, MOST_RAISED)
    return np.asarray(raised[infringes.astype(np.intp)], np.float64)


def label_rows(total: int, worth: float, *, share: float, repeats: float) -> int:
    """How many of `total` rows are labels: `repeats` for each that is wholly believed, at most `share` of all.

    `worth` is the sum of the labels' weights: few labels, or doubtful ones, must not be repeated until they rule.
    """
    return min(round(repeats * worth), int(total * share))


def _at_its_word(label: Label) -> float:
    """Whether the region infringes by who brought it up: a rights holder that complains says that it does."""
    return 1.0 if label.origin in COMPLAINED else float(label.target > 0.5)


def similarities(
    labels: LabelSet, about_marks: Sequence[Label], pictures: Sequence[RgbImage], reference_of: NDArray[np.intp], *,
    embed: Embed,
) -> list[float]:  # fmt: skip
    """The cosine of each region, as the scan embeds it, and the likest view of its reference."""
    if not about_marks:
        return []
    seen = embed([labels.region(label, margin=0.0) for label in about_marks])
    found = np.zeros(len(seen), np.float32)
    for place, picture in enumerate(pictures):
        of_picture = reference_of == place
        if of_picture.any():
            found[of_picture] = likeness(seen[of_picture], picture, embed=embed)
    return [float(one) for one in found]


def evening_brands(
    weights: NDArray[np.float64], infringes: NDArray[np.float64], brands: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Factors (n,) on `weights` (n,) by which each brand's labels answer as those of all brands do, or nearly.

    A rights holder that accuses at random leaves its brand with labels that nearly all say genuine, and one that is
    always right with few that do: a learner would take how a brand's goods look for the answer. So each answer of a
    brand is weighed by its share among all labels over its share among the brand's (post-stratification, Holt and
    Smith, 1979), at most by `MOST_EVENED` either way. `infringes` (n,) are probabilities.
    """
    answers = np.stack([1 - infringes, infringes], axis=1)
    masses = weights @ answers
    factors = np.ones(len(weights))
    if not masses.all():
        return factors
    for brand in np.unique(brands):
        rows = brands == brand
        own = np.maximum(weights[rows] @ answers[rows], 1e-9)
        raised = np.clip(masses / masses.sum() * own.sum() / own, 1 / MOST_EVENED, MOST_EVENED)
        factors[rows] = answers[rows] @ raised
    return factors
