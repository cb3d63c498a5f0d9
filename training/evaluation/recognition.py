"""Everything that is measured of seeing and naming marks, part by part, into one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from model import CHAMPION
from model.bundle import ModelBundle, load_bundle
from model.released import bundle_folder
from training.evaluation.crops import Pictures, against_references, crops_of, leave_one_photo_out, regions_of
from training.evaluation.datasets import Photo, grocery_products, plain_photos, real_photos, sample
from training.evaluation.detected_marks import detected_marks
from training.evaluation.latency import latency
from training.evaluation.matchers import Cosine, Matcher, ShownProducts, all_matchers
from training.evaluation.products import copies, groceries
from training.evaluation.provenance import commit, provenance
from training.evaluation.references import other_brands
from training.evaluation.report import Progress, Report, Table
from training.evaluation.reranking import VerifiedCrops
from training.evaluation.versions import drawings_in_use
from training.evaluation.whole_photos import whole_photos
from training.synthesis.known_marks import shows_any_of
from training.synthesis.logos import Logo, fetch_packages, load_logos

Part = Literal["whole_photos", "crops", "references", "groceries", "copies", "detector", "latency"]
PARTS: tuple[Part, ...] = get_args(Part)
"""In the order in which they are printed."""

WHOLE_PHOTO_LEVELS = (500, 2000)
REFERENCE_LEVELS = (0, 500, 2000)


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """What is measured, and on how much.

    `parts` are measured; `distractors` is the largest number of other brands among the references; `photos`,
    `clean_photos` and `catalogue_photos` limit the numbers of pictures (None: all). `bundle` names the model.
    """

    parts: Sequence[Part] = PARTS
    distractors: int = 2000
    photos: int | None = None
    clean_photos: int | None = None
    catalogue_photos: int | None = None
    bundle: str = CHAMPION

    def levels(self, levels: Sequence[int]) -> list[int]:
        """`levels` up to the largest number of other brands, and that number itself."""
        return sorted({*(level for level in levels if level < self.distractors), self.distractors})


@dataclass
class Inputs:
    """What several parts need, each made when it is first asked for."""

    settings: RecognitionSettings
    progress: Progress
    used: list[Photo] = field(default_factory=list)

    @cached_property
    def marked(self) -> list[Photo]:
        """The photos of FlickrLogos-27 that nothing is tuned on, or a sample."""
        return self._noted(sample(real_photos(tuning=False), self.settings.photos))

    @cached_property
    def clean(self) -> list[Photo]:
        """Garments, hardly any with a mark, and none that is known to show one of a registered brand."""
        registered = {*self.own, *self.others}
        garments = plain_photos("clothing", limit=self.settings.clean_photos)
        return self._noted([one for one in garments if not shows_any_of(one.path.name, registered)])

    @cached_property
    def catalogue(self) -> list[Photo]:
        """Studio photos."""
        return self._noted(plain_photos("catalogue", limit=self.settings.catalogue_photos))

    @cached_property
    def logos(self) -> list[Logo]:
        """Every genuine vector logo."""
        return load_logos(fetch_packages())

    @cached_property
    def own(self) -> dict[str, list[Logo]]:
        """The reported brands' drawings, of every version in use."""
        return drawings_in_use(sorted({mark.brand for photo in self.marked for mark in photo.marks}), self.logos)

    @cached_property
    def others(self) -> dict[str, list[Logo]]:
        """Other brands' drawings."""
        return other_brands(self.logos, count=self.settings.distractors)

    @cached_property
    def crops(self) -> Pictures:
        """The pixels in every mark's box."""
        return crops_of(self.marked)

    @cached_property
    def bundle(self) -> ModelBundle:
        """The measured model, on one thread."""
        return load_bundle(bundle_folder(self.settings.bundle))

    @cached_property
    def matchers(self) -> list[Matcher]:
        """The embedder and its baselines."""
        return all_matchers(self.bundle.embedder)

    def files(self) -> list[Path]:
        """Every picture that was measured on, once."""
        return sorted({photo.path for photo in self.used})

    def _noted(self, photos: list[Photo]) -> list[Photo]:
        self.used += photos
        return photos


def evaluate_recognition(settings: RecognitionSettings, *, progress: Progress) -> Report:
    """Measure the parts that `settings` name.

    Raises:
        DataMissing: a data set that a part needs is not there.
        ServiceFailed: the service did not start.
    """
    began_at, inputs = commit(), Inputs(settings, progress)
    tables: dict[str, Table] = {part: MEASURED[part](inputs) for part in PARTS if part in settings.parts}
    return Report(provenance(inputs.files(), model=settings.bundle, commit=began_at), tables)


def _whole_photos(inputs: Inputs) -> Table:
    return whole_photos(
        inputs.marked,
        inputs.clean,
        own=inputs.own,
        others=inputs.others,
        levels=inputs.settings.levels(WHOLE_PHOTO_LEVELS),
        bundle=inputs.settings.bundle,
        progress=inputs.progress,
    )


def _crops(inputs: Inputs) -> Table:
    hallmark, *baselines = inputs.matchers
    crops, regions = inputs.crops, regions_of(inputs.marked)
    verified = VerifiedCrops(regions, crops.group, bundle=inputs.bundle, progress=inputs.progress)
    return leave_one_photo_out(crops, matchers=[hallmark, verified, *baselines], progress=inputs.progress)


def _references(inputs: Inputs) -> Table:
    return against_references(
        inputs.crops,
        own=inputs.own,
        others=inputs.others,
        levels=inputs.settings.levels(REFERENCE_LEVELS),
        matchers=inputs.matchers,
        progress=inputs.progress,
    )


def _groceries(inputs: Inputs) -> Table:
    products = grocery_products()
    inputs.used += [Photo(path) for product in products for path in product.photos]
    embed = inputs.bundle.embedder.embed
    matchers: list[Matcher] = [ShownProducts(embed), Cosine("embedding_alone", embed), *inputs.matchers[1:]]
    return groceries(products, matchers=matchers, progress=inputs.progress)


def _copies(inputs: Inputs) -> Table:
    return copies(inputs.catalogue, matchers=inputs.matchers, progress=inputs.progress)


def _detector(inputs: Inputs) -> Table:
    return detected_marks(inputs.marked, inputs.clean, detector=inputs.bundle.detector, progress=inputs.progress)


def _latency(inputs: Inputs) -> Table:
    return latency(inputs.marked, bundle=inputs.bundle, progress=inputs.progress)


MEASURED: dict[Part, Callable[[Inputs], Table]] = {
    "whole_photos": _whole_photos,
    "crops": _crops,
    "references": _references,
    "groceries": _groceries,
    "copies": _copies,
    "detector": _detector,
    "latency": _latency,
}
"""How each part is measured."""
