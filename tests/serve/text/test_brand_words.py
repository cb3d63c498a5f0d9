from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from serve.text.brand_words import BrandNames, BrandWords, Spelled
from serve.text.letters import folded
from serve.text.listing import Listing
from serve.text.masked_words import MaskedWords

WORDS = BrandWords(
    {
        "nike": BrandNames("Nike", ("Air Max", "耐克")),
        "cola": BrandNames("Coca-Cola", ()),
        "mule": BrandNames("Mule", ()),
        "intel": BrandNames("Intel", ()),
        "gap": BrandNames("GÄP", ()),
        "hp": BrandNames("HP", ()),
        "far": BrandNames("Ørsted", ("ナイキ", "나이키", "ไนกี้", "बाटा", "라인")),
    }
)


def test_a_brand_has_words_and_one_that_is_not_known_has_none() -> None:
    assert WORDS.of("nike") == ["nike", "airmax", "耐克"]
    assert WORDS.of("nobody") == []


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
        ("正品耐剋鞋", ["nike"]),
        ("niked shoes, snike", []),
        ("an HP printer", []),
        ("N1KE trainers", ["nike"]),
        ("NlKE trainers", ["nike"]),
        ("CoIa: coca coIa glass", ["cola"]),
        ("lntel inside", ["intel"]),
        ("nlke shoes", ["nike"]),
        ("a flat tyre, Flat shoes", []),
        ("NI\N{CYRILLIC CAPITAL LETTER KA}E trainers", ["nike"]),
        ("turbines of Orsted", ["far"]),
        ("ナイキのスニーカー", ["far"]),
        ("新品ナイキシューズ", ["far"]),
        ("나이키는 최고", ["far"]),
        ("온라인 쇼핑", []),
        ("รองเท้าไนกี้ของแท้", ["far"]),
        ("नई बाटा चप्पल", ["far"]),
        ("*ike", []),
        ("N***", []),
        ("", []),
    ],
)
def test_what_a_seller_writes_names_brands(text: str, brands: list[str]) -> None:
    assert WORDS.named_in(Listing(title=text)) == brands


@pytest.mark.parametrize(("claimed", "brands"), [("HP", ["hp"]), ("hp.", ["hp"]), ("HP printers", []), ("", [])])
def test_a_claimed_brand_may_have_the_shortest_name(claimed: str, brands: list[str]) -> None:
    assert WORDS.named_in(Listing(brand_claimed=claimed)) == brands


def test_the_claimed_brand_comes_first_and_each_once() -> None:
    listing = Listing(title="mule or Nike", description="nike, coca-cola", brand_claimed="GAP")
    assert WORDS.named_in(listing) == ["gap", "mule", "nike", "cola"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("NIKE", [Spelled("nike", "nike", "nike")]),
        ("Enjoy Coca-Cola", [Spelled("cola", "cocacola", "cocacola")]),
        ("正品耐克鞋", [Spelled("nike", "耐克", "耐克")]),
        ("coca-colo", [Spelled("cola", "cocacola", "cocacolo")]),
        ("AIR MAX NIKE", [Spelled("nike", "airmax", "airmax")]),
        ("nikf", []),
        ("cola", []),
    ],
)
def test_what_is_read_spells_brands(line: str, found: list[Spelled]) -> None:
    assert WORDS.spelled(line) == found


def test_a_word_of_which_two_neighbours_are_swapped_is_near() -> None:
    assert [(one.kind, one.word) for one in WORDS.spelled("COCACLOA")] == [("near", "cocacola")]


def test_exact_and_near_are_told_apart() -> None:
    assert [one.kind for one in (*WORDS.spelled("cocacola"), *WORDS.spelled("cocacole"))] == ["exact", "near"]


def test_an_everyday_word_is_no_brand_that_is_written_wrongly() -> None:
    words = BrandWords({"sonos": BrandNames("Sonos", ())})
    assert words.spelled("COLTER & SONS") == []
    assert [one.kind for one in words.spelled("SONOZ")] == ["near"]


def test_a_changed_brand_goes_by_its_new_words_only() -> None:
    changed = WORDS.with_brands({"nike": BrandNames("Victory", ())})
    assert changed.named_in(Listing(title="nike victory")) == ["nike"]
    assert changed.named_in(Listing(title="nike")) == []
    assert WORDS.named_in(Listing(title="nike")) == ["nike"]
    assert "new" in WORDS.with_brands({"new": BrandNames("New", ())})


def test_no_more_brands_are_looked_for_than_are_asked_for() -> None:
    listing = Listing(title="mule or Nike", description="nike, coca-cola", brand_claimed="GAP")
    assert WORDS.named_in(listing, most=3) == ["gap", "mule", "nike"]


def test_masked_words_are_those_that_a_look_at_every_word_finds() -> None:
    rng = random.Random(5)
    words = {"".join(rng.choices("abc", k=rng.randint(2, 6))) for _ in range(150)}
    index = MaskedWords(words)
    for _ in range(500):
        parts = ["".join(rng.choices("abc", k=rng.randint(0, 3))) for _ in range(rng.randint(1, 4))]
        pattern = re.compile(".".join(parts))
        assert list(index.matching(parts)) == sorted(filter(pattern.fullmatch, words)), parts


def test_chinese_words_are_those_that_a_look_at_every_word_finds() -> None:
    rng = random.Random(6)
    words = {"".join(rng.choices("耐克正品", k=rng.randint(2, 7))) for _ in range(60)}
    brands = BrandWords({word: BrandNames(word, ()) for word in words})
    for _ in range(200):
        text = "".join(rng.choices("耐克正品a ", k=rng.randint(0, 12)))
        assert sorted(brands.named_in(Listing(title=text))) == sorted(one for one in words if one in folded(text))


@pytest.mark.parametrize(
    "text",
    [
        "bra* " * 80,
        " ".join(f"b*{number}" for number in range(100)),
        " ".join(f"bra*d{number:03}x" for number in range(40)),
        "品牌" * 200,
        "brand " * 70,
    ],
)
def test_the_work_on_a_text_does_not_grow_with_the_number_of_brands(text: str) -> None:
    work = []
    for number in (30, 600):
        names = {f"{n}": BrandNames(f"Brand {n:04}", (f"brandx{n:04}", f"牌品{n:04}")) for n in range(number)}
        words = BrandWords(names)
        words.named_in(Listing(title="b*an", description="牌品"))  # what it looks up is made once
        work.append(steps(lambda words=words: words.named_in(Listing(description=text))))
    assert work[1] < 1.5 * work[0] < 300 * len(text), work


def steps(call: Callable[[], object]) -> int:
    """How many steps the interpreter takes: the same on every machine."""
    count, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


HAN = BrandWords({"noodles": BrandNames("康師傅", ()), "sport": BrandNames("李宁", ())})


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("康师傅", [("noodles", "exact")]),
        ("香辣康師傅面", [("noodles", "exact")]),
        ("康帅傅", [("noodles", "near")]),
        ("師傅", []),
        ("李寧", [("sport", "exact")]),
        ("李宇", []),
    ],
)
def test_chinese_names_are_spelled_in_either_script_and_missed_by_a_character_of_three(
    line: str, found: list[tuple[str, str]]
) -> None:
    assert [(one.brand_id, one.kind) for one in HAN.spelled(line)] == found


@pytest.mark.parametrize(
    ("line", "stands"), [("NIKE run", True), ("正品耐剋鞋", True), ("COCACLOA", False), ("", False)]
)
def test_a_brand_stands_in_a_line_that_spells_it_exactly(line: str, stands: bool) -> None:
    assert WORDS.stand_in(line) == stands
