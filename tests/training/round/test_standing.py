from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.alignment import PreparedReference, prepare_reference
from model.embedder import Embedder
from model.networks.verifier import CLASSES
from model.released import bundle_folder
from model.verifier import VerifierRuntime
from training.round.judge import Judge
from training.round.standing import head_frames, standing_frames
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos, split_of
from training.verifier.pairs import clean_reference, draw_pair

NETWORK = bundle_folder() / "verifier.onnx"


class NoRuntime:
    """Stands for networks that nobody should need again."""

    def examine(self, *arguments: object, **named: object) -> PreparedReference:
        raise AssertionError("what an earlier round drew is drawn anew")


def test_what_one_round_drew_the_next_one_finds(tmp_path: Path) -> None:
    logos = [logo for logo in load_logos(None) if split_of(logo.brand) == "train"][:60]
    kept = tmp_path / "standing.npz"
    drawn = standing_frames(
        logos, count=8, seed=0, backgrounds=Backgrounds(), runtime=VerifierRuntime(NETWORK), kept=kept
    )
    again = standing_frames(
        logos, count=8, seed=0, backgrounds=Backgrounds(), runtime=NoRuntime(), kept=kept,  # type: ignore[arg-type]
    )  # fmt: skip
    assert (drawn.frames == again.frames).all()
    assert (drawn.labels == again.labels).all()
    assert [file.name for file in tmp_path.iterdir()] == ["standing.npz"]


def test_the_heads_pairs_come_with_brands_and_similarities(tmp_path: Path) -> None:
    logos = [logo for logo in load_logos(None) if split_of(logo.brand) == "dev"][:60]
    found = head_frames(
        logos, count=6, seed=1, backgrounds=Backgrounds(), runtime=VerifierRuntime(NETWORK),
        embed=Embedder(bundle_folder() / "embedder.onnx").embed, kept=tmp_path / "head.npz",
    )  # fmt: skip
    assert len(found.frames) == len(found.labels) == len(found.brands) == len(found.similarity) == 6
    assert (np.abs(found.similarity) <= 1.0).all()
    related = found.labels != CLASSES.index("unrelated")
    assert {brand for brand, one in zip(found.brands, related, strict=True) if one} <= {logo.brand for logo in logos}


def test_many_pairs_at_once_get_the_numbers_that_a_scan_gives_each() -> None:
    logos = [logo for logo in load_logos(None) if split_of(logo.brand) == "dev"][:3]
    runtime, rng = VerifierRuntime(NETWORK), np.random.default_rng(0)
    frames, numbers = [], []
    for place, logo in enumerate(logos):
        pair = draw_pair(logos, place, label="genuine", rng=rng, backgrounds=Backgrounds(), unseen=False)
        reference = prepare_reference(clean_reference(logo))
        examined = runtime.examine(pair.region, reference, similarity=0.25)
        frames.append(np.stack([examined.frame, reference.frame]))
        numbers.append(runtime.numbers(examined))
    found = Judge(NETWORK).numbers(np.stack(frames), np.full(3, 0.25, np.float32))
    assert found == pytest.approx(np.stack(numbers), abs=2e-3)
