import cv2
import numpy as np
import pytest

from model.alignment import prepare_reference
from model.reading import Reader, Reading


@pytest.fixture(scope="module")
def reader():
    return Reader()


def drawn(word: str) -> np.ndarray:
    picture = np.full((110, 360, 3), 255, np.uint8)
    cv2.putText(picture, word, (12, 80), cv2.FONT_HERSHEY_DUPLEX, 2.2, (20, 40, 120), 6, cv2.LINE_AA)
    return picture


def test_a_word_is_read_as_it_is_known(reader):
    reference = prepare_reference(drawn("ADIDAS"))
    reading = reader.read(reference.picture, reference)
    assert reading.outcome == "as_known"
    assert reading.seen == "ADIDAS"


def test_a_near_miss_is_told_and_its_letter_named(reader):
    reference, imitation = (prepare_reference(drawn(word)) for word in ("ADIDAS", "ABIDAS"))
    laid = cv2.resize(imitation.picture, reference.picture.shape[1::-1])
    reading = reader.read(laid, reference)
    assert reading.outcome == "near_miss"
    assert reading.difference() == "letter 2 differs: B for D"


def test_a_mark_without_words_is_not_read(reader):
    picture = np.full((100, 100, 3), 255, np.uint8)
    cv2.circle(picture, (50, 50), 40, (200, 30, 30), 8)
    reference = prepare_reference(picture)
    assert reader.read(reference.picture, reference) is None


def test_a_blank_where_the_word_should_be_is_no_near_miss(reader):
    reference = prepare_reference(drawn("ADIDAS"))
    assert reader.read(np.full_like(reference.picture, 200), reference).outcome == "otherwise"


@pytest.mark.parametrize(
    ("seen", "confidence", "outcome"),
    [
        ("adidas", 0.95, "as_known"),
        ("abidas", 0.95, "near_miss"),
        ("abidas", 0.4, "otherwise"),
        ("PUMA", 0.99, "otherwise"),
        ("ADIDASS", 0.99, "otherwise"),
        ("abubus", 0.99, "otherwise"),
    ],
)
def test_outcomes(seen, confidence, outcome):
    assert Reading("ADIDAS", seen, confidence).outcome == outcome
