"""The policy in force: the highest version that is stored."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from serve.database.engine import Database
from serve.database.tables import PolicyRecord
from serve.policy import Policy


def policy_in_force(database: Database) -> Policy:
    """The stored policy of the highest version; the first start stores the default one."""
    first = Policy()
    keep = insert(PolicyRecord).values(version=first.version, content=first.model_dump(mode="json"))
    newest = select(PolicyRecord.content).order_by(PolicyRecord.version.desc()).limit(1)
    with database.write() as session:
        session.execute(keep.on_conflict_do_nothing())
        content = session.scalars(newest).one()
    return Policy.model_validate(content)
