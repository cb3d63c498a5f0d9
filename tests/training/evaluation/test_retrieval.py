import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from training.evaluation.retrieval import (
    among_first,
    average_precisions,
    best_by_label,
    expanded,
    first_is_right,
    hide_own,
    recall_at_1,
    true_accepts,
)


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


def test_queries_and_gallery_may_differ() -> None:
    similarities = np.array([[0.2, 0.9, 0.1], [0.5, 0.4, 0.6]], np.float32)
    assert first_is_right(similarities, np.array(["b", "b"]), np.array(["a", "b", "c"])).tolist() == [True, False]


def test_average_precision_agrees_with_sklearn(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    vectors, label, group = drawn
    ours = average_precisions(hide_own(vectors @ vectors.T, group, group), label, label)
    for query in range(len(vectors)):
        others = group != group[query]
        theirs = average_precision_score(label[others] == label[query], vectors[others] @ vectors[query])
        assert ours[query] == pytest.approx(theirs, abs=1e-6)


def test_expansion_asks_with_the_sum_of_the_nearest_of_other_photos(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    vectors, _, group = drawn
    found = expanded(vectors @ vectors.T, group, first=2)
    for query, vector in enumerate(vectors):
        others = np.flatnonzero(group != group[query])
        nearest = others[np.argsort(-(vectors[others] @ vector))[:2]]
        assert found[query] == pytest.approx(vectors @ (vector + vectors[nearest].sum(axis=0)), abs=1e-5)


def test_a_query_without_a_like_has_no_precision() -> None:
    label = np.array([0, 1, 1])
    own = np.arange(3)
    found = average_precisions(hide_own(np.eye(3, dtype=np.float32), own, own), label, label)
    assert np.isnan(found[0])
    assert np.isfinite(found[1:]).all()


def test_a_label_is_as_similar_as_its_most_similar_picture() -> None:
    best, labels = best_by_label(np.array([[0.1, 0.7, 0.3, 0.2]], np.float32), np.array(["b", "a", "b", "c"]))
    assert labels.tolist() == ["a", "b", "c"]
    assert best[0].tolist() == pytest.approx([0.7, 0.3, 0.2])


def test_a_tie_is_no_right_answer() -> None:
    similarities = np.array([[0.9, 0.5, 0.1], [0.5, 0.5, 0.1]], np.float32)
    asked, labels = np.array(["a", "a"]), np.array(["a", "b", "c"])
    assert among_first(similarities, asked, labels, first=1).tolist() == [True, False]
    assert among_first(similarities, asked, labels, first=2).tolist() == [True, True]


def test_a_query_whose_label_is_not_there_is_never_right() -> None:
    assert not among_first(np.zeros((1, 2), np.float32), np.array(["x"]), np.array(["a", "b"]), first=5).any()


def test_true_accepts_lie_above_the_allowed_false_ones() -> None:
    query, gallery = np.array(["a", "b"]), np.array(["a", "b", "b"])
    similarities = np.array([[0.9, 0.8, 0.1], [0.3, 0.95, 0.2]], np.float32)
    accept = {"group": np.arange(2), "resamples": 20}
    # False pairs: 0.8, 0.1 and 0.3. None allowed: 0.9 and 0.95 pass; one of three allowed: all above 0.3 do.
    assert true_accepts(similarities, query, gallery, false_accept_rate=0.0, **accept).value == pytest.approx(2 / 3)
    assert true_accepts(similarities, query, gallery, false_accept_rate=1.0, **accept).value == 1.0


def test_pairs_of_one_similarity_are_accepted_together_or_not_at_all() -> None:
    label = np.array(["a", "b"])
    found = true_accepts(np.ones((2, 2), np.float32), label, label, group=np.arange(2), resamples=5)
    assert (found.value, found.count) == (0.0, 2)
