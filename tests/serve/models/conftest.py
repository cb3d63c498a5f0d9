"""A service on the model `plain`, and a candidate `turned` that nothing speaks against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import two_models
from service_client import Client, Open

from serve import service


@pytest.fixture(scope="module", autouse=True)
def without_weights() -> Iterator[None]:
    """In place of the plain bundle alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "load_bundle", two_models.load)
        yield


@pytest.fixture
def champion(tmp_path: Path) -> Path:
    return two_models.write_bundle(tmp_path / "plain")


@pytest.fixture
def candidate(tmp_path: Path, champion: Path) -> Path:
    folder = two_models.write_bundle(tmp_path / two_models.NEW)
    two_models.write_report(folder, champion)
    return folder


@pytest.fixture
def client(open_client: Open, champion: Path) -> Client:
    """An application on the test's own database."""
    return open_client(model=str(champion))
