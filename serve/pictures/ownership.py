"""Which object store is the database's: each names the other, so that a disk that is not mounted, a folder that was not
restored, or the wrong bucket is told, and nothing is scanned as if no brand had pictures.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from serve.database.engine import Database
from serve.database.tables import REMOVED, ObjectStore, Reference
from serve.identifiers import new_id
from serve.pictures.objects import NOT_THE_OWN, OWNER, NotOwnError, ObjectMissingError, Objects

ONLY = 1
"""The number of the one row."""

LOOKED_FOR = 20
"""How many of the newest references are looked for; the store is accepted if it has at least one of their pictures."""


def claim(database: Database, objects: Objects) -> None:
    """Have `objects` be the store of `database`; the first time it is made so, from then on it has to be so already.

    Raises `NotOwnError`, `ObjectsAwayError`.
    """
    with database.lock("the object store's owner"):  # of several processes that start at once one makes it so
        owner = _owner_of(database)
        if owner is None or not objects.lasts:
            _require_nobodys(database, objects)
            adopt(database, objects)
            return
    objects.belong_to(owner)
    objects.require_own()


def adopt(database: Database, objects: Objects) -> None:
    """Make `objects` the store of `database`, whatever it was. Raises `ObjectsAwayError`."""
    with database.write() as session:  # kept only where the store says so too
        mine = insert(ObjectStore).values(number=ONLY, owner=new_id("store")).on_conflict_do_nothing()
        session.execute(mine)
        owner = session.scalars(select(ObjectStore.owner)).one()
        objects.put(OWNER, owner.encode())
    objects.belong_to(owner)


def _require_nobodys(database: Database, objects: Objects) -> None:
    """Raises `NotOwnError` where the store has an owner, which is another database then, or lacks the pictures of
    a database from before stores were its own.
    """
    if not objects.lasts:
        return
    if _has(objects, OWNER):
        raise NotOwnError(f"{objects} belongs to another database: {NOT_THE_OWN}")
    newest = (
        select(Reference.object_key).where(Reference.status != REMOVED).order_by(Reference.id.desc()).limit(LOOKED_FOR)
    )
    with database.read() as session:
        known = session.scalars(newest).all()
    if known and not any(_has(objects, key) for key in known):
        raise NotOwnError(f"{objects} lacks the pictures that the database knows: {NOT_THE_OWN}")


def _has(objects: Objects, key: str) -> bool:
    try:
        objects.get(key)
    except ObjectMissingError:
        return False
    return True


def _owner_of(database: Database) -> str | None:
    with database.read() as session:
        return session.scalar(select(ObjectStore.owner).where(ObjectStore.number == ONLY))
