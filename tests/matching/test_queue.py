"""A resting order told event by event: printed values, bracket of rules, post-only, cancels, unknown levels."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, SchemaError, Side
from arbresearch.matching import (
    MakerOrder,
    OrderState,
    QueueFamily,
    QueueModel,
    RestingOrder,
    Rule,
    level_shown,
)

NAN = math.nan
SQUARE = QueueModel(QueueFamily.POWER, 2.0)
MODELS = [
    QueueModel(),
    QueueModel(QueueFamily.POWER, 1.0),
    SQUARE,
    QueueModel(QueueFamily.LOG),
    QueueModel(QueueFamily.FULL_POWER, 2.0),
    QueueModel(QueueFamily.FULL_LOG),
    QueueModel(QueueFamily.FULL_SHARE, 3.0),
]


def bid(quantity: float = 1.0, lot: float = 0.1, queue: QueueModel | None = None) -> MakerOrder:
    return MakerOrder(side=Side.BUY, price=100.0, quantity=quantity, lot=lot, queue=queue or QueueModel())


def resting(shown: float = 5.0, quantity: float = 1.0, queue: QueueModel | None = None) -> RestingOrder:
    return RestingOrder.resting(bid(quantity, queue=queue), shown, 100.1)


@pytest.mark.parametrize(
    ("model", "front"),
    [
        (QueueModel(QueueFamily.POWER, 1.0), 4.8),
        (SQUARE, 4.6153846),
        (QueueModel(QueueFamily.LOG), 4.9053617),
        (QueueModel(), 6.0),
        # by hand: 6 - 2 (1 - 4/10), 6 - 2 (1 - 16/100), 6 - 2 (1 - ln 5 / ln 11), 6 - 2 (6/10)^3
        (QueueModel(QueueFamily.FULL_POWER, 1.0), 4.8),
        (QueueModel(QueueFamily.FULL_POWER, 2.0), 4.32),
        (QueueModel(QueueFamily.FULL_LOG), 6.0 - 2.0 * (1.0 - math.log(5.0) / math.log(11.0))),
        (QueueModel(QueueFamily.FULL_SHARE, 3.0), 6.0 - 2.0 * 0.216),
    ],
)
def test_front_of_six_in_ten_that_fall_to_eight(model: QueueModel, front: float) -> None:
    assert model.front_after(6.0, 10.0, 8.0) == pytest.approx(front, abs=5e-8)


@pytest.mark.parametrize("model", MODELS)
def test_a_level_that_grows_or_that_trades_explain_leaves_the_front(model: QueueModel) -> None:
    assert model.front_after(6.0, 10.0, 12.0) == 6.0
    assert model.front_after(4.0, 10.0, 8.0, traded=2.0) == 4.0
    assert model.front_after(6.0, 10.0, 5.0, traded=6.0) == 5.0
    assert model.front_after(6.0, 10.0, 0.0) == 0.0
    assert model.front_after(0.0, 0.0, 0.0) == 0.0
    assert model.front_after(NAN, NAN, 7.0) == 7.0


@settings(deadline=None)
@given(
    st.sampled_from(MODELS),
    st.floats(0.0, 1e6),
    st.floats(0.0, 1e6),
    st.floats(0.0, 2e6),
    st.floats(0.0, 1e6),
)
def test_a_front_stays_between_nothing_and_what_is_shown(
    model: QueueModel, front: float, behind: float, new: float, traded: float
) -> None:
    after = model.front_after(front, front + behind, new, traded)
    assert 0.0 <= after <= new
    assert after <= front
    assert after <= QueueModel().front_after(front, front + behind, new, traded)


@pytest.mark.parametrize("aggressor", [Side.SELL, None])
def test_sequence_of_five_events(aggressor: Side | None) -> None:
    order = resting()
    assert order.trade(100.0, 3.0, aggressor) == (1.0, 0.0, 0.0)
    assert order.front == 2.0
    assert order.book(1.5, 100.1, 4.0) == (0.0, 0.0, 0.0)
    assert order.front == 1.5
    assert order.trade(100.0, 1.0, aggressor) == (0.0, 0.0, 0.0)
    assert order.trade(100.0, 2.0, aggressor) == (0.0, 1.0, 0.0)
    assert order.trade(99.99, 1.0, aggressor) == (0.0, 0.0, 1.0)
    assert all(order.state(rule) is OrderState.FILLED for rule in Rule)


def test_the_same_for_an_ask() -> None:
    order = RestingOrder.resting(MakerOrder(side=Side.SELL, price=100.0, quantity=1.0), 5.0, 99.9)
    assert order.trade(100.0, 3.0, Side.BUY) == (1.0, 0.0, 0.0)
    order.book(1.5, 99.9, 4.0)
    assert order.trade(100.0, 2.0, Side.BUY) == (0.0, 0.5, 0.0)
    assert order.trade(100.01, 0.75, Side.BUY) == (0.0, 0.5, 0.75)
    assert order.state(Rule.THROUGH) is OrderState.PARTLY_FILLED


def test_fills_in_parts_and_whole_lots() -> None:
    order = resting(shown=1.0, quantity=1.0)
    assert order.trade(100.0, 1.25, Side.SELL).queue == 0.2
    assert order.state(Rule.QUEUE) is OrderState.PARTLY_FILLED
    assert order.trade(100.0, 0.25, Side.SELL).queue == pytest.approx(0.3)
    assert order.filled.queue == 0.5
    assert order.trade(100.0, 9.0, Side.SELL).queue == 0.5
    assert order.filled == (1.0, 1.0, 0.0)


def test_trades_elsewhere_or_from_the_own_side_fill_nothing() -> None:
    order = resting(shown=0.0)
    for price, size, aggressor in [
        (100.01, 5.0, Side.SELL), (100.0, 5.0, Side.BUY), (99.0, 5.0, Side.BUY), (100.0, 0.0, Side.SELL),
        (100.0, NAN, Side.SELL), (NAN, 5.0, Side.SELL),
    ]:  # fmt: skip
        assert order.trade(price, size, aggressor) == (0.0, 0.0, 0.0)


def test_an_opposite_price_that_reaches_the_order() -> None:
    at = resting()
    assert at.book(0.0, 100.0, 0.4) == (0.4, 0.4, 0.0)
    beyond = resting()
    assert beyond.book(0.0, 99.9, 0.4) == (0.4, 0.4, 0.4)
    assert beyond.book(0.0, NAN, NAN) == (0.0, 0.0, 0.0)
    assert beyond.book(0.0, 99.9, 5.0) == pytest.approx((0.6, 0.6, 0.6))


@pytest.mark.parametrize(("opposite", "rests"), [(100.01, True), (100.0, False), (99.0, False), (NAN, True)])
def test_post_only(opposite: float, rests: bool) -> None:
    order = RestingOrder(bid())
    assert order.state(Rule.QUEUE) is OrderState.SENT
    assert order.arrive(5.0, opposite) is rests
    assert {order.state(rule) for rule in Rule} == {OrderState.RESTING if rests else OrderState.REJECTED}
    assert order.trade(99.0, 5.0, Side.SELL).touch == (1.0 if rests else 0.0)


def test_an_order_fills_until_its_cancel_arrives() -> None:
    order = resting(shown=0.5)
    order.send_cancel()
    assert order.state(Rule.TOUCH) is OrderState.CANCELLING
    assert order.trade(100.0, 0.75, Side.SELL) == (0.7, 0.2, 0.0)
    assert order.trade(100.0, 0.5, Side.SELL).touch == pytest.approx(0.3)
    order.cancel()
    assert [order.state(rule) for rule in Rule] == [OrderState.FILLED, OrderState.CANCELLED, OrderState.CANCELLED]
    assert order.trade(99.0, 9.0, Side.SELL) == (0.0, 0.0, 0.0)
    assert order.filled == (1.0, 0.7, 0.0)


def test_a_cancel_may_follow_an_order_that_has_not_arrived() -> None:
    order = RestingOrder(bid())
    order.send_cancel()
    assert order.state(Rule.TOUCH) is OrderState.SENT_CANCELLING
    order.arrive(5.0, 100.1)
    assert order.trade(100.0, 1.0, Side.SELL).touch == 1.0
    assert order.state(Rule.QUEUE) is OrderState.CANCELLING


def test_events_out_of_turn_are_refused() -> None:
    order = RestingOrder(bid())
    with pytest.raises(BadInput, match="SENT"):
        order.cancel()
    assert order.trade(100.0, 9.0, Side.SELL) == (0.0, 0.0, 0.0), "it is not there yet"
    order.arrive(0.0, 101.0)
    with pytest.raises(BadInput, match="RESTING"):
        order.arrive(0.0, 101.0)
    order.send_cancel()
    with pytest.raises(BadInput, match="CANCELLING"):
        order.send_cancel()


def test_a_level_never_seen_waits_until_it_is() -> None:
    order = resting(shown=NAN)
    assert math.isnan(order.front)
    assert order.trade(100.0, 3.0, Side.SELL) == (1.0, 0.0, 0.0)
    order.book(NAN, 100.1, 1.0)
    assert math.isnan(order.front)
    order.book(4.0, 100.1, 1.0)
    assert order.front == 4.0
    assert order.trade(99.99, 0.4, Side.SELL) == (0.0, 0.4, 0.4)


def test_a_level_out_of_sight_keeps_its_trades_for_the_next_time() -> None:
    order = resting(shown=5.0, queue=SQUARE)
    order.trade(100.0, 2.0, Side.SELL)
    order.book(NAN, 100.1, 1.0)
    order.book(3.0, 100.1, 1.0)
    assert order.front == 3.0, "the two that are missing were traded"


@pytest.mark.parametrize(
    ("side", "price", "shown"),
    [
        (Side.BUY, 100.0, 2.0),
        (Side.BUY, 100.5, 0.0),
        (Side.BUY, 99.7, 0.0),
        (Side.BUY, 99.0, NAN),
        (Side.BUY, 99.5, 3.0),
    ],
)
def test_what_a_ladder_shows_at_a_price(side: Side, price: float, shown: float) -> None:
    prices, sizes = [100.0, NAN, 99.5], [2.0, NAN, 3.0]
    assert level_shown(side, price, prices, sizes) == pytest.approx(shown, nan_ok=True)
    mirrored = [200.0 - one for one in prices]
    assert level_shown(side.opposite, 200.0 - price, mirrored, sizes) == pytest.approx(shown, nan_ok=True)
    assert math.isnan(level_shown(side, price, NAN, NAN))


@pytest.mark.parametrize("side", Side)
@settings(deadline=None)
@given(
    st.lists(st.integers(1, 8), max_size=6),
    st.lists(st.tuples(st.sampled_from(["add", "cancel", "sell"]), st.integers(1, 8), st.integers(0, 20)), max_size=25),
    st.integers(1, 6),
)
def test_a_true_queue_lies_inside_the_bracket(
    side: Side, ahead: list[int], steps: list[tuple[str, int, int]], quantity: int
) -> None:
    """Keep every single order of the level; ours, at its place among them, fills when its turn comes."""
    front, behind = list(ahead), list[int]()
    opposite = 101.0 if side is Side.BUY else 99.0
    order = RestingOrder.resting(
        MakerOrder(side=side, price=100.0, quantity=quantity, lot=1.0), float(sum(ahead)), opposite
    )
    truly = 0
    for what, size, place in steps:
        shown = sum(front) + sum(behind)
        if what == "add":
            behind.append(size)
        elif what == "cancel" and shown:
            number = place % (len(front) + len(behind))
            del (front if number < len(front) else behind)[number if number < len(front) else number - len(front)]
        elif what == "sell" and shown:
            left = min(size, shown)
            truly = min(quantity, truly + max(left - sum(front), 0))
            order.trade(100.0, float(left), side.opposite)
            for queue in (front, behind):
                while left and queue:
                    eaten = min(left, queue[0])
                    queue[0] -= eaten
                    left -= eaten
                    if not queue[0]:
                        del queue[0]
        order.book(float(sum(front) + sum(behind)), opposite, 5.0)
        assert order.filled.touch >= truly >= order.filled.queue >= order.filled.through
        assert order.front >= sum(front)


def test_more_cautious_families_fill_less() -> None:
    fronts = [
        model.front_after(6.0, 10.0, 8.0)
        for model in (SQUARE, QueueModel(QueueFamily.POWER, 1.0), QueueModel(QueueFamily.LOG), QueueModel())
    ]
    assert all(first < second for first, second in pairwise(fronts))


def test_bad_terms_are_refused() -> None:
    with pytest.raises(BadInput, match="price"):
        MakerOrder(side=Side.BUY, price=NAN, quantity=1.0)
    with pytest.raises(BadInput, match="at least the lot"):
        bid(quantity=0.09)
    with pytest.raises(BadInput, match="lot"):
        bid(lot=-1.0)
    with pytest.raises(BadInput, match="exponent of power"):
        QueueModel(QueueFamily.POWER)
    with pytest.raises(BadInput, match="exponent of log"):
        QueueModel(QueueFamily.LOG, 2.0)
    with pytest.raises(SchemaError, match="one length"):
        level_shown(Side.BUY, 1.0, [1.0, 0.5], [1.0])
