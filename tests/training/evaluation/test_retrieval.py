import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from training.evaluation.retrieval import mean_average_precision, recall_at_1, top_label


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, 6)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rng.integers(0, 4, 40), rng.integers(0, 15, 40)


def test_recall_looks_outside_the_own_photo() -> None:
    vectors = np.array([[1, 0], [1, 0], [0.9, 0.435], [0, 1]], np.float32)
    label = np.array(["a", "b", "a", "b"])
    assert recall_at_1(vectors, label).tolist() == [False, False, True, False]
    assert recall_at_1(vectors, label, group=np.array([0, 0, 1, 2])).tolist() == [True, False, True, False]


def test_average_precision_agrees_with_sklearn(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    vectors, label, group = drawn
    ours = mean_average_precision(vectors, label, group=group)
    for query in range(len(vectors)):
        others = group != group[query]
        theirs = average_precision_score(label[others] == label[query], vectors[others] @ vectors[query])
        assert ours[query] == pytest.approx(theirs, abs=1e-6)


def test_a_query_without_a_like_has_no_precision() -> None:
    found = mean_average_precision(np.eye(3, dtype=np.float32), np.array([0, 1, 1]))
    assert np.isnan(found[0])
    assert np.isfinite(found[1:]).all()


def test_the_nearest_reference_names_the_query() -> None:
    named = top_label(np.array([[0.9, 0.1]], np.float32), np.eye(2, dtype=np.float32), np.array(["a", "b"]))
    assert named.tolist() == ["a"]
