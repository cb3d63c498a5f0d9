"""No rights holder may teach the models more than its share."""

from __future__ import annotations

from collections.abc import Mapping


def most_each(counts: Mapping[str, int], *, share: float) -> int:
    """The most labels that one rights holder may give, so that nobody gives more than `share` of what is kept.

    `counts` holds the labels by rights holder. Where there are fewer rights holders than 1/`share`, that cannot be:
    then each may give as many as the others. Raises `ValueError` for a share outside (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share: expected more than 0 and at most 1, got {share}")
    given = sorted((count for count in counts.values() if count), reverse=True)
    if not given:
        return 0
    fair = max(share, 1.0 / len(given))
    for most in range(given[0], 0, -1):
        if most <= fair * sum(min(count, most) for count in given) + 1e-9:
            return most
    raise AssertionError("one label of each is always a fair part")
