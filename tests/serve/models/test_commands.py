"""`hallmark model …`, and two of its commands beside a running service of two processes."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mosaics import mosaic, png
from service_client import Client
from typer.testing import CliRunner
from waiting import eventually

from client.api import Hallmark
from client.service import Service, command, environment, running_service
from serve import command_line
from serve.settings import Settings

RELEASED = Settings().bundle_folder
PICTURE = png(mosaic(1, side=200))


def hallmark(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command(), "model", *arguments], env=environment(service.home), capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not (RELEASED / "manifest.json").is_file(), reason="no released model bundle in model/weights")
def test_promote_and_roll_back_beside_two_processes(tmp_path: Path) -> None:
    candidate = tmp_path / "candidate"
    shutil.copytree(RELEASED, candidate)
    with running_service(tmp_path / "home", processes=2) as service:
        key = service.create_key("admin")
        with Hallmark(service.url, key=key) as api:
            api.add_reference(api.create_brand("Acme")["id"], PICTURE, kind="logo")

        results: list[dict[str, Any]] = []
        ended = threading.Event()

        def scan() -> None:
            while not ended.wait(0.1):  # a breath between scans, which leaves the two commands a core
                with Hallmark(service.url, key=key) as api:  # a new connection each: the processes take turns
                    results.append(api.scan(PICTURE))

        def wait_until_all(model: str) -> None:
            eventually(lambda: {result["model"] for result in results[-16:]} == {model}, seconds=60.0)

        scans = [threading.Thread(target=scan) for _ in range(2)]
        for thread in scans:
            thread.start()
        try:
            promoted = hallmark(service, "promote", str(candidate), "--override", "a copy needs no comparison")
            assert "serves in place of" in promoted.stdout, promoted.stderr
            wait_until_all("candidate")
            back = hallmark(service, "rollback")
            wait_until_all(RELEASED.name)
        finally:
            ended.set()
            for thread in scans:
                thread.join()
    first, last = (int(done.stdout.split("index version ")[1].split()[0]) for done in (promoted, back))
    for result in results:
        assert (result["model"] == "candidate") == (first <= result["index_version"] < last)
    assert {len(result["findings"]) for result in results} == {len(results[0]["findings"])}


@pytest.fixture
def run(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs `hallmark model …` on the database of `client`; what it prints, or why it failed."""
    settings = client.service.settings
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("HALLMARK_MODEL", settings.model)

    def run_one(*arguments: str) -> str:
        done = CliRunner().invoke(command_line.build(), ["model", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.stdout if done.exit_code == 0 else done.stderr

    return run_one


def test_the_commands_from_candidate_to_pruned(run: Callable[..., str], candidate: Path, tmp_path: Path) -> None:
    assert "* plain\n" in run("list")
    assert "turned serves in place of plain from index version 1 on" in run("promote", str(candidate))
    assert run("list").splitlines()[-2:] == ["  plain", "* turned"]
    exported = run("export", str(tmp_path / "exported")).splitlines()[-1]
    assert (Path(exported) / "manifest.json").read_bytes() == (candidate / "manifest.json").read_bytes()
    assert "exists; name another folder" in run("export", str(tmp_path / "exported"))
    assert "plain serves in place of turned from index version 2 on" in run("rollback")
    assert "hallmark: refused: nothing to go back to" in run("rollback")
    assert "0 vectors of turned dropped" in run("prune", "turned")
    assert "refused: the report" not in run("promote", "turned"), "a model that served before is promoted by its name"


def test_a_refusal_is_told_in_a_line(run: Callable[..., str], candidate: Path) -> None:
    (candidate / "evaluation.json").unlink()
    told = run("promote", str(candidate))
    assert told.startswith("hallmark: refused: ")
    assert "hallmark evaluate candidate" in told
