from __future__ import annotations

import cv2
import pytest
from mosaics import jpeg, large_photo, mosaic, png
from plain_bundle import plain_bundle
from service_client import Client, Open
from sqlalchemy import text
from typer.testing import CliRunner

from model.bundle import BundleRejected, ModelBundle
from serve import command_line
from serve.protocol.problems import Problem
from serve.scanning.replay import Replay, names_at, replay

PICTURE = png(mosaic(1))


@pytest.fixture
def scanned(open_client: Open) -> tuple[Client, str]:
    """A client, and a scan that found a brand called Before by the only reference."""
    client = open_client()
    client.reference(client.brand("Before"), PICTURE)
    return client, str(client.scan(PICTURE)["scan_id"])


def again(scanned: tuple[Client, str], *, picture: bytes | None = PICTURE) -> Replay:
    client, scan = scanned
    service = client.service
    return replay(service.database, service.objects, scan, load=plain_bundle, picture=picture)


def test_a_scan_is_the_same_after_everything_has_changed(scanned: tuple[Client, str]) -> None:
    client, scan = scanned
    found = client.get(f"/v1/scans/{scan}").json()["findings"][0]
    client.delete(f"/v1/brands/{found['brand_id']}/references/{found['reference_id']}")
    client.patch(f"/v1/brands/{found['brand_id']}", json={"name": "Meanwhile"})
    client.patch(f"/v1/brands/{found['brand_id']}", json={"name": "After"})
    client.reference(client.brand(), PICTURE)
    client.post("/v1/policies", json={"reason": "r", "review_at": 0.9})
    done = again(scanned)
    assert done.differences == []
    assert done.again.findings[0].brand == "Before"
    assert (done.again.index_version, done.again.policy_version) == (2, 1)


def test_a_brand_has_the_words_that_it_had(open_client: Open) -> None:
    client = open_client()
    brand = client.brand("Before")
    client.patch(f"/v1/brands/{brand}", json={"words": ["one", "two"]})
    client.patch(f"/v1/brands/{brand}", json={"aliases": ["three"]})
    client.patch(f"/v1/brands/{brand}", json={"name": "After", "words": []})
    with client.service.database.read() as session:
        words = [names_at(session, version)[brand].words for version in range(1, 5)]
        before = names_at(session, 0)
    assert words == [(), ("one", "two"), ("three", "one", "two"), ("three",)]
    assert before == {}, "it was not made yet"


def test_a_claim_that_was_made_is_made_again(open_client: Open) -> None:
    client = open_client()
    brand = client.brand("Before")
    client.reference(brand, PICTURE)
    scan = client.post("/v1/scan", data={"listing": '{"title": "a before bag"}'}, files={"image": ("a.png", PICTURE)})
    assert scan.json()["brands_claimed"] == [brand]
    assert scan.json()["findings"][0]["claimed"]
    client.patch(f"/v1/brands/{brand}", json={"name": "After"})
    done = again((client, scan.json()["scan_id"]))
    assert done.differences == []
    assert done.again.brands_claimed == [brand]


def test_a_known_fake_s_photo_that_was_seen_is_seen_again_after_it_was_taken_back(open_client: Open) -> None:
    client = open_client()
    brand, photo = client.brand(), png(cv2.resize(mosaic(2), (384, 384)))
    client.reference(brand, PICTURE)
    trait = client.post(f"/v1/brands/{brand}/traits", files={"image": ("a.png", photo)})
    listing = {"listing": '{"id": "L-1", "seller": "S"}'}
    (scan,) = client.post("/v1/listings", data=listing, files={"image": ("a.png", photo)}).json()["scan_ids"]
    found = client.get(f"/v1/scans/{scan}").json()
    assert (found["known_fakes_of"], len(found["findings"])) == ([brand], 1)
    assert client.delete(f"/v1/brands/{brand}/traits/{trait.json()['id']}").status_code == 204
    done = again((client, scan), picture=photo)
    assert done.differences == []
    assert done.again.known_fakes_of == [brand]


def test_what_other_pictures_showed_and_the_text_broke_counts_again(open_client: Open) -> None:
    client, stranger = open_client(), png(mosaic(70_000))
    brand = client.brand("Zorblat")
    client.reference(brand, PICTURE)
    listing = {"listing": '{"id": "L-1", "seller": "S", "title": "Same style as Quuxfix"}'}
    files = [("image", ("a.png", PICTURE)), ("image", ("b.png", stranger))]
    client.patch(f"/v1/brands/{client.brand('Quuxfix')}", json={"words": ["Quuxfixes"]})
    scans = client.post("/v1/listings", data=listing, files=files).json()["scan_ids"]
    stored = client.get(f"/v1/scans/{scans[1]}").json()
    assert (stored["shown_beside"], [one["rule"] for one in stored["broken_rules"]]) == ([brand], ["comparison"])
    done = again((client, scans[1]), picture=stranger)
    assert done.differences == []
    assert done.again.shown_beside == [brand]


def test_what_was_enabled_later_is_not_seen_before(open_client: Open) -> None:
    client = open_client()
    brand = client.brand()
    path = f"/v1/brands/{brand}/references/{client.reference(brand, PICTURE)}"
    for status in ("disabled", "active", "disabled"):
        client.patch(path, json={"status": status})
        scan = client.scan(PICTURE)["scan_id"]
        done = again((client, scan))
        assert done.differences == []
        assert len(done.again.findings) == (status == "active")


def test_the_picture_of_a_listing_need_not_be_given(scanned: tuple[Client, str]) -> None:
    client, _ = scanned
    files = [("image", ("a.png", PICTURE))]
    sent = client.post("/v1/listings", data={"listing": '{"id": "L", "seller": "S"}'}, files=files).json()
    assert again((client, sent["scan_ids"][0]), picture=None).differences == []


def test_another_result_is_told(scanned: tuple[Client, str]) -> None:
    client, scan = scanned
    with client.service.database.write() as session:
        change = text("""UPDATE scans SET result = jsonb_set(result, '{decision}', '"block"') WHERE id = :id""")
        session.execute(change, {"id": scan})
    assert again(scanned).differences == ["decision: block was answered, allow now"]


def test_without_its_picture_a_scan_is_refused(scanned: tuple[Client, str]) -> None:
    with pytest.raises(Problem, match="no listing has it"):
        again(scanned, picture=None)
    with pytest.raises(Problem, match="another file"):
        again(scanned, picture=png(mosaic(2)))


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("DELETE FROM scans", "no scan"),
        ('DELETE FROM "references"', "1 of the 1 references of then"),
    ],
)
def test_what_was_forgotten_is_told(scanned: tuple[Client, str], loss: str, told: str) -> None:
    with scanned[0].service.database.write() as session:
        session.execute(text(loss))
    with pytest.raises(Problem, match=told):
        again(scanned)


def test_a_reference_without_its_picture_is_told(scanned: tuple[Client, str]) -> None:
    scanned[0].service.objects.delete_folder("references")
    with pytest.raises(Problem, match="the picture of the reference ref_"):
        again(scanned)


def test_a_model_that_is_not_installed_any_more_is_told(scanned: tuple[Client, str]) -> None:
    def load(name: str) -> ModelBundle:
        raise BundleRejected(f"no model bundle in {name}")

    client, scan = scanned
    with pytest.raises(Problem, match=r"the model plain .* is gone"):
        replay(
            client.service.database, client.service.objects, scan, load=load, picture=PICTURE
        )  # fmt: skip


def test_the_command(scanned: tuple[Client, str], monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    client, scan = scanned
    settings = client.service.settings
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("HALLMARK_MODEL", "plain")
    monkeypatch.setattr("model.bundle.load_bundle", lambda folder, threads: plain_bundle(folder.name))
    (tmp_path / "one.png").write_bytes(PICTURE)
    commands = CliRunner(), command_line.build()
    done = commands[0].invoke(commands[1], ["scan", "--replay", scan, str(tmp_path / "one.png")])
    assert (done.exit_code, "Before" in done.stdout) == (0, True), done.output
    refused = commands[0].invoke(commands[1], ["scan", "--replay", scan])
    assert (refused.exit_code, "no listing has it" in refused.stderr) == (1, True)
    assert commands[0].invoke(commands[1], ["scan"]).exit_code == 2


def test_photos_of_every_size_are_read_again_whatever_the_limits_are_now(open_client: Open) -> None:
    client, photo = open_client(), jpeg(large_photo())
    client.reference(client.brand(), photo)
    scan = str(client.scan(photo)["scan_id"])
    assert again((open_client(max_upload_bytes=1_024, max_pixels=1_000), scan), picture=photo).differences == []
