"""What the stock is searched for was let pass before."""

from __future__ import annotations

import pytest
from marketplace import Marketplace
from service_client import Client


@pytest.fixture
def market(client: Client) -> Marketplace:
    """A brand of the test's own, whose policy lets a smeared mark pass."""
    own = Marketplace(client)
    own.let_smears_pass()
    return own
