"""Which streams are paired, and whose fees are taken."""

from __future__ import annotations

import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule
from arbresearch.discovery import StreamPair, choose_pairs, find_fees
from arbresearch.store import TickStore
from tests.store.quality_kit import START, fill, quotes

SPOT, PERP = "AAA/USDT", "AAA/USDT:USDT"


@pytest.fixture
def filled(store: TickStore) -> TickStore:
    """Return a store with a coin on three venues, its perpetual on two, and another coin on one."""
    streams = [("mexc", SPOT), ("gate", SPOT), ("okx", SPOT), ("gate", PERP), ("okx", PERP), ("gate", "BBB/USDT")]
    return fill(store, *(quotes([0, 1, 2], venue=venue, symbol=symbol) for venue, symbol in streams))


def _names(pairs: tuple[StreamPair, ...]) -> list[str]:
    return [pair.name for pair in pairs]


def test_the_same_symbol_on_two_venues(filled: TickStore) -> None:
    found = _names(choose_pairs(filled))
    assert found == ["AAA/USDT gate-mexc", "AAA/USDT gate-okx", "AAA/USDT gate perp-okx perp", "AAA/USDT mexc-okx"]


def test_spot_against_perpetual_too(filled: TickStore) -> None:
    found = choose_pairs(filled, markets="any")
    assert len(found) == 10
    assert "AAA/USDT gate-gate perp" in _names(found)
    assert all(":" not in pair.symbol_a for pair in found if pair.venue_a == pair.venue_b)


def test_venue_pairs_keep_their_order(filled: TickStore) -> None:
    assert _names(choose_pairs(filled, venue_pairs=["mexc:gate"])) == ["AAA/USDT mexc-gate"]
    (pair,) = choose_pairs(filled, venue_pairs=["mexc:gate"], markets="any", symbols=[SPOT])[1:]
    assert (pair.venue_a, pair.symbol_a, pair.venue_b, pair.symbol_b) == ("mexc", SPOT, "gate", PERP)
    assert _names(choose_pairs(filled, venue_pairs=["okx:okx"], markets="any")) == ["AAA/USDT okx-okx perp"]


def test_a_perpetual_alone(filled: TickStore) -> None:
    assert _names(choose_pairs(filled, symbols=[PERP], markets="any")) == ["AAA/USDT gate perp-okx perp"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"venue_pairs": ["mexc"]}, "venue pair: expected two venue ids such as mexc:gate, was 'mexc'"),
        ({"venue_pairs": ["mexc:binance"]}, "one with quotes in the store: gate, mexc, okx, was 'binance'"),
        ({"symbols": ["CCC/USDT"]}, "symbol: expected one in the store: AAA/USDT, .*, was 'CCC/USDT'"),
        ({"symbols": ["BBB/USDT"]}, "two streams of one coin: BBB/USDT on any two venues, was none"),
        ({"venue_pairs": ["okx:okx"]}, "markets = 'any' holds spot against perpetual too"),
    ],
)
def test_what_there_is_not(filled: TickStore, wrong: dict[str, list[str]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        choose_pairs(filled, **wrong)  # type: ignore[arg-type]


def _instruments(store: TickStore, venue: str, taker: float) -> None:
    row = {
        "venue": venue, "symbol": SPOT, "recv_ns": START, "base": "AAA", "quote": "USDT", "market": "spot",
        "active": True, "tick": 0.01, "lot": 0.1, "maker_fee": taker / 2, "taker_fee": taker,
    }  # fmt: skip
    store.append("instruments", pl.DataFrame([row]))


def test_given_fees_before_own_before_published(filled: TickStore) -> None:
    for venue in ("mexc", "gate", "okx"):
        _instruments(filled, venue, 0.002)
    pairs = choose_pairs(filled, symbols=[SPOT])
    own = {"gate": FeeSchedule(0.0003, 0.0004), "okx": FeeSchedule(0.0001, 0.0002)}
    found = find_fees(filled, pairs, {"okx": 7.0}, own)
    assert found["okx", SPOT].taker == pytest.approx(0.0007)
    assert found["gate", SPOT] == own["gate"]
    assert (found["mexc", SPOT].maker, found["mexc", SPOT].taker) == (0.001, 0.002)


def test_a_symbol_before_its_venue(filled: TickStore) -> None:
    pairs = choose_pairs(filled, venue_pairs=["gate:gate"], markets="any")
    found = find_fees(filled, pairs, {"gate": 10.0, f"gate {PERP}": 5.0})
    assert found["gate", SPOT].taker == pytest.approx(0.001)
    assert found["gate", PERP].taker == pytest.approx(0.0005)


def test_fees_are_never_assumed(filled: TickStore) -> None:
    pairs = choose_pairs(filled, venue_pairs=["mexc:gate"])
    with pytest.raises(BadInput, match=r'none for mexc AAA/USDT; give them, such as fees_bps = \{"gate": 10\}'):
        find_fees(filled, pairs, {"gate": 10.0})
    with pytest.raises(BadInput, match=r"fees_bps: expected venues or streams of the pairs: .*, was 'okx'"):
        find_fees(filled, pairs, {"gate": 10.0, "mexc": 5.0, "okx": 1.0})
