import numpy as np
import pytest
from drawn_garment import product

import training.copied_photos
from model.encoding import png
from model.photo_agreement import NAMES, AgreementWeights
from training.copied_photos import Agreed, CopySettings, drawn_pairs, fit_copies, fitted_weights, package_pairs
from training.evaluation.datasets import Photo

SIZE = len(NAMES)


def quiet(items, *_):
    return items


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
    ]


def test_the_weights_tell_the_two_apart_and_lose_as_many_copies_as_wanted():
    drawn = found(400)
    written = fitted_weights(drawn, most_lost=0.02)
    weights = AgreementWeights(written["intercept"], tuple(written["weights"][name] for name in NAMES))
    called = np.array([weights.probability(one.numbers) >= 0.5 for one in drawn])
    kinds = np.array([one.kind for one in drawn])
    assert 0.01 <= 1 - called[[one.copied for one in drawn]].mean() <= 0.03
    assert called[kinds == "other shot"].mean() < 0.01
    assert written["cross_fitted"]["other shot"] == {"seen": 400, "called_copies": 0.0}
    assert written["cross_fitted"]["other colour"] == {"seen": 3, "called_copies": 1.0}


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
    drawn = list(drawn_pairs(photos[:1], photos[1:2], settings=settings, progress=quiet))
    assert all(one.numbers.shape == (SIZE,) for one in drawn)
    assert {"copy", "wiped copy", "other colour"} <= {one.kind for one in drawn}
    fine = {copied: np.median([one.numbers[2] for one in drawn if one.copied == copied]) for copied in (False, True)}
    assert fine[True] > fine[False] + 0.3


def test_packages_are_compared_with_each_other_and_not_with_themselves(photos):
    pairs = list(package_pairs(photos[1:], progress=quiet))
    assert all(not one.copied and one.reference < 0 for one in pairs)
    assert not list(package_pairs(photos[1:2], progress=quiet))


def test_the_command_writes_what_the_bundle_reads(tmp_path, monkeypatch, photos):
    monkeypatch.setattr(training.copied_photos, "drawn_pairs", lambda *_, **__: found(60))
    monkeypatch.setattr(training.copied_photos, "plain_photos", lambda _: photos[:1])
    monkeypatch.setattr(training.copied_photos, "grocery_products", list)
    written = fit_copies(tmp_path / "photo_copy.json", settings=CopySettings(), progress=quiet)
    assert set(written["weights"]) == set(NAMES)
    from model.photo_agreement import load_agreement_weights

    assert load_agreement_weights(tmp_path / "photo_copy.json").intercept == written["intercept"]
