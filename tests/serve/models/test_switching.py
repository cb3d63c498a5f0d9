"""A switch while scans and uploads go on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mosaics import mosaic, png
from service_client import Client, Open
from sqlalchemy import text
from waiting import eventually

from model.bundle import ModelBundle
from serve.app import create_app
from serve.database.engine import Database
from serve.genuine import backfill, references
from serve.genuine.backfill import embed_missing
from serve.genuine.brands import NewBrand, create_brand
from serve.genuine.references import NewReference
from serve.models.promotion import forget_vectors, promote, roll_back
from serve.models.switching import Switching
from serve.pictures.objects import ObjectMissingError
from serve.scanning.results import ScanResult
from serve.service import open_service
from serve.settings import Settings

PICTURES = [png(mosaic(seed)) for seed in range(6)]


def switching(client: Client) -> Switching:
    service = client.service
    return Switching(service.database, service.objects, bundles=service.bundles)


def promote_now(client: Client, folder: Path) -> int:
    service = client.service
    return switching(client).carry_out(promote(service.database, service.bundles, folder, actor="test").id)


def roll_back_now(client: Client) -> int:
    return switching(client).carry_out(roll_back(client.service.database, actor="test").id)


def vectors(database: Database, model: str) -> set[tuple[str, int]]:
    """Reference and row of each vector of the model."""
    query = text("SELECT reference_id, vector_id FROM reference_vectors WHERE model = :model")
    with database.read() as session:
        return {(row.reference_id, row.vector_id) for row in session.execute(query, {"model": model})}


@pytest.fixture
def brand(client: Client) -> str:
    """A brand with a reference for each of the pictures."""
    made = client.brand()
    for picture in PICTURES:
        client.reference(made, picture)
    return made


@contextmanager
def scanning(*clients: Client) -> Iterator[list[ScanResult]]:
    """Two threads for each client scan until the block ends; what they found, and none may fail."""
    ended = threading.Event()
    results: list[ScanResult] = []

    def scan(client: Client) -> None:
        while not ended.is_set():
            results.append(client.service.scans.scan(PICTURES[len(results) % len(PICTURES)]))

    with ThreadPoolExecutor() as threads:
        scans = [threads.submit(scan, client) for client in clients for _ in range(2)]
        try:
            yield results
        finally:
            ended.set()
    for one in scans:
        one.result()


def test_no_scan_fails_or_sees_a_mixture_while_models_are_switched(
    client: Client, brand: str, open_client: Open, candidate: Path, champion: Path
) -> None:
    other = open_client(model=str(champion))
    with scanning(client, other) as results:
        eventually(lambda: len(results) > 20)
        promoted = promote_now(client, candidate)
        eventually(lambda: [result.model for result in results[-20:]] == ["turned"] * 20)
        back = roll_back_now(other)
        eventually(lambda: [result.model for result in results[-20:]] == ["plain"] * 20)
    assert promoted < back
    for result in results:
        assert (result.model == "turned") == (promoted <= result.index_version < back)
        assert [finding.brand_id for finding in result.findings] == [brand], (
            "by vectors of another model nothing is found"
        )


def test_a_process_that_could_not_load_the_new_model_serves_it_once_it_can(
    client: Client, open_client: Open, candidate: Path, champion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.listener.RETRY_SECONDS", 0.05)
    other = open_client(model=str(champion))
    load = other.service.bundles.load
    troubles = [ObjectMissingError("models/turned/detector.onnx"), OSError(28, "No space left on device")]

    def fails_at_first(name: str | None) -> ModelBundle:
        if name == candidate.name and troubles:
            raise troubles.pop()
        return load(name)

    monkeypatch.setattr(other.service.bundles, "load", fails_at_first)
    promote_now(client, candidate)
    eventually(lambda: other.service.bundle.name == candidate.name)
    assert not troubles


def test_a_new_process_serves_what_was_promoted(
    client: Client, brand: str, open_client: Open, candidate: Path, champion: Path
) -> None:
    promote_now(client, candidate)
    later = open_client(model=str(champion))
    assert later.scan(PICTURES[0])["model"] == "turned"
    assert later.brands_in(PICTURES[0]) == [brand]


def test_a_damaged_copy_of_the_files_is_replaced(
    client: Client, brand: str, open_client: Open, candidate: Path, champion: Path
) -> None:
    promote_now(client, candidate)
    copied = client.service.settings.home / "models" / "turned" / "embedder.onnx"
    copied.write_text("damaged")
    assert open_client(model=str(champion)).scan(PICTURES[0])["model"] == "turned"
    assert copied.read_bytes() == (candidate / "embedder.onnx").read_bytes()


def test_a_copy_that_another_process_made_meanwhile_is_left_alone(
    client: Client, candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote_now(client, candidate)
    copied = client.service.settings.home / "models" / "turned"
    shutil.rmtree(copied, ignore_errors=True)
    bundles, get = client.service.bundles, client.service.objects.get
    finished: list[int] = []

    def slow(key: str) -> bytes:
        if not finished:
            finished.append(0)  # the other one copies the files while this one still reads them
            bundles.folder("turned")
            finished.append(copied.stat().st_ino)
        return get(key)

    monkeypatch.setattr(client.service.objects, "get", slow)
    assert bundles.folder("turned") == copied
    assert copied.stat().st_ino == finished[1]


def test_what_is_uploaded_before_the_switch_is_found_by_the_new_model(
    client: Client, brand: str, candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disabled = client.reference(brand, png(mosaic(102)))
    client.patch(f"/v1/brands/{brand}/references/{disabled}", json={"status": "disabled"})
    late = iter([png(mosaic(100)), png(mosaic(101))])

    def embed_and_upload(*arguments: Any, **named: Any) -> set[str]:
        lost = embed_missing(*arguments, **named)
        if (picture := next(late, None)) is not None:
            client.reference(brand, picture)
        return lost

    monkeypatch.setattr("serve.models.switching.embed_missing", embed_and_upload)
    promote_now(client, candidate)
    eventually(lambda: client.scan(PICTURES[0])["model"] == "turned")
    client.patch(f"/v1/brands/{brand}/references/{disabled}", json={"status": "active"})
    assert [client.brands_in(png(mosaic(seed))) for seed in (100, 101, 102)] == [[brand]] * 3


def test_an_upload_that_meets_the_switch_is_embedded_anew(
    client: Client, brand: str, candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, switched = references.embed_views, threading.Event()

    def embed_and_switch(*arguments: object, **named: object) -> object:
        found = embed(*arguments, **named)  # type: ignore[arg-type]
        if not switched.is_set():
            switched.set()
            promote_now(client, candidate)
        return found

    monkeypatch.setattr(references, "embed_views", embed_and_switch)
    client.reference(brand, png(mosaic(100)))
    result = client.scan(png(mosaic(100)))
    assert (result["model"], [one["brand_id"] for one in result["findings"]]) == ("turned", [brand])


def test_the_stock_is_described_for_the_new_model_and_that_of_the_old_is_kept(
    client: Client, brand: str, candidate: Path
) -> None:
    listing = {"listing": '{"id": "L", "seller": "S"}'}
    assert client.post("/v1/listings", data=listing, files={"image": ("a.png", PICTURES[0])}).status_code == 201

    def described() -> set[str]:
        with client.service.database.read() as session:
            return set(session.scalars(text("SELECT model FROM stock_vectors")))

    assert described() == {"plain"}
    promote_now(client, candidate)
    eventually(lambda: described() == {"plain", candidate.name})


def test_the_model_before_is_kept_up_to_date_until_it_is_pruned(client: Client, brand: str, candidate: Path) -> None:
    promote_now(client, candidate)
    eventually(lambda: client.scan(PICTURES[0])["model"] == "turned")
    late = client.reference(brand, png(mosaic(100)))
    eventually(lambda: late in {reference for reference, _ in vectors(client.service.database, "plain")})
    kept = vectors(client.service.database, "plain")
    roll_back_now(client)
    eventually(lambda: client.scan(PICTURES[0])["model"] == "plain")
    assert client.brands_in(png(mosaic(100))) == [brand]
    assert vectors(client.service.database, "plain") == kept, "nothing was left to embed"

    assert forget_vectors(client.service.database, "turned", actor="test") > 0
    client.reference(brand, png(mosaic(101)))
    assert vectors(client.service.database, "turned") == set()
    promote_again = promote(client.service.database, client.service.bundles, candidate, actor="test")
    switching(client).carry_out(promote_again.id)
    eventually(lambda: client.scan(PICTURES[0])["model"] == "turned")
    assert client.brands_in(png(mosaic(101))) == [brand]


@pytest.mark.parametrize("step", [("embedding", "1"), ("embedding", "4"), ("committing",)], ids=" ".join)
def test_a_switch_whose_process_is_killed_is_carried_on_by_the_service(
    settings: Settings, open_client: Open, candidate: Path, champion: Path, step: tuple[str, ...]
) -> None:
    with open_service(settings.model_copy(update={"model": str(champion)})) as service:  # it runs no jobs
        brand = create_brand(service.database, NewBrand(name="Acme"), actor="a").id
        for picture in PICTURES:
            service.references.add(brand, picture, new=NewReference(kind="logo"), actor="a")
        switch = promote(service.database, service.bundles, candidate, actor="test")
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("killed_switch.py")), switch.id, *step],
            env=environment(service.settings), check=False,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL
        assert service.scans.scan(PICTURES[0]).model == "plain"
        before = vectors(service.database, "turned")
    later = open_client(model=str(champion))
    eventually(lambda: later.scan(PICTURES[0])["model"] == "turned")
    assert [later.brands_in(picture) for picture in PICTURES] == [[brand]] * len(PICTURES)
    assert len({reference for reference, _ in before}) == {"1": 1, "4": 4}.get(step[-1], len(PICTURES))
    assert before <= vectors(later.service.database, "turned"), "what was done is not done again"


def test_a_service_that_stops_breaks_the_switch_off_and_another_carries_on(
    settings: Settings, open_client: Open, candidate: Path, champion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, embed = threading.Event(), backfill.embed_views

    def embed_slowly(*arguments: Any, **named: Any) -> Any:
        embedding.set()
        time.sleep(2.0)
        return embed(*arguments, **named)

    with Client.of(create_app(settings.model_copy(update={"model": str(champion)}))) as first:
        brand = first.brand()
        for picture in PICTURES:
            first.reference(brand, picture)
        monkeypatch.setattr(backfill, "embed_views", embed_slowly)
        promote(first.service.database, first.service.bundles, candidate, actor="test")
        assert embedding.wait(10.0)
        began = time.monotonic()
    assert time.monotonic() - began < 2.0 * len(PICTURES) - 4.0, "the service does not wait until all is embedded"
    monkeypatch.setattr(backfill, "embed_views", embed)
    later = open_client(model=str(champion))
    eventually(lambda: later.scan(PICTURES[0])["model"] == "turned")
    assert later.brands_in(PICTURES[0]) == [brand]


def environment(settings: Settings) -> dict[str, str]:
    """For another process on the same database."""
    assert settings.database_url is not None
    return {
        "HALLMARK_HOME": str(settings.home),
        "HALLMARK_DATABASE_URL": settings.database_url.get_secret_value(),
        "HALLMARK_MODEL": settings.model,
        "PYTHONPATH": ":".join(sys.path),
    }
