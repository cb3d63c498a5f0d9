from __future__ import annotations

import pytest

from serve.text.readable import readable


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Acme & Sons, 5 < 7 > 3, 100% wool", "Acme & Sons, 5 < 7 > 3, 100% wool"),
        ("<p>A<b>c</b>me</p><p>cap</p>", " Acme  cap "),
        ("A&#99;&#x6d;e &amp; Sons", "Acme & Sons"),
        ("%41cm%65", "Acme"),
        ("A\u200bc\u00adm\ufe0fe", "Acme"),
        ("A\u0336c\u0336m\u0336e\u0336", "Acme"),
        ("\u202eemcA\u202c cap", "Acme cap"),
        ("\uff21\uff43\uff4d\uff45\uff0a", "Acme*"),
        ("\U0001d400\U0001d41c\U0001d426\U0001d41e", "Acme"),
        ("\u24b6\u24d2\u24dc\u24d4", "Acme"),
        ("\U0001f170\U0001f172\U0001f17c\U0001f174", "ACME"),
        ("\u1d00\u1d04\u1d0d\u1d07", "acme"),
        ("\u0181olt", "Bolt"),
        ("Äcmé™ \u0430 品牌", "Äcmé™ \u0430 品牌"),
        ("Acme\ufdfacap", "Acme cap"),
    ],
)
def test_text_is_what_a_reader_sees(text: str, seen: str) -> None:
    assert readable(text) == seen


@pytest.mark.parametrize("piece", ["<a", "&", "&#", "%4", "\u202ea", "<b>", "e\u0301\u0301"])
def test_long_text_is_read_in_little_time(piece: str) -> None:
    assert len(readable(piece * 50_000)) <= len(piece) * 50_000
