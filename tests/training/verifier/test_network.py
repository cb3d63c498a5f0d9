from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from model.alignment import FRAME_SIDE, box_matrix, laid_in_frame, reference_corners
from model.networks.aligner import AlignerNetwork
from model.networks.verifier import VerifierNetwork
from model.siamese import Siamese
from model.verifier import ALIGNER, Aligner, VerdictHead
from training.edits.imitations import HELD_OUT_IMITATIONS
from training.edits.smears import HELD_OUT_SMEARS
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos
from training.verifier.aligner import fit_aligner, true_flow
from training.verifier.drawing import draw_pairs
from training.verifier.head import fit_head
from training.verifier.layout import MAP_SIDE
from training.verifier.network import fit_network
from training.verifier.pairs import ANYHOW, LABELS, draw_pair
from training.verifier.release import NETWORK, aligned_pairs, export_aligner, export_judge
from training.verifier.rivals import with_hard_references
from training.verifier.views import ViewRecipe, true_matrix

LOGOS = load_logos()[200:240]


@pytest.fixture(scope="module")
def drawn():
    return draw_pairs(LOGOS, count=36, seed=3, backgrounds=Backgrounds())


def test_every_class_is_drawn_and_each_reference_belongs_to_its_pair(drawn):
    assert {pair.label for pair in drawn.pairs} == set(LABELS)
    for pair in drawn.pairs:
        assert pair.region.dtype == np.uint8
        assert (pair.reference < 0) == (pair.label == "unrelated")
        assert np.isnan(pair.quad).any() == (pair.label == "unrelated")
        assert (pair.changed.max() > 0) == (pair.label in ("smear", "imitation"))
        if pair.reference >= 0:
            assert drawn.brands[pair.reference] == pair.brand


def test_kept_out_edits_are_drawn_only_when_asked_for(drawn):
    kept_out = {*HELD_OUT_SMEARS, *HELD_OUT_IMITATIONS}
    assert not kept_out & {pair.edit for pair in drawn.pairs}
    unseen = draw_pairs(LOGOS, count=12, seed=4, backgrounds=Backgrounds(), unseen=True)
    edited = {pair.edit for pair in unseen.pairs if pair.label in ("smear", "imitation")}
    assert edited
    assert edited <= kept_out


def test_some_smears_are_made_by_no_tool():
    rng = np.random.default_rng(5)
    draw = partial(draw_pair, LOGOS, 5, label="smear", rng=rng, backgrounds=Backgrounds())
    edits = [draw(unseen=False).edit for _ in range(24)]
    assert 2 < edits.count(ANYHOW) < 20
    assert {draw(unseen=True).edit for _ in range(6)} <= set(HELD_OUT_SMEARS)


def test_the_same_seed_draws_the_same_pair():
    first, second = (
        draw_pair(LOGOS, 5, label="smear", rng=np.random.default_rng(9), backgrounds=Backgrounds(), unseen=False)
        for _ in range(2)
    )
    assert (first.region == second.region).all()
    assert first.edit == second.edit


def test_known_corners_lay_a_genuine_mark_on_its_reference(drawn):
    pair = next(pair for pair in drawn.pairs if pair.label == "genuine")
    matrix = true_matrix(pair)
    assert matrix is not None
    places = (pair.quad * [pair.region.shape[1], pair.region.shape[0]]).astype(np.float32)
    assert cv2.perspectiveTransform(places[:, None], matrix)[:, 0] == pytest.approx(reference_corners(), abs=0.01)


def test_the_flow_of_a_shift_is_that_shift_everywhere():
    flow = true_flow(np.tile([0.05, -0.1], 4).astype(np.float32))
    cells = FRAME_SIDE / 8
    assert flow[0] == pytest.approx(0.05 * cells, abs=1e-3)
    assert flow[1] == pytest.approx(-0.1 * cells, abs=1e-3)


def test_a_short_training_runs_and_both_networks_export_to_what_torch_computes(drawn, tmp_path):
    references = drawn.prepared()
    frames = np.stack([reference.frame for reference in references])
    pairs = with_hard_references(drawn, frames, seed=1)
    recipe = ViewRecipe(epochs=2, batch=12)
    lines: list[str] = []
    aligner = fit_aligner(pairs, frames, recipe=recipe, report=lines.append)
    export_aligner(tmp_path, aligner)
    alignments = aligned_pairs(pairs, references, aligner=Aligner(tmp_path / ALIGNER))
    judge = fit_network(pairs, frames, recipe=recipe, report=lines.append, alignments=alignments)
    export_judge(tmp_path, judge)
    assert len(lines) == 4
    pictures = np.stack([laid_in_frame(pairs[0].region, box_matrix(pairs[0].region)), frames[0]])[None]
    for network, file, outputs in ((aligner, ALIGNER, ["flow", "doubt"]), (judge, NETWORK, ["logits", "maps"])):
        with torch.no_grad():
            expected = network(torch.from_numpy(pictures))
        exported = Siamese(tmp_path / file, outputs=outputs)
        for found, known in zip(exported.compare_all(pictures), expected, strict=True):
            assert found == pytest.approx(known.numpy(), abs=1e-3)


def test_a_training_that_was_interrupted_ends_as_one_that_was_not(drawn, tmp_path):
    frames = np.stack([reference.frame for reference in drawn.prepared()])
    pairs = with_hard_references(drawn, frames, seed=1)
    recipe = ViewRecipe(epochs=2, batch=12)

    def breaks_off(_line):
        raise KeyboardInterrupt

    for fit in (fit_aligner, fit_network):
        whole = fit(pairs, frames, recipe=recipe, report=lambda _line: None)
        checkpoint = tmp_path / f"{fit.__name__}.pt"
        with pytest.raises(KeyboardInterrupt):
            fit(pairs, frames, recipe=recipe, report=breaks_off, checkpoint=checkpoint)
        resumed = fit(pairs, frames, recipe=recipe, report=lambda _line: None, checkpoint=checkpoint)
        kept = resumed.state_dict()
        assert all(torch.equal(value, kept[name]) for name, value in whole.state_dict().items())
        with pytest.raises(ValueError, match="another training"):
            fit(pairs[:20], frames, recipe=recipe, report=lambda _line: None, checkpoint=checkpoint)
        others = [replace(pair, region=255 - pair.region) for pair in pairs]
        with pytest.raises(ValueError, match="another training"):
            fit(others, frames, recipe=recipe, report=lambda _line: None, checkpoint=checkpoint)


def test_networks_bear_flat_pictures():
    flat = torch.full((1, 2, FRAME_SIDE, FRAME_SIDE, 3), 255, dtype=torch.uint8)
    for network in (AlignerNetwork(), VerifierNetwork()):
        assert all(torch.isfinite(output).all() for output in network.eval()(flat))


def test_the_map_of_a_verdict_has_the_cells_that_pairs_teach():
    flat = torch.zeros((1, 2, FRAME_SIDE, FRAME_SIDE, 3), dtype=torch.uint8)
    assert VerifierNetwork().eval()(flat)[1].shape == (1, 2, MAP_SIDE, MAP_SIDE)


def test_the_head_learns_what_numbers_tell_and_its_temperature_calibrates():
    rng = np.random.default_rng(0)
    brands = [f"brand{number % 60}" for number in range(3000)]  # enough to set some apart for the temperature
    labels = rng.integers(0, 4, 3000)
    numbers = rng.normal(size=(3000, 6)).astype(np.float32)
    numbers[np.arange(3000), labels] += 2.5
    head = VerdictHead(fit_head(numbers, labels, brands=brands))
    found = head.probabilities(numbers)
    assert (found.argmax(axis=1) == labels).mean() > 0.85
    assert abs(found.max(axis=1).mean() - (found.argmax(axis=1) == labels).mean()) < 0.04
