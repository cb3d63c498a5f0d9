from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mosaics import mosaic, png
from service_client import Open
from typer.testing import CliRunner

from serve import command_line
from serve.identifiers import moment_of, new_id
from serve.pictures import strays


def test_what_no_row_knows_is_listed_and_removed_when_that_is_asked_for(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_client()
    client.reference(client.brand(), picture := png(mosaic(1)))
    known, objects = client.scan(picture)["scan_id"], client.service.objects
    lost = [new_id("scan"), new_id("scan")]
    for name in (*lost, "somebody's own", "cache"):
        objects.put(f"scans/{name}/0.png", picture)
    monkeypatch.setattr(strays, "SETTLED", timedelta(0))
    settings = client.service.settings
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())

    def run(*options: str) -> list[str]:
        done = CliRunner().invoke(command_line.build(), ["objects", "strays", *options])
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    assert sorted(run()) == sorted([*(f"scans/{name}" for name in lost), "2"])
    assert run("--remove")[-1] == "2"
    assert run() == ["0"]
    left = {Path(key).parent.name for key in objects.keys("scans")}
    assert left == {known, "somebody's own", "cache"}


def test_what_was_just_written_is_no_stray(open_client: Open) -> None:
    client = open_client()
    client.service.objects.put(f"scans/{new_id('scan')}/0.png", b"evidence of a scan that runs")
    assert list(strays.strays(client.service.database, client.service.objects)) == []


def test_an_id_tells_when_it_was_made() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= moment_of(new_id("scan"), kind="scan") <= datetime.now(UTC)
    for name in ("cache", "scan_1", new_id("case"), new_id("scan") + "0"):
        with pytest.raises(ValueError, match="expected an id"):
            moment_of(name, kind="scan")
