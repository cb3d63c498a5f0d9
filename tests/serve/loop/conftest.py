"""The loop runs on a bundle in which a mark that differs from its reference is a smear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from marketplace import Marketplace, smears_found
from service_client import Client


@pytest.fixture(scope="module", autouse=True)
def without_weights() -> Iterator[None]:
    """In place of the plain bundle, which finds everything genuine."""
    with smears_found():
        yield


@pytest.fixture(scope="module")
def market(client: Client) -> Marketplace:
    """A marketplace with one brand on the module's shared application."""
    return Marketplace(client)
