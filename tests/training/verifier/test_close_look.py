from __future__ import annotations

import json
import shutil
from copy import deepcopy
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch

from model.close_look import FILE, SQUARE, TALL, WIDE
from model.embedder import Embedder
from model.networks.close_look import CLASSES, MAP_STRIDE, CloseLookNetwork
from model.networks.embedder import EmbedderNetwork
from model.networks.weights import go_part_way, load_weights
from model.released import bundle_folder
from model.siamese import Siamese
from model.verifier import ALIGNER, Aligner
from training.edits.imitations import HELD_OUT_IMITATIONS
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos
from training.verifier.close_look import (
    WEIGHTS,
    draw_looks,
    drawn_in_parts,
    export_close_look,
    fit_close_look,
    weigh_close_look,
)
from training.verifier.drawing import Drawn, joined
from training.verifier.material import Counts
from training.verifier.release import CALIBRATION, aligned_pairs
from training.verifier.views import ViewRecipe

FACE = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
LOGOS = load_logos()[200:240]


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw_looks(LOGOS, count=40, seed=3, backgrounds=Backgrounds(), fonts=[FACE])


def test_marks_and_words_are_drawn_of_every_class(drawn: Drawn) -> None:
    assert {pair.label for pair in drawn.pairs} == set(CLASSES)
    assert "near_miss" in {pair.edit for pair in drawn.pairs}
    assert not set(HELD_OUT_IMITATIONS) & {pair.edit for pair in drawn.pairs}
    for pair in drawn.pairs:
        assert drawn.brands[pair.reference] == pair.brand
        assert (pair.changed.max() > 0) == (pair.label != "genuine")


def test_a_short_training_runs_and_exports_to_what_torch_computes(drawn: Drawn, tmp_path: Path) -> None:
    alignments = aligned_pairs(drawn.pairs, drawn.prepared(), aligner=Aligner(bundle_folder() / ALIGNER))
    lines: list[str] = []
    recipe = ViewRecipe(epochs=1, batch=4, crude_share=0.9, crude_noise=0.01, fine_noise=0.01)
    embedder = EmbedderNetwork()
    network = fit_close_look(drawn, alignments, embedder=embedder, recipe=recipe, report=lines.append)
    assert len(lines) == 1
    assert torch.equal(
        network.trunk[0].convolution.weight,  # type: ignore[union-attr,arg-type]
        embedder.trunk[0].convolution.weight,  # type: ignore[union-attr,arg-type]
    ), "the trunk stays the embedder's"
    export_close_look(network, tmp_path / FILE)
    exported, rng = Siamese(tmp_path / FILE, outputs=["logits", "maps"]), np.random.default_rng(0)
    for frame in (SQUARE, WIDE, TALL):
        pair = rng.integers(0, 256, (1, 2, *frame, 3), np.uint8)
        with torch.no_grad():
            expected = network(torch.from_numpy(pair))
        for found, known in zip(exported.compare_all(pair), expected, strict=True):
            assert found == pytest.approx(known.numpy(), abs=1e-3)


def test_a_training_begins_from_an_earlier_release(drawn: Drawn) -> None:
    alignments = aligned_pairs(drawn.pairs, drawn.prepared(), aligner=Aligner(bundle_folder() / ALIGNER))
    still = ViewRecipe(epochs=1, batch=16, learning_rate=1e-9)
    released = CloseLookNetwork()
    load_weights(released, bundle_folder() / WEIGHTS)
    begun = fit_close_look(
        drawn, alignments, embedder=EmbedderNetwork(), recipe=still, report=print, start=bundle_folder() / WEIGHTS
    )
    assert torch.allclose(begun.out[1].weight, released.out[1].weight, atol=1e-5)  # type: ignore[arg-type]


def part_way(learnt: CloseLookNetwork, share: float) -> CloseLookNetwork:
    found = deepcopy(learnt)
    go_part_way(found, bundle_folder() / WEIGHTS, share=share)
    return found


def test_between_two_networks_lie_their_weights() -> None:
    released, learnt = CloseLookNetwork(), CloseLookNetwork()
    load_weights(released, bundle_folder() / WEIGHTS)
    for share, nearest in ((0.0, released), (1.0, learnt)):
        found = part_way(learnt, share)
        assert torch.equal(found.out[1].weight, nearest.out[1].weight)  # type: ignore[arg-type]
    halfway = part_way(learnt, 0.5).out[1].weight
    assert torch.allclose(2 * halfway, released.out[1].weight + learnt.out[1].weight)  # type: ignore[operator,arg-type]


@pytest.mark.parametrize("frame", [SQUARE, WIDE, TALL])
def test_every_frame_has_its_maps(frame: tuple[int, int]) -> None:
    logits, maps = CloseLookNetwork().eval()(torch.zeros((1, 2, *frame, 3), dtype=torch.uint8))
    assert logits.shape == (1, len(CLASSES))
    assert maps.shape == (1, 2, frame[0] // MAP_STRIDE, frame[1] // MAP_STRIDE)
    assert torch.isfinite(logits).all()


def test_what_its_word_is_worth_is_written_and_nothing_else(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundle_folder(), tmp_path / "bundle"))
    before = json.loads((folder / CALIBRATION).read_text())
    drawn = draw_looks(LOGOS, count=60, seed=5, backgrounds=Backgrounds(), fonts=[FACE])
    said: list[str] = []
    weigh_close_look(folder, drawn, embed=Embedder(folder / "embedder.onnx").embed, report=said.append)
    after = json.loads((folder / CALIBRATION).read_text())
    assert after["close_look"]["look"] > 0, "what looks imitated is"
    assert after["close_look"] != before["close_look"]
    assert {**after, "close_look": None} == {**before, "close_look": None}
    assert np.isfinite(list(after["close_look"].values())).all()


def test_pairs_drawn_in_parts_keep_their_references(drawn: Drawn) -> None:
    other = draw_looks(LOGOS, count=6, seed=4, backgrounds=Backgrounds(), fonts=[FACE])
    whole = joined([other, drawn])
    assert len(whole.pairs) == len(other.pairs) + len(drawn.pairs)
    for pair in whole.pairs:
        assert whole.brands[pair.reference] == pair.brand
    assert np.array_equal(whole.pictures[whole.pairs[6].reference], drawn.pictures[drawn.pairs[0].reference])


def test_processes_draw_what_the_seed_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.verifier.close_look.fetch_fonts", lambda: [FACE])
    first, again = (drawn_in_parts("dev", [], counts=Counts(8, 0), logos=None, seed=3) for _ in range(2))
    assert len(first.pairs) == 8
    for one, other in zip(first.pairs, again.pairs, strict=True):
        assert np.array_equal(one.region, other.region)
    assert len({pair.region.tobytes() for pair in first.pairs}) == 8, "no two parts draw the same"
