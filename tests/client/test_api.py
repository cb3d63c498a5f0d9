from __future__ import annotations

from collections.abc import Iterator

import pytest

from client.api import Hallmark, Problem
from client.temporary import temporary_service
from model.encoding import png
from training.synthesis.logos import load_logos, rasterise


@pytest.fixture(scope="module")
def api() -> Iterator[Hallmark]:
    """An administrator's client of a service with nothing in it."""
    with temporary_service() as found:
        yield found


PICTURE = png(rasterise(load_logos(None)[0], width=256, background=(255, 255, 255)))


@pytest.mark.parametrize("name", ["Lyon/Rhône", "100%2F", "what?#", ".", ".."])
def test_a_seller_is_reached_whatever_its_name_holds(api: Hallmark, name: str) -> None:
    with pytest.raises(Problem, match="There is no seller"):
        api.seller(name)
    api.send_listing({"id": f"of {name}", "seller": name, "title": "A car"}, PICTURE)
    assert (api.seller(name)["seller"], api.seller(name)["listings"]) == (name, 1)
