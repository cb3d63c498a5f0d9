"""Listings of one picture that name no brand: does it help that the seller was found to infringe the brand before?

Each brand has a seller against whom a complaint of its was upheld. That seller and one of whom nothing is known offer
the same: another photo's mark of the brand, smeared, and what is innocent: a genuine mark, a garment, a person whose
face was made private, a garment of which a patch was covered. The second also offers it in a listing that names the
brand. `benchmarks.several_pictures` asks the same of listings whose other picture shows the mark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from benchmarks.command_line import parser_of
from benchmarks.innocent import people
from benchmarks.pictures import garment_photos, reported_marks
from benchmarks.several_pictures import FULL, QUICK, pairs, seconds, show, tuning_marks
from client.api import Hallmark
from client.temporary import temporary_service
from model.encoding import jpeg
from training.evaluation.references import Drawings, as_uploaded, other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.logos import fetch_packages, load_logos

FAKE: Final = "counterfeit of batch 417"
"""What the brands say that fakes go by, so that a listing of these words opens a case."""

WAYS: Final = ("unknown seller", "known infringer", "brand named")


def main() -> None:
    """Register, complain, send and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--tuning", action="store_true", help="photos that choices may be made by")
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    logos = load_logos(fetch_packages())
    photos, own = tuning_marks(logos) if asked.tuning else reported_marks(logos)
    garments = garment_photos(tuning=asked.tuning)
    faces = people()
    offered = pairs(photos, count=size.pairs)
    held: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    with temporary_service() as api:
        ids = register_brands(api, {**own, **other_brands(logos, count=size.others)}, progress=quietly)
        infringers = make_infringers(api, {brand: own[brand] for brand, _, _ in offered}, ids=ids)
        for number, (brand, _, photo) in enumerate(offered):
            by_nobody = {"seller": "nobody"}
            said = (by_nobody, {"seller": infringers[brand]}, {**by_nobody, "title": brand})
            for name, picture in seconds(photo, garments[number % len(garments)], faces=faces, number=number).items():
                for way, listing in zip(WAYS, said, strict=True):
                    answer = api.send_listing({"id": f"{number} {name} {way}", **listing}, jpeg(picture))
                    held[way][name].append(answer["decision"] != "allow")
    show(held, column="picture")


def make_infringers(api: Hallmark, drawings: Drawings, *, ids: Mapping[str, str]) -> dict[str, str]:
    """By brand, a seller against whom a complaint of its was upheld: about a listing that calls its goods a fake."""
    found = {}
    for brand, versions in drawings.items():
        picture = next(drawn for drawn in map(as_uploaded, versions) if drawn is not None)
        trait = api.add_trait(ids[brand], text=FAKE)["id"]
        seller = f"infringer of {brand}"
        listing = {"id": seller, "seller": seller, "title": f"{brand}, {FAKE}", "brand_claimed": brand}
        case = api.send_listing(listing, jpeg(picture))["case"]["id"]
        api.judge(case, "infringing")
        api.decide(api.complain(case)["id"], "upheld", reason="They say so themselves")
        api.remove_trait(ids[brand], trait)
        found[brand] = seller
    return found


if __name__ == "__main__":
    main()
