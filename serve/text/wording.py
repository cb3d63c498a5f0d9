"""Text that people send: bounded, without control characters, in Unicode's composed form."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

MOST_ACCENTS: Final = 30
"""Accents on one letter, as many as Unicode's stream-safe form allows; no language writes more than a few."""

JOINER: Final = "\u034f"
"""Stands between accents without being seen; accents on both sides of it are sorted by themselves."""


def clean(text: str) -> str:
    """`text` in form NFC. Raises `ValueError` on control characters, which PostgreSQL or a log cannot hold."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in text):
        raise ValueError("control characters are not allowed, leave them out")
    return text if text.isascii() else unicodedata.normalize("NFC", "".join(_stream_safe(text)))


def _stream_safe(text: str) -> Iterator[str]:
    """The letters of `text` taken apart, no more than `MOST_ACCENTS` accents in a row (UAX #15, section 13).

    Normalising sorts the accents of a letter, in quadratic time: 50,000 on one letter would take seconds.
    """
    accents = 0
    for letter in text:
        for part in unicodedata.normalize("NFD", letter):
            accents = accents + 1 if unicodedata.combining(part) else 0
            if accents > MOST_ACCENTS:
                yield JOINER
                accents = 1
            yield part


Text = Annotated[str, AfterValidator(clean)]
"""What names something, in a query or a body, and is compared with what is stored; nothing else is asked of it."""


def _shown(name: str) -> str:
    """Raises `ValueError` for what is not shown on one line, or not shown at all."""
    if any(unicodedata.category(letter) in UNSEEN and letter not in JOINING for letter in name):
        raise ValueError("line breaks and characters that are not seen are not allowed, leave them out")
    if not any(unicodedata.category(letter)[0] in "LNPS" for letter in name):
        raise ValueError("nothing of it can be seen, give a name")
    return name


UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})

JOINING: Final = "\u200c\u200d"
"""Not seen themselves, they shape the letters of Persian and of Indian scripts, and emoji."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(clean),
    AfterValidator(_shown),
]
"""A short name on one line."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000), AfterValidator(clean)]
"""A remark."""

Reason = Annotated[Note, StringConstraints(min_length=1)]
"""Why something was decided; never empty."""
