"""The contact sheet: every listing with its boxes, what was expected, what the service said, and its evidence."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from demo.outcomes import EXPECTED, Outcome, right
from demo.tables import SCORES

COLUMNS = 3
PHOTO = 360
"""Width and height of a photo, in pixels."""

WORDS = 452
"""Width of the words and the evidence beside a photo, in pixels."""

GAP, MARGIN, HEADER, HEADING = 26, 48, 178, 66
CELL = (PHOTO + 18 + WORDS, PHOTO)

PAPER, CARD, INK, PALE, LINE = "#f4f3ef", "#ffffff", "#1d1f23", "#6d7178", "#dcdad3"
COLOURS = {
    "genuine": "#2ca02c",
    "smear": "#d62728",
    "imitation": "#f07c00",
    "copied_photo": "#9467bd",
    "unrelated": "#9a9ea6",
}
RIGHT, WRONG = "#2ca02c", "#d62728"

HEADINGS = {
    "genuine": "Genuine marks",
    "smear": "Smeared marks",
    "imitation": "Imitations",
    "other brand": "Marks of brands that nobody registered",
    "no mark": "No mark of a registered brand",
}


def contact_sheet(outcomes: Sequence[Outcome], *, subtitle: str) -> Image.Image:
    """All outcomes on one sheet, by expected kind; none is left out."""
    groups = [(kind, [each for each in outcomes if each.listing.plan.expected == kind]) for kind in EXPECTED]
    groups = [(kind, members) for kind, members in groups if members]
    rows = sum(-(-len(members) // COLUMNS) for _, members in groups)
    width = 2 * MARGIN + COLUMNS * CELL[0] + (COLUMNS - 1) * GAP
    height = HEADER + len(groups) * HEADING + rows * (CELL[1] + GAP) + MARGIN
    sheet = Image.new("RGB", (width, height), PAPER)
    _header(sheet, outcomes, subtitle=subtitle)
    top = HEADER
    for kind, members in groups:
        good, total = right(members)
        draw = ImageDraw.Draw(sheet)
        draw.text((MARGIN, top + 14), HEADINGS[kind], INK, _font(30))
        draw.text((width - MARGIN, top + 20), f"{good} of {total} right", PALE, _font(22), anchor="ra")
        top += HEADING
        for number, outcome in enumerate(members):
            row, column = divmod(number, COLUMNS)
            sheet.paste(_cell(outcome), (MARGIN + column * (CELL[0] + GAP), top + row * (CELL[1] + GAP)))
        top += -(-len(members) // COLUMNS) * (CELL[1] + GAP)
    return sheet


def _header(sheet: Image.Image, outcomes: Sequence[Outcome], *, subtitle: str) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 40), "Hallmark", INK, _font(54))
    draw.text((MARGIN, 108), subtitle, PALE, _font(22))
    good, total = right(outcomes)
    draw.text((sheet.width - MARGIN, 48), f"{good} of {total} right", INK, _font(38), anchor="ra")
    left = sheet.width - MARGIN
    for name in ("copied_photo", "imitation", "smear", "genuine"):
        words = name.replace("_", " ")
        left -= int(draw.textlength(words, _font(20)))
        draw.text((left, 110), words, INK, _font(20))
        draw.rectangle((left - 30, 112, left - 10, 132), COLOURS[name])
        left -= 54


def _cell(outcome: Outcome) -> Image.Image:
    """One listing: the photo to the left, words, scores and evidence to the right."""
    cell = Image.new("RGB", CELL, CARD)
    cell.paste(_photo(outcome), (0, 0))
    draw = ImageDraw.Draw(cell)
    plan = outcome.listing.plan
    left, top = PHOTO + 18, 12
    draw.text((left, top), _shortened(draw, plan.title, 25, WORDS - 52), INK, _font(25))
    _sign(draw, (CELL[0] - 30, top + 16), good=outcome.is_right)
    said = f" · “{plan.claims['title']}”" if "title" in plan.claims else ""
    about = f"{plan.source}, expected: {plan.expected}{said}"
    draw.text((left, top + 36), _shortened(draw, about, 17, WORDS), PALE, _font(17))
    _verdict(draw, outcome, (left, top + 60))
    if outcome.findings:
        _scores(draw, outcome.findings[0]["scores"], (left, top + 96))
    if outcome.evidence:
        picture = Image.open(io.BytesIO(outcome.evidence[0])).convert("RGB")
        picture.thumbnail((WORDS - 14, PHOTO - 158), Image.Resampling.LANCZOS)
        cell.paste(picture, (left, PHOTO - picture.height - 8))
    draw.rectangle((0, 0, CELL[0] - 1, CELL[1] - 1), outline=LINE)
    return cell


def _photo(outcome: Outcome) -> Image.Image:
    """The photo fitted into its square, with a box for each finding, the strongest boldest."""
    photo = Image.open(io.BytesIO(outcome.listing.photo)).convert("RGB")
    scale = PHOTO / max(photo.size)
    size = (round(photo.width * scale), round(photo.height * scale))
    photo = photo.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(photo)
    for number, finding in reversed(list(enumerate(outcome.findings))):
        x, y, width, height = (value * scale for value in finding["box"])
        corners = (max(x, 1), max(y, 1), min(x + width, size[0] - 2), min(y + height, size[1] - 2))
        draw.rectangle(corners, outline=COLOURS[finding["kind"]], width=4 if number == 0 else 2)
        if number == 0:
            _tag(draw, finding, at=(corners[0], corners[1]), within=size[0])
    square = Image.new("RGB", (PHOTO, PHOTO), LINE)
    square.paste(photo, ((PHOTO - size[0]) // 2, (PHOTO - size[1]) // 2))
    return square


def _tag(draw: ImageDraw.ImageDraw, finding: dict[str, Any], *, at: tuple[float, float], within: int) -> None:
    """The brand and kind on the box's upper edge, or just below it where the box touches the photo's edge."""
    words = f"{finding['brand']} · {finding['kind'].replace('_', ' ')}"
    width = draw.textlength(words, _font(16)) + 10
    left, top = max(min(at[0] - 1, within - width), 0), at[1] - 22 if at[1] >= 22 else at[1]
    draw.rectangle((left, top, left + width, top + 22), COLOURS[finding["kind"]])
    draw.text((left + 5, top + 1), words, "#ffffff", _font(16))


def _verdict(draw: ImageDraw.ImageDraw, outcome: Outcome, at: tuple[int, int]) -> None:
    if outcome.answer is None:
        draw.text(at, _shortened(draw, f"failed: {outcome.failure}", 20, WORDS), WRONG, _font(20))
    elif not outcome.findings:
        draw.text(at, f"nothing found, {outcome.answer['decision']}", PALE, _font(22))
    else:
        strongest = outcome.findings[0]
        words = f"{strongest['kind'].replace('_', ' ')}, {strongest['brand']}"
        draw.text(at, words, COLOURS[strongest["kind"]], _font(24))
        decision = f"{outcome.answer['decision']} · {outcome.answer['timings_ms']['total']:.0f} ms"
        draw.text((at[0] + WORDS - 14, at[1] + 6), decision, PALE, _font(17), anchor="ra")


def _scores(draw: ImageDraw.ImageDraw, scores: dict[str, float], at: tuple[int, int]) -> None:
    """The four scores as one bar that is full at 1, and as figures."""
    left, width = float(at[0]), WORDS - 14
    for name in SCORES:
        right_edge = left + width * scores[name]
        if right_edge - left >= 1:
            draw.rectangle((left, at[1], right_edge, at[1] + 12), COLOURS[name])
        left = right_edge
    for number, name in enumerate(SCORES):
        words = f"{name} {scores[name]:.2f}"
        draw.text((at[0] + number * width / 4, at[1] + 17), words, COLOURS[name], _font(15))


def _sign(draw: ImageDraw.ImageDraw, middle: tuple[int, int], *, good: bool) -> None:
    """A tick or a cross in a disc."""
    x, y = middle
    draw.ellipse((x - 15, y - 15, x + 15, y + 15), RIGHT if good else WRONG)
    if good:
        draw.line((x - 7, y, x - 2, y + 6, x + 8, y - 6), "#ffffff", 4)
    else:
        draw.line((x - 6, y - 6, x + 6, y + 6), "#ffffff", 4)
        draw.line((x - 6, y + 6, x + 6, y - 6), "#ffffff", 4)


def _shortened(draw: ImageDraw.ImageDraw, words: str, size: int, width: int) -> str:
    """`words`, cut with an ellipsis where they would be wider than `width` pixels."""
    if draw.textlength(words, _font(size)) <= width:
        return words
    while words and draw.textlength(words + "…", _font(size)) > width:
        words = words[:-1]
    return words + "…"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own scalable font."""
    return ImageFont.load_default(size)
