"""The real command with two processes behind one port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from mosaics import mosaic, png
from waiting import eventually

from client.api import Hallmark
from client.service import ServiceFailed, running_service
from serve.settings import Settings

NEEDS_WEIGHTS = pytest.mark.skipif(
    not (Settings().bundle_folder / "manifest.json").is_file(), reason="no released model bundle in model/weights"
)


@NEEDS_WEIGHTS
def test_all_processes_see_a_change_within_a_second(tmp_path: Path) -> None:
    with running_service(tmp_path / "home", processes=2) as service:
        key = service.create_key("admin")
        with Hallmark(service.url, key=key) as hallmark:
            brand = hallmark.create_brand("Acme")["id"]
            hallmark.add_reference(brand, png(mosaic(1, side=200)), kind="logo")
        time.sleep(1.0)
        versions = []
        for _ in range(12):  # a new connection each: the processes take turns by chance
            with Hallmark(service.url, key=key) as hallmark:
                versions.append(hallmark.scan(png(mosaic(2)))["index_version"])
        assert versions == [2] * 12, "the brand, and its reference"
        lines = httpx2.get(f"{service.url}/metrics").text.splitlines()
        assert 'hallmark_scan_seconds_count{step="total"} 12.0' in lines, "the processes' numbers are summed"
    assert not (tmp_path / "home" / "postgres" / "postmaster.pid").exists(), "the last one stopped the database"


@NEEDS_WEIGHTS
def test_the_service_outlives_the_death_of_its_database(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        key = service.create_key("admin")
        server = int((tmp_path / "home" / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(server, signal.SIGKILL)
        eventually(lambda: not service.is_ready())
        eventually(service.is_ready, seconds=30)
        with Hallmark(service.url, key=key) as hallmark:
            assert hallmark.create_brand("Acme")["id"]
    assert "was started again" in (tmp_path / "home" / "service.log").read_text()


def test_a_missing_bundle_is_told_in_words(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceFailed, match=r"(?s)no model bundle in .*none") as failed,
        running_service(tmp_path / "home", settings={"HALLMARK_MODEL": str(tmp_path / "none")}),
    ):
        pass
    assert "Traceback" not in str(failed.value)


@NEEDS_WEIGHTS
def test_the_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    with running_service(tmp_path / "home", processes=2) as service:
        port = urlsplit(service.url).port or 0
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait()
        eventually(lambda: not _listens(port), seconds=40)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@NEEDS_WEIGHTS
def test_a_store_without_the_database_s_pictures_stops_the_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_service(home) as service:
        service.create_key("admin")
    (home / "objects").rename(home / "away")
    with pytest.raises(ServiceFailed, match="hallmark objects adopt"), running_service(home):
        pass
    shutil.rmtree(home / "objects")
    (home / "away").rename(home / "objects")
    with running_service(home) as service:
        assert service.is_ready()
