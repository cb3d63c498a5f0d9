"""Asking for another model: what may be promoted, and what a rollback goes back to.

Nothing changes for scans here: a switch is written, with the job that carries it out (serve/models/switching.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serve import audit
from serve.database.engine import Database, violates
from serve.database.model_tables import ModelRecord, ModelSwitch
from serve.database.tables import ReferenceVector
from serve.genuine.changes import hold_changes
from serve.identifiers import new_id
from serve.jobs import LongTask, defer
from serve.models.bundles import Bundles, digest_of
from serve.models.comparison import ComparedModel, NoComparison, grounds_against, read_comparison, required_sets
from serve.models.registry import predecessor, serving_model, switch_under_way

CARRY_OUT: Final = LongTask("carry out model switch")
"""The task that a switch is given to."""


class PromotionRefused(Exception):
    """The model may not serve, or not now; `grounds` says why, one sentence each."""

    def __init__(self, *grounds: str) -> None:
        super().__init__("; ".join(grounds))
        self.grounds = grounds


@dataclass(frozen=True, slots=True)
class AskedSwitch:
    """A switch that is written."""

    id: str
    model: str
    replaces: str


def promote(
    database: Database, bundles: Bundles, folder: Path, *, actor: str, override: str | None = None
) -> AskedSwitch:
    """Ask for the bundle in `folder` to serve; `override` is the reason for which grounds against it are set aside.

    One that was asked for and is not done is found again. Raises `BundleRejected`, `PromotionRefused`.
    """
    digest = digest_of(folder)
    bundles.check(folder)
    with database.read() as session:
        serving, going = serving_model(session), switch_under_way(session)
        known = {record.name: record.sha256 for record in session.scalars(select(ModelRecord))}
    champion = bundles.installed if serving is None else bundles.folder(serving)
    champion_digest = digest_of(champion)
    for name, sha256 in ((folder.name, digest), (champion.name, champion_digest)):
        if known.get(name, sha256) != sha256:
            raise PromotionRefused(f"another model of the name {name} was promoted before: rename the folder")
    if going is not None and going.model == folder.name:
        return AskedSwitch(going.id, going.model, going.replaces)
    if champion.name == folder.name:
        raise PromotionRefused(f"{folder.name} serves already")
    grounds = _grounds(folder, champion, digest=digest, champion_digest=champion_digest)
    if grounds and override is None:
        raise PromotionRefused(*grounds)
    for bundle in (champion, folder):
        bundles.store(bundle)
    with database.write() as session:
        hold_changes(session)  # so that no switch is done meanwhile
        if serving_model(session) != serving:
            raise PromotionRefused("another model came to serve meanwhile: evaluate against it")
        for name, sha256 in ((champion.name, champion_digest), (folder.name, digest)):
            row = insert(ModelRecord).values(name=name, sha256=sha256, kept=False)
            session.execute(row.on_conflict_do_nothing())
        return _ask(
            session, "promote", model=folder.name, replaces=champion.name, actor=actor, override=override,
            grounds=grounds,
        )  # fmt: skip


def roll_back(database: Database, *, actor: str) -> AskedSwitch:
    """Ask for the model to serve again in whose place the present one was promoted. Raises `PromotionRefused`."""
    with database.write() as session:
        hold_changes(session)  # so that no switch is done meanwhile
        going = switch_under_way(session)
        if going is not None and going.action == "rollback":
            return AskedSwitch(going.id, going.model, going.replaces)
        serving = serving_model(session)
        before = None if serving is None else predecessor(session, serving)
        if serving is None or before is None:
            raise PromotionRefused("nothing to go back to: what serves was not promoted in place of another model")
        return _ask(session, "rollback", model=before, replaces=serving, actor=actor, override=None, grounds=[])


def call_off(database: Database, *, actor: str) -> str:
    """End the switch that is under way, undone; returns the name of its model. Raises `PromotionRefused`."""
    with database.write() as session:
        hold_changes(session)  # it is done or called off, not both
        going = switch_under_way(session)
        if going is None:
            raise PromotionRefused("no switch is under way")
        going.ended, going.failure = datetime.now(UTC), "called off"
        audit.record(
            session, actor=actor, action=f"model {going.action} called off", subject=going.model,
            content={"switch": going.id},
        )  # fmt: skip
        return going.model


def forget_vectors(database: Database, model: str, *, actor: str) -> int:
    """Drop the vectors of a model that does not serve and is not about to; returns how many.

    Raises `PromotionRefused`.
    """
    with database.write() as session:
        hold_changes(session)  # so that no switch to it is done meanwhile
        record, going = session.get(ModelRecord, model), switch_under_way(session)
        if record is None or serving_model(session) == model:
            raise PromotionRefused(f"{model} serves" if record is not None else f"{model} was never promoted")
        if going is not None and model in (going.model, going.replaces):
            raise PromotionRefused(f"a switch of {model} is under way")
        record.kept = False
        dropped = session.execute(delete(ReferenceVector).where(ReferenceVector.model == model)).rowcount  # type: ignore[attr-defined]
        audit.record(session, actor=actor, action="model pruned", subject=model, content={"vectors": dropped})
    return int(dropped)


def _grounds(folder: Path, champion: Path, *, digest: bytes, champion_digest: bytes) -> list[str]:
    try:
        comparison = read_comparison(folder)
    except NoComparison as error:
        return [str(error)]
    return grounds_against(
        comparison,
        candidate=ComparedModel(name=folder.name, manifest=digest.hex()),
        champion=ComparedModel(name=champion.name, manifest=champion_digest.hex()),
        required=required_sets(folder, champion),
    )


def _ask(
    session: Session, action: Literal["promote", "rollback"], *, model: str, replaces: str, actor: str,
    override: str | None, grounds: list[str],
) -> AskedSwitch:  # fmt: skip
    switch = ModelSwitch(
        id=new_id("switch"), action=action, model=model, replaces=replaces, actor=actor, override=override
    )
    session.add(switch)
    try:
        session.flush()
    except IntegrityError as error:
        if not violates(error, "model_switches_open"):
            raise
        raise PromotionRefused(
            "another switch is under way: `hallmark model list` shows it; wait for its end"
        ) from error
    defer(session, CARRY_OUT, switch_id=switch.id)
    audit.record(
        session, actor=actor, action=f"model {action} asked", subject=model,
        content={"replaces": replaces, "switch": switch.id, "override": override, "grounds_set_aside": grounds},
    )  # fmt: skip
    return AskedSwitch(switch.id, model, replaces)
