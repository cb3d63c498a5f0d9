from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from click.testing import Result
from mosaics import mosaic, png
from service_client import Open
from typer.testing import CliRunner

from serve import command_line
from serve.scanning.results import ScanResult
from serve.settings import Settings

Hallmark = Callable[..., Result]


@pytest.fixture
def hallmark(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Hallmark:
    """Runs a command on the test's own database."""
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("HALLMARK_MODEL", "plain")
    return lambda *arguments: CliRunner().invoke(command_line.build(), list(arguments))


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    """Files: two marks and one that is no picture."""
    contents = {"one.png": png(mosaic(1)), "two.png": png(mosaic(2)), "none.png": b"<html></html>"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in contents]


def test_from_a_brand_to_a_scan(hallmark: Hallmark, pictures: list[str], open_client: Open) -> None:
    brand = hallmark("brand", "add", "Acme", "--alias", "ACME Corp.", "--word", "acme").stdout.split()[-1]
    assert brand in hallmark("brand", "list").stdout
    added = hallmark("reference", "add", "--brand", brand, pictures[0])
    assert (added.exit_code, added.stdout.split()[0][:4]) == (0, "ref_")

    scanned = hallmark("scan", pictures[0], "--json")
    assert scanned.exit_code == 0, scanned.output
    result = ScanResult.model_validate_json(scanned.stdout)
    assert [finding.brand_id for finding in result.findings] == [brand]
    assert "Acme" in hallmark("scan", pictures[0]).stdout
    claiming = hallmark("scan", pictures[0], "--listing", '{"title": "an ACME cap"}')
    assert "the listing names the brand" in claiming.stdout
    assert hallmark("scan", pictures[0], "--listing", "{").exit_code == 2

    client = open_client()
    kept = client.get(f"/v1/scans/{result.scan_id}").json()
    assert kept == json.loads(scanned.stdout), "the API knows the scan"
    served = client.scan(png(mosaic(1)))
    own = {"scan_id", "timings_ms", "findings"}
    assert {k: v for k, v in served.items() if k not in own} == {k: v for k, v in kept.items() if k not in own}
    assert served["findings"][0]["scores"] == kept["findings"][0]["scores"]


def test_a_bad_file_among_good_ones(hallmark: Hallmark, pictures: list[str]) -> None:
    scanned = hallmark("scan", *pictures, "missing.png", "--json")
    assert scanned.exit_code == 1
    lines = [json.loads(line) for line in scanned.stdout.splitlines()]
    assert [line.get("status") for line in lines] == [None, None, 415, 400]
    assert lines[2]["instance"] == pictures[2]
    told = hallmark("scan", *pictures)
    assert told.exit_code == 1
    assert "web page" in told.stderr
    assert told.stdout.count("no brand's mark") == 2


def test_an_empty_stock_is_scanned_again(hallmark: Hallmark) -> None:
    for arguments in ((), ("--seller", "S-1", "--before", "2026-12-01T06:00:00")):
        done = hallmark("rescan", *arguments)
        assert (done.exit_code, done.stdout) == (0, "0 of 0 listings scanned again, 0 decisions changed\n")


def test_keys(hallmark: Hallmark, open_client: Open) -> None:
    made = hallmark("key", "create", "--role", "ml")
    key = made.stdout.splitlines()[-1]
    client = open_client()
    header = {"Authorization": f"Bearer {key}"}
    assert client.get("/v1/brands", headers=header).status_code == 200
    listed = next(line for line in hallmark("key", "list").stdout.splitlines() if "ml" in line.split())
    assert key not in listed
    assert hallmark("key", "revoke", listed.split()[0]).exit_code == 0
    assert client.get("/v1/brands", headers=header).status_code == 401


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("key", "create", "--role", "brand"), "brand's id"),
        (("key", "create", "--role", "brand", "--brand", "brand_0"), "brand_0"),
        (("key", "create", "--role", "king"), "king"),
        (("key", "revoke", "key_0"), "key_0"),
        (("brand", "add", " "), "name"),
        (("reference", "add", "--kind", "photo", "--brand", "b", "x.png"), "logo or product"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(hallmark: Hallmark, arguments: tuple[str, ...], word: str) -> None:
    done = hallmark(*arguments)
    assert done.exit_code in (1, 2)
    assert word in done.stderr
    assert "Traceback" not in done.output


def test_an_absent_database_and_a_bad_setting_are_told_in_words(
    hallmark: Hallmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALLMARK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "database does not answer" in hallmark("key", "list").stderr
    monkeypatch.setenv("HALLMARK_PORT", "many")
    assert "port" in hallmark("key", "list").stderr


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("DATABASE_URL=mysql://x/y", "postgresql://"),
        ("OBJECT_URL=ftp://x", "s3://"),
        ("OBJECT_URL=az://container", "HALLMARK_OBJECT_URL"),  # its account stands nowhere
        ("HOME=/etc/passwd", "/etc/passwd"),
        ("HOME=/proc/x", "/proc/x"),
    ],
)
@pytest.mark.parametrize("command", [("serve",), ("scan", "a.png"), ("model", "rollback")])
def test_settings_that_lead_nowhere_are_told_in_words(
    hallmark: Hallmark, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], setting: str, word: str
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # `serve` takes SIGTERM over, which is the tests' own
    name, _, value = setting.partition("=")
    if name == "HOME":  # where the embedded database would lie
        monkeypatch.delenv("HALLMARK_DATABASE_URL")
    monkeypatch.setenv(f"HALLMARK_{name}", value)
    done = hallmark(*command)
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.exception
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("labels", "export"), ("model", "export")])
def test_a_folder_that_cannot_be_made_is_told_in_words(
    hallmark: Hallmark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "bundle").mkdir()
    monkeypatch.setenv("HALLMARK_MODEL", str(tmp_path / "bundle"))
    for folder in ("/proc/x", str(tmp_path / "file"), str(tmp_path / "file" / "below")):
        done = hallmark(*command, folder)
        assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.exception
        assert folder in done.stderr
        assert "Traceback" not in done.stderr


def test_models(hallmark: Hallmark) -> None:
    assert "* plain" in hallmark("model", "list").stdout


def part(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, command_line.GROUP)


def test_a_part_whose_packages_are_missing_adds_no_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "needs_torch.py").write_text("import surely_not_installed\n")
    (tmp_path / "needs_own.py").write_text("import serve.surely_not_written\n")
    monkeypatch.syspath_prepend(tmp_path)
    app = typer.Typer()
    command_line._register(part("training", "needs_torch:register"), app)
    assert not app.registered_commands
    for name, value in (("training", "needs_own:register"), ("serve", "needs_torch:register")):
        with pytest.raises(ModuleNotFoundError):
            command_line._register(part(name, value), app)


def test_help_is_quick_to_import() -> None:
    """The heavy libraries are imported by the commands that need them."""
    program = (
        "import sys; from serve.command_line import build; build(); "
        "print([m for m in ('onnxruntime', 'faiss', 'cv2', 'sqlalchemy', 'fastapi', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
