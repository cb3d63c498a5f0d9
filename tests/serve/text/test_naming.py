from __future__ import annotations

import pytest

from serve.text.brand_words import BrandNames, BrandWords
from serve.text.listing import Listing
from serve.text.naming import ORDINARY

BRANDS = BrandWords(
    {
        "nike": BrandNames("Nike", ("耐克", "Найк")),
        "gucci": BrandNames("Gucci", ("구찌",)),
        "vuitton": BrandNames("Louis Vuitton", ()),
        "balenciaga": BrandNames("Balenciaga", ()),
        "hermes": BrandNames("Hermès", ()),
        "chanel": BrandNames("Chanel", ("香奈儿",)),
        "ugg": BrandNames("UGG", ()),
        "bmw": BrandNames("BMW", ()),
        "cartier": BrandNames("Cartier", ()),
        "dior": BrandNames("Dior", ()),
        "mini": BrandNames("Mini", ()),
        "puma": BrandNames("Puma", ()),
        "orange": BrandNames("Orange", ()),
        "phone": BrandNames("iPhone", ()),
    }
)

NIKE_IN_GREEK = "\u039d\u0399\u039a\u0395"

DISGUISED = [
    ("Ν\N{LATIN SMALL LETTER I}ke cap", "nike"),  # a Greek capital, which has another small letter
    ("Ni\N{CYRILLIC SMALL LETTER KA}e cap", "nike"),
    ("\N{CHEROKEE LETTER TLI}НΑΝΕL belt", "chanel"),
    ("Ch4n3l bag", "chanel"),
    ("Nlke cap", "nike"),
    ("guccl bag", "gucci"),
    ("6ucci belt", "gucci"),
    ("L0uis Vu1tton bag", "vuitton"),
    ("Ch@nel bag", "chanel"),
    ("B€lt by Gucc! now", "gucci"),
    ("Louis V*****n bag", "vuitton"),
    ("H.rmes scarf", "hermes"),
    ("L*uis V*itton wallet", "vuitton"),
    (f"{NIKE_IN_GREEK} cap in red", "nike"),
    (f"{NIKE_IN_GREEK} größere Mütze", "nike"),
]
SPACED = [
    ("B A L E N C I A G A hat", "balenciaga"),
    ("C-H-A-N-E-L hat", "chanel"),
    ("C_h_a_n_e_l hat", "chanel"),
    ("C/h/a/n/e/l hat", "chanel"),
    ("香 奈 儿 包", "chanel"),
    ("Guccccci hat", "gucci"),
]
TOGETHER = [
    ("guccibag brown", "gucci"),
    ("#nikeshoes", "nike"),
    ("#guccilover2026", "gucci"),
    ("#fakegucci", "gucci"),
    ("nike_shoes", "nike"),
    ("iphone15 cover", "phone"),
    ("iPhone15用ケース", "phone"),
    ("UGG-Stil boots", "ugg"),
    ("Nike-Schuhe", "nike"),
    ("BMW同款车标", "bmw"),
    ("구찌가방", "gucci"),
]
MARKED_UP = [("Gu&#99;ci bag", "gucci"), ("<b>D</b><i>ior</i> bag", "dior"), ("N\u200bi\u200bk\u200be", "nike")]
MISSPELT = [("Balanciaga hat", "balenciaga"), ("Louis Vitton bag", "vuitton"), ("Cartierr ring", "cartier")]


@pytest.mark.parametrize(("text", "brand"), [*DISGUISED, *SPACED, *TOGETHER, *MARKED_UP, *MISSPELT])
def test_a_name_is_found_however_it_is_hidden(text: str, brand: str) -> None:
    assert BRANDS.named_in(Listing(title=text)) == [brand]


@pytest.mark.parametrize(
    "text",
    [
        "Baby carrier, 5 kg",
        "The prime minister hikes and bikes",
        "Guccini vinyl, diorama of a chapel",
        "minidress, pumas, orangery, appleshoes",
        "Size A 20 B 30 C 40 D 1 0 R 2",
        "English Channel map",
        "50 ml, 4 pieces, 1:1, 100 %, e.g. D.R and N.e",
        "ΝΙΚΗ και ΝΙΚΟΣ",
        "Никель и кепка",
        f"{NIKE_IN_GREEK} και ΝΙΚΟΣ",
        f"{NIKE_IN_GREEK} 40 41 42",
        "B**m p*** and f**k s**t",
        "",
    ],
)
def test_what_only_looks_like_a_name_is_none(text: str) -> None:
    assert BRANDS.named_in(Listing(title=text)) == []


def test_prose_is_not_searched_for_misspelt_names() -> None:
    assert BRANDS.named_in(Listing(description="Balanciaga")) == []


def test_a_hidden_name_comes_before_those_stacked_around_it() -> None:
    listing = Listing(title="Nike Dior BMW bag", description="in truth G*cci")
    assert BRANDS.named_in(listing, most=3) == ["gucci", "nike", "dior"]


def test_a_claimed_brand_comes_before_a_hidden_one() -> None:
    assert BRANDS.named_in(Listing(title="G*cci", brand_claimed="puma")) == ["puma", "gucci"]


def test_everyday_words_come_after_the_other_names() -> None:
    assert BRANDS.named_in(Listing(title="Orange Mini bag by Dior")) == ["dior", "orange", "mini"]


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("Plush puma with an orange nose", []),
        ("Cap, #puma", ["puma"]),
        ("Cap of P*ma", ["puma"]),
        ("Cap of Puma", ["puma"]),
        ("PUMA CAP", ["puma"]),
        ("puma cap", ["puma"]),
        ("Cap of nike", ["nike"]),
    ],
)
def test_an_everyday_word_is_a_name_where_it_is_written_as_one(text: str, brands: list[str]) -> None:
    assert {"puma", "orange"} <= ORDINARY
    assert BRANDS.named_in(Listing(title=text)) == brands
