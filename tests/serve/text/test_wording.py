from __future__ import annotations

import unicodedata

import pytest
from pydantic import TypeAdapter, ValidationError

from serve.text.wording import MOST_ACCENTS, Name, clean


@pytest.mark.parametrize(
    "text", ["Cap\n\tblue", "cafe\u0301", "Tie\u0302\u0323ng", "한글", "a" + "\u0301" * MOST_ACCENTS]
)
def test_what_people_write_is_composed(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("accents", ["\u0315\u0300", "\u0344", "\u0f73"])
def test_of_thousands_of_accents_no_more_than_a_few_are_sorted_together(accents: str) -> None:
    cleaned = clean("a" + accents * 2_000)
    apart = unicodedata.normalize("NFD", cleaned)
    runs = "".join("a" if unicodedata.combining(one) else " " for one in apart).split()
    assert max(map(len, runs)) == MOST_ACCENTS
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("text", ["a\0b", "\x1b[0m", "\ud800"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        clean(text)


@pytest.mark.parametrize("name", ["a\nb", "Zero\u200bWidth", "\u202eevil", "\u200d", "\u00ad", "a\u2028x", " "])
def test_a_name_is_seen_and_on_one_line(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize("name", ["Nike", "可口可乐", "H&M", "7-Eleven", "می\u200cخواهم", "👨\u200d👩\u200d👧", "+"])
def test_a_name_may_be_of_any_script(name: str) -> None:
    assert TypeAdapter(Name).validate_python(f" {name} ") == name
