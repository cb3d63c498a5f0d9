from __future__ import annotations

import pytest

from training.evaluation.references import as_uploaded
from training.synthesis.logos import Logo

CORNER = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M2 2h2v3h3v2H2z" fill="{}"/></svg>'


@pytest.mark.parametrize(("colour", "is_seen"), [("#000000", True), ("#EEEEEE", True), ("#FDFDFD", False)])
def test_what_the_service_would_refuse_as_blank_is_not_uploaded(colour: str, is_seen: bool) -> None:
    drawn = as_uploaded(Logo("acme", "acme", "p", CORNER.format(colour), monochrome=True))
    assert (drawn is not None) == is_seen
