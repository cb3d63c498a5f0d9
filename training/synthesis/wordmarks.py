"""Wordmarks drawn in typefaces: a genuine one, and the near misses of it that sellers draw in the same face.

The letters of packaged logos are paths that nobody can type anew. These are words of which every letter is known, so
that a near miss differs as "abibas" does: by one letter or two, among them those that look alike. The typefaces come
from npm (`@fontsource`, SIL Open Font Licence, Apache 2.0 and Ubuntu Font Licence).
"""

from __future__ import annotations

import string
import tarfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from training.synthesis.logos import Logo, default_folder, npm_pack

FONT_VERSION = "5.3.0"
FONTS = (
    "abril-fatface", "alfa-slab-one", "anton", "archivo-black", "bebas-neue", "bungee", "cinzel", "comfortaa",
    "dancing-script", "exo-2", "fredoka", "josefin-sans", "kanit", "lato", "lobster", "merriweather", "montserrat",
    "nunito", "open-sans", "orbitron", "oswald", "pacifico", "passion-one", "permanent-marker", "playfair-display",
    "poppins", "raleway", "righteous", "roboto", "rubik", "russo-one", "satisfy", "special-elite", "teko", "titan-one",
    "ubuntu",
)  # fmt: skip
"""Typefaces, sans and serif, display and script."""

LOOK_ALIKES = {
    "a": "oe", "b": "dhp", "c": "eog", "d": "b", "e": "ac", "f": "t", "g": "qc", "h": "kbn", "i": "jl", "j": "i",
    "k": "hx", "l": "i", "m": "nw", "n": "mru", "o": "aec", "p": "bq", "q": "gp", "r": "n", "s": "z", "t": "fl",
    "u": "vn", "v": "uyw", "w": "vm", "x": "k", "y": "v", "z": "s",
}  # fmt: skip
"""Letters by which a seller replaces one, hoping that nobody looks twice."""

TWO_LETTERS = 0.45
"""Share of the near misses that differ by two letters."""

_KEPT = 4
"""Letters that a word must have before one may be left out."""


def fetch_fonts(folder: Path | None = None, *, names: Sequence[str] = FONTS, subset: str = "latin") -> list[Path]:
    """The font files, taken with npm into `folder` (default: beside the logos); those that are there stay.

    Raises `RuntimeError`, saying what to do, when npm is missing or cannot reach its registry.
    """
    folder = default_folder().with_name("fonts") if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (file := folder / f"{name}.woff").exists():
            continue
        archive = npm_pack(f"@fontsource/{name}@{FONT_VERSION}", folder)
        with tarfile.open(archive) as opened:
            found = opened.extractfile(f"package/files/{name}-{subset}-400-normal.woff")
            if found is None:
                raise RuntimeError(f"@fontsource/{name} {FONT_VERSION} lacks its regular face")
            file.write_bytes(found.read())
        archive.unlink()
    return [folder / f"{name}.woff" for name in names]


def wordmark(word: str, font: Path, *, colour: str = "#111111") -> Logo:
    """`word` in the typeface, as paths; its brand is the word in lower case.

    The lines of a name that has several stand below each other, in the middle. Raises `ValueError` for a letter that
    the typeface lacks.
    """
    face = _face(font)
    high, low = face["hhea"].ascent, face["hhea"].descent
    lines = [_line(text, face, name=font.stem) for text in word.split("\n")]
    width, height = max(width for _, width in lines), high - low
    paths = [
        f'<g transform="translate({(width - wide) / 2} {number * height})">{path}</g>'
        for number, (path, wide) in enumerate(lines)
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {-high} {width} {height * len(lines)}" width="{width}" '
        f'height="{height * len(lines)}" fill="currentColor" color="{colour}">{"".join(paths)}</svg>'
    )
    return Logo(word.lower(), f"{word} {font.stem}", "wordmarks", svg, monochrome=True)


def letters_of(font: Path) -> frozenset[int]:
    """The code points that a typeface has letters for."""
    return frozenset(_face(font).getBestCmap())


def _line(text: str, face: TTFont, *, name: str) -> tuple[str, float]:
    """The paths of a line that begins at the origin, and its width, in units of the typeface called `name`."""
    glyphs, names, widths = face.getGlyphSet(), face.getBestCmap(), face["hmtx"]
    paths, left = [], 0.0
    for letter in text:
        if ord(letter) not in names:
            raise ValueError(f"{name} has no {letter!r}")
        glyph = names[ord(letter)]
        pen = SVGPathPen(glyphs)
        glyphs[glyph].draw(TransformPen(pen, (1, 0, 0, -1, left, 0)))
        paths.append(f'<path d="{pen.getCommands()}"/>')
        left += widths[glyph][0]
    return "".join(paths), left


def near_miss(word: str, *, rng: np.random.Generator) -> str:
    """`word` (lower case, a to z) with one letter or two exchanged, left out or added; never the word itself."""
    while True:
        letters = list(word)
        for _ in range(1 + int(rng.random() < TWO_LETTERS)):
            place, how = int(rng.integers(len(letters))), rng.random()
            if how < 0.4:
                letters[place] = str(rng.choice(list(LOOK_ALIKES[letters[place]])))
            elif how < 0.7:
                letters[place] = str(rng.choice(list(string.ascii_lowercase)))
            elif how < 0.85 and len(letters) > _KEPT:
                del letters[place]
            else:
                letters.insert(place, str(rng.choice(list(string.ascii_lowercase))))
        if (missed := "".join(letters)) != word:
            return missed


def cased(words: Sequence[str], *, rng: np.random.Generator) -> list[str]:
    """All `words` in upper case, in lower case, or with a capital, alike."""
    how = (str.upper, str.lower, str.capitalize)[int(rng.integers(3))]
    return [how(word) for word in words]


@lru_cache(maxsize=64)
def _face(font: Path) -> TTFont:
    return TTFont(font)
