"""Marks as they are and smeared, and an embedder that learns to give both one vector."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bundle import bundle_folder
from model.regions import Box, RgbImage
from training.edits import smears
from training.edits.smears import HELD_OUT_SMEARS
from training.embedder import smeared_pairs
from training.embedder.smeared_pairs import PairPlan, SmearedPairs, Split, draw_pairs
from training.embedder.through_smears import SmearTraining, learn_through_smears, told_apart
from training.embedder.train import trained_network
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos
from training.synthesis.scenes import Scene

PLAN = PairPlan(train=12, dev=4, seed=3)
SETTINGS = SmearTraining(steps=4, smeared=4, untouched=2, warm_up_steps=1, save_every=2)
TEACHER = bundle_folder() / "embedder.fp16.npz"


@dataclass(frozen=True)
class Noise:
    """Photos of noise with one region each."""

    count: int = 3

    def __len__(self) -> int:
        return self.count

    def scene(self, number: int) -> Scene:
        image = np.random.default_rng(number).integers(0, 256, (80, 90, 3), dtype=np.uint8)
        return Scene(image, (Box(10, 10, 50, 40),))


def drawn(folder: Path, split: Split, *, plan: PairPlan = PLAN) -> Iterator[int]:
    logos = load_logos(None)[:200]
    return draw_pairs(folder, plan=plan, split=split, logos=logos, photos=Noise(), backgrounds=Backgrounds())


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SmearedPairs]:
    folder = tmp_path_factory.mktemp("pairs")
    splits: tuple[Split, ...] = ("train", "dev")
    for split in splits:
        assert list(drawn(folder / split, split)) == list(range(PLAN.count(split)))
    return {split: SmearedPairs(folder / split, count=PLAN.count(split)) for split in splits}


def test_something_changes_in_every_pair_and_it_is_drawn_alike_again(
    pairs: dict[str, SmearedPairs], tmp_path: Path
) -> None:
    train = pairs["train"]
    assert all((before != after).any() for before, after in zip(train.before, train.after, strict=True))
    half = drawn(tmp_path, "train")
    assert [next(half) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert list(drawn(tmp_path, "train")) == list(range(5, 12))
    np.testing.assert_array_equal(SmearedPairs(tmp_path, count=12).after, train.after)
    with pytest.raises(ValueError, match="another plan"):
        next(drawn(tmp_path, "train", plan=replace(PLAN, seed=4)))


def test_no_tool_that_is_kept_out_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: dict[str, set[str]] = {"train": set(), "dev": set()}

    def noting(image: RgbImage, box: Box, *, tool: str, strength: float, rng: np.random.Generator) -> RgbImage:
        used[split].add(tool)
        return smears.smear(image, box, tool=tool, strength=strength, rng=rng)

    monkeypatch.setattr(smeared_pairs, "smear", noting)
    splits: tuple[Split, ...] = ("train", "dev")
    for split in splits:
        list(drawn(tmp_path / split, split, plan=PairPlan(train=40, dev=20)))
    assert not used["train"] & set(HELD_OUT_SMEARS)
    assert used["dev"] & set(HELD_OUT_SMEARS)


def test_telling_apart_costs_less_where_each_is_nearest_to_its_own() -> None:
    wanted = torch.eye(4)
    assert told_apart(wanted, wanted) < 0.1
    assert told_apart(wanted.roll(1, dims=0), wanted) > 1.0
    twins = torch.stack([wanted[0], wanted[0], wanted[2], wanted[3]])
    assert told_apart(twins, twins) < 0.1  # neither must be told from its twin


def test_smeared_marks_come_nearer_to_what_they_were(pairs: dict[str, SmearedPairs], tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    settings = replace(SETTINGS, steps=12, averaging=0.0, save_every=12)
    learnt = list(learn_through_smears(
        pairs["train"], pairs["dev"], teacher=TEACHER, checkpoint=checkpoint, settings=settings
    ))  # fmt: skip
    assert np.mean([one.smeared for one in learnt[-3:]]) > np.mean([one.smeared for one in learnt[:3]]) + 0.02
    assert learnt[0].untouched > 0.999  # the pupil begins as the teacher
    assert learnt[-1].development is not None
    assert set(learnt[-1].development) == {
        f"{which}_{what}" for which in ("taught", "unseen", "untouched") for what in ("first", "cosine")
    }


def test_a_run_that_was_broken_off_ends_as_one_that_was_not(pairs: dict[str, SmearedPairs], tmp_path: Path) -> None:
    def run(name: str, *, seconds: float = np.inf) -> int:
        return len(list(learn_through_smears(
            pairs["train"], pairs["dev"], teacher=TEACHER, checkpoint=tmp_path / name,
            settings=replace(SETTINGS, seconds=seconds),
        )))  # fmt: skip

    assert run("whole") == 4
    assert [run("broken", seconds=0.0) for _ in range(5)] == [1, 1, 1, 1, 0]
    whole, broken = (trained_network(tmp_path / name).state_dict() for name in ("whole", "broken"))
    for name, value in whole.items():
        torch.testing.assert_close(broken[name], value, rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="same settings"):
        list(learn_through_smears(
            pairs["train"], pairs["dev"], teacher=TEACHER, checkpoint=tmp_path / "whole",
            settings=replace(SETTINGS, seed=7),
        ))  # fmt: skip
