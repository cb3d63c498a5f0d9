"""Failpoints: named steps at which the process can be made to die, to show that nothing is lost and nothing done twice.

`HALLMARK_FAILPOINTS` names a folder; whoever reaches a step for which a file of that name lies there takes the file
away and dies of SIGKILL, as a machine that loses power does. The variable is no setting: unset, as it is wherever
Hallmark serves, a step costs one comparison. benchmarks/crash.py goes through all steps of the table.

Each step that the audit log knows is two failpoints: written but not committed, and committed but not yet answered.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session

SCANNED: Final = "listing scanned"
PICTURES_KEPT: Final = "pictures kept"
ANSWER_MADE: Final = "answer made"
ANSWER_KEPT: Final = "answer kept"
MESSAGE_FOUND: Final = "message found"
MESSAGE_SENT: Final = "message sent"
MESSAGE_NOTED: Final = "message noted"
REFERENCE_EMBEDDED: Final = "reference embedded"

AUDITED: Final = (
    "case opened",
    "case shows other pictures",
    "case judged",
    "judgement retracted",
    "complaint filed",
    "case doubted",
    "complaint upheld",
    "complaint dismissed",
    "counter-notice sent",
    "complaint confirmed",
    "complaint overturned",
    "end of case announced",
    "case expired",
    "case closed",
    "case released",
    "model promote asked",
    "model promote done",
    "model rollback asked",
    "model rollback done",
)
"""Actions of the audit log at which the process can die; all of a case's life, and of a promotion."""


def recorded(action: str) -> str:
    """The step at which `action` is written, but not committed."""
    return f"{action}: recorded"


def committed(action: str) -> str:
    """The step at which `action` is committed, but not answered."""
    return f"{action}: committed"


STEPS: Final = (
    SCANNED,
    PICTURES_KEPT,
    ANSWER_MADE,
    ANSWER_KEPT,
    MESSAGE_FOUND,
    MESSAGE_SENT,
    MESSAGE_NOTED,
    REFERENCE_EMBEDDED,
    *(step(action) for action in AUDITED for step in (recorded, committed)),
)
"""All steps. Another subject adds its own here, and to a life in benchmarks/crash.py that passes them."""

_FOLDER: Final = os.environ.get("HALLMARK_FAILPOINTS")


def reached(step: str) -> None:
    """Die here, if a file says so."""
    if _FOLDER is None:
        return
    try:
        (Path(_FOLDER) / step).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def audited(session: Session, action: str) -> None:
    """Pass the two steps of `action`, which `session` has written and not yet committed."""
    if _FOLDER is None:
        return
    reached(recorded(action))
    event.listen(session, "after_commit", lambda _: reached(committed(action)), once=True)
