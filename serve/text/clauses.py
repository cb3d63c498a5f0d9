"""Where a clause of a listing ends: at signs and at stops, of which some only shorten a word ("size approx. 38").

Whether a stop ends a clause depends on what is asked, so each asks with its own pattern of stops beside `SIGNS`.
"""

from __future__ import annotations

from typing import Final

SIGNS: Final = r"[,;:!?\n|()\[\]{}、，。；：！？（）【】…]"
"""What ends a clause wherever it stands, as a regular expression."""

STOP: Final = r"(?<=\w\w\w)\."
"""A stop behind three letters, as a regular expression; "No." and "pr." are shortened."""
