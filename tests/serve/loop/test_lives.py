"""Any order of acts, over HTTP: what the two tables of states allow happens, and anything else changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marketplace import Marketplace
from sqlalchemy import func, select

from serve.audit import SYSTEM
from serve.database.loop_tables import AuditEntry, Complaint, CounterNotice, CreditEvent, Label, Notice
from serve.loop.states import CASE, COMPLAINT, CaseAction, CaseState, ComplaintAction, ComplaintState

CASE_ACTIONS = (
    CaseAction.JUDGE_INFRINGING,
    CaseAction.JUDGE_NOT_INFRINGING,
    CaseAction.JUDGE_UNSURE,
    CaseAction.RETRACT,
    CaseAction.COMPLAIN,
    CaseAction.DOUBT,
    CaseAction.RELEASE,
)
"""What the rights holder and trust & safety do; to end, to expire and to supersede follow from other things."""

COMPLAINT_ACTIONS = tuple(action for action in ComplaintAction if action != ComplaintAction.REINSTATE)
"""To reinstate is what a reversal is where the seller was not heard yet."""

OFTEN = (CaseAction.JUDGE_INFRINGING, CaseAction.COMPLAIN)

WRITTEN = (Complaint, CounterNotice, CreditEvent, Label, Notice)


@dataclass
class Life:
    """A case as the tables have it, beside the one that the service has."""

    market: Marketplace
    case_id: str
    case: CaseState = CaseState.OPEN
    complaint_id: str = "complaint_0"
    complaint: ComplaintState | None = None
    heard: bool = False

    def take(self, action: CaseAction | ComplaintAction) -> None:
        """Do it, or be refused; either way the service must say and keep what the tables say."""
        allowed = self._advance(action)
        before = self._rows()
        answer = self._send(action)
        if allowed:
            assert answer.is_success, (action, answer.text)
            if action in (CaseAction.COMPLAIN, CaseAction.DOUBT):
                self.complaint_id = answer.json()["id"]
        else:
            assert answer.status_code == (404 if self._has_no_complaint(action) else 409), (action, answer.text)
            assert self._rows() == before
        case = self.market.client.get(f"/v1/cases/{self.case_id}").json()
        assert case["state"] == self.case
        if self.complaint is not None:
            filed = self.market.client.get(f"/v1/complaints/{self.complaint_id}").json()
            assert filed["state"] == self.complaint

    def _advance(self, action: CaseAction | ComplaintAction) -> bool:
        if isinstance(action, CaseAction):
            complained = action in (CaseAction.DOUBT, CaseAction.RELEASE) and self.complaint is not None
            after = None if complained else CASE.get((self.case, action))
            self.case = after or self.case
            if after == CaseState.COMPLAINED:
                self.complaint = ComplaintState.FILED
            return after is not None
        if action == ComplaintAction.REVERSE and self.complaint == ComplaintState.OVERTURNED and not self.heard:
            action = ComplaintAction.REINSTATE
        if self.complaint is None or (self.complaint, action) not in COMPLAINT:
            return False
        self.heard |= action == ComplaintAction.ANSWER
        self.complaint = COMPLAINT[self.complaint, action]
        if self.complaint != ComplaintState.FILED:
            self.case = CaseState.CLOSED
        return True

    def _has_no_complaint(self, action: CaseAction | ComplaintAction) -> bool:
        return isinstance(action, ComplaintAction) and self.complaint is None

    def _send(self, action: CaseAction | ComplaintAction) -> httpx2.Response:
        market, case, complaint = self.market, self.case_id, self.complaint_id
        url, key = f"/v1/cases/{case}", market.brand_key
        send: dict[CaseAction | ComplaintAction, Callable[[], httpx2.Response]] = {
            CaseAction.JUDGE_INFRINGING: lambda: market.judge(case),
            CaseAction.JUDGE_NOT_INFRINGING: lambda: market.judge(case, "not_infringing"),
            CaseAction.JUDGE_UNSURE: lambda: market.judge(case, "unsure"),
            CaseAction.RETRACT: lambda: market.client.delete(f"{url}/judgement", headers=key),
            CaseAction.DOUBT: lambda: market.doubt(case),
            CaseAction.RELEASE: lambda: market.release(case),
            CaseAction.COMPLAIN: lambda: market.client.post(f"{url}/complaint", headers=key),
            ComplaintAction.UPHOLD: lambda: market.decide(complaint),
            ComplaintAction.DISMISS: lambda: market.decide(complaint, "dismissed"),
            ComplaintAction.ANSWER: lambda: market.counter(complaint),
            ComplaintAction.REVERSE: lambda: market.reverse(complaint),
        }
        return send[action]()

    def _rows(self) -> list[int]:
        """How many rows there are of what an act writes; the service's own jobs go on meanwhile."""
        with self.market.client.service.database.read() as session:
            logged = select(func.count()).where(AuditEntry.actor != SYSTEM)
            others = [select(func.count()).select_from(table) for table in WRITTEN]
            return [session.scalar(query) or 0 for query in (logged, *others)]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*CASE_ACTIONS, *OFTEN, *COMPLAINT_ACTIONS]), max_size=12))
def test_the_service_keeps_to_the_tables(market: Marketplace, actions: list[CaseAction | ComplaintAction]) -> None:
    brand = Marketplace(market.client)  # its own, so that the tier of one example is not that of the next
    life = Life(brand, brand.case())
    for action in actions:
        life.take(action)
