"""Words in a photo: the lines in it, and what stands in the place of a genuine drawing's words.

A line that is a brand's word names the brand where vectors do not. Between genuine and imitated, recognition takes
look-alikes for what they imitate ("ADlDAS" is read as ADIDAS), so the pixels judge first and the reading only speaks
where they already suspect an imitation: a word read as it should be makes one less likely, a near miss of it more, and
names the letter. To find a photo's lines costs thirty milliseconds, to read one ten. The networks are PP-OCR (Latin and
Chinese), inside the wheel of RapidOCR.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.preprocessing import resized
from model.regions import Box, RgbImage

FEWEST_LETTERS = 3
"""A word of fewer letters says nothing: any mark can be read as one or two."""

FEWEST_PIXELS = 8
"""A line less high or wide than this is not read."""

SURELY_READ = 0.85
"""Confidence, 0..1, from which a line of a genuine drawing counts as read."""

PHOTO_SIDE = 320
"""Pixels of a photo's longer side in which lines are looked for; they are read in the photo as it is."""

MOST_LINES = 4
"""Lines of a photo that are read, the largest."""

LINE_SHAPE = (3, 48, 160)
"""Channels, height and least width, in pixels, of a line as the network sees it: narrow ones cost half as much."""

WIDEST_LINE = 6.0
"""Width of a line over its height, at most; a wider one is pressed together."""

_NEAR = 1 / 3
_MARGIN = 0.12
_MOST = 0.5

Outcome = Literal["as_known", "near_miss", "otherwise"]


_UPRIGHT = 1.5
"""Height of a line over its width from which it is written from top to bottom."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was surely read: its `text`, and where it is, in pixels of the picture."""

    text: str
    box: Box

    def lies_in(self, box: Box) -> bool:
        """Whether most of the line lies in `box`."""
        return self.box.intersection(box) >= _MOST * self.box.area


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in the place of the line `known`: `seen`, letters and digits, with `confidence` 0..1."""

    known: str
    seen: str
    confidence: float

    @property
    def outcome(self) -> Outcome:
        """`near_miss` for letters exchanged, one in three at most; what is read without confidence is `otherwise`.

        A letter too many or too few is `otherwise` as well: on genuine marks readings err so as often as on imitations,
        most at the ends of a word.
        """
        if self.confidence < SURELY_READ or len(self.seen) != len(self.known):
            return "otherwise"
        differing = len(self._differing())
        if differing == 0:
            return "as_known"
        return "near_miss" if differing <= max(1, len(self.known) * _NEAR) else "otherwise"

    def difference(self) -> str:
        """The first letter that differs, in words; of a near miss."""
        place = self._differing()[0]
        return f"letter {place + 1} differs: {self.seen[place]} for {self.known[place]}"

    def _differing(self) -> list[int]:
        """Places of the letters that differ, whatever their case; both words are equally long."""
        letters = zip(self.known, self.seen, strict=True)
        return [place for place, (known, seen) in enumerate(letters) if known.casefold() != seen.casefold()]


class Reader:
    """Reads words; safe to call from several threads, which take turns. The networks load when first needed."""

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._known: weakref.WeakKeyDictionary[PreparedReference, Line | None] = weakref.WeakKeyDictionary()

    def read(self, laid: RgbImage, reference: PreparedReference) -> Reading | None:
        """Read, in a region `laid` out as the reference's picture, what stands in the place of its longest line.

        None where the reference has no words.
        """
        with self._lock:
            if reference not in self._known:
                self._known[reference] = self._longest_line(reference.picture)
            line = self._known[reference]
            if line is None:
                return None
            found = self._networks(_bgr(line.box.crop(laid)), use_det=False, use_cls=False, use_rec=True)
        text, confidence = (found.txts[0], float(found.scores[0])) if found.txts else ("", 0.0)
        return Reading(line.text, _letters(text), confidence)

    def lines(self, photo: RgbImage) -> list[Line]:
        """What is surely read in a photo, of its `MOST_LINES` largest lines, the largest first."""
        height, width = photo.shape[:2]
        if min(height, width) < FEWEST_PIXELS:
            return []
        scale = min(1.0, PHOTO_SIDE / max(height, width))
        small = resized(photo, width=max(1, round(width * scale)), height=max(1, round(height * scale)))
        with self._lock:
            found = self._networks(_bgr(small), use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        to_photo = np.array([width, height], np.float32) / np.array(small.shape[1::-1], np.float32)
        quads = np.asarray(found.boxes, np.float32) * to_photo
        areas = np.array([cv2.contourArea(quad) for quad in quads])
        largest = quads[np.argsort(-areas, kind="stable")[:MOST_LINES]]
        lines = [Line(self.line(_straight(photo, quad)), _around(quad, room=0.0).clipped(width=width, height=height))
                 for quad in largest]  # fmt: skip
        return [line for line in lines if line.text]

    def line(self, region: RgbImage) -> str:
        """The text of the line that fills `region` (any size), as it is drawn; empty where none is surely read."""
        height, width = region.shape[:2]
        if min(height, width) < FEWEST_PIXELS:
            return ""
        if width > WIDEST_LINE * height:
            region = resized(region, width=round(WIDEST_LINE * height), height=height)
        with self._lock:
            found = self._networks(_bgr(region), use_det=False, use_cls=False, use_rec=True)
        return found.txts[0] if found.txts and float(found.scores[0]) >= SURELY_READ else ""

    def _longest_line(self, picture: RgbImage) -> Line | None:
        found = self._networks(_bgr(picture), use_det=True, use_cls=False, use_rec=True)
        boxes = getattr(found, "boxes", None)
        if boxes is None or found.txts is None:
            return None
        height, width = picture.shape[:2]
        lines = [
            Line(text, _around(box, room=_MARGIN).clipped(width=width, height=height))
            for text, confidence, box in zip(map(_letters, found.txts), found.scores, boxes, strict=True)
            if confidence >= SURELY_READ and len(text) >= FEWEST_LETTERS
        ]
        return max(lines, key=lambda line: (len(line.text), line.text), default=None)

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


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


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


def _bgr(picture: RgbImage) -> RgbImage:
    return np.ascontiguousarray(picture[..., ::-1])
