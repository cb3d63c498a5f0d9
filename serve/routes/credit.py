"""Credit, blind tests and disputes"""

from __future__ import annotations

from fastapi import APIRouter

from serve.loop.good_faith import blind_tests, disputes, reputation
from serve.loop.good_faith.blind_tests import BlindTestView, NewBlindTest
from serve.loop.good_faith.disputes import DisputeView, Referral, Settlement, State
from serve.loop.good_faith.reputation import CreditView, TierChange
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import BoundedWork, CreditReader, OpenService, Overseer

router = APIRouter(prefix="/v1", tags=["credit"])


@router.get("/rights-holders/{holder_id}/credit", responses=documented(404))
def get_credit(holder_id: str, caller: CreditReader, service: OpenService) -> CreditView:
    """How large a share of the rights holder's judgements holds, how sure that is, and what follows."""
    return reputation.get_credit(service.database, holder_id, caller=caller)


@router.put("/rights-holders/{holder_id}/tier", responses=documented(404))
def set_tier(holder_id: str, change: TierChange, caller: Overseer, service: OpenService) -> CreditView:
    """Suspend a rights holder, or lift it."""
    return reputation.set_tier(service.database, holder_id, change, caller=caller)


@router.post("/blind-tests", status_code=201, responses=documented(404, 409))
async def make_blind_test(
    new: NewBlindTest, caller: Overseer, service: OpenService, workload: BoundedWork
) -> BlindTestView:
    """Slip a case whose answer is known, or a repeat of an earlier one, into a rights holder's queue."""
    return await workload.run(
        blind_tests.make_blind_test, service.database, service.objects, new, look=service.listings.look,
        model=service.bundle.name, caller=caller,
    )  # fmt: skip


@router.get("/blind-tests", responses=documented())
def list_blind_tests(
    caller: Overseer, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[BlindTestView]:
    """All blind tests, oldest first."""
    return blind_tests.list_blind_tests(service.database, limit=limit, cursor=cursor)


@router.get("/disputes", responses=documented())
def list_disputes(
    caller: Overseer, service: OpenService, state: State | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[DisputeView]:
    """Disputes, oldest first; `state=open` and `state=referred` are still to be settled."""
    return disputes.list_disputes(service.database, state=state, limit=limit, cursor=cursor)


@router.post("/disputes/{dispute_id}/referral", responses=documented(404, 409))
def refer(dispute_id: str, referral: Referral, caller: Overseer, service: OpenService) -> DisputeView:
    """Ask a second examiner, such as brand headquarters."""
    return disputes.refer(service.database, dispute_id, referral, caller=caller)


@router.post("/disputes/{dispute_id}/settlement", responses=documented(404, 409))
def settle(dispute_id: str, settlement: Settlement, caller: Overseer, service: OpenService) -> DisputeView:
    """End a dispute."""
    return disputes.settle_dispute(service.database, dispute_id, settlement, caller=caller)
