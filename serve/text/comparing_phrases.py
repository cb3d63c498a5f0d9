"""Phrases by which sellers compare their goods with a brand's, or call them copies: `comparing_phrases.csv`.

They are looked for in `compared` text (`serve/text/compared.py`), letter for letter as long as what is shown.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from serve.text.clauses import SIGNS
from serve.text.compared import FILLING, in_small_letters
from serve.text.tokens import CJK, HAN, word_list

Place = Literal["before", "after", "anywhere"]
Saying = Literal["comparison", "replica"]

FEWEST_GLUED: Final = 4
"""Letters of a phrase that may be written to the name in front of it without a space ("nikestyle")."""

REACH: Final = 4
"""Words before a phrase among which a "not" turns it round."""

_NEGATIONS: Final = word_list("negations.txt")
_CONNECTING: Final = word_list("connecting_words.txt")
_DENIED_THEMSELVES: Final = word_list("denied_themselves.txt")
_TURNS: Final = frozenset(("but", "yet", "aber", "sondern", "mais", "pero", "sino", "ma", "mas", "maar", "ale", "но"))
"""What follows these is not what a "not" before them is about: "not Acme, but the same quality"."""

_CLAUSE_ENDS = re.compile(rf"{SIGNS}|\.(?=\s)")
"""In small letters a stop is one before any space; what has its capitals, `serve/text/listing_rules.py` tells apart."""

_COPIES_LISTED = "(?:高仿|精仿|复刻|復刻|仿品|仿货|a货|a貨|原单|原單|莆田|山寨|假货|假貨)"
_DENIED_BEFORE = re.compile(
    r"(?:非(?!常)|不是|絕非|绝非|拒绝|拒絕|没有|沒有|[無无](?![损損标標缝縫瑕痕盒划劃])|杜绝|杜絕|不[卖賣售做]|抵制|[请請切]勿[与與和])"
    rf"(?:\S{{0,2}}|(?:任何|那种|那種|什么|什麼)?(?:{_COPIES_LISTED}[、，,/\s和与與及或]*)+)$"
    r"|(?:如果?|若|万一|萬一)是?$"
    r"|(?<!\w)if (?:(?:it\W?s|it is|you think it\W?s|proven|proved|found|to be|a|it turns out) )*$"
)
"""What says that there are no copies, one or a list of them; flawless (无损) or most (非常) alike denies nothing."""

_DENIED_BEHIND = re.compile(
    r"\S{0,2}\s?(?:아님|아닙|아니|없|ではあり|ではな|じゃな|[勿免][扰擾进進谈談]|绕道|繞道|[请請](?:走开|走開|绕|繞)|包退|假一)"
    r"|\s*\?\s*(?:no|nope|never|nein|non|nee|nie|нет)(?!\w)"
    r"|\s+(?:is\s+|are\s+)?not\s+(?:allowed|accepted|sold|welcome)"
)

_BRANDS_SUCH_AS = re.compile(
    r"(?<!\w)(?:brands?|marken?|marques?|marcas?|marche|merken|mark[ai]|marek|марки|бренды)\W*(?:such\W*)?$"
)
_NEW = re.compile(r"\s*(?:new|neu|neue|neuf|neuve|nuovo|nuova|nuevo|nueva|novo|nova|nieuw|nowy|nowa|новый|новые)(?!\w)")
"""What is "like new" is compared with nothing."""

_POST = re.compile(r"\s*(?:posts?|posting|listings?|adverts?|ads?|orders?)(?!\w)")
"""What is double may be called a dupe."""

_PART = re.compile(
    r"\s*(?:(?:compatible|replacement)\s*)?(?:filters?|batter(?:y|ies)|toners?|cartridges?|inks?|chargers?|cables?|remotes?|"
    r"attachments?|brush(?:es)?|heads?|straps?|parts?|bricks|blades?|bulbs?|lids?)(?!\w)"
    r"|[款的]?\s*(?:滤|濾|电池|電池|充电|充電|墨盒|硒鼓|配件|刷头|刷頭|表带|錶帶|零件|耗材|遥控|遙控)"
)
"""Spare parts of another make say whose goods they are for."""

_COMES_WITH = r"(?:box|pack|carton|laces|case|bag|charger|strap|karton|verpackung)"
"""What goods come with, which may be another maker's."""

_MATERIAL = re.compile(
    r"\s+(?:leather|fur|pearls?|gold|suede|jewel|cuir|shearling|sherpa|crocodile|snake|wool|diamonds?|flowers?|plants?|nails?|"
    r"lash|tan|blood|pockets?|buttons?|zip|collar|detectors?|checkers?|news)"
)
"""What is artificial by design, and what finds out what is fake."""

_OTHERWISE_THE_SAME = re.compile(
    r"\W*(?:as (?:pictured|shown|described|before|above|always)|in (?!\w+ (?:quality|style))|other|different|also|"
    r"available|number|no|nr|code|year|range|size)(?!\w)"
)
"""A brand's goods come in other colours and sizes."""

_DEVICE = re.compile(
    r"\s+(?:[\w.+-]+\s+){0,3}?(?:\w*phones?|laptops?|notebooks?|tablets?|cameras?|tvs?|televisions?|monitors?|printers?|"
    r"headphones|earbuds|speakers?|watches|drills?|mouse|keyboards?|consoles?|cars?|lines?|range|телефон|смартфон|ноутбук)(?!\w)"
    r"|\s+(?:galaxy|redmi|moto)(?!\w)"
)
"""Makers of devices have cheap ones, too."""

_SAYS = re.compile(
    r"\W*(?:\w+\W+){1,2}?(?:is|are|was|were|has|have|will|would|should|can|runs?|fits?|makes?|does|did|looks?|feels?)(?!\w)"
)
"""What somebody thinks of a brand."""

_OF_OFFICIAL_SHOPS: Final = ("官网同款", "专柜同款", "專櫃同款", "旗舰店同款", "官方同款")
_GENUINE = re.compile(r"[^,，。;；!！?？\n]{0,12}(?<![非不假])(?<!不是)正品(?![级級质質品般同])")
"""What the official shop has and is genuine is the brand's own."""

_MEANS_OTHER: Final[Mapping[str, re.Pattern[str]]] = {
    "style": re.compile(r"\W{0,3}(?:code|number|no|nr|name|id|guide|ref|\w*\d)(?!\w)|:"),
    "stil": re.compile(r"\W{0,3}(?:nr|\w*\d)(?!\w)|:"),
    "type": re.compile(r"[\s-]+\w(?!\w)|\W{0,3}\w*\d|:"),
    "look": re.compile(r"\s*(?:book|at|for|good|great|nice)"),
    **dict.fromkeys(
        ("replica", "replika", "реплика", "レプリカ", "레플리카"),
        re.compile(
            r"(?:\s+(?:kids|youth|junior|mens?|womens?|fan|home|away|third|football|soccer|\d[\d/-]*)){0,3}"
            r"\s*(?:jersey|shirt|kit|ball|helmet|shorts|trikot|maglia|maillot|camiseta|camisa|майка|футболка|форма|ユニフォーム|ジャージ"
            r"|유니폼|저지|toy|die-?cast|car model|model car|1[:/]\d\d)"
        ),
    ),
    **dict.fromkeys(
        ("copy", "copies", "copie", "copia", "kopie", "копия", "копии"),
        re.compile(r"\s+(?:of|de|da|do|du|del|della|von|der|des|чека|machine|paper|shop|toner|protection)(?!\w)"),
    ),
    **dict.fromkeys(
        ("copy of", "copies of"),
        re.compile(r"[^,;|]{0,40}\b(?:magazine|book|catalogue|catalog|issue|manual|receipt|invoice|album|dvd|novel)\b"),
    ),
    **dict.fromkeys(("风", "風"), re.compile(r"衣(?!服)|[扇筒味干乾琴铃鈴筝箏暖管机機景险險镜鏡火冷吕呂油湿濕水靡行]")),
    "假": re.compile(r"一[赔賠罚罰]"),
    "1:1": re.compile(r"\W*(?:aspect|ratio|scale|format|mix|maßstab|échelle|escala)"),
    "original": re.compile(r"\s*" + _COMES_WITH),
    "原单": re.compile(r"[号截]"),
    "原單": re.compile(r"[號截]"),
    "纯原": re.compile("[创木味色生]"),
    "純原": re.compile("[創木味色生]"),
    "超a": re.compile(r"\s*[很好]?(?:[飒颯帅帥酷]|的)"),
    "莆田": re.compile(r"\s*(?:[发發]货|[发發]貨|自提|面交|同城|本地|市|人)"),
    "dupe": _POST,
    "dupes": _POST,
    **dict.fromkeys(("alternative", "alternatives", "equivalent", "equivalents", "替代", "代替", "替代品"), _PART),
    "-like": _NEW,
    **dict.fromkeys(
        ("not authentic", "not genuine", "not legit"),
        re.compile(
            r"\s+(?:leather|suede|fur|pearls?|diamonds?|gold|silver|box|dust|bag|strap|laces|packaging|money|refund)"
        ),
    ),
    "same as": re.compile(r"\s+(?:in|on|at|for|with|when|before|above|below|shown|pictured|usual|always)(?!\w)"),
    **dict.fromkeys(
        (
            "same style",
            "same design",
            "same model",
            "same look",
            "same vibe",
            "same vibes",
            "same feel",
            "same quality",
        ),
        _OTHERWISE_THE_SAME,
    ),
    **dict.fromkeys(("budget", "бюджетный", "бюджетная", "бюджетные"), _DEVICE),
    "think": _SAYS,
    "compared to": re.compile(r"\s+(?:retail|shop|store|other)"),
    **dict.fromkeys(("过得物", "過得物"), re.compile(r"[品的超流]")),
    "顶复": re.compile(r"[古式杂合]"),
    **dict.fromkeys(("fake", "faux", "imitation"), _MATERIAL),
    **dict.fromkeys(("not original", "non original"), re.compile(r"(?:\s+\w+)?\s+" + _COMES_WITH)),
    **dict.fromkeys(
        ("clone", "clones"), re.compile(r"\s+(?:hard|disk|disc|drive|ssd|hdd|trooper|troopers|wars)(?!\w)")
    ),
    **dict.fromkeys(_OF_OFFICIAL_SHOPS, _GENUINE),
    "同款": re.compile(r"\s*(?:不同|同价|同價|异色|異色|多色|另有|还有|還有|也有|两色|兩色)"),
    "不是正品": re.compile(r"[\s,，]*(?:包|假|赔|賠|退|罚|罰|可|不)"),
    "aaa+": re.compile(r"\s*(?:batter|akku|pile|cell|alkaline|rechargeable|torch|flash|remote|电池|電池)"),
    **dict.fromkeys(("unofficial", "unlicensed"), _PART),
}
"""What follows a phrase where it says something else: a style code, a fan's replica shirt, imitation leather."""

_REPLICAS: Final = frozenset(("replica", "replicas", "replika", "replique", "repliques", "реплика"))
_SHIRT = re.compile(
    r"(?<!\w)(?:(?:jerseys?|kits?|trikots?|maillots?|magli[ae]|camisetas?|форма|футболка)"
    r"(?! (?:dress|fabric|knit|lining|skirt|style))"
    r"|(?:football|soccer|rugby|basketball|hockey|club|team|fan|home|away|third|match) shirts?"
    r"|shirts?(?=.*(?:club|team|player|match)))(?!\w)",
    re.DOTALL,
)
_OFFICIAL = re.compile(
    r"(?<!\w)(?:(?:official(?:ly)?|offiziell\w*|officiel\w*|oficial(?:es)?|ufficial[ei]|официальн\w+)"
    r"(?! (?:quality|grade|qualitat|calidad|qualita|qualite|style))|licen[sc]ed|fanshop|"
    r"(?:club|team|fan|federation|league)[\s-]?(?:shop|store)|(?:fan|stadium) (?:version|edition)|"
    r"player(?:'s)? (?:issue|version)|authentic version)(?!\w)"
)
"""A replica jersey is what clubs call the shirt that they sell to fans; other goods have no official replicas."""

_SIZED = re.compile(
    r"(?<!\w)(?:siz(?:e|es|ing)|fits?|colou?r|length|width|price|postage|small|smaller|large|larger|big|bigger|wide|narrow)"
    r"\s+(?:\w+\s+){0,2}$"
)
"""Goods of different makes may be as large."""

_MEANT_OTHERWISE: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(
        ("copy", "copies"), re.compile(r"(?<!\w)(?:physical|hard|digital|printed|paper|photo|signed|backup|review)\W*$")
    ),
    **dict.fromkeys(("replica", "replicas"), re.compile(r"(?<!\w)(?:scale|die-?cast|1[:/]\d\d|ball|helmet)\W*$")),
    "假": re.compile(r"[暑寒放休请請度节節病长長产產年真婚][^\S\n]*$"),
    **dict.fromkeys(("same as", "compared to"), _SIZED),
    **dict.fromkeys(("过得物", "過得物"), re.compile("[路通]$")),
    "顶复": re.compile("[楼屋头]$"),
    "仿": re.compile(r"[模高精超顶頂]$"),
    "莆田": re.compile(r"福建省?$"),
    "复刻": re.compile(r"官方$"),
    "復刻": re.compile(r"官方$"),
    "1:1": re.compile(r"(?<!\w)(?:scale|ratio|maßstab|échelle|escala)\W*$"),
    **dict.fromkeys(
        _OF_OFFICIAL_SHOPS, re.compile(r"(?<![非不假])(?<!不是)正品(?![级級质質品般同])[^,，。;；!！?？\n]{0,12}$")
    ),
    "同款": re.compile(
        r"(?:明星|名人|网红|網紅|艺人|藝人|主播|博主|抖音|情侣|情侶|亲子|親子|闺蜜|閨蜜|母女|父子|兄弟|姐妹)$"
    ),
    "budget": re.compile(r"(?<!\w)(?:on|within|over|under|of|my|your|tight|small) (?:an? |the )?$"),
    "think": re.compile(
        r"(?<!\w)(?:i|we|you|they|who|he|she|people|some|many|most|dont|do|not|to|would|would you|if)\W*$"
    ),
    "like": re.compile(
        r"(?<!\w)(?:i|we|you|they|who|he|she|people|kids|children|girls|boys|women|men|would|really|also|do|dont|if)\W*$"
    ),
}
"""What stands before a phrase that then says something else: a game's disc, what a couple wears, what one likes."""

_WORN_BY = re.compile(rf"(?<![{HAN}])(?!大牌|奢侈|原版)[{HAN}]{{1,3}}[^包鞋衣裤褲裙帽表錶\W\d_a-z]$")
"""A name of two to four Chinese characters before 同款: what a star or a shop has, and what it is of follows."""

_LATIN_OR_DIGIT = re.compile(r"[a-z0-9]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_UNSPACED = re.compile(f"[{CJK}]{{2,}}")
_SIGNS, _SPACES = r"[^\w\s,;:!?|()、，。；：！？（）]{0,3}", r"\s{1,3}"
"""What sellers write between the letters of a phrase whose script needs no spaces: signs, or spaces around each one."""

_BETWEEN_WORDS = r"(?:[^\w.,;:!?|()\[\]{}、，。；：！？（）【】…]|_|\.(?=\w))+"
"""What sellers write between the words of a phrase: spaces, or signs that end no clause."""

_WORD = re.compile(r"\w+")


class Phrase(NamedTuple):
    """A phrase that says something of a brand named after it (`before`), in front of it (`after`), or anywhere.

    The name may be `words_between` words off.
    """

    says: Saying
    place: Place
    words_between: int
    text: str


def phrases_in(compared: str) -> Iterator[tuple[Phrase, re.Match[str]]]:
    """The phrases that a compared text says and means, each with every place of it."""
    for phrase, first, pattern in _patterns():
        if first not in compared:  # saves most of the time
            continue
        for match in pattern.finditer(compared):
            if _is_meant(phrase, match, compared):
                yield phrase, match


def _is_meant(phrase: Phrase, match: re.Match[str], compared: str) -> bool:
    """Whether the phrase is neither denied nor part of another saying."""
    before, behind = compared[max(match.start() - 60, 0) : match.start()], compared[match.end() : match.end() + 60]
    turns = phrase.text.split(maxsplit=1)[0] in _TURNS
    if (not turns and _is_denied(before)) or _DENIED_BEHIND.match(behind):
        return False
    last = phrase.text.split()[-1]
    means_other, meant_otherwise = (
        _MEANS_OTHER.get(phrase.text, _MEANS_OTHER.get(last)),
        _MEANT_OTHERWISE.get(phrase.text),
    )
    if means_other is not None and means_other.match(behind):
        return False
    if meant_otherwise is not None and meant_otherwise.search(before):
        return False
    if phrase.place != "before":
        return phrase.text not in _REPLICAS or not _is_fans_shirt(before + match[0] + behind)
    if phrase.text == "同款" and _WORN_BY.search(before):
        return False
    return not (_BRANDS_SUCH_AS.search(before) or _NEW.match(behind))


def _is_fans_shirt(around: str) -> bool:
    """Whether what stands around a "replica" says that it is a club's own shirt, as its shop sells them to fans."""
    return bool(_SHIRT.search(around) and _OFFICIAL.search(around))


def _is_denied(before: str) -> bool:
    """Whether a "not" in the clause that ends with `before` is about what comes next: "never worn" is about itself.

    What is denied may be listed: "no copy, replica or fake".
    """
    *earlier, words = (_WORD.findall(clause) for clause in _CLAUSE_ENDS.split(before.replace("'", "").replace("’", "")))
    while (
        earlier
        and earlier[-1]
        and is_copy(earlier[-1][-1])
        and all(is_copy(word) or word in _CONNECTING for word in words)
    ):
        words = earlier.pop() + words
    words = words[-REACH:]
    said = [number for number, word in enumerate(words) if word in _NEGATIONS]
    if said and _DENIED_THEMSELVES.union(_TURNS).isdisjoint(words[said[-1] + 1 :]):
        return True
    return _DENIED_BEFORE.search(before) is not None


def is_copy(word: str) -> bool:
    """Whether a word is one of those that call goods copies, in the singular or the plural."""
    return not {word, word.removesuffix("s")}.isdisjoint(_words_for_copies())


@cache
def words_of_phrases() -> frozenset[str]:
    """The words that phrases consist of."""
    return frozenset(word for phrase in known_phrases() for word in _WORD.findall(phrase.text))


@cache
def _words_for_copies() -> frozenset[str]:
    return frozenset(phrase.text for phrase in known_phrases() if phrase.says == "replica")


def known_phrases() -> list[Phrase]:
    """All that are known, each once, as they are compared."""
    with Path(__file__).with_name("comparing_phrases.csv").open(encoding="utf-8", newline="") as file:
        phrases = (
            Phrase(row["says"], row["place"], int(row["words_between"]), in_small_letters(text))  # type: ignore[arg-type]
            for row in csv.DictReader(file)
            for text in row["phrases"].split("|")
        )
        return list(dict.fromkeys(phrases))


@cache
def _patterns() -> list[tuple[Phrase, str, re.Pattern[str]]]:
    """Each phrase with how it begins and how it is found."""
    return [(phrase, _beginning(phrase.text), _pattern(phrase)) for phrase in known_phrases()]


def _beginning(text: str) -> str:
    """What stands wherever the phrase does: its first word, or its first letter where signs may follow that."""
    return text[0] if _UNSPACED.fullmatch(text) else text.split(maxsplit=1)[0]


def _pattern(phrase: Phrase) -> re.Pattern[str]:
    text = _BETWEEN_WORDS.join(map(re.escape, phrase.text.split())) + f"{FILLING}*"
    if _UNSPACED.fullmatch(phrase.text):
        text = f"(?:{_SIGNS.join(phrase.text)}|(?<!\\w){_SPACES.join(phrase.text)}(?!\\w))"
    first, last = phrase.text[0], phrase.text[-1]
    begins = _boundary(first, "<!") if not first.isdigit() else r"(?<!\d)"  # "Nike1:1"
    if phrase.place != "before" and len(phrase.text) >= FEWEST_GLUED:
        begins = ""
    elif phrase.place == "after" and len(phrase.text) <= 2 and _LATIN_OR_DIGIT.match(first):
        begins = f"(?<={_HANGUL.pattern})"
    return re.compile(begins + text + _boundary(last, "!"))


def _boundary(letter: str, sign: str) -> str:
    """That no letter of the same alphabet stands there; scripts that put no space between words have no such bounds."""
    for alphabet in (_LATIN_OR_DIGIT, _CYRILLIC):
        if alphabet.match(letter):
            return f"(?{sign}{alphabet.pattern})"
    return ""
