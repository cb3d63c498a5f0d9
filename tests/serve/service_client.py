"""A client of an application in this process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.testclient import TestClient

from serve.access import keys
from serve.access.roles import Role
from serve.service import Service
from serve.settings import Settings

NUMBERS = itertools.count()


class NewSettings(Protocol):
    """Settings with a database and a folder of their own, as long as the block lasts."""

    def __call__(self, *, migrated: bool = True) -> AbstractContextManager[Settings]:
        """The database has the tables, or nothing at all."""
        ...


class Client(TestClient):
    """Talks to an application as an admin, unless headers say otherwise."""

    @classmethod
    @contextmanager
    def of(cls, app: FastAPI) -> Iterator[Client]:
        with cls(app, raise_server_exceptions=False) as client:
            client.headers.update(client.key(Role.ADMIN))
            yield client

    @property
    def service(self) -> Service:
        found: Service = self.app.state.startup.service  # type: ignore[attr-defined]
        return found

    def key(self, role: Role, brand_id: str | None = None, *, holder_id: str | None = None) -> dict[str, str]:
        """The header of a new key."""
        key = keys.create_key(self.service.database, role=role, brand_id=brand_id, holder_id=holder_id)
        return {"Authorization": f"Bearer {key}"}

    def brand(self, name: str | None = None) -> str:
        """The id of a new brand."""
        answer = self.post("/v1/brands", json={"name": name or f"Brand {next(NUMBERS)}"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def reference(self, brand_id: str, picture: bytes, **fields: str) -> str:
        """The id of a new reference."""
        answer = self.post(
            f"/v1/brands/{brand_id}/references", data={"kind": "logo", **fields}, files={"image": ("a.png", picture)}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def scan(self, picture: bytes) -> dict[str, Any]:
        """The answer to a scan."""
        answer = self.post("/v1/scan", content=picture, headers={"Content-Type": "image/png"})
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def brands_in(self, picture: bytes) -> list[str]:
        """The brands that a scan finds."""
        return [finding["brand_id"] for finding in self.scan(picture)["findings"]]


@dataclass(frozen=True)
class Served:
    """A server on a port, and an admin's key."""

    url: str
    key: str


Open = Callable[..., Client]
