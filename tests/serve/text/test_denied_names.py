from __future__ import annotations

import time

import pytest

from serve.text.brand_words import BrandNames, BrandWords
from serve.text.listing import Listing
from serve.text.listing_rules import broken_rules
from serve.text.naming import How

BRANDS = BrandWords(
    {
        "nike": BrandNames("Nike", ("耐克", "나이키", "ナイキ", "Найк")),
        "adidas": BrandNames("Adidas", ()),
        "polo": BrandNames("Polo Ralph Lauren", ("Polo", "Ralph Lauren")),
        "vuitton": BrandNames("Louis Vuitton", ()),
        "fear": BrandNames("Fear", ()),
        "nofear": BrandNames("No Fear", ()),
    }
)


def meant(title: str, **more: str) -> set[str]:
    named = BRANDS.how_named(Listing(title=title, **more))
    return {brand for brand, how in named.items() if how is not How.DENIED}


@pytest.mark.parametrize(
    "title",
    [
        "Plain shirt, not Adidas",
        "White tee, no Nike logo",
        "Trainers, unbranded, not by Nike",
        "Sneakers, non-Nike",
        "Bag, this isn't a Louis Vuitton",
        "Shirt (not Polo Ralph Lauren)",
        "Not affiliated with Nike",
        "Cap, no Nike, Adidas or Polo logos",
        "Neither Nike nor Adidas",
        "not Nike/Adidas",
        "No Nike, no Adidas, a plain cap",
        "Not “Nike”",
        "Not Addidas, not Louis Vitton, plain",
        "Hemd, kein Adidas",
        "Schuhe ohne Logo von Nike",
        "Sac, pas un Louis Vuitton",
        "Zapatillas, no son Nike",
        "Кроссовки, это не Найк",
        "Nike değil, düz tişört",
        "白色T恤 不是耐克",
        "没有耐克标 纯色T恤",
        "非耐克 运动鞋",
        "与耐克无关 运动鞋",
        "나이키 아님 무지 티셔츠",
        "ナイキではありません 無地",
    ],
)
def test_a_name_that_is_only_denied_is_not_meant(title: str) -> None:
    assert BRANDS.how_named(Listing(title=title))
    assert meant(title) == set()
    assert meant("", description=title) == set()


@pytest.mark.parametrize(
    ("title", "brands"),
    [
        ("Nike shirt, not Adidas", {"nike"}),
        ("Not Adidas, Nike", {"nike"}),
        ("not Nike. Nike trainers", {"nike"}),
        ("不是耐克耐克鞋", {"nike"}),
        ("Cap, not a Nike fake", {"nike"}),
        ("Nike, not fake", {"nike"}),
        ("They are not Nike copies", {"nike"}),
        ("Why not Nike", {"nike"}),
        ("Not Nike? Think again", {"nike"}),
        ("Money back if it's not Nike", {"nike"}),
        ("Not only Nike", {"nike"}),
        ("Not Nike alone", {"nike"}),
        ("Not just Nike", {"nike"}),
        ("No Nike box", {"nike"}),
        ("Not Nike's cheapest", {"nike"}),
        ("Never worn Nike cap", {"nike"}),
        ("No returns, Nike cap", {"nike"}),
        ("Kein Fake, Nike", {"nike"}),
        ("No Fear cap", {"nofear", "fear"}),
        ("不是假耐克", {"nike"}),
        ("不是耐克高仿", {"nike"}),
        ("为什么不是耐克", {"nike"}),
        ("非耐克不买", {"nike"}),
        ("나이키 짝퉁 아님", {"nike"}),
        ("나이키 아니면 환불", {"nike"}),
        ("not N*ke", {"nike"}),
        ("not N1ke", {"nike"}),
    ],
)
def test_a_name_that_stands_undenied_or_is_hidden_is_meant(title: str, brands: set[str]) -> None:
    assert meant(title) == brands


def test_the_claimed_brand_is_meant_whatever_the_title_denies() -> None:
    assert meant("not Nike", brand_claimed="Nike") == {"nike"}
    assert meant("plain cap", brand_claimed="Not Nike") == set()


def test_names_that_are_denied_push_no_other_aside() -> None:
    assert BRANDS.named_in(Listing(title="not Adidas, not Polo, not Louis Vuitton: Nike"), most=1) == ["nike"]


def test_what_is_said_of_a_name_that_is_denied_still_breaks_the_rules() -> None:
    listing = Listing(title="Trainers, not Nike but same quality as Nike")
    assert [one.rule for one in broken_rules(listing, BRANDS)] == ["comparison"]
    assert [one.rule for one in broken_rules(Listing(title="Nike Adidas Polo cap, not Nike"), BRANDS)] == [
        "stacked_names"
    ]


@pytest.mark.parametrize(
    "piece", ["not ", "not Nike ", "no Nike, Adidas, ", "不是耐克", "나이키 아님 ", "not \t", "why "]
)
def test_a_long_text_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    BRANDS.how_named(Listing(title="Nike"))
    start = time.process_time()
    BRANDS.how_named(Listing(title="Nike", description=text))
    assert time.process_time() - start < 2.0
