"""Query parameters that a route does not take are refused: a misspelt filter would filter nothing."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError


def refuse_unknown_parameters(request: Request) -> None:
    """A dependency of every route of the API. Raises `RequestValidationError` (422, `invalid-request`)."""
    if not request.query_params:
        return
    known = sorted(set(_taken_by(request.scope["route"].dependant)))
    told = f"There is no such parameter; this path takes {', '.join(known) or 'none'}"
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": told, "type": "extra_forbidden"} for name in unknown]
        )


def _taken_by(dependant: Dependant) -> Iterator[str]:
    """The names of the query parameters that a route takes, its dependencies' among them."""
    yield from (field.alias for field in dependant.query_params)
    for one in dependant.dependencies:
        yield from _taken_by(one)
