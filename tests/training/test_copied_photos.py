import numpy as np
import pytest
from drawn_garment import product

import training.copied_photos
from model.encoding import png
from model.photo_agreement import NAMES
from model.photo_copy import CopyWeights
from training.copied_photos import Agreed, CopySettings, drawn_pairs, fit_copies, fitted_weights, package_pairs
from training.evaluation.datasets import Photo
from training.evaluation.report import quietly

SIZE = len(NAMES)


def rows(kind: str, mean: float, count: int, rng: np.random.Generator) -> list[Agreed]:
    """Pictures that measure about `mean` in the first number, and noise in the others."""
    numbers = rng.normal(0, 0.3, (count, SIZE))
    numbers[:, 0] += mean
    return [Agreed(row, kind, place) for place, row in enumerate(numbers)]


def found(count: int) -> list[Agreed]:
    rng = np.random.default_rng(0)
    return [
        *rows("copy", 1.0, count, rng),
        *rows("wiped copy", 1.0, count, rng),
        *rows("other shot", -1.0, count, rng),
        *rows("other colour", 1.0, 3, rng),
        *(Agreed(None, "other shot", place) for place in range(count)),
    ]


def test_the_weights_tell_the_two_apart_and_call_as_many_others_copies_as_may_be():
    drawn = found(400)
    written = fitted_weights(drawn, most_false=0.01)
    weights = CopyWeights(written["intercept"], tuple(written["weights"][name] for name in NAMES))
    called = np.array([one.numbers is not None and weights.probability(one.numbers) >= 0.5 for one in drawn])
    copied, kinds = (np.array([getattr(one, name) for one in drawn]) for name in ("copied", "kind"))
    assert called[copied].mean() > 0.97
    assert called[~copied].mean() <= 0.012
    assert called[kinds == "other shot"].mean() < 0.01
    assert written["cross_fitted"]["other colour"] == {"seen": 3, "called_copies": 1.0}
    assert written["cross_fitted"]["other shot"]["seen"] == 800


def test_the_fewer_others_may_be_called_copies_the_more_copies_are_refused():
    strict, loose = (fitted_weights(found(400), most_false=share)["intercept"] for share in (0.0, 0.02))
    assert strict < loose


@pytest.fixture
def photos(tmp_path):
    """A garment, and two packages of which the second is the first with another print."""
    other = product()
    other[200:330, 120:280] = 255 - other[330:200:-1, 280:120:-1]
    pictures = {"garment": np.ascontiguousarray(product()[:, ::-1]), "package": product(), "other": other}
    for name, picture in pictures.items():
        (tmp_path / f"{name}.png").write_bytes(png(picture))
    return [Photo(tmp_path / f"{name}.png") for name in pictures]


def test_copies_and_what_looks_like_them_are_measured(photos):
    settings = CopySettings(references=16)
    drawn = list(drawn_pairs(photos[:1], photos[1:2], settings=settings, progress=quietly))
    assert {"copy", "wiped copy", "other shot", "other colour"} <= {one.kind for one in drawn}
    measured = [one for one in drawn if one.numbers is not None]
    assert all(one.numbers.shape == (SIZE,) for one in measured)
    fine = {copied: np.median([one.numbers[2] for one in measured if one.copied == copied]) for copied in (False, True)}
    assert fine[True] > fine[False] + 0.3


def test_packages_are_compared_with_each_other_and_not_with_themselves(photos):
    pairs = list(package_pairs(photos[1:], progress=quietly))
    assert all(not one.copied and one.reference < 0 for one in pairs)
    assert not list(package_pairs(photos[1:2], progress=quietly))


def test_the_command_writes_what_the_bundle_reads(tmp_path, monkeypatch, photos):
    monkeypatch.setattr(training.copied_photos, "drawn_pairs", lambda *_, **__: found(60))
    monkeypatch.setattr(training.copied_photos, "plain_photos", lambda _: photos[:1])
    monkeypatch.setattr(training.copied_photos, "grocery_products", list)
    written = fit_copies(tmp_path / "photo_copy.json", settings=CopySettings(), progress=quietly)
    assert set(written["weights"]) == set(NAMES)
    from model.photo_copy import load_copy_weights

    assert load_copy_weights(tmp_path / "photo_copy.json").intercept == written["intercept"]
