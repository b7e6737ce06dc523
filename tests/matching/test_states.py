"""The life of an order: every pair of state and event, and the compiled table."""

from __future__ import annotations

import numpy as np
import pytest

from arbresearch.core import BadInput
from arbresearch.matching import LIVE, TRANSITIONS, OrderEvent, OrderState, next_state
from arbresearch.matching.queue_kernels import advance

PAIRS = [(state, event) for state in OrderState for event in OrderEvent]


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_compiled_table_and_function_agree_with_the_transitions(state: OrderState, event: OrderEvent) -> None:
    after = TRANSITIONS.get((state, event))
    assert advance(int(state), int(event)) == (-1 if after is None else after)
    if after is None:
        with pytest.raises(BadInput, match=state.name):
            next_state(state, event)
    else:
        assert next_state(state, event) is after


def test_a_final_state_is_never_left() -> None:
    for (before, _), after in TRANSITIONS.items():
        if before.final:
            assert after is before


def test_only_live_orders_fill() -> None:
    filling = {before for before, event in TRANSITIONS if event in (OrderEvent.FILL_PART, OrderEvent.FILL_REST)}
    assert filling == LIVE
    assert not any(state.final for state in LIVE)


def test_every_state_is_reached_from_the_first() -> None:
    reached = {OrderState.SENT}
    while True:
        more = {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(OrderState)


def test_states_and_events_count_from_zero_as_the_table_needs() -> None:
    assert [int(one) for one in OrderState] == list(np.arange(len(OrderState)))
    assert [int(one) for one in OrderEvent] == list(np.arange(len(OrderEvent)))
