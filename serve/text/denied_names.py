"""Names that a text names only to say that goods are not the brand's: "plain shirt, not Acme", "no Acme logo".

What is denied must be the name itself: "not an Acme fake", "why not Acme" and "no Acme box" deny no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from serve.text.clauses import SIGNS, STOP
from serve.text.comparing_phrases import is_copy
from serve.text.letters import folded
from serve.text.tokens import NamesIn, word_list

LONGEST_NAME: Final = 4
"""Words of a brand's name, at most."""

NEAR: Final = 80
"""Letters beside a denial among which its name stands."""

MOST_DENIALS: Final = 200
"""Denials of a text that are looked at: the names of others count."""

_MARKING: Final = (
    *("brand", "brands", "branded", "branding", "logo", "logos", "name", "names"),
    *("marke", "marque", "marca", "marchio", "merk", "marki", "бренда"),
)
"""What of a brand is denied with its name."""

_THINGS: Final = word_list("denied_themselves.txt").difference(_MARKING)
"""What a "no" may be about instead of the name in front of it: a box, a tag."""

_MADE_BY = (
    rf"(?:an?|the|any|by|from|of|at all|made by|to|with|affiliated|associated|affiliation|association|connected|"
    rf"connection|related|endorsed|sponsored|products?|items?|{'|'.join(_MARKING)}|"
    r"von|vom|der|die|das|dem|den|ein|eine|produkt|un|une|de|du|des|la|le|les|el|del|da|do|di|della|son|es|é|è|est|"
    r"um|uma|una|een|van|от|это|логотипа|фирмы|marki|d['’]|l['’])"
)
_DENIES = re.compile(
    r"(?<![\w'’])(?:not|no|non|isn['’]?t|aren['’]?t|ain['’]?t|wasn['’]?t|without|neither|nor|"
    r"kein(?:e[nmrs]?)?|nicht|ohne|weder|pas|sans|ni|sin|não|nao|sem|senza|né|geen|niet|zonder|nie|bez|не|ни|без|"
    rf"bukan|không phải|ليس|ليست|ไม่ใช่)(?!\w)(?:[ \t\xa0\"'“”‘’«»„*_~#-]+{_MADE_BY}(?!\w))*[ \t\xa0\"'“”‘’«»„*_~#-]*"
    r"|(?:不是|並非|并非|(?<![除是])非|没有|沒有|[無无])(?:真的|任何|品牌)?[ \t「『“《\"]*",
    re.I,
)
"""What denies the name behind it."""

_DENIED_BEHIND = re.compile(
    r"[」』”》\"]?\s?(?:제품|브랜드|로고|の?(?:製品|商品|ロゴ))?(?:[이가은는]|도)?\s?"
    r"(?:아님|아닙|아니(?!면)|아닌|없|ではあり|ではござ|ではな(?!い[かの])|じゃな(?!い[かの?？])|でな|[はが]?(?:なし|無し|ありません))"
    r"|\s+değil(?!\w)|\s?(?:[没沒]有[关關]系|[无無][关關])"
)
"""What denies the name in front of it."""

_ASKED = re.compile(
    r"(?:(?<!\w)(?:why|how|warum|wieso|pourquoi|por ?qu[eé]|perch[eé]|waarom|dlaczego|почему|if|wenn|falls|если)"
    r"|为什么|為什麼|为何|為何|难道|難道|如果?|若|[是有])(?:\s+(?:it|this|that|es|sie|they|is|are|it['’]s))*\s*$",
    re.I,
)
"""Before a denial: "why not Acme", "if not Acme, your money back"."""

_SAYS_MORE = re.compile(
    r"\s*(?:[?？吗嗎]|不[^是]|莫属|莫屬|(?:only|alone|allein)(?!\w))|['’]s?(?!\w)"
    r"|\s*(?:的)?(?:高仿|精仿|仿|假|山寨|[aA]货|复刻|復刻|原单|原單|莆田|盒|吊牌|包装|发票|偽物|コピー|レプリカ|짝퉁|짭|가품|정품)"
)
"""Behind a name: what is denied is more than the name, or nothing."""

_OR = re.compile(r"\s*(?:(?:,\s*)?(?<!\w)(?:or|nor|oder|noch|ou|ni|né|ani|lub|или|ни)(?!\w)|/|、|或|和)\s*", re.I)
_COMMA = re.compile(r"\s*,\s*")
_CLAUSE_ENDS = re.compile(rf"{SIGNS}|{STOP}")
_WORD = re.compile(r"[^\s,;|/#、，。.!?！？()（）]+")
_LETTERS = re.compile(r"\w+")


def without_denied(seen: str, named: NamesIn) -> str:
    """A readable text without the names that it denies; of a long list of denials the first alone count.

    The time it takes grows with the length of the text up to `MOST_DENIALS`.
    """
    kept, place = [], 0
    for start, end in sorted(_denied(seen, named)):
        if start >= place:
            kept.append(seen[place:start])
            place = end
    return "".join((*kept, seen[place:]))


def _denied(seen: str, named: NamesIn) -> Iterator[tuple[int, int]]:
    """From where to where names stand that are denied."""
    for denial in islice(_DENIES.finditer(seen), MOST_DENIALS):
        if not _ASKED.search(seen, max(denial.start() - NEAR, 0), denial.start()):
            yield from _listed(seen, denial, named)
    for denial in islice(_DENIED_BEHIND.finditer(seen), MOST_DENIALS):
        start = _begins(seen, denial.start(), named)
        if start is not None:
            yield start, denial.start()


def _listed(seen: str, denial: re.Match[str], named: NamesIn) -> Sequence[tuple[int, int]]:
    """The name behind a `denial`, and those that are listed with it: "no Acme, Umbrella or Initech logo"."""
    listed, denied, place = list[tuple[int, int]](), 0, denial.end()
    end = _ends(seen, place, named)
    while end is not None:
        listed.append((place, end))
        joined = _OR.match(seen, end)
        behind = joined or _COMMA.match(seen, end)
        if behind is None:
            break
        place = behind.end()
        end = _ends(seen, place, named)
        if joined and end is not None:
            denied = len(listed)
    if not listed or _says_more(seen, listed[denied][1]) or _is_of_name(seen, denial.start(), listed[0], named):
        return []
    return listed[: denied + 1]


def _ends(seen: str, place: int, named: NamesIn) -> int | None:
    """Where the name ends that begins at `place`; None where none does."""
    words = list(islice(_WORD.finditer(_CLAUSE_ENDS.split(seen[place : place + NEAR], maxsplit=1)[0]), LONGEST_NAME))
    if not words or words[0].start() > 0:
        return None
    window = seen[place : place + words[-1].end()]
    names = named(window)
    if not names:
        return None
    lengths = range(1, len(window) + 1)
    name = max((begun for length in lengths if (begun := folded(window[:length])) in names), key=len, default="")
    if name:
        return place + next(length for length in lengths if folded(window[:length]) == name)
    for word in words:  # it is misspelt
        piece = window[: word.end()]
        if not set(named(piece)).issubset(named(piece[1:])):
            return place + word.end()
    return None


def _begins(seen: str, place: int, named: NamesIn) -> int | None:
    """Where the name begins that ends at `place`; None where none does."""
    words = list(_WORD.finditer(seen, max(place - NEAR, 0), place))[-LONGEST_NAME:]
    if not words or words[-1].end() < place:
        return None
    first = words[0].start()
    names = named(seen[first:place])
    return next((start for start in range(first, place) if names and folded(seen[start:place]) in names), None)


def _says_more(seen: str, end: int) -> bool:
    """Whether what stands behind a name that ends at `end` says that more than the name is denied, or nothing."""
    if _SAYS_MORE.match(seen, end):
        return True
    behind = _CLAUSE_ENDS.split(seen[end : end + NEAR], maxsplit=1)[0]
    return any(is_copy(word.lower()) or folded(word) in _THINGS for word in _LETTERS.findall(behind)[:2])


def _is_of_name(seen: str, start: int, name: tuple[int, int], named: NamesIn) -> bool:
    """Whether the denial that begins at `start` is part of the name ("No Fear")."""
    return not set(named(seen[start : name[1]])).issubset(named(seen[slice(*name)]))
