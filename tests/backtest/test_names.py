"""Names that people write for modes, policies and hedges."""

from __future__ import annotations

import pytest

from arbresearch.backtest.codes import OneLegPolicy
from arbresearch.backtest.names import hedge_named, member_named, modes_named
from arbresearch.core import ParameterError
from arbresearch.signals.modes import MODES, Mode


def test_modes_by_group_and_by_name_in_their_order() -> None:
    assert modes_named(["taker"]) == (Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY)
    assert modes_named(["maker"]) == MODES[2:]
    assert modes_named(["All"]) == MODES
    assert modes_named(["limit_b_sell_market_a_buy", "TAKER"]) == (*MODES[:2], Mode.LIMIT_B_SELL_MARKET_A_BUY)
    assert modes_named(["all"], one_way=True) == (MODES[0], MODES[2], MODES[3])


@pytest.mark.parametrize(
    ("names", "one_way", "message"),
    [
        (["maybe"], False, "mode: expected one of taker, maker, all, market_a_sell_market_b_buy, .*was 'maybe'"),
        (["hold"], False, "was 'hold'"),
        ([], False, "modes: expected at least one, was none"),
        (["limit_b_sell_market_a_buy"], True, "at least one that sells on A, was limit_b_sell_market_a_buy"),
    ],
)
def test_modes_that_are_refused(names: list[str], one_way: bool, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        modes_named(names, one_way=one_way)


def test_members_and_hedges() -> None:
    assert member_named(OneLegPolicy, "Unwind", "one_leg") is OneLegPolicy.UNWIND
    assert hedge_named("  ") is None
    plain, named = hedge_named("gate"), hedge_named("gate LUNC/USDT:USDT", band_contracts=3.0)
    assert plain is not None
    assert named is not None
    assert (plain.venue, plain.symbol, plain.band_contracts) == ("gate", None, 1.0)
    assert (named.symbol, named.band_contracts) == ("LUNC/USDT:USDT", 3.0)
    with pytest.raises(ParameterError, match="symbol of the hedge: expected a perpetual"):
        hedge_named("gate LUNC/USDT")
