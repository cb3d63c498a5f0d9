"""Text that people send: bounded, without control characters, in Unicode's composed form."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def clean(text: str) -> str:
    """`text` in form NFC. Raises `ValueError` on control characters, which PostgreSQL or a log cannot hold."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in text):
        raise ValueError("control characters are not allowed")
    return unicodedata.normalize("NFC", text)


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(clean)]
"""A short name on one line."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000), AfterValidator(clean)]
"""A remark."""

Reason = Annotated[Note, StringConstraints(min_length=1)]
"""Why something was decided; never empty."""
