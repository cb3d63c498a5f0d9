"""/v1/juries"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serve.loop.teaching import ballots, juries
from serve.loop.teaching.ballots import BallotView, NewBallots
from serve.loop.teaching.juries import JuryView, NewJury, NewVote
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import Clerk, OpenService, Overseer
from serve.text.wording import Text

router = APIRouter(prefix="/v1/juries", tags=["juries"])


@router.post("", status_code=201, responses=documented(404))
def call_jury(new: NewJury, caller: Overseer, service: OpenService) -> JuryView:
    """Have the public say whether a look-alike misleads."""
    return juries.call_jury(service.database, new, caller=caller)


@router.get("", responses=documented())
def list_juries(
    *,
    caller: Clerk,
    service: OpenService,
    case: Annotated[Text | None, Query(max_length=64, description="About this case only")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[JuryView]:
    """Juries, oldest first."""
    return juries.list_juries(service.database, case_id=case, limit=limit, cursor=cursor)


@router.get("/{jury_id}", responses=documented(404))
def get_jury(jury_id: str, caller: Clerk, service: OpenService) -> JuryView:
    """One jury; its result, once all have voted."""
    return juries.get_jury(service.database, jury_id)


@router.delete("/{jury_id}", responses=documented(404, 409))
def call_off(jury_id: str, caller: Overseer, service: OpenService) -> JuryView:
    """End a jury that has not voted; its votes say nothing."""
    return juries.call_off(service.database, jury_id, caller=caller)


@router.post("/{jury_id}/votes", status_code=201, responses=documented(404, 409))
def vote(jury_id: str, new: NewVote, caller: Clerk, service: OpenService) -> JuryView:
    """A juror's one vote, sent by the marketplace."""
    return juries.vote(
        service.database, jury_id, juror=new.juror, misleads=new.misleads, actor=caller.key_id
    )  # fmt: skip


@router.post("/{jury_id}/ballots", status_code=201, responses=documented(404, 409))
def make_ballots(jury_id: str, new: NewBallots, caller: Clerk, service: OpenService) -> list[BallotView]:
    """Make a page for each of the jurors, on which they vote themselves; a juror's earlier page is closed."""
    return ballots.make_ballots(service.database, jury_id, new, caller=caller)
