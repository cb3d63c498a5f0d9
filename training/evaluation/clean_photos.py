"""How often the shipped scan accuses an innocent photo: of a smear, an imitation or a copied product photo."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from client.api import Json
from client.temporary import temporary_service
from training.evaluation.datasets import Photo
from training.evaluation.intervals import Estimate, mean_interval
from training.evaluation.references import Drawings, register_brands
from training.evaluation.report import Progress, Table

ACCUSATIONS = ("smear", "imitation", "copied_photo")


def clean_photos(
    photos: Mapping[str, Sequence[Photo]],
    *,
    references: Drawings,
    products: Sequence[Photo],
    bundle: str,
    progress: Progress,
) -> Table:
    """Share of the photos of each set with a finding of each accusing kind, at the shipped thresholds.

    `products` are registered as product photos of one more brand. A photo of several sets is scanned once.

    Raises:
        ServiceFailed: the service did not start.
    """
    with temporary_service(model=bundle) as api:
        register_brands(api, references, progress=progress)
        maker = api.create_brand("maker of the registered products")["id"]
        for photo in progress(products, len(products), "product references"):
            api.add_reference(maker, photo.path.read_bytes(), kind="product")
        every = list({photo.path: photo for some in photos.values() for photo in some}.values())
        answers = {photo.path: api.scan(photo.path.read_bytes()) for photo in progress(every, len(every), "photos")}
    facts = {"brands": len(references), "product_references": len(products)}
    rows = {name: accused([answers[photo.path] for photo in some]) for name, some in {"all": every, **photos}.items()}
    return Table("Clean photos of other things, at the shipped thresholds", rows, facts)


def accused(answers: Sequence[Json]) -> dict[str, Estimate]:
    """Shares of the photos, over all accusing kinds and for each; `held` is the share that is not allowed at once."""
    kinds = [{finding["kind"] for finding in answer["findings"]} for answer in answers]
    shares = {"any": mean_interval([bool(found & set(ACCUSATIONS)) for found in kinds])}
    shares |= {kind: mean_interval([kind in found for found in kinds]) for kind in ACCUSATIONS}
    return shares | {"held": mean_interval([answer["decision"] != "allow" for answer in answers])}


def is_reference(photo: Photo) -> bool:
    """Whether a catalogue photo is registered as a product's; the other half is scanned. By a hash of its name."""
    return hashlib.sha256(photo.path.name.encode()).digest()[0] < 128
