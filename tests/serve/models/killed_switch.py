"""A process that carries out the switch of its first argument and is killed at the step that its second one names."""

from __future__ import annotations

import os
import signal
import sys

import two_models

from serve import service
from serve.database.engine import Database
from serve.models import switching
from serve.pictures.objects import Objects
from serve.settings import Settings


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(switch_id: str, step: str, *place: str) -> None:
    service.load_bundle = two_models.load  # type: ignore[assignment]
    settings = Settings()
    database, objects = Database(settings), Objects(settings)
    if step == "committing":
        switching.audit.record = die  # type: ignore[assignment] # the last that is written before the commit
    work = switching.Switching(database, objects, bundles=service.open_bundles(database, objects, settings=settings))
    work.carry_out(switch_id, progress=lambda done, _: die() if [str(done)] == list(place) else None)


main(*sys.argv[1:])
