"""What everything that the API sends has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Base of everything the API sends: immutable, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")
