from __future__ import annotations

import random

import pytest
from rapidfuzz.distance import OSA

from serve.text.near_words import FEWEST_EXCHANGED, FEWEST_MISSPELT, NearWords

WORDS = NearWords(["balenciaga", "versace", "cartier", "gucci", "hilfiger"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("balanciaga", ["balenciaga"]),
        ("versache", ["versace"]),
        ("vresace", ["versace"]),
        ("hilfigger", ["hilfiger"]),
        ("cartir", ["cartier"]),
        ("carrier", []),
        ("artier", []),
        ("gucc", []),
        ("cartier", []),
        ("", []),
    ],
)
def test_a_word_may_be_misspelt_by_a_letter(text: str, words: list[str]) -> None:
    assert WORDS.near(text) == words


def test_misspelt_words_are_those_that_a_look_at_every_word_finds() -> None:
    rng = random.Random(7)
    words = {"a" + "".join(rng.choices("ab", k=rng.randint(5, 10))) for _ in range(150)}
    index = NearWords(words)

    def misspells(text: str, word: str) -> bool:
        if len(word) < FEWEST_MISSPELT or OSA.distance(text, word) != 1:
            return False
        exchanged = len(text) == len(word) and sorted(text) != sorted(word)
        return not exchanged or len(word) >= FEWEST_EXCHANGED

    for _ in range(300):
        text = "a" + "".join(rng.choices("ab", k=rng.randint(4, 11)))
        assert index.near(text) == sorted(word for word in words if misspells(text, word)), text
