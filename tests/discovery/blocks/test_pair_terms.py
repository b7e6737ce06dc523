"""Lots, minimums and delays of a pair."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbresearch.core import FeeSchedule
from arbresearch.discovery import ScoreSettings, StreamPair
from arbresearch.discovery.blocks.pair_terms import _common_lot, measured_latencies, pair_terms
from arbresearch.sample import truth_of
from arbresearch.store import TickStore
from tests.discovery.conftest import SPEC
from tests.store.quality_kit import fill, quotes

NAMES = ("A/USDT", "ABC/USDT", "1000ABC/USDT")
FEES = {(venue, symbol): FeeSchedule(0.0, 0.001) for venue in ("gate", "mexc") for symbol in NAMES}
LATENCY = {"gate": 0.1, "mexc": 0.2}


def listed(*rows: tuple[str, str, float | None, float | None, float | None]) -> pl.DataFrame:
    names = ("venue", "symbol", "lot", "min_quantity", "min_notional")
    kinds = dict.fromkeys(names[2:], pl.Float64)
    return pl.DataFrame(list(rows), schema=names, orient="row", schema_overrides=kinds)


def test_orders_fit_both_venues() -> None:
    pair = StreamPair("gate", "A/USDT", "mexc", "A/USDT")
    table = listed(("gate", "A/USDT", 0.02, 1.0, 3.0), ("mexc", "A/USDT", 0.03, 0.5, 5.0))
    terms = pair_terms([pair], FEES, table, LATENCY)[pair]
    assert (terms.lot, terms.min_quantity, terms.min_notional) == (0.06, 1.0, 5.0)
    assert (terms.latency_a_s, terms.latency_b_s) == (0.1, 0.2)
    nothing = pair_terms([pair], FEES, listed(("gate", "A/USDT", 0.02, None, float("nan"))), LATENCY)[pair]
    assert (nothing.lot, nothing.min_quantity, nothing.min_notional) == (0.02, 0.0, 0.0)


def test_a_multiple_has_its_lots_in_coins() -> None:
    pair = StreamPair("gate", "ABC/USDT", "mexc", "1000ABC/USDT")
    table = listed(("gate", "ABC/USDT", 50.0, 100.0, 3.0), ("mexc", "1000ABC/USDT", 0.1, 0.3, 5.0))
    terms = pair_terms([pair], FEES, table, LATENCY)[pair]
    assert (terms.lot, terms.min_quantity, terms.min_notional) == (100.0, 300.0, 5.0)


@given(st.integers(1, 500), st.integers(0, 8), st.integers(1, 500), st.integers(0, 8))
def test_the_common_lot_is_the_least_multiple_of_both(one: int, down: int, other: int, low: int) -> None:
    first, second = Fraction(one, 10**down), Fraction(other, 10**low)
    found = Fraction(repr(_common_lot(float(first), float(second)))).limit_denominator(10**8)
    assert (found / first).denominator == (found / second).denominator == 1
    assert all((found * k / second).denominator > 1 or (found * k / first).denominator > 1
               for k in (Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)))  # fmt: skip


def test_latency_is_a_round_trip_of_measured_messages(market: TickStore) -> None:
    found = measured_latencies(market, ["gate", "mexc"], ScoreSettings())
    streams = truth_of(SPEC).streams
    for venue, (seconds, source) in found.items():
        its = [one for one in streams if one.venue == venue and not one.swap]
        delay_ms = its[0].delay_ms + its[0].jitter_ms - its[0].skew_ms
        assert source == "measured"
        assert seconds == pytest.approx(2e-3 * delay_ms + 0.05, abs=0.006)


def test_a_latency_that_cannot_be_measured_is_the_default_and_a_given_one_wins(store: TickStore) -> None:
    frame = quotes([0.0, 1.0, 2.0], venue="gate", symbol="A/USDT")
    fill(store, frame.with_columns(pl.lit(None, pl.Int64).alias("event_ns")))
    settings = ScoreSettings(default_latency_s=0.4)
    assert measured_latencies(store, ["gate"], settings) == {"gate": (0.4, "default")}
    assert measured_latencies(store, ["gate"], ScoreSettings(latency_s=0.0)) == {"gate": (0.0, "given")}
    same = quotes([5.0, 6.0], venue="mexc", symbol="A/USDT").with_columns(pl.col("recv_ns").alias("event_ns"))
    fill(store, same)
    assert measured_latencies(store, ["mexc"], settings) == {"mexc": (0.4, "default")}
