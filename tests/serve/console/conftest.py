"""Pages of a marketplace on which a mark that differs from its reference is a smear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Browser
from marketplace import Marketplace, smears_found
from service_client import Client

from serve.access.roles import Role


@pytest.fixture(scope="module", autouse=True)
def without_weights() -> Iterator[None]:
    """In place of the plain bundle, which finds everything genuine."""
    with smears_found():
        yield


@pytest.fixture(scope="module")
def market(client: Client) -> Marketplace:
    """A marketplace with one brand on the module's shared application."""
    return Marketplace(client)


@pytest.fixture
def brand(market: Marketplace) -> Browser:
    """Somebody of the brand's team, signed in."""
    return Browser.signed_in(market.client, Role.BRAND, brand_id=market.brand)


@pytest.fixture
def trust(market: Marketplace) -> Browser:
    """Somebody of trust & safety, signed in."""
    return Browser.signed_in(market.client, Role.TRUST)
