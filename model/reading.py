"""Words in a photo: the lines in it, and what stands in the place of a genuine drawing's words.

A line that is a brand's word names the brand where vectors do not. Between genuine and imitated, a word read as it
should be makes an imitation less likely, a near miss of it or another word in its place more. Recognition takes some
look-alikes for what they imitate ("ADlDAS" is read as ADIDAS), so the pixels judge first. To find a photo's lines costs
thirty milliseconds, to read one ten. The networks are PP-OCR (Latin and Chinese), inside the wheel of RapidOCR.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, Levenshtein

from model.alignment import PreparedReference
from model.kept import Kept, Lazy
from model.preprocessing import at_most, resized
from model.regions import Box, RgbImage
from model.simplified import is_chinese, simplified

FEWEST_LETTERS = 3
"""A word of fewer letters says nothing: any mark can be read as one or two."""

FEWEST_HAN = 2
"""The same of Chinese characters, of which there are thousands: most names in China have two or three."""

SURELY_UPRIGHT = 0.95
"""Confidence from which a line is not read upside down as well: a half of its letters may read alike either way."""

FEWEST_PIXELS = 8
"""A line less high or wide than this is not read."""

SURELY_READ = 0.85
"""Confidence, 0..1, from which a line counts as read."""

SURELY_DIFFERENT = 0.95
"""Confidence from which a line that misses letters of the one it should be counts as another: of the drawn genuine
wordmarks that were misread, half were read less surely.
"""

SURELY_ANOTHER = 0.9
"""Confidence from which a line is another word that has less than half of its letters in common with the one that
should stand there: of drawn genuine wordmarks one in 800 is misread so from here to `SURELY_DIFFERENT`, of those with
other letters one in 25. What has more in common is told from there on, for genuine words are misread so.
"""

BEYOND_DOUBT = 0.99
"""Confidence from which a near miss is surely one: of drawn wordmarks genuine ones are read so for 1 %, those that miss
a letter or two for 39 %; from `SURELY_DIFFERENT` to here for 1 and 6 %.
"""

PHOTO_SIDE = 320
"""Pixels of a photo's longer side in which lines are looked for; they are read in the photo as it is."""

MOST_LINES = 4
"""Lines of a photo that are read, the largest."""

LINE_SHAPE = (3, 48, 160)
"""Channels, height and least width, in pixels, of a line as the network sees it: narrow ones cost half as much."""

WIDEST_LINE = 6.0
"""Width of a line over its height, at most; a wider one is pressed together."""

AT_THE_RIM = 0.1
"""Of a line's height: so near to the rim of its picture an end of it may be cut off there."""

INK_AT_THE_RIM = 0.3
"""Least standard deviation along the rim, relative to the line's, at which a letter counts as cut off. Of synthetic
words, 0.9 of those that a box cuts exceed it and 0.3 of the whole ones.
"""

_NEAR = 1 / 3
_MARGIN = 0.12
_MOST = 0.5
_SAME_LINE = 0.5
_ONE_SIZE = 2.0
_RIGHT_BELOW = 0.8
_ROOM_AT_THE_ENDS = 0.25

Outcome = Literal["as_known", "surely_near_miss", "near_miss", "another_word", "otherwise"]

_LOOK_ALIKES = str.maketrans({"i": "l", "1": "l", "0": "o"})
"""Letters, small ones, that recognition exchanges on genuine marks too where it is not sure."""

_AMONG_CAPITALS, _AMONG_SMALL = str.maketrans("l10", "IIO"), str.maketrans("I10", "llo")
"""What is drawn alike among capitals and among small letters. Of 800 genuine drawn words none was surely read with an I
for a capital L or without the dot of its i, as imitations are.
"""


_UPRIGHT = 1.5
"""Height of a line over its width from which it is written from top to bottom."""


class Cut(NamedTuple):
    """Whether the first and the last letter of a line may be cut off by the picture's rim, and read as another."""

    first: bool = False
    last: bool = False


_WHOLE = Cut()


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was surely read: its `text`, where it is, in pixels of the picture, and the `confidence`, 0..1."""

    text: str
    box: Box
    confidence: float = 1.0
    cut: Cut = _WHOLE
    stacked: tuple[Line, ...] = ()
    """The lines that it is made of, the uppermost first, where words of it stand below each other."""

    def lies_in(self, box: Box) -> bool:
        """Whether most of the line lies in `box`."""
        return self.box.intersection(box) >= _MOST * self.box.area


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read where the line `known` should be: `seen`, as it is drawn, with `confidence` 0..1.

    `in_place` says that it was read in the place of `known` once the region was laid on the reference, and not as one
    of the region's lines, and `cut` that the letters at its ends are not all there.
    """

    known: str
    seen: str
    confidence: float
    in_place: bool = True
    cut: Cut = _WHOLE

    @classmethod
    def of(cls, known: str, line: Line, *, in_place: bool = False) -> Reading:
        """A line, wherever it stands unless `in_place`, beside what is known."""
        return cls(known, line.text, line.confidence, in_place=in_place, cut=line.cut)

    @property
    def outcome(self) -> Outcome:
        """`near_miss`: letters exchanged, swapped, added or left out, one in three at most; `surely_near_miss`: beyond
        doubt. `otherwise` says nothing.

        Letters too few at the ends may have been cut off, one too many may be the symbol beside it. What else is read
        in its place is `another_word`; elsewhere in the region other words may well stand, and one that shares one of
        two Chinese characters by chance.
        """
        if self.confidence >= SURELY_READ and self._is_known():
            return "as_known"
        if self.confidence < SURELY_ANOTHER or not _letters(self.seen):
            return "otherwise"
        known, closest = _as_drawn(self.known), self._closest()
        if self._is_part(closest):
            return "otherwise"
        distance = OSA.distance(known, closest)
        if distance > max(1, len(known) * _NEAR):
            surely = distance > len(known) / 2 or self.confidence >= SURELY_DIFFERENT
            return "another_word" if surely and self.in_place and _is_a_word(self.seen) else "otherwise"
        shorter, longer = sorted((known, closest), key=len)
        if self.confidence < SURELY_DIFFERENT or shorter in longer or not (self.in_place or len(known) > FEWEST_HAN):
            return "otherwise"
        return "surely_near_miss" if self.confidence >= BEYOND_DOUBT else "near_miss"

    @property
    def misses_letters(self) -> bool:
        """Whether it is a near miss, surely or not."""
        return self.outcome in ("near_miss", "surely_near_miss")

    def difference(self) -> str:
        """What differs, in words; of a near miss or another word."""
        known, seen = _letters(self.known), _letters(self.seen)
        # Without case some letters are two ("ß"), and then places do not tell letters.
        right, wrong = _as_drawn(known), _as_drawn(seen)
        if self.misses_letters and len({len(one) for one in (known, seen, right, wrong)}) == 1:
            pairs = enumerate(zip(right, wrong, strict=True))
            place = next(number for number, (one, other) in pairs if one != other)
            return f"letter {place + 1} differs: {seen[place]} for {known[place]}"
        return f"reads {self.seen} for {self.known}"

    def _is_known(self) -> bool:
        """Whether what is known stands in what was read: in other case, as it may be drawn, or, if that was not surely
        read, by letters that are taken for each other.
        """
        ways = (_plain, _as_drawn) if self.confidence >= SURELY_DIFFERENT else (_plain, _as_drawn, _alike)
        return any(way(self.known) in self._pieces(way) for way in ways)

    def _is_part(self, closest: str) -> bool:
        """Whether what was read, without letters that are cut off, stands in what is known."""
        sure = closest[self.cut.first : len(closest) - self.cut.last]
        return bool(sure) and sure in _as_drawn(self.known)

    def _closest(self) -> str:
        """Of the words of `seen`, and those that stand in a row, the piece nearest to what is known."""
        known = _as_drawn(self.known)
        return min(self._pieces(_as_drawn), key=lambda piece: (OSA.distance(known, piece), -len(piece), piece))

    def _pieces(self, way: Callable[[str], str]) -> list[str]:
        """What may be one name in what was read: `_runs`, and in Chinese, where nothing stands between words, every
        piece as long as what is known.
        """
        runs, length = _runs(self.seen, way), len(way(self.known))
        if is_chinese(self.known):
            runs += [run[first : first + length] for run in runs for first in range(1 + len(run) - length)]
        return runs


def stacks(lines: Sequence[Line]) -> list[Line]:
    """The runs of `lines` of about one size that stand right below each other, as names of several words are drawn.

    Lines that the picture's rim may cut are in none.
    """
    found: list[Line] = []
    runs: list[tuple[Line, ...]] = [(line,) for line in lines if line.cut == _WHOLE]
    while runs:
        runs = [(*run, line) for run in runs for line in lines if line.cut == _WHOLE and _stands_below(line, run[-1])]
        found += [_stack(run) for run in runs]
    return found


class Reader:
    """Reads words; safe to call from several threads, which take turns. The networks load when first needed."""

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._known = Kept(lambda reference: self._lines_of(reference.picture))

    def load(self) -> None:
        """Load the networks now, so that no reading waits for them."""
        with self._lock:
            _ = self._networks

    def read(
        self, laid: RgbImage, reference: PreparedReference, *, region: RgbImage, lines: Sequence[Line] = ()
    ) -> Reading | None:
        """Read what stands where the reference's lines should be; None where the reference has no words.

        Among the `lines` that were read there already, in the `region` as it is `laid` out as the reference's picture,
        and, where neither reads as it should, among the lines of the region as it is: the word as it should be,
        wherever it stands, before a near miss. Of several lines the one counts that says the most of an imitation.
        """
        with self._lock:
            known = self._known.of(reference)
        if not known:
            return None
        in_region = Lazy(lambda: self.lines(region))
        alone = len(known) == 1
        return _together([self._read_for(one, laid, lines=lines, in_region=in_region, alone=alone) for one in known])

    def _read_for(
        self, known: Line, laid: RgbImage, *, lines: Sequence[Line], in_region: Lazy[list[Line]], alone: bool
    ) -> Reading:
        """What stands where one line should be, `alone` or one of several of a reference."""
        found = _readings(known.text, lines, alone=alone)
        if any(one.outcome == "as_known" for one in found):
            return _most_telling(found)
        with self._lock:
            text, confidence = self._read_as_a_line(known.box.crop(laid))
        in_place = Reading(known.text, text, confidence)
        if in_place.outcome == "as_known":
            return in_place
        in_place = replace(in_place, cut=_cut_of_line_like(text, in_region.value))
        return _most_telling([in_place, *_readings(known.text, in_region.value, alone=alone), *found])

    def lines(self, photo: RgbImage) -> list[Line]:
        """What is surely read in a photo, of its `MOST_LINES` largest lines, the largest first."""
        height, width = photo.shape[:2]
        if min(height, width) < FEWEST_PIXELS:
            return []
        small = at_most(photo, side=PHOTO_SIDE)
        with self._lock:
            found = self._networks(_bgr(small), use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        to_photo = np.array([width, height], np.float32) / np.array(small.shape[1::-1], np.float32)
        quads = np.asarray(found.boxes, np.float32) * to_photo
        areas = np.array([cv2.contourArea(quad) for quad in quads])
        largest = quads[np.argsort(-areas, kind="stable")[:MOST_LINES]]
        found = []
        for quad in largest:
            text, confidence, turned = self._either_way_up(_straight(photo, quad))
            if text and confidence >= SURELY_READ:
                box = _around(quad, room=0.0).clipped(width=width, height=height)
                first, last = _cut_off(photo, box)
                found.append(Line(text, box, confidence, Cut(last, first) if turned else Cut(first, last)))
        return found

    def line_in(self, photo: RgbImage, box: Box) -> Line | None:
        """The line that `box` was drawn around, which may cut its ends; None where none is surely read there."""
        height, width = photo.shape[:2]
        room = _ROOM_AT_THE_ENDS * box.height
        place = Box(box.x - room, box.y, box.width + 2 * room, box.height).clipped(width=width, height=height)
        seen = np.ascontiguousarray(place.crop(photo))
        text, confidence = self._line(seen)
        if not text or confidence < SURELY_READ:
            return None
        return Line(text, place, confidence, Cut(*_cut_off(seen, Box(0, 0, seen.shape[1], seen.shape[0]))))

    def known(self, reference: PreparedReference) -> str:
        """The letters of the largest line that is read in the reference's picture; empty where it has no words."""
        with self._lock:
            lines = self._known.of(reference)
        return lines[0].text if lines else ""

    def line(self, region: RgbImage) -> str:
        """The text of the line that fills `region` (any size), as it is drawn; empty where none is surely read."""
        text, confidence = self._line(region)
        return text if confidence >= SURELY_READ else ""

    def _either_way_up(self, line: RgbImage) -> tuple[str, float, bool]:
        """The text of a line, its confidence, and whether it stands upside down, as what is read less surely may."""
        text, confidence = self._line(line)
        if confidence < SURELY_UPRIGHT:
            turned, surer = self._line(np.ascontiguousarray(line[::-1, ::-1]))
            if surer > confidence:
                return turned, surer, True
        return text, confidence, False

    def _line(self, region: RgbImage) -> tuple[str, float]:
        height, width = region.shape[:2]
        if min(height, width) < FEWEST_PIXELS:
            return "", 0.0
        if width > WIDEST_LINE * height:
            region = resized(region, width=round(WIDEST_LINE * height), height=height)
        with self._lock:
            return self._read_as_a_line(region)

    def _lines_of(self, picture: RgbImage) -> tuple[Line, ...]:
        """The largest line of a reference's picture, and after it those above and below of one size that make a name
        with it; or all of it, where it is read as a line that holds the largest, or none was found.

        What finds lines wants ground around them, and a reference's picture ends where its mark does.
        """
        found = self._networks(_bgr(picture), use_det=True, use_cls=False, use_rec=True)
        height, width = picture.shape[:2]
        boxes, lines = getattr(found, "boxes", None), list[Line]()
        if boxes is not None and found.txts is not None:
            lines = [
                Line(text, _around(box, room=_MARGIN).clipped(width=width, height=height))
                for text, confidence, box in zip(map(_letters, found.txts), found.scores, boxes, strict=True)
                if confidence >= SURELY_READ and says_something(text)
            ]
        lines = _of_one_name(sorted(lines, key=lambda line: (line.box.area, line.text), reverse=True))
        text, confidence = self._read_as_a_line(picture)
        all_of_it = Line(_letters(text), Box(0, 0, width, height))
        if confidence < SURELY_DIFFERENT or not says_something(all_of_it.text):
            return tuple(lines)
        return (all_of_it,) if not lines or lines[0].text in all_of_it.text else tuple(lines)

    def _read_as_a_line(self, picture: RgbImage) -> tuple[str, float]:
        """What the whole picture says and how surely; empty where it says nothing. The lock is held.

        What is higher than wide is a line from top to bottom, on its side as recognition has learnt Chinese ones.
        """
        height, width = picture.shape[:2]
        picture = np.rot90(picture) if height >= _UPRIGHT * width else picture
        found = self._networks(_bgr(picture), use_det=False, use_cls=False, use_rec=True)
        return (found.txts[0], float(found.scores[0])) if found.txts else ("", 0.0)

    @cached_property
    def _networks(self) -> Any:
        from rapidocr import RapidOCR  # noqa: PLC0415 - a second and 100 MB that most scans do not need

        engine = "EngineConfig.onnxruntime"
        return RapidOCR(
            params={
                "Global.log_level": "error",
                f"{engine}.intra_op_num_threads": self._threads,
                f"{engine}.inter_op_num_threads": 1,
                "Rec.rec_img_shape": list(LINE_SHAPE),
                "Det.limit_side_len": PHOTO_SIDE,
                "Det.limit_type": "max",
            }
        )


def says_something(text: str) -> bool:
    """Whether letters are enough to tell one word from what any mark may be read as."""
    letters = _letters(text)
    return len(letters) >= (FEWEST_HAN if is_chinese(letters) else FEWEST_LETTERS)


_TELLING: tuple[Outcome, ...] = get_args(Outcome)
"""Which of several readings counts: the first of these."""


def _most_telling(readings: Iterable[Reading]) -> Reading:
    return min(readings, key=lambda one: _TELLING.index(one.outcome))


def _readings(known: str, lines: Sequence[Line], *, alone: bool) -> list[Reading]:
    """Each of the `lines` of a mark beside what is known, `alone` or one of several lines of its reference.

    The only line in Chinese stands where a Chinese name should that is alone.
    """
    chinese = [line for line in lines if is_chinese(_letters(line.text)) and says_something(line.text)]
    only = chinese[0] if alone and len(chinese) == 1 and is_chinese(known) else None
    return [Reading.of(known, line, in_place=line is only) for line in lines]


_ACCUSING: tuple[Outcome, ...] = ("surely_near_miss", "near_miss", "another_word")


def _together(readings: Sequence[Reading]) -> Reading:
    """Of readings for several lines of one reference, the largest first, the one that counts."""
    accusing = [one for one in readings if one.outcome in _ACCUSING]
    return _most_telling(accusing) if accusing else readings[0]


def _of_one_name(lines: Sequence[Line]) -> list[Line]:
    """The first of the `lines`, and those of one size that stand right above or below it, or below such.

    Small print is misread more often than names, and so is what runs around a badge.
    """
    name = list(lines[:1])
    for line in name:
        name += [one for one in lines if one not in name and (_stands_below(one, line) or _stands_below(line, one))]
    return name


def _stands_below(lower: Line, upper: Line) -> bool:
    one, other = upper.box, lower.box
    shared = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    small, large = sorted((one.height, other.height))
    gap = other.y - one.y - one.height
    return (
        shared >= 0.5 * min(one.width, other.width) and large <= _ONE_SIZE * small and abs(gap) <= _RIGHT_BELOW * small
        and other.y > one.y
    )  # fmt: skip


def _stack(run: tuple[Line, ...]) -> Line:
    first, last = run[0].box, run[-1].box
    left, right = min(one.box.x for one in run), max(one.box.x + one.box.width for one in run)
    box = Box(left, first.y, right - left, last.y + last.height - first.y)
    return Line(" ".join(one.text for one in run), box, min(one.confidence for one in run), stacked=run)


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _is_a_word(text: str) -> bool:
    """Whether what was read is long enough to stand in the place of another word."""
    letters = _letters(text)
    return len(letters) >= (FEWEST_HAN if is_chinese(letters) else FEWEST_LETTERS + 1)


def _plain(text: str) -> str:
    """Letters and digits without case; genuine marks write Chinese in either script."""
    return simplified(_letters(text).casefold())


def _as_drawn(text: str) -> str:
    """Letters and digits without case, those made one that are drawn alike beside the others of `text`."""
    letters = _letters(text)
    are_capitals = 2 * sum(map(str.isupper, letters)) > sum(map(str.isalpha, letters))
    return _plain(letters.translate(_AMONG_CAPITALS if are_capitals else _AMONG_SMALL))


def _alike(text: str) -> str:
    """Letters and digits without case, look-alikes made one."""
    return _plain(text).translate(_LOOK_ALIKES)


def _runs(text: str, way: Callable[[str], str]) -> list[str]:
    """The words of a line and every run of them, put together, each letter taken as `way` takes it."""
    words = [word for word in map(way, text.split()) if word]
    return ["".join(words[first:last]) for first in range(len(words)) for last in range(first + 1, len(words) + 1)]


def _straight(photo: RgbImage, quad: NDArray[np.float32]) -> RgbImage:
    """A line cut out of a photo: `quad` (4, 2) are its corners, clockwise from the left upper one."""
    top, right, bottom, left = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1).tolist()
    width, height = max(1, round(max(top, bottom))), max(1, round(max(left, right)))
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, corners)
    cut = cv2.warpPerspective(photo, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(np.rot90(cut) if height >= _UPRIGHT * width else cut, np.uint8)


def _around(quad: Any, *, room: float) -> Box:
    """The box of a line, with `room` by its height around it for what is laid out by a pixel or two off."""
    (left, top), (right, bottom) = np.min(quad, axis=0).tolist(), np.max(quad, axis=0).tolist()
    room *= bottom - top
    return Box(left - room, top - room, right - left + 2 * room, bottom - top + 2 * room)


def _cut_off(picture: RgbImage, box: Box) -> tuple[bool, bool]:
    """Which ends of the line in `box`, left and right or top and bottom, lie at the picture's rim with ink along it.

    Beside a whole letter there is ground.
    """
    if box.height >= _UPRIGHT * box.width:
        picture, box = picture.transpose(1, 0, 2), Box(box.y, box.x, box.height, box.width)
    gaps = box.x, picture.shape[1] - box.x - box.width
    if min(gaps) > AT_THE_RIM * box.height:
        return False, False
    middle = Box(0.0, box.y + 0.15 * box.height, picture.shape[1], 0.7 * box.height).crop(picture)
    grey = cv2.cvtColor(np.ascontiguousarray(middle), cv2.COLOR_RGB2GRAY).astype(np.float32)
    least = INK_AT_THE_RIM * float(grey[:, int(box.x) : int(box.x + box.width) + 1].std())
    left, right = (
        gap <= AT_THE_RIM * box.height and float(strip.mean(axis=1).std()) > least
        for gap, strip in zip(gaps, (grey[:, :2], grey[:, -2:]), strict=True)
    )
    return left, right


def _cut_of_line_like(text: str, lines: Sequence[Line]) -> Cut:
    """The cut of the line that reads most like `text`, which is that line laid out anew."""
    alike = {line: Levenshtein.normalized_similarity(_alike(line.text), _alike(text)) for line in lines}
    nearest = max(alike, key=lambda line: alike[line], default=None)
    return _WHOLE if nearest is None or alike[nearest] < _SAME_LINE else nearest.cut


def _bgr(picture: RgbImage) -> RgbImage:
    return np.ascontiguousarray(picture[..., ::-1])
