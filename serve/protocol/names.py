"""Names in paths that are no ids of ours: any text, percent-encoded.

A server decodes a path before it is routed, `%2F` with the rest, and an ordinary parameter ends at the next `/`. Such a
name therefore stands last in its path and takes all that is left; what else is asked of it would stand before it.
"""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Rest(Convertor[str]):
    """What is left of a path, line breaks and all, which Starlette's own `path` leaves out; never nothing."""

    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("rest", _Rest())


def whole_name(parameter: str) -> str:
    """The last part of a path that takes any name as `parameter`."""
    return f"/{{{parameter}:rest}}"
