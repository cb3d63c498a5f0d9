"""Labels that rest on a rights holder's word alone: its fake traits, and what it found not to infringe.

Nobody examined them, so they count as the rights holder's credit stands now, not as it stood when they came: who turns
out to be right teaches by what was said before, and who turns out to be wrong no longer does.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from serve.database.loop_tables import Label
from serve.loop.teaching.belief import Witness, believe

ACCUSATION: Final = "trait"
"""The origin of a label that somebody's word makes an infringement."""

ACQUITTAL: Final = "judgement"
"""The origin of a label that somebody's word makes none."""


def follow_credit(session: Session, holder_id: str, *, reliability: float) -> None:
    """Have the rights holder's own labels count as far as it can be relied on now."""
    for origin, infringes in ((ACCUSATION, True), (ACQUITTAL, False)):
        belief = believe([Witness(infringes=infringes, reliability=reliability)])
        session.execute(
            update(Label)
            .where(Label.holder_id == holder_id, Label.origin == origin, Label.withdrawn.is_(None))
            .values(target=belief.target, weight=belief.weight)
        )
