from __future__ import annotations

import pytest

from training.verifier.impossible import MOST, Impossible


def test_what_is_hardly_ever_possible_is_an_error() -> None:
    impossible = Impossible(2)
    for _ in range(2 * MOST):
        impossible.note(ValueError("no letter"))
    with pytest.raises(RuntimeError, match="the last time because: shapes differ") as raised:
        impossible.note(ValueError("shapes differ"))
    assert isinstance(raised.value.__cause__, ValueError)
