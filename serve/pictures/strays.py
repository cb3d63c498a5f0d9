"""Orphaned folders: files that no row refers to, left by a process killed between writing (or deleting) files and row.

They are removed only on request: beside the wrong database, or one restored from before the files were written, every
folder would look orphaned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint, ListingRecord, Suggestion
from serve.database.tables import ScanRecord
from serve.identifiers import IdKind, moment_of
from serve.pictures.objects import Objects

FOLDERS: Final[Mapping[str, tuple[IdKind, InstrumentedAttribute[str]]]] = {
    "scans": ("scan", ScanRecord.id),
    "listings": ("list", ListingRecord.id),
    "cases": ("case", Case.id),
    "complaints": ("complaint", Complaint.id),
    "suggestions": ("suggestion", Suggestion.id),
}
"""Folders of objects, in which each folder is named by the id, of a kind, of a row."""

SETTLED: Final = timedelta(days=1)
"""After which nobody is still about to write the row of a file."""

BATCH: Final = 500


def strays(database: Database, objects: Objects) -> Iterator[str]:
    """The folders of objects, older than a day, that no row knows, such as `scans/scan_…`."""
    before = datetime.now(UTC) - SETTLED
    for folder, (kind, column) in FOLDERS.items():
        old = [name for name in objects.folders(folder) if _was_made_before(name, before, kind=kind)]
        for start in range(0, len(old), BATCH):
            part = old[start : start + BATCH]
            with database.read() as session:
                known = set(session.scalars(select(column).where(column.in_(part))))
            yield from (f"{folder}/{name}" for name in part if name not in known)


def _was_made_before(name: str, moment: datetime, *, kind: IdKind) -> bool:
    """Whether `name` is an id from before `moment`; what is no id is not ours to remove."""
    try:
        return moment_of(name, kind=kind) < moment
    except ValueError:
        return False
