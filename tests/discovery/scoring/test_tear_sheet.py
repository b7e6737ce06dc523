"""The tables of one pair in detail, of a history written down by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbresearch.core import NS_PER_SECOND
from arbresearch.discovery import StreamPair
from arbresearch.discovery.metrics.history import PairMetrics
from arbresearch.discovery.metrics.spread_fit import SpreadFit
from arbresearch.discovery.scoring.tear_sheet import block_profits, metrics_table, stream_pair
from arbresearch.edges import LeadLag
from arbresearch.stats import fit_ou
from tests.discovery.scoring.hand_made import hand_ranking, score_row

EMPTY = pl.DataFrame()


@pytest.fixture
def metrics() -> PairMetrics:
    one = np.zeros(1)
    lead = LeadLag(1.0 * NS_PER_SECOND, 0.42, 3.1, 1.0 * NS_PER_SECOND, 9.0, one, one, one)
    values: dict[str, Any] = dict.fromkeys((field for field in PairMetrics.__dataclass_fields__), nan)
    frames = dict.fromkeys(("lags", "horizons", "hour_profile", "quantiles", "survival", "discovery"), EMPTY)
    given: dict[str, Any] = {
        "pair": StreamPair("binance", "LINK/USDT", "huobi", "LINK/USDT"),
        "correlation": 0.82, "lead": lead, "leader": "binance", "lead_s": 1.0, "volatility_ratio": 1.05,
        "component_share": 0.7, "component_share_error": 0.05, "information_low": 0.6, "information_high": 0.8,
        "price_leader": "binance", "discovery_reason": "",
        "spread": SpreadFit(None, 1.0, nan, nan, nan, "too few samples"),
    }  # fmt: skip
    return PairMetrics(**{**values, **frames, **given})


def _by_figure(metrics: PairMetrics) -> dict[str, tuple[str, str]]:
    return {figure: (value, says) for figure, value, says in metrics_table(metrics).iter_rows()}


def test_history_says_who_leads_in_words(metrics: PairMetrics) -> None:
    found = _by_figure(metrics)
    assert found["best correlation"] == ("0.42", "B taken 1 s after A")
    assert found["lead"] == ("1 s", "binance moves first")
    assert found["lead-lag ratio"] == ("3.10", "above 1: binance leads huobi")
    assert found["component share"][0] == "0.70 ± 0.05"
    assert "the price is made on binance" in found["component share"][1]
    assert found["information share"] == ("0.60 to 0.80", "bounds for binance (Hasbrouck)")
    assert found["half-life"] == ("–", "too few samples")
    assert found["its interval"][0] == "–"


def test_history_without_a_leader_claims_none(metrics: PairMetrics) -> None:
    lead = replace(metrics.lead, best_lag=-0.25 * NS_PER_SECOND)
    found = _by_figure(
        replace(metrics, lead=lead, leader="", lead_s=nan, price_leader="", discovery_reason="copies the other")
    )
    assert found["best correlation"][1] == "B taken 250 ms before A"
    assert found["lead"] == ("–", "none clearly moves first")
    assert found["component share"][1] == "copies the other"
    assert "both at once" in _by_figure(replace(metrics, lead=replace(lead, best_lag=0.0)))["best correlation"][1]
    assert "at no lag" in _by_figure(replace(metrics, lead=replace(lead, best_lag=nan)))["best correlation"][1]


def test_half_life_has_its_interval_in_units_that_suit(metrics: PairMetrics) -> None:
    random = np.random.default_rng(4)
    series = np.zeros(4_000)
    for place in range(1, series.size):
        series[place] = 0.99 * series[place - 1] + random.normal()
    fit = replace(fit_ou(series), theta=-1.5, notes=())
    found = _by_figure(replace(metrics, spread=SpreadFit(fit, 2.0, 90.0, 45.0, inf, "")))
    assert found["half-life"] == ("90 s", "in which half of a deviation is gone")
    assert found["its interval"] == ("45 s to unlimited", "of samples 2 s apart")
    assert found["level"] == ("−1.50 bps", "to which binance over huobi returns")


def test_the_streams_of_a_pair() -> None:
    row = score_row("LUNC/USDT mexc-gate perp", venue_b="gate", symbol_b="LUNC/USDT:USDT")
    found = stream_pair(hand_ranking(row, candidates=1), "LUNC/USDT mexc-gate perp")
    assert found == StreamPair("mexc", "LUNC/USDT", "gate", "LUNC/USDT:USDT")


def test_blocks_are_those_of_the_pair_in_order_of_time() -> None:
    ranking = hand_ranking(score_row("LUNC/USDT mexc-gate"), candidates=1)
    assert block_profits(ranking, "LUNC/USDT mexc-gate")["profit_bps_day"].to_list() == [12.0]
    assert block_profits(ranking, "another").is_empty()
