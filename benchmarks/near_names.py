"""Names that miss a brand's by a letter, drawn in the typeface of its mark, in whole photos: are they told?

"VEXORLA" for VEXORIA agrees with the genuine mark but for one letter, as 康帅傅 for 康师傅 does. Invented names are
registered as wordmarks in open typefaces; each imitation has a twin, the genuine name in the same place. The baseline
reads the photo and takes what misses the name by a letter for an imitation.
"""

from __future__ import annotations

import json
import string
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rapidfuzz.distance import OSA
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.sellers_imitations import SIZES, laid, unmarked_garments
from client.api import Hallmark
from client.temporary import temporary_service
from model.decode import decode
from model.reading import Line, Reader
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.synthesis.hanzi import common_characters, fetch_han_fonts, look_alikes
from training.synthesis.logos import Logo, fetch_packages, load_logos, rasterise
from training.synthesis.wordmarks import LOOK_ALIKES, fetch_fonts, wordmark

SEED = 3
SIDE = 480
"""Pixels of a mark's width before it is laid on a photo."""

CASES = (str.upper, str.upper, str.capitalize, str.lower)
_CONSONANTS, _VOWELS = "bcdfgklmnprstvxz", "aeiou"


@dataclass(frozen=True)
class Script:
    """Letters of which names are invented; `alike` tells by typeface which letters look like which."""

    letters: Sequence[str]
    fonts: Sequence[Path]
    cases: Sequence[Callable[[str], str]]
    invent: Callable[[np.random.Generator], str]
    alike: Callable[[Path], Mapping[str, Sequence[str]]]


def latin() -> Script:
    """Words of five to eight letters that can be spoken."""

    def invent(rng: np.random.Generator) -> str:
        places = range(int(rng.integers(5, 9)))
        return "".join(str(rng.choice(list(_CONSONANTS if place % 2 == 0 else _VOWELS))) for place in places)

    return Script(string.ascii_lowercase, fetch_fonts(), CASES, invent, lambda _: LOOK_ALIKES)


def han() -> Script:
    """Two to four common Chinese characters."""
    fonts = fetch_han_fonts()
    letters = common_characters(tuple(fonts))

    def invent(rng: np.random.Generator) -> str:
        return "".join(letters[int(one)] for one in rng.integers(len(letters), size=int(rng.integers(2, 5))))

    return Script(letters, fonts, [str], invent, partial(look_alikes, letters=letters))


SCRIPTS = {"latin": latin, "han": han}


@dataclass(frozen=True)
class Size:
    """How much is drawn and scanned."""

    names: int
    others: int


FULL = Size(names=60, others=150)
QUICK = Size(names=4, others=10)


@dataclass(frozen=True, slots=True)
class Name:
    """An invented name, how it is written, and its typeface and colour."""

    text: str
    cased: Callable[[str], str]
    font: Path
    colour: str

    def drawn(self, text: str) -> Logo:
        """`text` as the name's own mark is drawn, its words below each other."""
        return wordmark(self.cased(text).replace(" ", "\n"), self.font, colour=self.colour)


@dataclass(frozen=True, slots=True)
class Case:
    """A photo of the mark of `name`, or of what was made of it by `kind`; `size` by `SIZES`."""

    data: bytes
    name: str
    kind: str
    size: str


@dataclass(frozen=True, slots=True)
class Said:
    """Of a photo: whether the brand was found, its mark called imitated, the listing held up; the baseline's word."""

    found: bool
    imitated: bool
    held: bool
    read_otherwise: bool


def main() -> None:
    """Draw, register, scan and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--script", choices=SCRIPTS, default="latin", help="of the names")
    parser.add_argument("--lines", type=int, choices=(1, 2), default=1, help="words of a name, below each other")
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    script, reader = SCRIPTS[asked.script](), Reader()
    names = invented(size.names, script, lines=asked.lines)
    own = {name.text: [name.drawn(name.text)] for name in names}
    others = other_brands(load_logos(fetch_packages()), count=size.others)
    figures = {}
    with temporary_service() as api:
        register_brands(api, {**own, **others}, progress=quietly)
        cases = list(photos(names, script))
        for named in (True, False):
            said = [_said(api, case, named=named, reader=reader) for case in cases]
            figures["named by the listing" if named else "named by nothing"] = _figures(cases, said)
    _show(figures)


def invented(count: int, script: Script, *, lines: int = 1) -> list[Name]:
    """`count` names of as many words as `lines`."""
    rng, found = np.random.default_rng(SEED), []
    for number in range(count):
        text = " ".join(script.invent(rng) for _ in range(lines))
        red, green, blue = (int(value) for value in rng.integers(0, 200, 3))
        font, cased = script.fonts[number % len(script.fonts)], script.cases[number % len(script.cases)]
        found.append(Name(text, cased, font, f"#{red:02x}{green:02x}{blue:02x}"))
    return found


class Changes:
    """How a word in one typeface is missed by a letter; each change returns None where the word is too short for it."""

    def __init__(self, script: Script, font: Path, rng: np.random.Generator) -> None:
        self._letters, self._alike, self._rng = script.letters, script.alike(font), rng

    def a_look_alike(self, word: str) -> str:
        """A letter by one that looks like it."""
        place = int(self._rng.integers(len(word)))
        return _with(word, place, str(self._rng.choice(list(self._alike[word[place]]))))

    def any_letter(self, word: str) -> str:
        """A letter by any other."""
        place = int(self._rng.integers(len(word)))
        return _with(word, place, str(self._rng.choice([one for one in self._letters if one != word[place]])))

    def swapped(self, word: str) -> str | None:
        """Two neighbours that differ change places."""
        places = [place for place in range(len(word) - 1) if word[place] != word[place + 1]]
        if not places:
            return None
        place = places[int(self._rng.integers(len(places)))]
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    def one_more(self, word: str) -> str:
        """A letter more, between two."""
        place = int(self._rng.integers(1, len(word)))
        return word[:place] + str(self._rng.choice(list(self._letters))) + word[place:]

    def one_less(self, word: str) -> str | None:
        """A letter less, between two."""
        return _with(word, int(self._rng.integers(1, len(word) - 1)), "") if len(word) > 2 else None


CHANGES: dict[str, Callable[[Changes, str], str | None]] = {
    "a look-alike": Changes.a_look_alike,
    "any letter": Changes.any_letter,
    "swapped": Changes.swapped,
    "one more": Changes.one_more,
    "one less": Changes.one_less,
}


def photos(names: Sequence[Name], script: Script) -> Iterator[Case]:
    """Of every name and change a photo, and one of the genuine name in the same place."""
    garments, known = unmarked_garments(), {name.text for name in names}
    for number, name in enumerate(names):
        for place, (kind, change) in enumerate(CHANGES.items()):
            seed = [SEED, number, place]
            rng, words = np.random.default_rng(seed), name.text.split()
            one = int(rng.integers(len(words))) if len(words) > 1 else 0
            changed = change(Changes(script, name.font, rng), words[one])
            if changed is None or (missed := " ".join([*words[:one], changed, *words[one + 1 :]])) in known:
                continue
            size = list(SIZES)[(number + place) % len(SIZES)]
            marks = [rasterise(name.drawn(text), width=SIDE) for text in (missed, name.text)]
            try:
                pictures = laid(marks, garments, size=size, seed=seed)
            except ValueError:  # too thin to leave a pixel at this size
                continue
            for data, what in zip(pictures, (kind, "genuine"), strict=True):
                yield Case(data, name.text, what, size)


def _with(name: str, place: int, letter: str) -> str:
    return name[:place] + letter + name[place + 1 :]


def _said(api: Hallmark, case: Case, *, named: bool, reader: Reader) -> Said:
    answer = api.scan(case.data, listing={"brand_claimed": case.name} if named else None)
    kinds = [one["kind"] for one in answer["findings"] if one["brand"] == case.name]
    lines = reader.lines(decode(case.data))
    return Said(bool(kinds), "imitation" in kinds, answer["decision"] != "allow", _misses(case.name, lines))


def _misses(name: str, lines: Sequence[Line]) -> bool:
    """Whether a word of the lines misses one of the name by a letter, and none is it."""
    words = ["".join(filter(str.isalnum, word)).casefold() for line in lines for word in line.text.split()]
    return any(known not in words and any(OSA.distance(known, word) == 1 for word in words) for known in name.split())


def _figures(cases: Sequence[Case], said: Sequence[Said]) -> dict[str, dict[str, float]]:
    rows: dict[str, list[Said]] = defaultdict(list)
    for case, one in zip(cases, said, strict=True):
        side = "genuine" if case.kind == "genuine" else "imitated"
        for row in (f"all: {side}", f"{side}: {case.kind}", f"{case.size}: {side}"):
            rows[row].append(one)
    return {
        row: {
            "photos": len(each),
            "found": sum(one.found for one in each) / len(each),
            "imitated": sum(one.imitated for one in each) / len(each),
            "held": sum(one.held for one in each) / len(each),
            "read_otherwise": sum(one.read_otherwise for one in each) / len(each),
        }
        for row, each in sorted(rows.items())
        if row != "genuine: genuine"
    }


def _show(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    for title, rows in figures.items():
        table = Table(title=title, title_justify="left")
        for column in ("what", "photos", "brand found", "called imitated", "held up", "baseline: read otherwise"):
            table.add_column(column, justify="left" if column == "what" else "right")
        for row, figure in rows.items():
            table.add_row(row, f"{figure['photos']:.0f}", *(f"{figure[one]:.3f}" for one in list(figure)[1:]))
        Console(width=100).print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
