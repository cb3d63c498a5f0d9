import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from demo import tables
from demo.listings import Listing, Plan
from demo.outcomes import Outcome, confusion, right
from demo.sheet import CELL, COLOURS, COLUMNS, contact_sheet
from model.encoding import jpeg

PHOTO = jpeg(np.full((200, 300, 3), 200, np.uint8), quality=90)


def outcome(plan: Plan, *found: tuple[str, str], failure: str = "") -> Outcome:
    """A scan that found these (brand, kind), or failed."""
    findings = [
        {
            "brand": brand,
            "kind": kind,
            "scores": {"genuine": 0.1, "smear": 0.6, "imitation": 0.2, "unrelated": 0.1},
            "box": [30.0, 60.0, 100.0, 80.0],
        }
        for brand, kind in found
    ]
    answer = {"findings": findings, "decision": "review", "timings_ms": {"total": 42.0}, "model": "test"}
    return Outcome(Listing(plan, PHOTO, None), None if failure else answer, failure=failure)


GENUINE = Plan("genuine", "mug", "#ffffff", "nike")
SMEAR = Plan("smear", "mug", "#ffffff", "puma", "mosaic")
UNKNOWN = Plan("other brand", "mug", "#ffffff", "volvo")
NOTHING = Plan("no mark", "mug")


@pytest.mark.parametrize(
    ("scan", "verdict", "is_right"),
    [
        (outcome(GENUINE, ("Nike", "genuine")), "genuine", True),
        (outcome(GENUINE, ("Nike", "smear")), "smear", False),
        (outcome(GENUINE, ("Puma", "genuine")), "wrong brand", False),
        (outcome(GENUINE), "nothing", False),
        (outcome(SMEAR, ("Puma", "smear"), ("Nike", "genuine")), "smear", True),
        (outcome(UNKNOWN), "nothing", True),
        (outcome(UNKNOWN, ("Nike", "imitation")), "wrong brand", False),
        (outcome(NOTHING), "nothing", True),
        (outcome(NOTHING, ("Nike", "genuine")), "wrong brand", False),
        (outcome(NOTHING, failure="503 Busy"), "failed", False),
    ],
)
def test_the_strongest_finding_decides(scan, verdict, is_right):
    assert (scan.verdict, scan.is_right) == (verdict, is_right)


def test_every_outcome_is_counted_once():
    scans = [
        outcome(GENUINE, ("Nike", "genuine")),
        outcome(GENUINE, ("Nike", "imitation")),
        outcome(SMEAR, failure="503 Busy"),
        outcome(NOTHING, ("Nike", "genuine")),
    ]
    counts = confusion(scans)
    assert counts["genuine"] == {"genuine": 1, "imitation": 1}
    assert counts["smear"] == {"failed": 1}
    assert counts["no mark"] == {"wrong brand": 1}
    assert sum(sum(row.values()) for row in counts.values()) == len(scans)
    assert right(scans) == (1, 4)


def test_weaker_findings_of_other_brands_are_counted():
    scan = outcome(SMEAR, ("Puma", "smear"), ("Nike", "genuine"), ("Puma", "smear"), ("HP", "genuine"))
    assert scan.strays == 2


def test_the_tables_show_wrong_verdicts_and_failures_too():
    scans = [outcome(GENUINE, ("Puma", "smear"), ("HP", "genuine")), outcome(NOTHING, failure="503 Busy")]
    console = Console(width=150, file=io.StringIO())
    console.print(tables.pictures(scans), tables.summary(scans))
    text = console.file.getvalue()
    assert "smear, Puma (+1)" in text
    assert "503 Busy" in text
    assert "0.10 0.60 0.20 0.10" in text
    assert "0 of 2 right" in text
    assert text.count("✗") == 2


def test_the_sheet_has_a_place_for_every_outcome_and_boxes_in_the_colour_of_their_kind():
    scan = outcome(SMEAR, ("Puma", "smear"))
    one = contact_sheet([scan], subtitle="one")
    many = contact_sheet([scan] * (COLUMNS + 1), subtitle="many")
    assert many.width == one.width
    assert CELL[1] < many.height - one.height < CELL[1] + 60
    pixels = np.asarray(one)
    wanted = tuple(int(COLOURS["smear"][i : i + 2], 16) for i in (1, 3, 5))
    assert (pixels == wanted).all(axis=-1).sum() > 500


def test_the_sheet_takes_evidence_failures_and_empty_answers():
    picture = io.BytesIO()
    Image.new("RGB", (808, 352), "#123456").save(picture, "PNG")
    found = outcome(SMEAR, ("Puma", "smear"))
    with_evidence = Outcome(found.listing, found.answer, evidence=[picture.getvalue()])
    sheet = contact_sheet([with_evidence, outcome(GENUINE), outcome(NOTHING, failure="x" * 300)], subtitle="")
    assert (np.asarray(sheet) == (0x12, 0x34, 0x56)).all(axis=-1).sum() > 10_000
