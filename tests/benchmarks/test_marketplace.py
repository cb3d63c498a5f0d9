from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.examined import Examined, examined_listings
from benchmarks.goods import KNOWN_KINDS, NEW_KINDS, draw_goods
from benchmarks.loop import labels_without, rank_correlation
from benchmarks.marketplace import LYING, Figures, honesties, offers
from benchmarks.tricks import TRICKS
from model.released import bundle_folder
from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS
from training.edits.smears import HELD_OUT_SMEARS, SMEARS
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, load_logos, split_of


@pytest.fixture(scope="module")
def logos() -> list[Logo]:
    return [logo for logo in load_logos(None) if split_of(logo.brand) == "dev"][:3]


def test_new_kinds_are_those_that_no_model_was_taught() -> None:
    assert set(NEW_KINDS) <= {*HELD_OUT_SMEARS, *HELD_OUT_IMITATIONS, *TRICKS}
    assert not set(TRICKS) & {*SMEARS, *IMITATIONS}
    assert not set(KNOWN_KINDS) & {*HELD_OUT_SMEARS, *HELD_OUT_IMITATIONS}


@pytest.mark.parametrize("kinds", [(), KNOWN_KINDS, NEW_KINDS])
def test_goods_are_fakes_of_the_kinds_asked_for(logos: list[Logo], kinds: tuple[str, ...]) -> None:
    for seed in range(4):
        goods = draw_goods(logos, seed % 3, kinds=kinds, rng=np.random.default_rng(seed), grounds=Backgrounds())
        assert goods.edit in (kinds or ("",))
        assert goods.fake == bool(kinds)
        box = goods.box
        assert box.x >= 0 and box.x + box.width <= goods.photo.shape[1]
        assert max(goods.region(np.random.default_rng(0)).shape) <= 176


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_hides_more_of_a_mark_the_stronger_it_is(trick: str) -> None:
    plain = np.full((60, 90, 3), 128, np.uint8)
    weak, strong = (
        np.mean([(TRICKS[trick](plain, strength, np.random.default_rng(seed)) != plain).mean() for seed in range(8)])
        for strength in (0.0, 1.0)
    )
    assert 0.05 < weak < strong
    assert (plain == 128).all()


def test_every_marketplace_gets_the_same_listings(logos: list[Logo]) -> None:
    first, again = (offers(logos, each=3, new_kinds=True, seed=5, grounds=Backgrounds()) for _ in range(2))
    assert first == again
    assert sorted(offer.brand for offer in first) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert cv2.imdecode(np.frombuffer(first[0].photo, np.uint8), cv2.IMREAD_COLOR).shape[2] == 3


def test_malicious_rights_holders_stand_in_the_place_of_honest_ones() -> None:
    clean, found = honesties(14, malicious=0), honesties(14, malicious=4)
    assert sorted(clean, reverse=True) == clean
    assert min(clean) > LYING
    liars = [place for place, honesty in enumerate(found) if honesty < LYING]
    assert liars == [1, 4, 8, 11]
    assert len(set(found)) == 14
    assert [one for place, one in enumerate(found) if place not in liars] == [
        one for place, one in enumerate(clean) if place not in liars
    ]


def test_credit_that_orders_rights_holders_by_honesty_correlates_wholly() -> None:
    assert rank_correlation([(0.9, 0.98), (0.7, 0.8), (0.3, 0.1)]) == pytest.approx(1.0)


def test_figures_of_a_round_without_pushes_have_no_precision() -> None:
    assert Figures().precision is None
    assert Figures(pushed=4, pushed_fakes=3, missed_fakes=2).precision == 0.75
    assert Figures(pushed=4, pushed_fakes=3, missed_fakes=2).proactive_to_reactive == 1.5


def test_recall_is_at_one_false_finding_in_a_hundred(logos: list[Logo], tmp_path: Path) -> None:
    sold = {"genuine": 6, "fakes": 6, "grounds": Backgrounds(), "model": bundle_folder(), "work": tmp_path}
    examined = examined_listings(logos, **sold)
    assert (examined_listings(logos, **sold).frames == examined.frames).all(), "the second time they are there already"
    scores = examined.scores(bundle_folder())
    assert examined.recall(bundle_folder()) == (scores[6:] > scores[:6].max()).mean()
    nothing = replace(examined, frames=np.repeat(examined.frames[:1], 12, axis=0), similarity=np.zeros(12, np.float32))
    assert nothing.recall(bundle_folder()) == 0.0


def test_the_clean_run_has_every_label_but_theirs(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    for shared in ("pictures", "references"):
        (labels / shared).mkdir(parents=True)
        (labels / shared / "one").write_text(shared)
    lines = [
        json.dumps({"id": holder, "rights_holder_id": holder}) + "\n" for holder in ("careful", "liar", "careless")
    ]
    (labels / "labels.jsonl").write_text("".join(lines))
    found = labels_without({"liar"}, labels, tmp_path / "without")
    assert (found / "labels.jsonl").read_text() == lines[0] + lines[2]
    assert [(found / shared / "one").read_text() for shared in ("pictures", "references")] == ["pictures", "references"]


def test_a_gap_is_the_difference_of_two_recalls_on_the_same_marks() -> None:
    frames = np.zeros((400, 1, 1, 1, 3), np.uint8)
    fake = np.arange(400) >= 200
    examined = Scored(frames, np.zeros(400, np.float32), fake)
    gap = examined.gap(Path("sharp"), Path("dull"))
    assert gap.value == pytest.approx(100 * (examined.recall(Path("sharp")) - examined.recall(Path("dull"))))
    assert 0 < gap.low < gap.value < gap.high
    same = examined.gap(Path("dull"), Path("dull"))
    assert (same.value, same.low, same.high) == (0, 0, 0)


class Scored(Examined):
    """Marks with scores of two bundles that nobody had to train."""

    def scores(self, bundle: Path) -> NDArray[np.float64]:
        noise = np.random.default_rng(0).normal(size=len(self.fake))
        return np.asarray(noise + self.fake * {"sharp": 4.0, "dull": 1.0}[bundle.name], np.float64)
