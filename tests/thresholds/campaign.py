"""Simulated spreads with known parameters, optimised: what was reached, how often intervals held, and noise refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import polars as pl

from arbresearch.thresholds import (
    DynamicThresholdOptimizer,
    OptimalThresholds,
    OptimizerSettings,
    best_half_width,
    theory_rate,
)
from tests.thresholds.simulated import COIN, PRICE, Spread, backtester_of, config_of

__all__ = ["SETTINGS", "judge_noise", "judge_spread", "noise_path", "optimised"]

Noise = Literal["walk", "jumps", "bounce"]

SETTINGS = OptimizerSettings(sizes_quote=(100.0 * COIN * PRICE,), exits=(1.0,), regimes=())
"""All coin is shifted at once, as theory has it."""

_BOUNCE_SD_BPS = 1.0
_WALK_BPS_DAY = 40.0


def optimised(y_bps: Any, dt_s: float, settings: OptimizerSettings = SETTINGS, **config: Any) -> OptimalThresholds:
    """Optimise a simulated spread."""
    backtester = backtester_of(y_bps, dt_s)
    return DynamicThresholdOptimizer(backtester).optimize_thresholds("SIM/USDT", config_of(**config), settings)


def judge_spread(seeds: Iterable[int], spread: Spread | None = None, days: float = 10.0) -> pl.DataFrame:
    """Optimise a spread that reverts, once a seed, beside what theory knows of it.

    ``reached`` is the true rate at the thresholds of each fold over the best there is, mean over folds; ``covered``
    whether the interval of profit out of sample holds the true one of these thresholds; ``theory_covered`` whether the
    interval of the best half width of the closed form holds the true one.
    """
    spread = Spread() if spread is None else spread
    terms = spread.terms
    best = theory_rate(terms, best_half_width(terms)).rate_bps_day
    # The closed form's interval is of levels that are watched all the time.
    watched = best_half_width(replace(terms, shift_bps=0.0))
    rows = []
    for seed in seeds:
        found = optimised(spread.path(days, seed), spread.dt_s)
        capital = found.out_of_sample.result.summary.capital_quote
        rates = [
            theory_rate(terms, 0.5 * (a + b + terms.cost_bps), skew_bps=0.5 * (a - b) - spread.theta_bps).rate_bps_day
            for a, b in found.folds.filter("trades").select("sell_a_bps", "sell_b_bps").iter_rows()
        ]
        true = float(np.mean(rates)) * COIN * PRICE / capital
        kept = found.out_of_sample.profit_bps_day
        rows.append(
            {
                "seed": seed,
                "answer": found.answer,
                "reached": float(np.mean(rates)) / best,
                "efficiency": found.efficiency,
                "true_bps_day": true,
                "kept_bps_day": kept.value,
                "covered": kept.low <= true <= kept.high,
                "theory_covered": found.fit.half_width_low_bps <= watched <= found.fit.half_width_high_bps,
                "deflated_sharpe": found.deflated_sharpe,
                "overfitting": found.overfitting.probability if found.overfitting else float("nan"),
            }
        )
    return pl.DataFrame(rows)


def noise_path(kind: Noise, days: float, dt_s: float, seed: int) -> Any:
    """Return a spread that nothing can be earned on.

    A random walk, one whose steps have heavy tails (Student's t, 3 degrees of freedom), or a bounce between prices that
    is smaller than the cost. White noise larger than the cost is none: who waits with the second leg earns on it.
    """
    rng = np.random.default_rng([seed, len(kind)])
    rows = round(days * 86_400 / dt_s)
    if kind == "bounce":
        return rng.normal(0.0, _BOUNCE_SD_BPS, rows)
    steps = rng.standard_normal(rows) if kind == "walk" else rng.standard_t(3.0, rows) / np.sqrt(3.0)
    return np.cumsum(steps) * (_WALK_BPS_DAY * np.sqrt(dt_s / 86_400))


def judge_noise(kind: Noise, seeds: Iterable[int], days: float = 10.0, dt_s: float = 2.0) -> pl.DataFrame:
    """Optimise noise, once a seed, without latency."""
    rows = []
    for seed in seeds:
        found = optimised(noise_path(kind, days, dt_s, seed), dt_s)
        rows.append(
            {
                "seed": seed,
                "answer": found.answer,
                "verdict": found.verdict,
                "in_sample_bps_day": found.in_sample_bps_day,
                "kept_bps_day": found.out_of_sample.profit_bps_day.value,
                "reason": found.fit.reason,
            }
        )
    return pl.DataFrame(rows)
