from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from model import CHAMPION
from serve.access.roles import PERMISSIONS, Role
from serve.settings import Settings, available_cpus

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_every_setting_is_documented_and_nothing_else() -> None:
    section = (DOCS / "operations.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(Settings.model_fields)


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_documented_defaults_are_the_real_ones() -> None:
    section = (DOCS / "operations.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    for name, written in re.findall(r"^\| `(\w+)` \| ([\d,.]+) \|", section, re.MULTILINE):
        default = Settings.model_fields[name].default
        assert str(default) == written or float(default) == float(written.replace(",", "")), name


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HALLMARK_PORT", "9000")
    monkeypatch.setenv("HALLMARK_HOME", str(tmp_path / "x"))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", "postgresql://u:secret@h/d")
    settings = Settings()
    assert (settings.port, settings.home) == (9000, tmp_path / "x")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "many"), ("host", ""), ("model", ""), ("index_url", ""), ("index_url", "http://127.0.0.1:19530"),
        *(("database_url", value) for value in ("", "foo", "mysql://x/y", "postgresql://u:secret@h:port/d")),
        *(("object_url", value) for value in ("", "foo", "ftp://x", "s3://", "s3:///", "file:///", "s3://[secret")),
        *(("webhook_proxy", value) for value in ("", "foo", "foo:3128", "socks5://x:1", "http://", "http://x:secret")),
        *(("snapshot_seconds", value) for value in ("0", "inf", "nan", "1e10")),
        ("max_pixels", "99999999999999"), ("max_upload_bytes", "99999999999999"),
        ("max_listing_bytes", "99999999999999"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_understood_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HALLMARK_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name) as refused:
        Settings()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("database_url", f"{scheme}://u:p@/d?host=/run") for scheme in ("postgresql", "postgres")),
        ("database_url", "postgresql://u:p/[#?w@h/d"),
        *(("object_url", value) for value in ("s3://bucket", "s3://bucket/a/b", "gs://b", "az://c/p", "file:///mnt/x")),
        *(("webhook_proxy", value) for value in ("http://proxy:3128", "http://u:p@proxy", "https://[::1]:3128")),
    ],
)
def test_a_url_that_names_something_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HALLMARK_{name.upper()}", value)
    taken = getattr(Settings(), name)
    assert value == (taken.get_secret_value() if name == "database_url" else taken)


def test_a_home_that_is_empty_is_the_default_and_not_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HALLMARK_HOME", "")
    assert Settings().home == tmp_path / "var"


def test_a_relative_home_does_not_move_with_the_working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("state")).home == tmp_path / "state"


def test_the_processes_share_the_cpus() -> None:
    assert Settings(processes=1).scans_at_once == available_cpus()
    assert Settings(processes=available_cpus() * 2).scans_at_once == 1
    assert Settings(scan_concurrency=7).scans_at_once == 7


def test_a_bundle_is_named_or_given_by_its_folder(tmp_path: Path) -> None:
    assert Settings(model=str(tmp_path)).bundle_folder == tmp_path
    assert Settings(model=CHAMPION).bundle_folder.parts[-3:] == ("model", "weights", CHAMPION)


def documented_roles(title: str) -> set[Role]:
    """The roles that a row of a table of permissions has a mark for."""
    lines = [line for page in ("api.md", "loop.md") for line in (DOCS / page).read_text().splitlines()]
    head = next(line for line in lines if line.startswith("| | platform"))
    roles = [Role(cell.strip()) for cell in head.strip("|").split("|") if cell.strip()]
    cells = next(line for line in lines if line.startswith(f"| {title} |")).strip("|").split("|")[1:]
    return {role for role, cell in zip(roles, cells, strict=True) if cell.strip()}


def test_the_documented_roles_are_those_of_the_table() -> None:
    rows = {
        "register brands": ["brands.create"],
        "read brands, references and authorised sellers": ["brands.read", "references.read"],
        "change brands, references and authorised sellers": ["brands.change", "references.create", "references.change"],
        "scan, read scans": ["scans.create", "scans.read"],
        "register rights holders": ["rights_holders.create"],
        "read rights holders, their documents, cases and complaints": [
            "rights_holders.read", "cases.read", "complaints.read",
        ],
        "change rights holders, lodge documents": ["rights_holders.change"],
        "read webhooks and deliveries": ["webhooks.read"],
        "change webhooks, deliver again": ["webhooks.change"],
        "read the marketplace's webhook and its deliveries": ["marketplace_webhook.read"],
        "change the marketplace's webhook, deliver again": ["marketplace_webhook.change"],
        "send and withdraw listings, send counter-notices, read notices": [
            "listings.create", "counter_notices.create", "notices.read",
        ],
        "judge cases, file complaints": ["cases.judge", "complaints.create"],
        "decide complaints, reverse decisions, doubt and release cases": ["complaints.decide"],
        "read credit": ["credit.read"],
        "read stored listings and text holds": ["listings.read"],
        "read the rules for listings' texts": ["listing_rules.read"],
        "clear a listing's text": ["listing_rules.clear"],
        "read what was found against sellers": ["sellers.read"],
        "read seller networks": ["networks.read"],
        "read the report": ["report.read"],
        "read labels": ["labels.read"],
        "read policies": ["policies.read"],
        "set, fit and restore policies": ["policies.change"],
        "send jurors' votes, make ballots, read juries": ["juries.run"],
        "review documents, set tiers, make blind tests, settle disputes": ["rights_holders.oversee"],
    }  # fmt: skip
    assert {action for actions in rows.values() for action in actions} == set(PERMISSIONS)
    for title, actions in rows.items():
        for action in actions:
            assert documented_roles(title) == PERMISSIONS[action], action


def test_a_variable_that_is_no_setting_is_told_with_the_likeliest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLMARK_SCAN_RETENTION_DAY", "7")
    monkeypatch.setenv("HALLMARK_KEY", "hm_x")
    monkeypatch.setenv("HALLMARK_PORT", "8001")
    assert Settings.unknown() == {"HALLMARK_SCAN_RETENTION_DAY": "HALLMARK_SCAN_RETENTION_DAYS"}
