"""The hedge of a run, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from arbresearch.backtest.hedged import hedge_frame, hedge_table
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.terms import RunTerms
from tests.backtest.result_kit import MARKET, VENUES, hedged_minute, minute, terms_of


def _hedged() -> tuple[BacktestResult, RunTerms]:
    terms = terms_of(hedge=True, hedge_band_base=6.0)
    perpetual = replace(terms.venues[2], maintenance_rate=0.01)
    terms = replace(terms, venues=(*terms.venues[:2], perpetual))
    return BacktestResult.build(hedged_minute(), MARKET, terms, symbol="A/USDT", venues=VENUES), terms


def test_delta_band_and_distance() -> None:
    frame = hedge_frame(*_hedged()[:1], MARKET, _hedged()[1])
    # 20 coins on A and B, nothing sold yet; then 15 are short.
    assert frame["delta_base"].to_list() == [20.0, 5.0]
    assert frame["outside"].to_list() == [True, False]
    # 1,992.9 are in the account: gone, but for 1 % of the position, where 15 coins cost 1,992.9 / 1.01.
    assert frame["distance"].to_list() == [inf, pytest.approx(1_992.9 / (15.0 * 1.01) / 101.5 - 1.0)]


def test_what_the_hedge_came_to() -> None:
    result, terms = _hedged()
    found = {figure: value for figure, value, _ in hedge_table(result, MARKET, terms).iter_rows()}
    assert found["band"] == "± 6.0000 A"
    assert found["outside of it"] == "50.0 %"
    assert found["largest delta"] == "20.0000 A"
    # Sold 20 at 100, bought 5 at 101, and 15 are short at 101.5: 2,000 - 505 - 1,522.5.
    assert found["price"] == "−27.50 USDT"
    assert (found["fees"], found["funding"]) == ("−2.50 USDT", "0.40 USDT")
    # 20 coins gained 0.75 each.
    assert found["inventory and hedge"] == "−14.60 USDT"
    assert found["nearest to liquidation"] == "29.6 %"


def test_a_long_position_falls_to_its_liquidation() -> None:
    result, terms = _hedged()
    rows = result.inventory
    long = replace(
        result, inventory=rows.with_columns(base_h=-rows["base_h"], quote_h=-1_000.0 + 0.0 * rows["quote_h"])
    )
    # 15 coins against 1,000 owed: at 1,000 / (15 x 0.99).
    assert hedge_frame(long, MARKET, terms)["distance"][1] == pytest.approx(1.0 - 1_000.0 / (15.0 * 0.99) / 101.5)
    paid = replace(result, inventory=rows.with_columns(base_h=-rows["base_h"], quote_h=rows["quote_h"]))
    assert hedge_frame(paid, MARKET, terms)["distance"][1] == inf


def test_without_a_hedge_there_are_no_rows() -> None:
    result = BacktestResult.build(minute(), MARKET, terms_of(), symbol="A/USDT", venues=("mexc", "gate", ""))
    assert hedge_frame(result, MARKET, terms_of()).is_empty()
    assert hedge_table(result, MARKET, terms_of()).is_empty()
