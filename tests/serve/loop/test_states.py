from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.loop.states import (
    AGAINST_THE_SELLER,
    CASE,
    COMPLAINT,
    FOR_THE_SELLER,
    UNDER_WAY,
    CaseAction,
    CaseState,
    ComplaintAction,
    ComplaintState,
    NotAllowedError,
    next_case_state,
    next_complaint_state,
)


def walk(start, actions, step):
    """The states and the actions that led to each, refused ones left out."""
    state, path = start, []
    for action in actions:
        try:
            state = step(state, action)
        except NotAllowedError as refused:
            assert refused.status_code == 409
            continue
        path.append((action, state))
    return path


cases = st.lists(st.sampled_from(CaseAction), max_size=30)
complaints = st.lists(st.sampled_from(ComplaintAction), max_size=30)


@given(cases)
def test_a_case_that_is_over_stays_over(actions: list[CaseAction]) -> None:
    path = walk(CaseState.OPEN, actions, next_case_state)
    over = [(action, state) for action, state in path if state not in UNDER_WAY]
    assert len({state for _, state in over} - {CaseState.RELEASED}) <= 1
    assert path[len(path) - len(over) :] == over
    assert {action for action, _ in over[1:]} <= {CaseAction.DOUBT, CaseAction.RELEASE}


@given(cases)
def test_only_what_is_over_is_released_and_once(actions: list[CaseAction]) -> None:
    states = [(None, CaseState.OPEN), *walk(CaseState.OPEN, actions, next_case_state)]
    released = [before for (_, before), (action, _) in pairwise(states) if action == CaseAction.RELEASE]
    assert released in ([], [CaseState.EXPIRED], [CaseState.CLOSED])


@given(cases)
def test_a_complaint_follows_the_verdict_infringing_and_a_doubt_any_other(actions: list[CaseAction]) -> None:
    states = [(None, CaseState.OPEN), *walk(CaseState.OPEN, actions, next_case_state)]
    for (_, before), (action, after) in pairwise(states):
        if after == CaseState.COMPLAINED:
            after_doubt = before in (CaseState.NOT_INFRINGING, CaseState.UNSURE)
            assert action == (CaseAction.DOUBT if after_doubt else CaseAction.COMPLAIN)
            assert after_doubt or before == CaseState.INFRINGING


@given(cases)
def test_nothing_is_taken_back_after_a_complaint(actions: list[CaseAction]) -> None:
    path = walk(CaseState.OPEN, actions, next_case_state)
    taken = [action for action, _ in path]
    if CaseAction.COMPLAIN in taken or CaseAction.DOUBT in taken:
        complained = min(taken.index(one) for one in (CaseAction.COMPLAIN, CaseAction.DOUBT) if one in taken)
        assert set(taken[complained + 1 :]) <= {CaseAction.END, CaseAction.DOUBT, CaseAction.RELEASE}


@given(complaints)
def test_a_listing_is_blocked_only_after_trust_and_safety_said_so(actions: list[ComplaintAction]) -> None:
    seen: list[ComplaintAction] = []
    for action, state in walk(ComplaintState.FILED, actions, next_complaint_state):
        seen.append(action)
        if state in AGAINST_THE_SELLER:
            assert {ComplaintAction.UPHOLD, ComplaintAction.REVERSE} & set(seen)


@given(complaints)
def test_the_seller_answers_at_most_once(actions: list[ComplaintAction]) -> None:
    answered = actions.index(ComplaintAction.ANSWER) if ComplaintAction.ANSWER in actions else len(actions)
    unheard = [one for n, one in enumerate(actions) if n < answered or one is not ComplaintAction.REINSTATE]
    taken = [action for action, _ in walk(ComplaintState.FILED, unheard, next_complaint_state)]
    assert taken.count(ComplaintAction.ANSWER) <= 1


@given(complaints)
def test_a_reversal_changes_sides(actions: list[ComplaintAction]) -> None:
    states = [(None, ComplaintState.FILED), *walk(ComplaintState.FILED, actions, next_complaint_state)]
    for (_, before), (action, after) in pairwise(states):
        if action in (ComplaintAction.REVERSE, ComplaintAction.REINSTATE):
            assert (before in AGAINST_THE_SELLER, after in FOR_THE_SELLER) in ((True, True), (False, False))


@pytest.mark.parametrize("table", [CASE, COMPLAINT])
def test_every_state_is_reached(table) -> None:
    start = next(iter(table))[0]
    reached, before = {start}, set()
    while reached != before:
        before = set(reached)
        reached |= {after for (state, _), after in table.items() if state in before}
    assert reached == set(type(start))


def test_a_refusal_says_where_the_case_stands() -> None:
    with pytest.raises(NotAllowedError, match="not infringing") as refused:
        next_case_state(CaseState.NOT_INFRINGING, CaseAction.COMPLAIN)
    assert refused.value.extra == {"state": "not_infringing"}
