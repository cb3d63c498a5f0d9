from __future__ import annotations

import numpy as np

from model.networks.embedder import EmbedderNetwork
from training.evaluation.crops import Pictures
from training.evaluation.matchers import Cosine, PooledFeatures, Sift, lab_thumbnails

RED, GREY = (np.full((30, 40, 3), colour, np.uint8) for colour in ((250, 10, 10), (119, 119, 119)))


def test_thumbnails_tell_colours_and_say_nothing_of_grey() -> None:
    red, grey, blue = lab_thumbnails([RED, GREY, np.ascontiguousarray(RED[..., ::-1])])
    assert red @ red > 0.999
    assert red @ blue < 0.5
    assert abs(float(grey @ red)) < 0.6
    assert lab_thumbnails([RED]).shape == (1, 192)


def test_features_are_of_length_one() -> None:
    features = PooledFeatures(EmbedderNetwork())([RED, GREY])
    assert features.shape == (2, 1280)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0, atol=1e-5)


def test_a_slow_method_gets_a_sample_of_the_queries() -> None:
    names = np.array([f"{number}" for number in range(400)])
    queries = Pictures([RED] * 400, names, names)
    asked = queries.bearable(Sift())
    assert len(asked.pictures) == Sift().most_queries
    assert len(set(asked.label.tolist())) == len(asked.pictures)
    assert queries.bearable(Cosine("any", lab_thumbnails)) is queries
