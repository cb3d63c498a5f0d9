from __future__ import annotations

import pytest

from serve.brand_words import BrandNames, BrandWords, Spelled
from serve.results import Listing

WORDS = BrandWords(
    {
        "nike": BrandNames("Nike", ("Air Max", "耐克")),
        "cola": BrandNames("Coca-Cola", ()),
        "mule": BrandNames("Mule", ()),
        "gap": BrandNames("GÄP", ()),
        "hp": BrandNames("HP", ()),
    }
)


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("New NIKE shoes", ["nike"]),
        ("airmax 90", ["nike"]),
        ("Air  Max 90", ["nike"]),
        ("coca cola glass", ["cola"]),
        ("mind the gap", ["gap"]),
        ("N*ke trainers", ["nike"]),
        ("C#ca-C#la glass", ["cola"]),
        ("正品耐克鞋", ["nike"]),
        ("niked shoes, snike", []),
        ("an HP printer", []),
        ("*ike", []),
        ("N***", []),
        ("", []),
    ],
)
def test_what_a_seller_writes_names_brands(text: str, brands: list[str]) -> None:
    assert WORDS.named_in(Listing(title=text)) == brands


def test_the_claimed_brand_comes_first_and_each_once() -> None:
    listing = Listing(title="mule or Nike", description="nike, coca-cola", brand_claimed="GAP")
    assert WORDS.named_in(listing) == ["gap", "mule", "nike", "cola"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("NIKE", [Spelled("nike", "nike", "nike")]),
        ("Enjoy Coca-Cola", [Spelled("cola", "cocacola", "cocacola")]),
        ("coca-colo", [Spelled("cola", "cocacola", "cocacolo")]),
        ("AIR MAX NIKE", [Spelled("nike", "airmax", "airmax")]),
        ("nikf", []),
        ("cola", []),
    ],
)
def test_what_is_read_spells_brands(line: str, found: list[Spelled]) -> None:
    assert WORDS.spelled(line) == found


def test_exact_and_near_are_told_apart() -> None:
    assert [one.kind for one in (*WORDS.spelled("cocacola"), *WORDS.spelled("cocacole"))] == ["exact", "near"]


def test_a_changed_brand_goes_by_its_new_words_only() -> None:
    changed = WORDS.with_brands({"nike": BrandNames("Victory", ())})
    assert changed.named_in(Listing(title="nike victory")) == ["nike"]
    assert changed.named_in(Listing(title="nike")) == []
    assert WORDS.named_in(Listing(title="nike")) == ["nike"]
    assert "new" in WORDS.with_brands({"new": BrandNames("New", ())})
