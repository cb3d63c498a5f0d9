"""Reasons that scans and the loop give in English, in the language of the page.

They are stored as they were given; each is one of a few sentences, with places, colours and letters in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from serve.scanning.sought import Speaks

_PLACE = r"(?P<place>the [a-z ]+)"
_SPEAKS = rf"(?P<speaks>{'|'.join(map(re.escape, Speaks))}) (?P<brand>.+)"
_LETTERS = r"letter (?P<number>\d+) differs: (?P<seen>.) for (?P<known>.)"

SENTENCES: Final[Mapping[str, str]] = {
    "%(done)s over %(share)s %% of the mark": r"(?P<done>[a-z ]+) over (?P<share>\d+) % of the mark",
    "%(done)s over %(share)s %% of the mark, at %(place)s": (
        rf"(?P<done>[a-z ]+) over (?P<share>\d+) % of the mark, at {_PLACE}"
    ),
    "colours differ: %(seen)s for %(known)s": r"colours differ: (?P<seen>[a-z]+) for (?P<known>[a-z]+)",
    "part missing at %(place)s": f"part missing at {_PLACE}",
    "something added at %(place)s": f"something added at {_PLACE}",
    "shape differs at %(place)s": f"shape differs at {_PLACE}",
    "wider than the genuine mark": "wider than the genuine mark",
    "taller than the genuine mark": "taller than the genuine mark",
    "mirrored": "mirrored",
    "cropped": "cropped",
    "recoloured": "recoloured",
    "letter %(number)s differs: %(seen)s for %(known)s": _LETTERS,
    "letter %(number)s differs: %(seen)s for %(known)s, and %(speaks)s %(brand)s": f"{_LETTERS}, and {_SPEAKS}",
    "reads %(seen)s for %(known)s": r"reads (?P<seen>.+?) for (?P<known>[^,]+)",
    "reads %(seen)s for %(known)s, and %(speaks)s %(brand)s": rf"reads (?P<seen>.+?) for (?P<known>.+?), and {_SPEAKS}",
    "a place that takes %(share)s %% of the photo was made unreadable, and %(speaks)s %(brand)s": (
        rf"a place that takes (?P<share>\d+) % of the photo was made unreadable, and {_SPEAKS}"
    ),
    "the brand's own photo: %(share)s %% of it is here, edges agree to %(agreeing)s": (
        r"the brand's own photo: (?P<share>\d+) % of it is here, edges agree to (?P<agreeing>[\d.]+)"
    ),
    "the logo's place in the brand's own photo was wiped: %(share)s %% of its detail is left": (
        r"the logo's place in the brand's own photo was wiped: (?P<share>\d+) % of its detail is left"
    ),
    "No complaint by %(day)s; the listing's decision is now %(decision)s.": (
        r"No complaint by (?P<day>[\d-]+); the listing's decision is now (?P<decision>[a-z]+)\."
    ),
    "Judged while suspended, which clears nothing; the listing's decision is now %(decision)s.": (
        r"Judged while suspended, which clears nothing; the listing's decision is now (?P<decision>[a-z]+)\."
    ),
    "Trust & safety released it; the listing's decision is now %(decision)s: %(reason)s": (
        r"Trust & safety released it; the listing's decision is now (?P<decision>[a-z]+): (?P<reason>.+)"
    ),
    "The seller sent other pictures; another case asks about them.": (
        r"The seller sent other pictures; another case asks about them\."  # by earlier versions
    ),
    "The seller sent other pictures or words; another case asks about them.": (
        r"The seller sent other pictures or words; another case asks about them\."
    ),
    "The known fake that the listing was found by counts no more; nothing else is suspected.": (
        r"The known fake that the listing was found by counts no more; nothing else is suspected\."
    ),
    "The brand authorised the seller to use its photos; nothing else is suspected.": (
        r"The brand authorised the seller to use its photos; nothing else is suspected\."
    ),
}
"""What is said, as it is translated, and how it is recognised."""

WORDS: Final = frozenset(
    {
        *("mosaic", "blur", "covered or wiped out", "overlaid"),
        *("the top", "the bottom", "the left", "the right", "the middle"),
        *("the upper left", "the upper right", "the lower left", "the lower right"),
        *("red", "orange", "yellow", "green", "turquoise", "blue", "violet", "pink", "grey"),
        *("allow", "review", "block"),
        *Speaks,
    }
)
"""What may stand in a sentence and is translated too."""

_RECOGNISED: Final = [(sentence, re.compile(pattern, re.DOTALL)) for sentence, pattern in SENTENCES.items()]


def in_words(reason: str, *, translate: Callable[[str], str]) -> str:
    """`reason` by `translate`; as it is where it is none of the sentences."""
    for sentence, pattern in _RECOGNISED:
        found = pattern.fullmatch(reason)
        if found is not None:
            parts = {name: translate(part) if part in WORDS else part for name, part in found.groupdict().items()}
            return translate(sentence) % parts if parts else translate(sentence)
    return reason
