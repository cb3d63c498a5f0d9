from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from exports import Decided, write_export

from model.embedder import Embedder
from model.networks.verifier import CLASSES, VerifierNetwork
from model.networks.weights import load_weights
from model.released import bundle_folder
from model.verifier import VerifierRuntime
from training.round.embedder import LabelViews
from training.round.labels import read_labels
from training.round.standing import StandingFrames
from training.round.teaching import (
    MOST_EVENED,
    MOST_RAISED,
    Taught,
    evening,
    evening_brands,
    label_rows,
    soft_target,
    taught,
)
from training.round.verifier import VerifierRecipe, fine_tune_verifier, rest_of_batch

CHAMPION = bundle_folder()


class EvenHead:
    """Finds every class as likely as another."""

    def probabilities(self, numbers: np.ndarray) -> np.ndarray:
        return np.full(len(CLASSES), 1 / len(CLASSES))


def taught_by(folder: Path, decided: list[Decided], *, believe: bool = True, **changes: object) -> Taught:
    labels = read_labels(write_export(folder, decided, **changes))
    return taught(
        labels, labels.labels, runtime=VerifierRuntime(CHAMPION / "verifier.onnx"), head=EvenHead(),  # type: ignore[arg-type]
        embed=Embedder(CHAMPION / "embedder.onnx").embed, believe=believe,
    )  # fmt: skip


def test_within_an_answer_the_champion_decides_and_between_them_the_label() -> None:
    believed = np.array([0.3, 0.4, 0.1, 0.2])
    target = soft_target(0.75, believed=believed)
    assert target == pytest.approx([0.25 * 0.6, 0.75 * 0.8, 0.75 * 0.2, 0.25 * 0.4])


def test_what_the_champion_excludes_can_still_be_learnt() -> None:
    assert soft_target(1.0, believed=np.array([0.0, 1.0, 0.0, 0.0])) == pytest.approx([0, 0.9, 0.1, 0])


def test_labels_are_drawn_by_weight_evened_over_the_answers_and_classes_by_target(tmp_path: Path) -> None:
    decided = [Decided(0, "smear", 1.0, 0.9), Decided(1, "genuine", 0.2, 0.3), Decided(2, "genuine", 0.0, 0.0)]
    found = taught_by(tmp_path / "labels", decided)
    assert len(found) == 2, "of what nobody knows anything nothing is learnt"
    assert found.worth == pytest.approx(1.2)
    rows, classes = found.draw(20_000, rng=np.random.default_rng(0))
    assert (rows == 0).mean() == pytest.approx(0.5, abs=0.02)
    tampered = np.isin(classes, [CLASSES.index("smear"), CLASSES.index("imitation")])
    assert tampered[rows == 0].all()
    assert tampered[rows == 1].mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("weights", "infringes", "factors"),
    [
        ([0.5, 0.5, 1.0, 1.0], [False, False, True, True], [2.0, 2.0, 1.0, 1.0]),
        ([1.0, 0.01], [True, False], [1.0, MOST_RAISED]),
        ([0.2, 0.7], [True, True], [1.0, 1.0]),
    ],
)
def test_the_rarer_answer_is_raised_so_far(weights: list[float], infringes: list[bool], factors: list[float]) -> None:
    assert evening(np.array(weights), np.array(infringes)).tolist() == factors


def test_each_brand_answers_as_all_brands_do() -> None:
    brands = np.repeat(["a", "b"], [4, 4])
    infringes = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    weights = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    evened = weights * evening_brands(weights, infringes, brands)
    for brand in ("a", "b"):
        own = brands == brand
        assert evened[own] @ infringes[own] == pytest.approx(2.0), "half of four, as of all eight"
        assert evened[own].sum() == pytest.approx(4.0)


def test_a_brand_of_one_answer_alone_is_evened_so_far() -> None:
    infringes, brands = np.array([1.0, 0.0, 0.0]), np.array(["a", "b", "b"])
    factors = evening_brands(np.array([0.5, 0.5, 0.5]), infringes, brands)
    assert factors.tolist() == pytest.approx([1 / MOST_EVENED, 2 / 3, 2 / 3])
    assert evening_brands(np.ones(3), np.ones(3), brands).tolist() == [1.0, 1.0, 1.0]
    assert evening_brands(np.empty(0), np.empty(0), np.empty(0, np.str_)).tolist() == []


def test_without_belief_whoever_complained_is_taken_at_its_word(tmp_path: Path) -> None:
    decided = [Decided(0, "smear", 0.9, 0.8), Decided(1, "smear", 0.1, 0.8), Decided(2, "smear", 0.1, 0.8, "jury")]
    found = taught_by(tmp_path / "labels", decided, believe=False)
    assert found.weights.tolist() == [1.0, 1.0, 1.0]
    assert found.targets[:, 1:3].sum(axis=1).tolist() == [1.0, 1.0, 0.0]


def test_product_photos_do_not_teach_the_verifier(tmp_path: Path) -> None:
    assert len(taught_by(tmp_path / "labels", [Decided(0, "smear", 0.9)], kind="copied_photo")) == 0


@pytest.mark.parametrize(("worth", "rows"), [(0.0, 0), (2.5, 10), (1_000.0, 25)])
def test_few_labels_are_not_repeated_until_they_rule(worth: float, rows: int) -> None:
    assert label_rows(100, worth, share=0.25, repeats=4.0) == rows


@pytest.mark.parametrize("sure", [0, 1])
def test_of_two_labels_that_contradict_each_other_the_network_learns_the_surer(tmp_path: Path, sure: int) -> None:
    weights = [0.95, 0.05] if sure == 0 else [0.05, 0.95]
    found = taught_by(tmp_path / "labels", [Decided(0, "smear", float(n == 0), weights[n]) for n in range(2)])
    found.frames[:] = found.frames[0]
    standing = StandingFrames(found.frames[:1], np.array([CLASSES.index("unrelated")]))
    recipe = VerifierRecipe(steps=25, batch=16, label_share=1.0, label_repeats=1_000.0, learning_rate=1e-3)

    def quietly(steps: Iterable[int]) -> Iterable[int]:
        return steps

    network, loss = fine_tune_verifier(
        CHAMPION / "verifier.fp16.npz", standing=standing, taught=found, recipe=recipe, progress=quietly
    )
    with torch.no_grad():
        said = torch.softmax(network(torch.from_numpy(found.frames[:1]))[0][0], dim=0)
    infringing = float(said[CLASSES.index("smear")] + said[CLASSES.index("imitation")])
    assert (infringing > 0.6) if sure == 0 else (infringing < 0.4)
    assert np.isfinite(loss)
    before = VerifierNetwork().eval()
    load_weights(before, CHAMPION / "verifier.fp16.npz")
    with torch.no_grad():
        maps = [one(torch.from_numpy(found.frames[:1]))[1] for one in (network, before)]
    assert torch.allclose(*maps, atol=1e-3), "where a mark was changed no label says"


def test_labels_do_not_make_a_class_more_frequent() -> None:
    labels = np.repeat(np.arange(4), [32, 24, 28, 16])
    standing = StandingFrames(np.empty((100, 2, 1, 1, 3), np.uint8), labels)
    rng, accused = np.random.default_rng(0), np.full(10, CLASSES.index("smear"))
    counts = np.zeros(4)
    for _ in range(200):
        rest = standing.labels[rest_of_batch(standing, accused, size=100, rng=rng)]
        counts += np.bincount(np.concatenate([accused, rest]), minlength=4)
    assert counts / counts.sum() == pytest.approx([0.32, 0.24, 0.28, 0.16], abs=0.01)


def test_a_region_is_near_its_reference_whatever_was_done_to_it_and_far_when_it_is_another_mark(tmp_path: Path) -> None:
    labels = read_labels(write_export(tmp_path / "labels", [Decided(n % 3, "smear", 1.0) for n in range(6)]))
    found = taught_by(tmp_path / "again", [Decided(n % 3, "smear", 1.0) for n in range(6)])
    drawn = LabelViews(labels, found, pairs=8, size=32).draw(np.random.default_rng(0))
    assert drawn.pixels.shape == (16, 32, 32, 3)
    assert drawn.alike[np.arange(8), np.arange(8, 16)].all()
    found.targets[:] = [0, 0, 0, 1]
    drawn = LabelViews(labels, found, pairs=8, size=32).draw(np.random.default_rng(0))
    assert not drawn.alike[:8, 8:].any()
    assert (drawn.alike[:8, :8] == np.eye(8, dtype=bool)).all()
