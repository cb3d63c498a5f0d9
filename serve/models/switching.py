"""Carrying a switch out: every reference is embedded for the new model, and then it serves, in one transaction.

The new vectors lie beside the old under the model's name. What is done already is not done again, so whoever carries
on after a kill starts where it stopped. The transaction holds up the change log, looks that no reference lacks a
vector, and takes the next `index_version`: in every process, what is scanned at that version or later is scanned by
the new model with its index and its thresholds, and what is scanned before it by the old one. The stock is described
for the new model afterwards, by a job; a search of the stock looks first that this is done.

The model that was replaced is kept: references that come later are embedded for it too, by a job each, so that going
back is the same step and as quick.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select, update

from model.bundle import BundleRejected
from serve import audit
from serve.database.engine import Database
from serve.database.model_tables import ModelRecord, ModelSwitch
from serve.database.tables import REMOVED, Reference
from serve.genuine.backfill import Progress, embed_missing, missing_references, no_progress
from serve.genuine.changes import hold_changes, record_change
from serve.genuine.references import EMBED_FOR_KEPT
from serve.jobs import BrokenOff, Ending, Task, defer
from serve.loop.stock.stock_vectors import describe_later
from serve.models.bundles import Bundles
from serve.models.promotion import CARRY_OUT, PromotionRefused
from serve.models.registry import serving_model
from serve.pictures.objects import Objects

LOCK: Final = "hallmark-switch"
LOOK_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class Switching:
    """The two tasks of models; safe to use from several threads and processes."""

    def __init__(self, database: Database, objects: Objects, *, bundles: Bundles) -> None:
        self._database = database
        self._objects = objects
        self._bundles = bundles
        self._ending = Ending()

    def close(self) -> None:
        """Break off what is being carried out, after the reference that it is at; another process carries on."""
        self._ending.begin()

    @property
    def tasks(self) -> dict[str, Task]:
        """What a `JobRunner` runs, by name."""
        return {CARRY_OUT: self._carry_out_later, EMBED_FOR_KEPT: self._embed_for_kept_later}

    def carry_out(self, switch_id: str, *, progress: Progress = no_progress) -> int:
        """Do what is left of the switch; returns the `index_version` from which on the new model serves.

        One process works, others wait for it. Raises `PromotionRefused` when the switch ended undone, also because the
        model cannot be loaded, and `BrokenOff` after `close`.
        """
        while True:
            with self._database.try_lock(LOCK) as ours:
                if ours:
                    return self._carry_out(switch_id, progress=progress)
            progress(*self._embedded(switch_id))
            self._ending.look(wait_seconds=LOOK_SECONDS)

    def _carry_out(self, switch_id: str, *, progress: Progress) -> int:
        with self._database.read() as session:
            switch = session.get_one(ModelSwitch, switch_id)
        if switch.index_version is not None:
            return switch.index_version
        if switch.failure is not None:
            raise PromotionRefused(switch.failure)
        try:
            bundle = self._bundles.load(switch.model)
        except BundleRejected as error:
            self._give_up(switch_id, reason=str(error))
            raise PromotionRefused(str(error)) from error

        def tell(done: int, total: int) -> None:
            progress(done, total)
            self._ending.look()

        without_picture: set[str] = set()
        while True:
            without_picture |= embed_missing(self._database, self._objects, bundle=bundle, progress=tell)
            version = self._switch(switch_id, but=without_picture)
            if version is not None:
                return version

    def _embedded(self, switch_id: str) -> tuple[int, int]:
        """How many references have vectors of the switch's model, of how many."""
        with self._database.read() as session:
            model = session.get_one(ModelSwitch, switch_id).model
            there = select(func.count()).select_from(Reference).where(Reference.status != REMOVED)
            total = session.scalar(there) or 0
            missing = session.scalar(select(func.count()).select_from(missing_references(model).subquery())) or 0
        return total - missing, total

    def _switch(self, switch_id: str, *, but: set[str]) -> int | None:
        """Put the model in place; None when a reference, of others than `but`, came since they were embedded."""
        with self._database.write() as session:
            hold_changes(session)
            switch = session.get_one(ModelSwitch, switch_id)
            if switch.failure is not None:
                raise PromotionRefused(switch.failure)
            if set(session.scalars(missing_references(switch.model))) - but:
                return None
            version = record_change(session, "switch")
            switch.ended, switch.index_version = datetime.now(UTC), version
            describe_later(session)
            both = ModelRecord.name.in_((switch.model, switch.replaces))
            session.execute(update(ModelRecord).values(kept=both))
            audit.record(
                session, actor=switch.actor, action=f"model {switch.action} done", subject=switch.model,
                content={"replaces": switch.replaces, "switch": switch_id, "index_version": version},
            )  # fmt: skip
        log.info("model switched", model=switch.model, replaces=switch.replaces, index_version=version)
        return version

    def _give_up(self, switch_id: str, *, reason: str) -> None:
        with self._database.write() as session:
            switch = session.get_one(ModelSwitch, switch_id)
            switch.ended, switch.failure = datetime.now(UTC), reason
            audit.record(
                session, actor=audit.SYSTEM, action=f"model {switch.action} failed", subject=switch.model,
                content={"switch": switch_id, "reason": reason},
            )  # fmt: skip
        log.error("a model cannot be loaded", model=switch.model, reason=reason)

    def embed_for_kept(self, reference_id: str) -> None:
        """Embed a new reference for the models that are kept beside the one that serves."""
        with self._database.read() as session:
            serving = serving_model(session)
            kept = session.scalars(select(ModelRecord.name).where(ModelRecord.kept, ModelRecord.name != serving)).all()
        for name in kept:
            embed_missing(self._database, self._objects, bundle=self._bundles.load(name), only=reference_id)

    async def _carry_out_later(self, switch_id: str) -> None:
        await asyncio.to_thread(self._carry_out_or_defer, switch_id)

    def _carry_out_or_defer(self, switch_id: str) -> None:
        try:
            self.carry_out(switch_id)
        except PromotionRefused as refusal:
            log.warning("a model switch ended undone", switch=switch_id, reason=str(refusal))
        except BrokenOff:
            self._defer(switch_id, after_seconds=0)
        except Exception:
            # Such as an object store that is away. What is embedded stays embedded.
            log.exception("a model switch was interrupted; it is tried again", switch=switch_id)
            self._defer(switch_id, after_seconds=RETRY_SECONDS)

    def _defer(self, switch_id: str, *, after_seconds: float) -> None:
        with self._database.write() as session:
            moment = datetime.now(UTC) + timedelta(seconds=after_seconds)
            defer(session, CARRY_OUT, at=moment, switch_id=switch_id)

    async def _embed_for_kept_later(self, reference_id: str) -> None:
        await asyncio.to_thread(self.embed_for_kept, reference_id)
