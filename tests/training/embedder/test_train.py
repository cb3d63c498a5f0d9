"""The whole way from logos to a trained, released embedder, on a handful of brands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from model.networks.embedder import INPUT_SIZE, EmbedderNetwork, imagenet_network
from model.networks.weights import save_weights
from training.embedder.release import release
from training.embedder.train import LabelledViews, Settings, discriminant, train, trained_network
from training.embedder.views import Plan, Views, planned_views, reference, render_views
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import is_held_out, load_logos, split_of

PLAN = Plan(size=64, photos_per_brand=3)
SETTINGS = Settings(
    steps=2, brands=6, products=0, garments=0, size=64, evaluate_every=2, head_start_views=80, warm_up_steps=1
)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    logos = load_logos(None)
    chosen = [logo for logo in logos if split_of(logo.brand) == "train"][:24]
    chosen += [logo for logo in logos if split_of(logo.brand) == "dev"][:4]
    chosen += [logo for logo in logos if is_held_out(logo.brand)][:4]
    folder = tmp_path_factory.mktemp("views")
    for _ in render_views(folder, plan=PLAN, logos=chosen, products=[], backgrounds=Backgrounds()):
        pass
    return Views(folder)


def test_views_are_of_the_plan_and_never_of_a_held_out_brand(views: Views) -> None:
    assert views.done.all()
    assert len(views.views) == 28 * 5
    assert not any(is_held_out(view.group) for view in views.views)
    assert all(np.ptp(picture) > 10 for picture in views.pixels)


def test_rendering_again_gives_the_same_bytes_in_any_share(views: Views, tmp_path: Path) -> None:
    logos = [logo for logo in load_logos(None) if logo.brand in {view.group for view in views.views}]
    for share in ((0, 2), (1, 2)):
        made = render_views(tmp_path, plan=PLAN, logos=logos, products=[], backgrounds=Backgrounds(), share=share)
        assert len(list(made)) == 70
    assert not list(render_views(tmp_path, plan=PLAN, logos=logos, products=[], backgrounds=Backgrounds()))
    plain = [row for row, view in enumerate(views.views) if view.style in ("clean", "reversed")]
    np.testing.assert_array_equal(Views(tmp_path).pixels[plain], views.pixels[plain])


def test_another_plan_is_refused(views: Views, tmp_path: Path) -> None:
    logos = load_logos(None)[:3]
    list(render_views(tmp_path, plan=PLAN, logos=logos, products=[], backgrounds=Backgrounds()))
    with pytest.raises(ValueError, match="another plan"):
        list(render_views(tmp_path, plan=Plan(seed=9), logos=logos, products=[], backgrounds=Backgrounds()))


def test_products_and_white_marks() -> None:
    assert not planned_views(PLAN, logos=[], products=[])
    white = np.full((50, 50, 4), 255, np.uint8)
    assert reference(white)[0, 0].max() <= 24  # on a dark ground, else nothing would be seen


def test_training_lowers_nothing_silently_and_goes_on(views: Views, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    steps = list(train(views, checkpoint=checkpoint, settings=SETTINGS))
    assert [progress.step for progress in steps] == [1, 2]
    assert all(np.isfinite(progress.loss) for progress in steps)
    assert steps[-1].development is not None
    assert 0 <= steps[-1].development["selection"] <= 1
    assert not list(train(views, checkpoint=checkpoint, settings=SETTINGS))  # nothing is left to do
    with pytest.raises(ValueError, match="same settings"):
        list(train(views, checkpoint=checkpoint, settings=replace(SETTINGS, seed=5)))
    save_weights(imagenet_network(), released := tmp_path / "embedder.fp16.npz")
    with pytest.raises(ValueError, match="began from other weights"):
        list(train(views, checkpoint=checkpoint, settings=SETTINGS, start=released))
    network = trained_network(checkpoint)
    with torch.no_grad():
        lengths = network(torch.from_numpy(np.array(views.pixels[:2]))).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(2))


def test_a_training_in_parts_learns_from_the_same_rivals(views: Views, tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=3, evaluate_every=3, rivals_from=0, rivals_every=2)
    list(train(views, checkpoint=tmp_path / "whole.pt", settings=settings))
    for _ in range(settings.steps):
        (_,) = train(views, checkpoint=tmp_path / "parts.pt", settings=replace(settings, seconds=0.0))
    whole, parts = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("whole", "parts"))
    assert parts["rivals"] == whole["rivals"] != {}
    for name, value in whole["network"].items():
        torch.testing.assert_close(parts["network"][name], value)


class TwoPictures:
    """Two pictures of noise beside every batch, alike or not."""

    def __init__(self, *, alike: bool) -> None:
        self.pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
        self._alike = np.full((2, 2), alike) | np.eye(2, dtype=bool)

    def draw(self, rng: np.random.Generator) -> LabelledViews:
        return LabelledViews(self.pixels, self._alike)


def test_real_pictures_are_pulled_together_or_pushed_apart(views: Views, tmp_path: Path) -> None:
    released = tmp_path / "embedder.fp16.npz"
    torch.manual_seed(0)
    save_weights(imagenet_network(), released)
    settings = replace(SETTINGS, averaging=0.0, head_rate=3e-3)
    cosines = {}
    for alike in (True, False):
        real, checkpoint = TwoPictures(alike=alike), tmp_path / f"{alike}.pt"
        list(train(views, checkpoint=checkpoint, settings=settings, start=released, real=real))
        with torch.no_grad():
            one, other = trained_network(checkpoint)(torch.from_numpy(real.pixels))
        cosines[alike] = float(one @ other)
    assert cosines[True] > cosines[False] + 0.05


def test_discriminant_spans_what_sklearn_finds() -> None:
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(5), 30)
    features = rng.standard_normal((5, 12))[label] * 2 + rng.standard_normal((150, 12)) @ rng.standard_normal((12, 12))
    weights, bias = discriminant(features, label, dimension=4, shrinkage=0.0)
    ours = features @ weights.T + bias
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(features, label).transform(features)
    assert np.abs(ours.mean(axis=0)).max() < 1e-9
    correlation = np.abs(np.corrcoef(ours.T, theirs.T)[:4, 4:])
    assert correlation.max(axis=1).min() > 0.99


def test_release_needs_the_served_size(views: Views, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(INPUT_SIZE)):
        release(EmbedderNetwork(), views=views, folder=tmp_path)
