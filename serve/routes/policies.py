"""/v1/policies"""

from __future__ import annotations

from fastapi import APIRouter

from serve.loop.policy import policies
from serve.loop.policy.policies import NewPolicy, PolicyView, Restoration
from serve.protocol.paging import Cursor, Limit, Page
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, PolicyEditor, PolicyReader

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.get("", responses=documented())
def list_policies(
    caller: PolicyReader, service: OpenService, limit: Limit = 50, cursor: Cursor = None
) -> Page[PolicyView]:
    """All versions of the policy, oldest first."""
    return policies.list_policies(service.database, limit=limit, cursor=cursor)


@router.get("/{policy_version}", responses=documented(404))
def get_policy(policy_version: str, caller: PolicyReader, service: OpenService) -> PolicyView:
    """One version, with what its thresholds rest on."""
    return policies.get_policy(service.database, policy_version)


@router.post("", status_code=201, responses=documented(404))
def set_policy(new: NewPolicy, caller: PolicyEditor, service: OpenService) -> PolicyView:
    """Set thresholds by hand; in force when this answers. A block must be shown to spare genuine listings."""
    made = policies.set_policy(service.database, new, model=service.bundle.name, author=caller.key_id)
    service.policies.catch_up()
    return made


@router.post("/{policy_version}/restoration", status_code=201, responses=documented(404, 409))
def restore_policy(
    policy_version: str, restoration: Restoration, caller: PolicyEditor, service: OpenService
) -> PolicyView:
    """Put an earlier version's thresholds and rules back, as a new version; in force when this answers."""
    made = policies.restore_policy(
        service.database, policy_version, restoration, model=service.bundle.name, author=caller.key_id
    )
    service.policies.catch_up()
    return made


@router.post("/fit", status_code=201, responses=documented())
def fit_policy(caller: PolicyEditor, service: OpenService) -> PolicyView:
    """Fit the thresholds to all that is settled by now; in force when this answers."""
    made = policies.refit_policy(
        service.database, model=service.bundle.name, precision=service.settings.push_precision, author=caller.key_id
    )
    service.policies.catch_up()
    return made
