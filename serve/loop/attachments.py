"""Files that rights holders and sellers attach. They are kept and handed out as they came, never opened."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.loop_tables import Attachment
from serve.identifiers import new_id
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects
from serve.protocol.answers import Answer
from serve.protocol.problems import Problem, not_found

MOST_FILES: Final = 10

Party = Literal["rights_holder", "seller"]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent."""

    name: str
    data: bytes


class AttachmentView(Answer):
    """A file as it is listed."""

    id: str
    party: Party
    name: str
    bytes: Annotated[int, Field(description="Its size")]
    sha256: str
    path: Annotated[str, Field(description="Where it can be fetched")]


def attach(session: Session, kept: NewFiles, complaint_id: str, files: Sequence[SentFile], *, party: Party) -> None:
    """Keep `files` with the complaint. Raises `Problem` (400) for an empty one."""
    for file in files:
        if not file.data:
            raise Problem(400, "empty", f"The file {file.name!r} has no content; send it again, or leave it out.")
        file_id = new_id("file")
        key = f"complaints/{complaint_id}/{file_id}"
        kept.put(key, file.data)
        session.add(
            Attachment(
                id=file_id, complaint_id=complaint_id, party=party, name=file.name, size=len(file.data),
                sha256=hashlib.sha256(file.data).digest(), object_key=key,
            )
        )  # fmt: skip
    session.flush()


def digests_of(statement: str | None, files: Sequence[SentFile]) -> dict[str, str | list[str] | None]:
    """What the audit log tells of what was sent, SHA-256: the log forgets nothing, and people write of themselves."""
    said = None if statement is None else hashlib.sha256(statement.encode()).hexdigest()
    return {"statement_sha256": said, "files_sha256": [hashlib.sha256(one.data).hexdigest() for one in files]}


def attachments_of(session: Session, complaint_ids: Collection[str]) -> dict[str, list[AttachmentView]]:
    """The files of each of the complaints and its counter-notice, oldest first."""
    query = select(Attachment).where(Attachment.complaint_id.in_(complaint_ids)).order_by(Attachment.id)
    found: dict[str, list[AttachmentView]] = {complaint_id: [] for complaint_id in complaint_ids}
    for row in session.scalars(query):
        found[row.complaint_id].append(
            AttachmentView(
                id=row.id,
                party=row.party,  # type: ignore[arg-type] # checked by the table
                name=row.name,
                bytes=row.size,
                sha256=row.sha256.hex(),
                path=f"/v1/complaints/{row.complaint_id}/files/{row.id}",
            )
        )
    return found


def read_attachment(database: Database, objects: Objects, complaint_id: str, file_id: str) -> bytes:
    """A file's bytes. Raises `Problem` (404)."""
    with database.read() as session:
        row = session.get(Attachment, file_id)
    if row is None or row.complaint_id != complaint_id:
        raise not_found("file", file_id)
    try:
        return objects.get(row.object_key)
    except ObjectMissingError as error:
        raise not_found("file", file_id) from error
