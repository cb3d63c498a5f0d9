"""Where names of several brands may stand in a row: what goods fit, and lots of goods of several brands.

Both are told by ordinary words ("for", "lot"), so these count beside the row alone, not wherever in the text they are.
"""

from __future__ import annotations

import re
from typing import Final

from serve.text.clauses import SIGNS, STOP
from serve.text.letters import folded
from serve.text.tokens import word_list

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

_HOLDS = re.compile(
    r"(?<!\w)(?:holds?|stores?|keeps|houses|organi[sz]es|accommodates|displays)"
    r"(?! (?:a lot|much|more|everything|all|up(?! to)))(?!\w)"
    r"|(?:收纳|收納|可放|存放)",
    re.I,
)
"""What boxes and racks do with the goods of the brands that are named behind it."""

_BEARS_SIGN = re.compile(
    r"(?<![\w送贈赠])(?:key ?(?:rings?|chains?|fobs?)|stickers?|decals?|magnets?|patch(?:es)?|posters?|"
    r"air fresheners?|valve caps?|(?:centre|center|hub|dust) caps?|(?:wheel nut|key(?: ?fob)?|seat|number plate|"
    r"steering wheel) covers?|wiper(?: blades?)?|wipers|(?:floor|car) mats?|brake (?:pads?|discs?)|spark plugs?|"
    r"(?:phone )?(?:mounts?|brackets?)|(?:drill )?bit holders?|brush heads?|batter(?:y|ies)|lug nuts?|bulbs?|tow bars?|"
    r"schlüsselanhänger|aufkleber|scheibenwischer|ventilkappen|fußmatten|bremsbeläge|zündkerzen|"
    r"porte-clés|autocollants?|essuie-glaces?|plaquettes|llaveros?|pegatinas?|calcoman[ií]as?|limpiaparabrisas|"
    r"portachiavi|adesiv[io]s?|calamite?|tergicristalli|chaveiros?|ímãs?|sleutelhangers?|ruitenwissers|"
    r"brelok[ia]?|brelocz(?:ek|ki)|naklejk[ai]|wycieraczki|брелок[и]?|наклейк[аи]|дворники|колпачки|anahtarlık|çıkartma)(?!\w)"
    r"|(?<![送贈赠])(?:钥匙扣|鑰匙扣|车贴|車貼|贴纸|貼紙|雨刮|雨刷|脚垫|腳墊|刹车片|剎車片|火花塞|气门帽|"
    r"キーホルダー|ステッカー|ワイパー|키링|열쇠고리|스티커|와이퍼)",
    re.I,
)
"""Small things and parts that come for, or with the sign of, one of the brands that are named behind it."""

_OF_SMALL_THINGS: Final = frozenset(
    {
        *("car", "metal", "leather", "leder", "cuir", "cuero", "silicone", "rubber", "fabric", "phone", "laptop"),
        *("helmet", "bottle", "fridge", "sheet", "set", "case"),
    }
)
"""What goods are called that says more of such a small thing and is no other article beside it."""

_GOODS: Final = word_list("goods_words.txt")
_WORD = re.compile(r"\w+")
_AND = re.compile(r"(?<!\w)(?:and|und|et|y|e|i|и|en|plus)(?!\w)|[&+和与與及]", re.I)

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
    clause = _CLAUSE_ENDS.split(before.rstrip(_BEFORE_A_LIST))[-1]
    if _fits(clause, _FITS) or _fits(clause, _HOLDS) or _are_small(clause) or _FITS_BEHIND.match(behind):
        return True
    sentence = _SENTENCE_ENDS.split(before)[-1] + seen[start:end] + _SENTENCE_ENDS.split(behind)[0]
    return _LOT.search(sentence) is not None


def _are_small(clause: str) -> bool:
    """Whether the goods that a `clause` ends with bear a sign or are parts, with no other goods beside them."""
    named = set(map(folded, _WORD.findall(_BEARS_SIGN.sub(" ", clause))))
    return _fits(clause, _BEARS_SIGN) and not _AND.search(clause) and named.isdisjoint(_GOODS - _OF_SMALL_THINGS)


def _fits(clause: str, words: re.Pattern[str]) -> bool:
    """Whether one of the `words` stands just before the end of a `clause`, with nobody and nothing else between."""
    said = list(words.finditer(clause))
    if not said:
        return False
    between = clause[said[-1].end() :]
    return len(between.split()) <= MOST_BETWEEN and not _FOR_SOMEBODY.search(between)
