import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from model.alignment import prepare_reference
from model.reading import Cut, Line, Reader, Reading, stacks
from model.regions import Box

CHINESE = Path(__file__).with_name("chinese")
"""Names drawn in ZCOOL XiaoWei (SIL Open Font Licence)."""


@pytest.fixture(scope="module")
def reader():
    return Reader()


def drawn(word: str) -> np.ndarray:
    picture = np.full((110, 360, 3), 255, np.uint8)
    cv2.putText(picture, word, (12, 80), cv2.FONT_HERSHEY_DUPLEX, 2.2, (20, 40, 120), 6, cv2.LINE_AA)
    return picture


def printed(word: str) -> np.ndarray:
    font = ImageFont.load_default(72)
    left, _, right, _ = font.getbbox(word)
    picture = Image.new("RGB", (int(right - left) + 40, 110), "white")
    ImageDraw.Draw(picture).text((20 - left, 10), word, font=font, fill=(20, 40, 120))
    return np.asarray(picture).copy()


def test_a_word_is_read_as_it_is_known(reader):
    reference = prepare_reference(drawn("ADIDAS"))
    reading = reader.read(reference.picture, reference, region=reference.picture)
    assert reading.outcome == "as_known"
    assert reading.seen == "ADIDAS"


def test_a_word_that_fills_its_reference_is_known(reader):
    picture = Image.new("RGB", (600, 240), "white")
    ImageDraw.Draw(picture).text((60, 60), "IKEA", font=ImageFont.load_default(120), fill=(20, 40, 120))
    reference = prepare_reference(np.asarray(picture).copy())
    assert reader.known(reference) == "IKEA"


def test_a_near_miss_is_told_and_its_letter_named(reader):
    reference, imitation = (prepare_reference(drawn(word)) for word in ("ADIDAS", "ABIDAS"))
    laid = cv2.resize(imitation.picture, reference.picture.shape[1::-1])
    reading = reader.read(laid, reference, region=laid)
    assert reading.outcome == "surely_near_miss"
    assert reading.difference() == "letter 2 differs: B for D"


def test_a_mark_without_words_is_not_read(reader):
    picture = np.full((100, 100, 3), 255, np.uint8)
    cv2.circle(picture, (50, 50), 40, (200, 30, 30), 8)
    reference = prepare_reference(picture)
    assert reader.read(reference.picture, reference, region=reference.picture) is None


def test_a_blank_where_the_word_should_be_is_no_near_miss(reader):
    reference = prepare_reference(drawn("ADIDAS"))
    blank = np.full_like(reference.picture, 200)
    assert reader.read(blank, reference, region=blank).outcome == "otherwise"


def test_the_lines_of_a_photo_are_found_and_read_the_largest_first(reader):
    photo = np.full((600, 800, 3), (120, 160, 90), np.uint8)
    cv2.putText(photo, "FUMA", (60, 300), cv2.FONT_HERSHEY_DUPLEX, 4.0, (250, 250, 250), 10, cv2.LINE_AA)
    cv2.putText(photo, "SUMMER", (450, 520), cv2.FONT_HERSHEY_DUPLEX, 2.0, (20, 20, 20), 5, cv2.LINE_AA)
    lines = reader.lines(photo)
    assert [line.text for line in lines] == ["FUMA", "SUMMER"]
    assert lines[0].lies_in(Box(50, 190, 330, 130))
    assert not lines[1].lies_in(Box(50, 190, 330, 130))


def test_a_line_is_read_in_a_box_that_cuts_its_ends(reader):
    photo = np.full((300, 500, 3), 200, np.uint8)
    photo[100:210, 60:420] = drawn("ADIDAS")
    line = reader.line_in(photo, Box(86, 125, 270, 60))
    assert line.text == "ADIDAS"
    assert line.box.width > 270
    assert line.cut == Cut(first=False, last=False)


def test_a_letter_that_the_box_cuts_still_is_cut_off(reader):
    line = reader.line_in(drawn("ADIDAS"), Box(0, 15, 170, 70))
    assert line.cut.last


def test_a_box_without_words_holds_no_line(reader):
    assert reader.line_in(np.full((300, 500, 3), 200, np.uint8), Box(60, 60, 200, 50)) is None


def test_a_line_from_top_to_bottom_is_read(reader):
    photo = np.full((500, 300, 3), 240, np.uint8)
    photo[60:420, 90:200] = np.rot90(drawn("ADIDAS"), -1)
    assert [line.text for line in reader.lines(photo)] == ["ADIDAS"]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_line_is_read_however_the_photo_is_turned(reader, quarters):
    photo = np.full((500, 500, 3), 240, np.uint8)
    photo[200:310, 70:430] = drawn("ADIDAS")
    assert [line.text for line in reader.lines(np.rot90(photo, quarters))] == ["ADIDAS"]


def test_threads_take_turns() -> None:
    """The networks keep what they were last asked to do: two calls at once would answer each other's question."""

    class Networks:
        busy = False

        def __call__(self, picture, **asked):
            assert not self.busy
            self.busy = True
            time.sleep(0.002)
            self.busy = False
            quads = np.array([[(10, 10), (90, 10), (90, 40), (10, 40)]], np.float32)
            return SimpleNamespace(boxes=quads, txts=("ADIDAS",), scores=(0.99,))

    reader = Reader()
    reader.__dict__["_networks"] = Networks()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(reader.lines, [np.zeros((100, 200, 3), np.uint8)] * 40))
    assert [line.text for lines in found for line in lines] == ["ADIDAS"] * 40


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 5), (8, 5_000), (9, 9)])
def test_a_photo_too_narrow_for_a_line_holds_none(reader, shape):
    assert reader.lines(np.zeros((*shape, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("seen", "confidence", "outcome"),
    [
        ("adidas", 0.95, "as_known"),
        ("abidas", 0.95, "near_miss"),
        ("abidas", 0.4, "otherwise"),
        ("abidas", 0.9, "otherwise"),
        ("AD1DAS", 0.9, "as_known"),
        ("adidas originals", 0.9, "as_known"),
        ("A DIDAS", 0.9, "as_known"),
        ("ADIDASS", 0.99, "otherwise"),
        ("ADIIDAS", 0.99, "surely_near_miss"),
        ("ADDIAS", 0.99, "surely_near_miss"),
        ("ADDAS", 0.99, "surely_near_miss"),
        ("DIDAS", 0.99, "otherwise"),
        ("ADID", 0.99, "otherwise"),
        ("DIDA", 0.99, "otherwise"),
        ("PUMA", 0.99, "another_word"),
        ("PUMA", 0.9, "another_word"),
        ("PUMA", 0.89, "otherwise"),
        ("ADBTOAS", 0.9, "otherwise"),
        ("ADBTOAS", 0.95, "another_word"),
        ("NO", 0.99, "otherwise"),
        ("IDA", 0.99, "otherwise"),
        ("", 0.0, "otherwise"),
    ],
)
def test_outcomes(seen, confidence, outcome):
    assert Reading("ADIDAS", seen, confidence).outcome == outcome


@pytest.mark.parametrize(
    ("seen", "cut", "outcome"),
    [
        ("HIKE", Cut(), "surely_near_miss"),
        ("HIKE", Cut(first=True), "otherwise"),
        ("HIKE", Cut(last=True), "surely_near_miss"),
        ("NIKF", Cut(last=True), "otherwise"),
        ("NUKE", Cut(first=True, last=True), "surely_near_miss"),
        ("VIKF", Cut(first=True, last=True), "otherwise"),
        ("N", Cut(first=True, last=True), "otherwise"),
    ],
)
def test_a_letter_that_the_rim_cuts_off_says_nothing(seen, cut, outcome):
    assert Reading("NIKE", seen, 0.99, cut=cut).outcome == outcome


@pytest.mark.parametrize(
    ("known", "seen", "confidence", "outcome"),
    [
        ("VEXORIA", "VEXORLA", 0.99, "surely_near_miss"),
        ("VEXORIA", "VEXORLA", 0.9, "as_known"),
        ("VEXORIA", "VEXORlA", 0.99, "as_known"),
        ("VEX0RIA", "VEXORIA", 0.99, "as_known"),
        ("vexoria", "VEXORIA", 0.99, "as_known"),
        ("Vexoria", "Vexorla", 0.99, "surely_near_miss"),
        ("Ikea", "lkea", 0.99, "as_known"),
        ("Ikea", "IKEA", 0.99, "as_known"),
        ("LOLA", "IOIA", 0.99, "another_word"),
    ],
)
def test_letters_that_are_drawn_alike_are_one_and_others_differ_where_they_are_surely_read(
    known, seen, confidence, outcome
):
    assert Reading(known, seen, confidence).outcome == outcome


@pytest.mark.parametrize(
    ("known", "seen", "outcome"),
    [
        ("康师傅", "康师傅", "as_known"),
        ("康师傅", "康帅傅", "surely_near_miss"),
        ("康师傅", "中国康师傅面", "as_known"),
        ("康师傅", "中国康帅傅面", "surely_near_miss"),
        ("康师傅", "康師傅", "as_known"),
        ("康师傅", "师傅", "otherwise"),
        ("康师傅", "老干妈", "another_word"),
        ("李宁", "李宇", "surely_near_miss"),
        ("李宁", "宁", "otherwise"),
        ("李宁", "安踏", "another_word"),
    ],
)
def test_outcomes_in_chinese(known, seen, outcome):
    assert Reading(known, seen, 0.99).outcome == outcome


def test_a_word_elsewhere_that_shares_one_of_two_characters_says_nothing():
    assert Reading("安踏", "安全", 0.99, in_place=False).outcome == "otherwise"


@pytest.mark.parametrize(("beside", "outcome"), [("SPORT", "surely_near_miss"), ("全场包邮", "otherwise")])
def test_the_only_chinese_line_of_a_mark_stands_where_its_name_should(reader, beside, outcome):
    reference = prepare_reference(np.asarray(Image.open(CHINESE / "李宁.png").convert("RGB")))
    unreadable = np.full_like(reference.picture, 200)
    lines = [Line("李宇", Box(0, 0, 90, 30), 0.99), Line(beside, Box(0, 40, 90, 30), 0.99)]
    assert reader.read(unreadable, reference, region=unreadable, lines=lines).outcome == outcome


@pytest.mark.parametrize(("name", "imitation"), [("康师傅", "康帅傅"), ("李宁", "李宇")])
def test_chinese_marks_are_read(reader, name, imitation):
    genuine, imitated = (np.asarray(Image.open(CHINESE / f"{one}.png").convert("RGB")) for one in (name, imitation))
    reference = prepare_reference(genuine)
    laid = cv2.resize(imitated, reference.picture.shape[1::-1])
    assert reader.known(reference) == name
    assert reader.read(reference.picture, reference, region=genuine).outcome == "as_known"
    assert reader.read(laid, reference, region=imitated).misses_letters


def from_top_to_bottom(name: str) -> np.ndarray:
    """A drawn name, its characters below each other."""
    drawn = np.asarray(Image.open(CHINESE / f"{name}.png").convert("RGB"))[20:-20, 20:-20]
    below = np.concatenate(np.split(drawn, len(name), axis=1))
    return np.pad(below, ((20, 20), (20, 20), (0, 0)), constant_values=255)


def test_chinese_marks_are_read_from_top_to_bottom(reader):
    genuine, imitated = map(from_top_to_bottom, ("康师傅", "康帅傅"))
    reference = prepare_reference(genuine)
    laid = cv2.resize(imitated, reference.picture.shape[1::-1])
    unreadable = np.full_like(genuine, 200)
    assert reader.known(reference) == "康师傅"
    assert reader.read(reference.picture, reference, region=unreadable).outcome == "as_known"
    assert reader.read(laid, reference, region=unreadable).misses_letters


def test_two_letters_swapped_are_one_change_in_a_short_word_too():
    assert Reading("NIKE", "NKIE", 0.99).outcome == "surely_near_miss"
    assert Reading("NIKE", "NEKI", 0.99).outcome == "another_word"


def test_what_is_left_of_a_word_is_no_other_word():
    assert Reading("EVERNOTE", "RNOTE", 0.99).outcome == "otherwise"
    assert Reading("SYMPHONY", "APHONY", 0.99, cut=Cut(first=True)).outcome == "otherwise"


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_line_knows_which_of_its_letters_the_rim_cuts_off(reader, quarters):
    for columns, cut in ((slice(0, 360), Cut()), (slice(36, 360), Cut(first=True)), (slice(0, 235), Cut(last=True))):
        (line,) = reader.lines(np.rot90(drawn("ADIDAS")[:, columns], quarters))
        assert line.cut == cut


def test_a_genuine_word_that_its_region_cuts_is_no_near_miss(reader):
    reference = prepare_reference(printed("WISH"))
    cut = printed("WISH")[:, 54:]
    reading = reader.read(cv2.resize(cut, reference.picture.shape[1::-1]), reference, region=cut)
    assert reading.seen == "VISH"
    assert reading.outcome == "otherwise"
    assert replace(reading, cut=Cut()).outcome == "surely_near_miss"


def test_another_word_counts_only_in_the_place_of_the_brands():
    assert Reading("ADIDAS", "summer", 0.99, in_place=False).outcome == "otherwise"
    assert Reading("ADIDAS", "summer abidas", 0.99, in_place=False).outcome == "surely_near_miss"


def test_letters_that_are_two_without_case_are_told_as_a_word():
    assert Reading("GRÖẞE", "größo", 0.99).difference() == "reads größo for GRÖẞE"


@pytest.mark.parametrize(
    ("seen", "difference"),
    [
        ("ABIDAS", "letter 2 differs: B for D"),
        ("abIDAS", "letter 2 differs: b for D"),
        ("ADIIDAS", "reads ADIIDAS for ADIDAS"),
        ("PUMA", "reads PUMA for ADIDAS"),
        ("my abidas", "reads my abidas for ADIDAS"),
    ],
)
def test_what_differs_is_told(seen, difference):
    assert Reading("ADIDAS", seen, 0.99).difference() == difference


def test_a_word_that_stands_elsewhere_in_the_region_is_as_known(reader):
    reference = prepare_reference(printed("ADIDAS"))
    laid = cv2.resize(printed("SUMMER"), reference.picture.shape[1::-1])
    region = np.full((300, 400, 3), 240, np.uint8)
    region[160:270, 20 : 20 + printed("ADIDAS").shape[1]] = printed("ADIDAS")
    reading = reader.read(laid, reference, region=region)
    assert (reading.outcome, reading.in_place) == ("as_known", False)


def test_a_line_that_was_read_in_the_photo_counts_where_the_region_cannot_be_read(reader):
    reference = prepare_reference(drawn("ADIDAS"))
    blank = np.full_like(reference.picture, 200)
    near, as_known = Line("ABIDAS", Box(0, 0, 90, 30), 0.99), Line("ADIDAS", Box(0, 40, 90, 30), 0.99)
    assert reader.read(blank, reference, region=blank, lines=[near]).outcome == "surely_near_miss"
    assert reader.read(blank, reference, region=blank, lines=[near, as_known]).outcome == "as_known"


def test_another_word_in_the_place_of_the_brands_is_told(reader):
    reference = prepare_reference(printed("ADIDAS"))
    laid = cv2.resize(printed("SUMMER"), reference.picture.shape[1::-1])
    reading = reader.read(laid, reference, region=printed("SUMMER"))
    assert reading.outcome == "another_word"
    assert reading.difference() == "reads SUMMER for ADIDAS"


def stacked(*words: str) -> np.ndarray:
    """Words below each other, in the middle."""
    rows = [printed(word) for word in words]
    width = max(row.shape[1] for row in rows)
    sides = [(width - row.shape[1]) // 2 for row in rows]
    padded = [
        np.pad(row, ((0, 0), (side, width - row.shape[1] - side), (0, 0)), constant_values=255)
        for row, side in zip(rows, sides, strict=True)
    ]
    return np.concatenate(padded)


@pytest.mark.parametrize(
    ("words", "outcome", "seen"),
    [
        (("BURGER", "KING"), "as_known", "BURGER"),
        (("BURGER", "KINC"), "surely_near_miss", "KINC"),
        (("BURCER", "KING"), "surely_near_miss", "BURCER"),
        (("BURGER", "STEPHEN"), "another_word", "STEPHEN"),
    ],
)
def test_each_line_of_a_reference_is_compared(reader, words, outcome, seen):
    reference = prepare_reference(stacked("BURGER", "KING"))
    region = stacked(*words)
    laid = cv2.resize(region, reference.picture.shape[1::-1])
    reading = reader.read(laid, reference, region=region)
    assert (reading.outcome, reading.seen) == (outcome, seen)


def test_small_print_of_a_reference_is_no_part_of_its_name(reader):
    name, print_ = printed("BURGER"), printed("since 1954")
    small = cv2.resize(print_, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    below = np.full((small.shape[0] + 20, name.shape[1], 3), 255, np.uint8)
    below[10:-10, 30 : 30 + small.shape[1]] = small
    reference = prepare_reference(np.concatenate([name, below]))
    other = np.concatenate([name, np.full_like(below, 255)])
    other[-40:-12, 30:150] = cv2.resize(printed("in 1999"), (120, 28), interpolation=cv2.INTER_AREA)
    laid = cv2.resize(other, reference.picture.shape[1::-1])
    assert reader.read(laid, reference, region=other).outcome == "as_known"


def test_the_lines_of_a_reference_may_stand_beside_each_other(reader):
    reference = prepare_reference(stacked("BURGER", "KING"))
    region = printed("BURGER KING")
    laid = cv2.resize(region, reference.picture.shape[1::-1])
    assert reader.read(laid, reference, region=region).outcome == "as_known"


def line(text: str, x: float, y: float, width: float = 100, height: float = 30, **more: object) -> Line:
    return Line(text, Box(x, y, width, height), **more)


def test_lines_right_below_each_other_are_one():
    the, north, face = line("THE", 30, 0, 60), line("NORTH", 10, 34), line("FACE", 12, 70, height=34)
    found = {one.text: one for one in stacks([north, face, the])}
    assert set(found) == {"THE NORTH", "NORTH FACE", "THE NORTH FACE"}
    assert found["THE NORTH FACE"].box == Box(10, 0, 102, 104)
    assert found["THE NORTH FACE"].stacked == (the, north, face)


@pytest.mark.parametrize(
    "other",
    [
        line("FACE", 10, 90),
        line("FACE", 100, 34),
        line("FACE", 10, 34, height=120),
        line("FACE", 120, 0),
        line("FACE", 10, 34, cut=Cut(last=True)),
    ],
    ids=["further below", "aside", "much larger", "beside it", "cut off"],
)
def test_other_lines_are_not(other):
    assert stacks([line("NORTH", 10, 0), other]) == []


def test_a_stack_is_as_surely_read_as_its_least_sure_line():
    (one,) = stacks([line("NORTH", 0, 0, confidence=0.99), line("FACE", 0, 33, confidence=0.9)])
    assert one.confidence == 0.9
