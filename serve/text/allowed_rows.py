"""Where names of several brands may stand in a row: what goods fit, and lots of goods of several brands.

Both are told by ordinary words ("for", "lot"), so these count beside the row alone, not wherever in the text they are.
"""

from __future__ import annotations

import re
from typing import Final

from serve.text.clauses import SIGNS, STOP

NEAR_IN_FRONT: Final = 60
"""Letters in front of a row among which it is said that it is a lot."""

NEAR_BEHIND: Final = 40
"""Letters behind a row among which it is said that it is a lot, or that the goods fit."""

MOST_BETWEEN: Final = 3
"""Words between a word of fitting and the row."""

_BEFORE_A_LIST: Final = " \t:："
"""What may stand between a word of fitting and the names behind it ("Fits: BMW, Ford, Mini")."""

_SENTENCE_ENDS = re.compile(rf"{STOP}\s")
_CLAUSE_ENDS = re.compile(rf"{SIGNS}|{STOP}(?=\s)")

_FITS = re.compile(
    r"(?<!\w)(?:for|(?<!slim )(?<!regular )(?<!relaxed )(?<!loose )(?<!oversized )fits?|with|suits?|suitable|"
    r"compatible|compatibility|compatibilité|für|passend|kompatibel|pour|para|per|voor|dla|для|tested|works|vs|"
    r"brands?|marken|marques|marcas|marche|марки|"
    r"chargers?|cables?|adapters?|remotes?|toners?|cartridges?|inks?|filters?|"
    r"screen protectors?|phone (?:cases?|holders?)|ladegeräte?|kabel|chargeurs?|cargador)(?!\w)"
    r"|[适適][用合配]|兼容|通用|手机壳|手機殼|数据线|數據線|充电[头器线]|充電[頭器線]|钢化膜|鋼化膜|対応|互換|호환|uyumlu",
    re.I,
)
"""Goods fit those of the brands that are named behind it: chargers and toners have hardly any other brands on them."""

_FOR_SOMEBODY = re.compile(
    r"(?<!\w)(?:m[ae]n'?s?|wom[ae]n'?s?|ladies|her|him|you|me|girls?|boys?|kids?|teens?|unisex|gifts?|fans?|lovers?|"
    r"hood|logo|pockets?|zip|tags?|box|receipt|bag|sale|summer|winter|gym|sports?)(?!\w)|[男女]",
    re.I,
)
"""Whom or what goods are for and what they come with, where no goods of the brands behind it are meant."""

_FITS_BEHIND = re.compile(
    r"[^,;.!?\n，。；！？]{0,16}?(?:[通可适適]用|兼容|(?<!\w)(?:universal|compatible)(?!\w))", re.I
)
"""What is said behind the names of brands whose goods something fits."""

_LOT = re.compile(
    r"(?<!\w)(?:bundles?|job ?lots?|(?<!\ba )lot|konvolut|\w*paket|lote|lotto|swap|wanted|auction|"
    r"mix(?:ed)?(?! colou?rs?)|clear ?out|repair(?:s|ed|ing)?|samples|minis|gift cards?|size charts?|"
    r"(?:sold|all) together|(?:video ?)?games?|"
    r"(?<!new )(?<!latest )(?<!this )(?<!on )collection"
    r"(?! (?:from|only|or|in|at|available|possible|preferred|welcome))|"
    r"(?:[2-9]|[1-9]\d|two|three|four|five|six|seven|eight|nine|ten) ?(?:(?-i:x)|pcs|pieces|items|pairs|bits))(?!\w)"
    r"|(?<![\d一二两三四五六七八九十])(?:[2-9]|[1-9]\d|[二两兩三四五六七八九十]{1,3}) ?[件双雙条條](?!套)"
    r"|打包|合集|一起[带帶]走|整箱|小[样樣]|回收|[维維]修|修[复復]|[养養][护護]|清洗",
    re.I,
)
"""Goods of several brands are sold together, mended, collected or wanted."""


def may_stand(seen: str, start: int, end: int) -> bool:
    """Whether the names from `start` to `end` in a `seen` text are of brands that goods fit, or of a lot's."""
    before, behind = seen[max(start - NEAR_IN_FRONT, 0) : start], seen[end : end + NEAR_BEHIND]
    if _fits(_CLAUSE_ENDS.split(before.rstrip(_BEFORE_A_LIST))[-1]) or _FITS_BEHIND.match(behind):
        return True
    sentence = _SENTENCE_ENDS.split(before)[-1] + seen[start:end] + _SENTENCE_ENDS.split(behind)[0]
    return _LOT.search(sentence) is not None


def _fits(clause: str) -> bool:
    """Whether a word of fitting stands just before the end of a `clause`, with nobody and nothing else between."""
    said = list(_FITS.finditer(clause))
    if not said:
        return False
    between = clause[said[-1].end() :]
    return len(between.split()) <= MOST_BETWEEN and not _FOR_SOMEBODY.search(between)
