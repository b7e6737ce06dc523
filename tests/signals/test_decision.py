"""The six modes, net of costs, on one pair of quotes: values worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan, nan

import pytest

from arbresearch.core import BadInput, FeeSchedule, Quote
from arbresearch.signals import MODES, Decision, DecisionTerms, Holdings, Mode, VenueRules, ceil_to_tick, decide

A_SELLS, B_SELLS = Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY
FREE = VenueRules(fees=FeeSchedule(maker=0.0, taker=0.0), tick=0.01)
PAID = VenueRules(fees=FeeSchedule(maker=0.001, taker=0.002), tick=0.01)
PLENTY = Holdings(base_a=100.0, quote_a=1e6, base_b=100.0, quote_b=1e6)


def quote(bid: float, ask: float, bid_size: float = 5.0, ask_size: float = 3.0, recv_ns: int = 0) -> Quote:
    return Quote(recv_ns=recv_ns, event_ns=None, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)


def terms(*modes: Mode, threshold: float = 0.0, rules: VenueRules = FREE, **others: float) -> DecisionTerms:
    return DecisionTerms(
        venue_a=rules,
        venue_b=rules,
        thresholds_bps=dict.fromkeys(modes or MODES, threshold),
        order_quote=others.pop("order_quote", 1e5),
        **others,  # type: ignore[arg-type]
    )


def test_takes_the_displayed_size_of_the_smaller_leg() -> None:
    """Sell 101 on B, buy 100 on A: 100 bps; B bids for 5, A offers 3."""
    found = decide(quote(99.9, 100.0), quote(101.0, 101.1), PLENTY, terms(A_SELLS, B_SELLS))
    assert (found.mode, found.quantity) == (B_SELLS, 3.0)
    assert found.edge_bps == pytest.approx(100.0)
    assert found.profit_quote == pytest.approx(3.0)
    assert (found.sell_limit, found.buy_limit) == (100.9, 100.1)


def test_fees_are_in_the_edge() -> None:
    found = decide(quote(99.9, 100.0), quote(101.0, 101.1), PLENTY, terms(A_SELLS, B_SELLS, rules=PAID))
    assert found.mode == B_SELLS
    assert found.edge_bps == pytest.approx(1e4 * (101.0 * 0.998 / (100.0 * 1.002) - 1.0))
    assert found.profit_quote == pytest.approx(3.0 * (101.0 * 0.998 - 100.0 * 1.002))


@pytest.mark.parametrize(("threshold", "mode"), [(99.999, B_SELLS), (100.001, Mode.HOLD)])
def test_the_edge_must_exceed_the_threshold(threshold: float, mode: Mode) -> None:
    assert decide(quote(99.9, 100.0), quote(101.0, 101.1), PLENTY, terms(B_SELLS, threshold=threshold)).mode == mode


def test_walks_levels_while_each_pays() -> None:
    """Asks of A: 3 at 100, 4 at 100.5, 9 at 101.5; B bids for 5 at 101 and 50 at 100.6.

    3 at (101, 100), 2 at (101, 100.5), 2 at (100.6, 100.5): 7; the next ask is above every bid.
    """
    found = decide(
        quote(99.9, 100.0),
        quote(101.0, 101.1),
        PLENTY,
        terms(B_SELLS),
        behind_a=([], [(100.5, 4.0), (101.5, 9.0)]),
        behind_b=([(100.6, 50.0)], []),
    )
    assert found.quantity == 7.0
    assert found.sell_price == pytest.approx((5 * 101.0 + 2 * 100.6) / 7)
    assert found.buy_price == pytest.approx((3 * 100.0 + 4 * 100.5) / 7)
    assert found.sell_limit == ceil_to_tick(100.6 * 0.999, 0.01)
    assert found.buy_limit == 100.6


@pytest.mark.parametrize(
    ("change", "quantity"),
    [
        ({"base_b": 2.05}, 2.0),
        ({"quote_a": 150.0}, 1.4),  # 150 / (100 * 1.001) = 1.498, in lots of 0.2
        ({"headroom_ba_base": 0.5}, 0.4),
        ({"base_b": 0.1}, 0.0),
    ],
)
def test_size_is_what_inventory_allows_in_whole_lots(change: dict[str, float], quantity: float) -> None:
    found = decide(quote(99.9, 100.0), quote(101.0, 101.1), replace(PLENTY, **change), terms(B_SELLS, common_lot=0.2))
    assert found.quantity == pytest.approx(quantity)
    assert (found.mode == Mode.HOLD) == (quantity == 0.0)


def test_below_a_minimum_it_is_nothing() -> None:
    rules = replace(FREE, min_notional=301.0)
    assert decide(quote(99.9, 100.0), quote(101.0, 101.1), PLENTY, terms(B_SELLS, rules=rules)).mode == Mode.HOLD
    rules = replace(FREE, min_notional=300.0, min_quantity=3.0)
    assert decide(quote(99.9, 100.0), quote(101.0, 101.1), PLENTY, terms(B_SELLS, rules=rules)).mode == B_SELLS


def test_a_resting_sale_covers_its_hedge_fees_and_threshold() -> None:
    """Buying on B costs 100 * 1.002; with a maker fee of 10 bps and 20 bps wanted a sale needs 100.50 or more."""
    mode = Mode.LIMIT_A_SELL_MARKET_B_BUY
    found = decide(quote(99.0, 100.2), quote(99.9, 100.0), PLENTY, terms(mode, threshold=20.0, rules=PAID))
    assert found.mode == Mode.HOLD
    deeper = terms(mode, threshold=20.0, rules=PAID, quote_depth_bps=50.0)
    found = decide(quote(99.0, 100.2), quote(99.9, 100.0), PLENTY, deeper)
    support = max(100.2 / (0.999 - 0.002), 100.2 * 1.002 / 0.999)
    assert found.sell_price == found.sell_limit == pytest.approx(ceil_to_tick(support, 0.01)) == 100.51
    assert isnan(found.buy_limit)
    assert found.edge_bps > 20.0


def test_a_resting_purchase_covers_its_hedge_fees_and_threshold() -> None:
    mode = Mode.MARKET_A_SELL_LIMIT_B_BUY
    found = decide(quote(100.0, 100.1), quote(99.0, 99.8), PLENTY, terms(mode, threshold=20.0, rules=PAID))
    assert found.mode == mode
    assert found.buy_price == 99.0
    assert found.edge_bps == pytest.approx(1e4 * (100.0 * 0.998 / (99.0 * 1.001) - 1.0))
    better = decide(quote(100.0, 100.1), quote(99.0, 99.8), PLENTY, terms(mode, threshold=20.0, improve_ticks=100.0))
    assert better.buy_price == pytest.approx(99.79)  # a tick below the ask, never at it


def test_a_resting_quote_never_crosses_its_own_book() -> None:
    """The bid of A is above every supported ask there: the quote goes one tick above it."""
    found = decide(
        quote(105.0, 105.02), quote(99.0, 100.0), PLENTY, terms(Mode.LIMIT_A_SELL_MARKET_B_BUY, improve_ticks=9)
    )
    assert found.sell_price == 105.01


def test_the_largest_expected_profit_wins_and_ties_go_to_takers() -> None:
    both = terms(B_SELLS, Mode.LIMIT_B_SELL_MARKET_A_BUY)
    books = quote(99.9, 100.0), quote(101.0, 101.1)
    assert decide(*books, PLENTY, both).mode == Mode.LIMIT_B_SELL_MARKET_A_BUY
    unlikely = replace(both, fill_probabilities={Mode.LIMIT_B_SELL_MARKET_A_BUY: 0.5})
    assert decide(*books, PLENTY, unlikely).mode == B_SELLS
    behind = replace(both, improve_ticks=0.0, fill_probabilities={Mode.LIMIT_B_SELL_MARKET_A_BUY: 1.0 / 1.1})
    assert decide(*books, PLENTY, behind).profit_quote == pytest.approx(3.0)  # 3 * 1.1 / 1.1: as much as taking both


def test_a_quote_at_its_own_best_price_has_that_very_price() -> None:
    """A recorded price an ulp below its multiple of the tick is joined as it is, or it would wait at no level."""
    ask = 105.0 * 1e-6
    assert ask != ceil_to_tick(ask, 1e-8)
    rules = replace(FREE, tick=1e-8)
    books = quote(103e-6, ask), quote(99e-6, 100e-6)
    mode = Mode.LIMIT_A_SELL_MARKET_B_BUY
    assert decide(*books, PLENTY, terms(mode, rules=rules)).sell_price == ask


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (quote(99.9, 100.0, recv_ns=-61 * 10**9), quote(101.0, 101.1)),
        (quote(nan, 100.0), quote(101.0, 101.1)),
        (quote(100.0, 100.0), quote(101.0, 101.1)),
        (quote(100.1, 100.0), quote(101.0, 101.1)),
        (quote(99.9, nan), quote(101.0, 101.1)),
    ],
)
def test_stale_empty_and_crossed_books_are_no_signal(a: Quote, b: Quote) -> None:
    assert decide(a, b, PLENTY, terms()).mode == Mode.HOLD


def test_a_book_that_stands_still_is_no_signal() -> None:
    books = quote(99.9, 100.0), quote(101.0, 101.1)
    assert decide(*books, PLENTY, terms(), changed_ns=(-60 * 10**9, 0)).mode != Mode.HOLD
    assert decide(*books, PLENTY, terms(), changed_ns=(-60 * 10**9 - 1, 0)).mode == Mode.HOLD
    assert decide(*books, PLENTY, replace(terms(), max_skew_ns=5), now_ns=10).mode != Mode.HOLD
    later = quote(101.0, 101.1, recv_ns=6)
    assert decide(books[0], later, PLENTY, replace(terms(), max_skew_ns=5)).mode == Mode.HOLD


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3])
@pytest.mark.parametrize("mode", MODES)
def test_prices_scaled_scale_profit_and_nothing_else(mode: Mode, scale: float) -> None:
    def found(by: float) -> Decision:
        rules = replace(PAID, tick=0.01 * by)
        books = quote(100.0 * by, 102.0 * by), quote(100.0 * by, 102.0 * by)
        apart = quote(103.0 * by, 105.0 * by)
        chosen = (apart, books[0]) if mode.seller == 0 else (books[0], apart)
        rich = Holdings(base_a=100.0, quote_a=1e6 * by, base_b=100.0, quote_b=1e6 * by)
        return decide(*chosen, rich, terms(mode, threshold=5.0, rules=rules, order_quote=150.0 * by, common_lot=0.1))

    one, other = found(1.0), found(scale)
    assert one.mode == other.mode == mode
    assert other.quantity == one.quantity
    assert other.edge_bps == pytest.approx(one.edge_bps, rel=1e-9)
    assert other.profit_quote == pytest.approx(one.profit_quote * scale, rel=1e-9)


def test_modes_name_their_legs() -> None:
    assert [mode.name.startswith(("MARKET_A_SELL", "LIMIT_A_SELL")) for mode in MODES] == [m.seller == 0 for m in MODES]
    for mode in MODES:
        limit = [place for place, venue in enumerate("AB") if f"LIMIT_{venue}" in mode.name]
        assert (limit or [-1]) == [mode.maker]
        assert mode.buyer == 1 - mode.seller
    assert (Mode.HOLD.seller, Mode.HOLD.buyer, Mode.HOLD.maker) == (-1, -1, -1)


@pytest.mark.parametrize(
    "change",
    [{"order_quote": 0.0}, {"band_bps": -1.0}, {"common_lot": nan}, {"thresholds_bps": {A_SELLS: inf}},
     {"thresholds_bps": {Mode.HOLD: 1.0}}, {"fill_probabilities": {A_SELLS: 1.5}}, {"improve_ticks": nan}],
)  # fmt: skip
def test_refuses_terms_that_cannot_be_meant(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="expected"):
        replace(terms(), **change)  # type: ignore[arg-type]


def test_refuses_rules_that_no_venue_has() -> None:
    with pytest.raises(BadInput, match="tick"):
        replace(FREE, tick=-0.1)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 2.5, 3.0, 7.0, 12.5, 20.0, 33.0])
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.maker >= 0])
def test_a_quote_at_the_very_price_its_hedge_supports_is_sent(mode: Mode, threshold: float) -> None:
    """Without a tick the price is the support itself, and rounding alone would decide whether its edge exceeds."""
    rules = replace(PAID, tick=0.0)
    books = (quote(100.0, 100.1), quote(100.0, 100.1))
    found = decide(*books, PLENTY, terms(mode, threshold=threshold, rules=rules, quote_depth_bps=100.0))
    assert found.mode == mode
    assert threshold - 1e-9 <= found.edge_bps < threshold + 0.2


@pytest.mark.parametrize("mode", MODES)
def test_what_rounding_leaves_of_a_balance_is_no_order(mode: Mode) -> None:
    apart = (quote(103.0, 105.0), quote(100.0, 102.0))
    books = apart if mode.seller == 0 else apart[::-1]
    dust = replace(PLENTY, base_a=1e-16, base_b=1e-16)
    assert decide(*books, PLENTY, terms(mode)).mode == mode
    assert decide(*books, dust, terms(mode)).mode == Mode.HOLD
