"""The words of fake traits, and the texts of listings in which they are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from serve.text.letters import folded
from serve.text.naming import is_everyday
from serve.text.phrases import is_too_short, normalised

NotSought = Literal["everyday_word", "too_short"]
"""Why words tell no fake: sellers of genuine goods say them too, or they are parts of other words."""


def telling_words(text: str | None) -> str:
    """The words of a fake trait, `normalised`; empty where none tell it, as an everyday word does not."""
    return "" if text is None or is_everyday(folded(text)) else normalised(text)


def why_not_sought(text: str | None) -> NotSought | None:
    """Why listings are not looked through for a fake trait's words; None where they are, or where it has none."""
    if not text:
        return None
    if is_everyday(folded(text)):
        return "everyday_word"
    return "too_short" if is_too_short(normalised(text)) else None


def said_in(content: Mapping[str, object]) -> str:
    """What a listing's `content` says in its title and description, `normalised`."""
    return normalised(f"{content.get('title') or ''}\n{content.get('description') or ''}")
