"""Chinese characters as the simplified script writes them: brands and sellers write one name in either."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from opencc import OpenCC

_IDEOGRAPHS: Final = range(0x3400, 0xA000)
_CHINESE = re.compile(f"[{chr(_IDEOGRAPHS[0])}-{chr(_IDEOGRAPHS[-1])}]+")


def is_chinese(text: str) -> bool:
    """Whether `text` is Chinese characters and nothing else."""
    return _CHINESE.fullmatch(text) is not None


@cache
def simplified_by_traditional() -> dict[str, str]:
    """The traditional characters that the simplified script writes otherwise, some 3,700, and how, one by one (OpenCC).

    What a character would be in a word ("乾" in 乾隆 stays) is left out: both sides of a comparison are taken alike.
    """
    to_simplified = OpenCC("t2s")
    pairs = ((letter, to_simplified.convert(letter)) for letter in map(chr, _IDEOGRAPHS))
    return {letter: written for letter, written in pairs if written != letter and len(written) == 1}


@cache
def _table() -> dict[int, str]:
    return {ord(letter): written for letter, written in simplified_by_traditional().items()}


def simplified(text: str) -> str:
    """`text` with every traditional character as the simplified script writes it, letter for letter."""
    return text if text.isascii() else text.translate(_table())


@cache
def _ways_to_write() -> dict[str, str]:
    ways: dict[str, str] = {}
    for traditional, written in simplified_by_traditional().items():
        ways[written] = ways.get(written, written) + traditional
    return ways


def ways_to_write(letter: str) -> str:
    """A letter that `simplified` gives and all that it gives it for."""
    return _ways_to_write().get(letter, letter)
