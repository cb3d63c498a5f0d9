"""Real imitations through the real API: what becomes of a picture when nobody says whose mark to look for, or where?

`verdict_cases` hands a verdict the brand and its most similar place. A scan has to find both among other brands,
compares several references, and takes a mark for genuine that agrees with any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from client.api import Json
from client.temporary import temporary_service
from training.evaluation.intervals import Estimate, mean_interval
from training.evaluation.references import Drawings, register_brands
from training.evaluation.report import Progress, Table
from training.evaluation.verdicts import separation

WAYS = {"not named": False, "named by the listing": True}
"""The rows: whether the listing names the brand."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a `brand`'s mark, `imitation` or `genuine`, or one of its references."""

    file: Path
    brand: str
    kind: str


def served_imitations(pictures: Sequence[Picture], *, others: Drawings, model: str, progress: Progress) -> Table:
    """Imitations against genuine pictures of the same brands, among `others`, for each of the `WAYS`.

    Raises `ServiceFailed` when the service does not start.
    """
    asked = [picture for picture in pictures if picture.kind != "reference"]
    rows: dict[str, dict[str, Estimate]] = {}
    with temporary_service(model=model) as api:
        ids: dict[str, str] = {}
        for picture in pictures:
            if picture.kind == "reference":
                ids[picture.brand] = ids.get(picture.brand) or api.create_brand(picture.brand)["id"]
                api.add_reference(ids[picture.brand], picture.file.read_bytes(), kind="logo")
        register_brands(api, {name: drawn for name, drawn in others.items() if name not in ids}, progress=progress)
        for way, named in WAYS.items():
            answers = [
                api.scan(one.file.read_bytes(), listing={"brand_claimed": one.brand} if named else None)
                for one in progress(asked, len(asked), f"imitations, {way}")
            ]
            rows[way] = figures(asked, answers)
    facts = {"brands": len(ids), "other_brands": len(others), "pictures": len(asked)}
    return Table("Real imitations through the API (imitations_web)", rows, facts)


def figures(asked: Sequence[Picture], answers: Sequence[Json]) -> dict[str, Estimate]:
    """What the scans say of the imitations and of the genuine pictures, and how well their scores tell them apart.

    A picture's score is the probability of a smear or an imitation in the brand's surest finding, 0 without one.
    """
    imitated = np.array([one.kind == "imitation" for one in asked])
    best = [_of_brand(answer, picture.brand) for picture, answer in zip(asked, answers, strict=True)]
    kinds = np.array(["none" if one is None else str(one["kind"]) for one in best])
    held = np.array([answer["decision"] != "allow" for answer in answers])
    scores = np.array([0.0 if one is None else one["scores"]["smear"] + one["scores"]["imitation"] for one in best])
    return {
        "imitations_called_tampered": mean_interval(np.isin(kinds, ("smear", "imitation"))[imitated]),
        "imitations_called_genuine": mean_interval((kinds == "genuine")[imitated]),
        "imitations_of_which_the_brand_is_not_found": mean_interval((kinds == "none")[imitated]),
        "imitations_held": mean_interval(held[imitated]),
        "genuine_called_tampered": mean_interval(np.isin(kinds, ("smear", "imitation"))[~imitated]),
        "genuine_held": mean_interval(held[~imitated]),
        **separation(scores, imitated, np.arange(len(asked))),
    }


def _of_brand(answer: Json, brand: str) -> Json | None:
    found = [one for one in answer["findings"] if one["brand"] == brand]
    return min(found, key=lambda one: one["scores"]["unrelated"], default=None)
