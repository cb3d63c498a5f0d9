"""What may be promoted, and what is written of it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import two_models
from service_client import Client
from sqlalchemy import text
from sqlalchemy.orm import Session

from model.bundle import BundleRejected, write_manifest
from serve import audit
from serve.models.promotion import AskedSwitch, PromotionRefused, call_off, forget_vectors, promote, roll_back
from serve.models.switching import Switching


def ask(client: Client, folder: Path, *, override: str | None = None) -> AskedSwitch:
    return promote(client.service.database, client.service.bundles, folder, actor="test", override=override)


def refused(client: Client, folder: Path) -> str:
    with pytest.raises(PromotionRefused) as refusal:
        ask(client, folder)
    return str(refusal.value)


def switching(client: Client) -> Switching:
    service = client.service
    return Switching(service.database, service.objects, bundles=service.bundles)


def test_a_candidate_that_was_not_evaluated_is_refused(client: Client, candidate: Path) -> None:
    (candidate / "evaluation.json").unlink()
    assert "hallmark evaluate candidate" in refused(client, candidate)
    (candidate / "evaluation.json").write_text("{}")
    assert "no report" in refused(client, candidate)


def test_a_report_of_other_files_is_refused(client: Client, candidate: Path, tmp_path: Path) -> None:
    report = (candidate / "evaluation.json").read_text()
    other = two_models.write_bundle(tmp_path / "others" / candidate.name, content="trained once more")
    (other / "evaluation.json").write_text(report)
    assert "of other files" in refused(client, other)


def test_a_report_against_another_champion_is_refused(client: Client, candidate: Path, tmp_path: Path) -> None:
    two_models.write_report(candidate, two_models.write_bundle(tmp_path / "earlier" / "plain", content="earlier"))
    assert "evaluate against it" in refused(client, candidate)


@pytest.mark.parametrize(
    ("interval", "loss"),
    [
        ({"high": -0.0001}, "picture by picture -0.0101 (-0.0201 to -0.0001), more than 0.005"),
        ({"high": 0.0}, None),
        ({"high": -0.0045, "reach": 0.0004}, None),
        ({"high": -0.0047, "reach": 0.0004}, "picture by picture -0.0051 (-0.0055 to -0.0047), more than 0.005"),
        (
            {"high": -0.0006, "reach": 0.0004, "of_champion": 0.0009},
            "0.7990 lies below the champion's interval, 0.8000",
        ),
        ({"high": 0.001, "reach": 0.03, "of_champion": 0.02}, "0.7710 lies below the champion's interval, 0.8000"),
        ({"high": 0.001, "reach": 0.03, "of_champion": 0.03}, None),
    ],
)
def test_only_a_loss_beyond_the_champions_interval_or_a_sure_one_beyond_the_margin_is_refused(
    client: Client, candidate: Path, champion: Path, interval: dict[str, float], loss: str | None
) -> None:
    two_models.write_report(candidate, champion, **interval)
    if loss is not None:
        assert f"it loses on recognition: {loss}" in refused(client, candidate)
    else:
        assert ask(client, candidate).model == candidate.name


@pytest.mark.parametrize(("file", "needed"), [("calibration.json", True), ("verifier.onnx", False)])
def test_other_thresholds_must_be_measured_on_scans(
    client: Client, candidate: Path, champion: Path, file: str, needed: bool
) -> None:
    (candidate / file).write_text("other")
    write_manifest(candidate)
    two_models.write_report(candidate, champion)
    if needed:
        assert "it was not measured on scans" in refused(client, candidate)
        report = json.loads((candidate / "evaluation.json").read_text())
        report["frozen"]["scans"] = report["frozen"]["recognition"]
        (candidate / "evaluation.json").write_text(json.dumps(report))
    assert ask(client, candidate).model == candidate.name


def test_a_report_that_leaves_a_frozen_set_out_says_too_little(client: Client, candidate: Path) -> None:
    path = candidate / "evaluation.json"
    report = json.loads(path.read_text())
    del report["frozen"]["verdicts"]
    path.write_text(json.dumps(report))
    assert "not measured on verdicts: evaluate it" in refused(client, candidate)


def test_altered_files_are_refused(client: Client, candidate: Path) -> None:
    (candidate / "embedder.onnx").write_text("of somebody else")
    with pytest.raises(BundleRejected, match="altered"):
        ask(client, candidate)


def test_an_override_is_logged_with_what_it_set_aside(client: Client, candidate: Path, champion: Path) -> None:
    two_models.write_report(candidate, champion, high=-0.1)
    switch = ask(client, candidate, override="the set is wrong")
    switching(client).carry_out(switch.id)
    with client.service.database.read() as session:
        rows = session.execute(text("SELECT action, content FROM audit_log WHERE subject = 'turned' ORDER BY number"))
        asked, done = [(row.action, json.loads(row.content)) for row in rows]
    assert asked[0] == "model promote asked"
    assert asked[1]["override"] == "the set is wrong"
    assert asked[1]["grounds_set_aside"][0].startswith("it loses on recognition: 0.6900 lies below")
    assert (done[0], done[1]["replaces"]) == ("model promote done", "plain")
    audit.verify(client.service.database)


def test_what_serves_is_not_promoted_again_and_no_other_files_under_its_name(
    client: Client, candidate: Path, tmp_path: Path
) -> None:
    switching(client).carry_out(ask(client, candidate).id)
    assert "serves already" in refused(client, candidate)
    other = two_models.write_bundle(tmp_path / "others" / candidate.name, content="trained once more")
    assert "rename the folder" in refused(client, other)


def test_one_switch_at_a_time(client: Client, candidate: Path, champion: Path, tmp_path: Path) -> None:
    with client.service.database.lock("hallmark-switch"):  # so that nobody carries it out
        first = ask(client, candidate)
        assert ask(client, candidate) == first, "asked again, it is found again"
        other = two_models.write_bundle(tmp_path / "turned-2")
        two_models.write_report(other, champion)
        assert "under way" in refused(client, other)


def test_a_switch_that_is_being_done_is_waited_for(
    client: Client, candidate: Path, champion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another would be asked for in the place of a model that does not serve any more."""
    other = two_models.write_bundle(tmp_path / "turned-2")
    two_models.write_report(other, champion)
    doing, done = threading.Event(), threading.Event()
    record = audit.record

    def slow_record(session: Session, *, action: str, **row: Any) -> None:
        if action == "model promote done":
            doing.set()
            done.wait(10.0)
        record(session, action=action, **row)

    monkeypatch.setattr(audit, "record", slow_record)
    with ThreadPoolExecutor() as threads:
        first = ask(client, candidate)
        carried_out = threads.submit(switching(client).carry_out, first.id)
        assert doing.wait(10.0)
        refusal = threads.submit(refused, client, other)
        with pytest.raises(TimeoutError):
            refusal.result(timeout=1.0)
        done.set()
        carried_out.result()
        assert "came to serve meanwhile" in refusal.result()


def test_a_switch_that_is_called_off_is_never_done(client: Client, candidate: Path) -> None:
    with client.service.database.try_lock("hallmark-switch"):
        switch = ask(client, candidate)
        assert call_off(client.service.database, actor="test") == candidate.name
    with pytest.raises(PromotionRefused, match="called off"):
        switching(client).carry_out(switch.id)
    with pytest.raises(PromotionRefused, match="no switch is under way"):
        call_off(client.service.database, actor="test")
    assert client.get("/readyz").json()["model"] == "plain"
    assert ask(client, candidate).id != switch.id


def test_there_may_be_nothing_to_go_back_to(client: Client, candidate: Path) -> None:
    with pytest.raises(PromotionRefused, match="nothing to go back to"):
        roll_back(client.service.database, actor="test")
    switching(client).carry_out(ask(client, candidate).id)
    switching(client).carry_out(roll_back(client.service.database, actor="test").id)
    with pytest.raises(PromotionRefused, match="nothing to go back to"):
        roll_back(client.service.database, actor="test")


def test_a_model_whose_files_are_gone_ends_its_switch(client: Client, candidate: Path) -> None:
    with client.service.database.lock("hallmark-switch"):
        switch = ask(client, candidate)
        client.service.objects.delete("models/turned/detector.onnx")
    with pytest.raises(PromotionRefused, match="not those that were promoted"):
        switching(client).carry_out(switch.id)
    assert client.get("/readyz").json()["model"] == "plain"
    assert ask(client, candidate).id != switch.id, "it may be asked for again"


def test_vectors_that_serve_are_not_dropped(client: Client, candidate: Path) -> None:
    switching(client).carry_out(ask(client, candidate).id)
    with pytest.raises(PromotionRefused, match="turned serves"):
        forget_vectors(client.service.database, "turned", actor="test")
    with pytest.raises(PromotionRefused, match="never promoted"):
        forget_vectors(client.service.database, "plaid", actor="test")
