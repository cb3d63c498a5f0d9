from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2
import pytest

from client.api import Hallmark, Problem
from client.service import ServiceFailed, environment, running_service
from client.temporary import temporary_service
from model.encoding import png
from training.synthesis.logos import load_logos, rasterise


def clean_logo(brand: str) -> bytes:
    logo = next(logo for logo in load_logos(None) if logo.brand == brand)
    return png(rasterise(logo, width=256, background=(255, 255, 255)))


def test_a_service_serves_its_client_and_leaves_nothing_running(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        with Hallmark(service.url, key=service.create_key("platform")) as api:
            brand = api.create_brand("Toyota", words=["toyota"])
            reference = api.add_reference(brand["id"], clean_logo("toyota"), kind="logo")
            answer = api.scan(clean_logo("toyota"), listing={"title": "a car"})
            (finding,) = answer["findings"]
            assert (finding["brand"], finding["reference_id"]) == ("Toyota", reference["id"])
            assert api.fetch(finding["evidence"]).startswith(b"\x89PNG")
            api.remove_reference(brand["id"], reference["id"])
            assert api.scan(clean_logo("toyota"))["findings"] == []
            with pytest.raises(Problem, match="404") as refused:
                api.add_reference("brd_unknown", clean_logo("toyota"), kind="logo")
            assert refused.value.status == httpx2.codes.NOT_FOUND
        assert (tmp_path / "postgres" / "postmaster.pid").exists()
    assert service.process.returncode == 0
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


WAITS = """
import sys, time
from pathlib import Path
from client.service import running_service

with running_service(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_service_ends_with_the_process_that_is_asked_to_end(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", WAITS, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "ready\n"
        assert (tmp_path / "postgres" / "postmaster.pid").exists()
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(30) == 128 + signal.SIGTERM
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceFailed, match="no model bundle"),
        running_service(tmp_path, settings={"HALLMARK_MODEL": str(tmp_path / "nothing")}),
    ):
        pass


def test_a_service_of_one_s_own_takes_no_setting_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "OBJECT_URL", "MODEL", "DATA"):
        monkeypatch.setenv(f"HALLMARK_{name}", f"of the {name}")
    seen = environment(tmp_path, {"HALLMARK_MODEL": "asked for"})
    own = {name: value for name, value in seen.items() if name.startswith("HALLMARK_")}
    assert own == {
        "HALLMARK_HOME": str(tmp_path), "HALLMARK_MODEL": "asked for", "HALLMARK_DATA": "of the DATA",
    }  # fmt: skip


def test_a_temporary_service_is_an_administrators_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_service() as api:
        assert api.create_brand("Toyota")["name"] == "Toyota"
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_temporary_service_serves_the_bundle_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="no model bundle"), temporary_service(model=str(tmp_path / "nothing")):
        pass
