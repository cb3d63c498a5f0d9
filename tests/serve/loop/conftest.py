"""The loop runs on a bundle in which a mark that differs from its reference is a smear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from marketplace import Marketplace, SmearVerifier
from plain_bundle import plain_bundle
from service_client import Client

from model.bundle import ModelBundle
from serve import service


@pytest.fixture(scope="module", autouse=True)
def without_weights() -> Iterator[None]:
    """In place of the plain bundle, which finds everything genuine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "load_bundle", lambda folder, threads: _bundle(folder.name))
        yield


def _bundle(name: str) -> ModelBundle:
    """Finds marks that are far from the genuine one too."""
    plain = plain_bundle(name)
    return replace(plain, verifier=SmearVerifier(), calibration=replace(plain.calibration, candidate_similarity=0.5))


@pytest.fixture(scope="module")
def market(client: Client) -> Marketplace:
    """A marketplace with one brand on the module's shared application."""
    return Marketplace(client)
