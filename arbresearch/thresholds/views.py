"""What an optimisation found as the small tables that a report shows, numbers as text where their units differ."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, nan
from types import MappingProxyType
from typing import Final

import polars as pl

from arbresearch.backtest.views import money, number, percent, seconds
from arbresearch.core import Symbol
from arbresearch.thresholds.resample import Interval
from arbresearch.thresholds.result import OptimalThresholds

__all__ = [
    "amount",
    "bps",
    "bps_band",
    "fold_table",
    "process_table",
    "regime_table",
    "sides",
    "size_table",
    "skill_table",
    "sure",
    "threshold_table",
]

_REGIMES: Final = MappingProxyType(
    {
        "hour": "quarter of the day (UTC)",
        "volatility": "the spread was volatile in the last hour, or not",
        "tilt": "higher the further inventory is tilted",
    }
)
_BOUNDS: Final = MappingProxyType(
    {
        "capacity": "capacity of the books",
        "inventory": "inventory of one side",
        "venue default": "profit against expected loss",
        "worst default": "loss of one venue",
        "drawdown": "drawdown",
        "kelly": "Kelly (shown only)",
    }
)


def threshold_table(found: OptimalThresholds) -> pl.DataFrame:
    """List what to use after the data: threshold, value, interval and meaning, as text; no rows where there is none."""
    if found.plateau is None:
        return _text((), "threshold", "value", "interval", "meaning")
    quote = Symbol.parse(found.symbol).quote
    a, b = sides(found)
    rows = [
        (f"sell on {a}, buy on {b}", "sell_a_bps", "net edge that must be exceeded to tilt inventory this way"),
        (f"sell on {b}, buy on {a}", "sell_b_bps", "the same the other way"),
        (f"sell on {a} to bring back", "sell_a_exit_bps", "where the trade brings inventory back"),
        (f"sell on {b} to bring back", "sell_b_exit_bps", "the same the other way"),
        ("largest order", "order_quote", "of one action"),
        ("longest hold", "max_hold_minutes", "how long inventory may stay tilted"),
    ]
    units = {"order_quote": quote, "max_hold_minutes": "min"}
    listed = [(label, *_told(found.intervals[name], units.get(name, "bps")), meaning) for label, name, meaning in rows]
    return _text(listed, "threshold", "value", "interval", "meaning")


def process_table(found: OptimalThresholds) -> pl.DataFrame:
    """List the fitted process and its levels: figure, value and meaning, as text."""
    fit = found.fit
    ou = fit.fit if fit.reverts else None
    half_life = nan if ou is None else ou.half_life
    band = Interval(fit.half_width_bps, fit.half_width_low_bps, fit.half_width_high_bps, nan)
    chosen = nan if found.grid is None or found.plateau is None else found.grid.half_width_bps[found.plateau.choice]
    rows = [
        ("cost of a round trip", bps(fit.cost_bps), "both spreads and all four fees, mean over time"),
        ("level reverted to", bps(fit.theta_bps), "of half the difference of the two net edges; else its median"),
        ("deviation", bps(fit.stationary_sd_bps), "stationary standard deviation; else that of the samples"),
        ("half-life", seconds(half_life), f"exact discretisation, sampled every {seconds(fit.dt_s)}"),
        ("acts further out by", bps(fit.shift_bps, 2), "because quotes come one by one"),
        ("best half width", bps_band(band), "closed form, always in the market, watched all the time"),
        ("to set", bps(fit.set_half_width_bps), "the same, less what levels act further out"),
        ("chosen half width", bps(float(chosen)), "by backtests: middle of the plateau"),
    ]
    return _text(rows, "figure", "value", "meaning")


def skill_table(found: OptimalThresholds) -> pl.DataFrame:
    """List what was promised, kept, and how likely it is luck: figure, value and meaning, as text."""
    kept, over, superior = found.out_of_sample, found.overfitting, found.superior
    best = float(found.profit_bps_day.max()) if found.profit_bps_day.size else nan
    rows = [
        ("best setting in hindsight", bps(best), "a day on capital: what the peak of the surface would have promised"),
        ("promised by the choices", bps(found.in_sample_bps_day), "a day where each was chosen, mean of the folds"),
        ("kept on later data", bps_band(kept.profit_bps_day), "a day, with its interval"),
        ("kept, at least", bps(kept.lower_bound_bps_day), "one-sided bound, all that were compared together"),
        ("kept of the promise", percent(found.efficiency, 0), "out of sample over in sample"),
        ("settings tried", f"{found.trials:,}", "points of the grid times pairs compared"),
        ("Sharpe ratio a day", number(found.sharpe_day, 2), "of the last choice, where it was chosen"),
        ("deflated Sharpe", percent(found.deflated_sharpe), "chance that it is more than the best of so many by luck"),
        (
            "over-fitting",
            percent(nan if over is None else over.probability),
            "chance that the best of one half of the time is below the middle in the other",
        ),
        (
            "loss of the best",
            percent(nan if over is None else over.loss_probability),
            "chance that the best of one half loses in the other",
        ),
        (
            "better than no trade",
            f"p = {number(nan if superior is None else superior.p_consistent, 3)}",
            "Hansen's test of the whole grid",
        ),
    ]
    return _text(rows, "figure", "value", "meaning")


def fold_table(found: OptimalThresholds) -> pl.DataFrame:
    """List the folds: times, thresholds, order size, promise, what was kept, pairs, and why nothing was traded."""
    return found.folds.select(
        pl.col("fold") + 1,
        "test_start_ns",
        "test_end_ns",
        "sell_a_bps",
        "sell_b_bps",
        "order_quote",
        "in_sample_bps_day",
        "out_of_sample_bps_day",
        "pairs",
        "reason",
    )


def regime_table(found: OptimalThresholds) -> pl.DataFrame:
    """List the families of thresholds that depend on a state, and whether they did better out of sample."""
    frame = found.regime_frame()
    meaning = pl.col("regime").replace_strict(dict(_REGIMES), return_dtype=pl.String).alias("meaning")
    offered = pl.when(pl.col("offered")).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("offered")
    return frame.select(
        "regime", meaning, "profit_bps_day", "gain_bps_day", "gain_bound_bps_day", offered, "reason"
    )  # fmt: skip


def size_table(found: OptimalThresholds) -> pl.DataFrame:
    """List what bounds the order size: bound, size (text), binding (text), note."""
    sizing = found.sizing
    rows: list[tuple[str, ...]] = []
    if sizing is not None:
        quote, open_end = Symbol.parse(found.symbol).quote, "" if sizing.curve.reached else "at least "
        for one in sizing.bounds:
            size = f"{open_end if one.name == 'capacity' else ''}{amount(one.size_quote, quote)}"
            rows.append((_BOUNDS[one.name], size, "binds" if one.name == sizing.binding else "", one.note))
    return _text(rows, "bound", "size", "binding", "note")


def sides(found: OptimalThresholds) -> tuple[str, str]:
    """Return how A and B are called, such as ``mexc`` and ``gate perp``."""
    second = str(found.out_of_sample.result.config.get("symbol_b") or found.symbol)
    a, b = (f"{venue} perp" if ":" in symbol else venue
            for venue, symbol in ((found.venue_a, found.symbol), (found.venue_b, second)))  # fmt: skip
    return a, b


def bps(value: float, digits: int = 1) -> str:
    """Return basis points as text; a dash where they are not known."""
    return f"{number(value, digits)} bps" if isfinite(value) else number(value)


def bps_band(interval: Interval) -> str:
    """Return basis points with their interval as text."""
    value, band = _told(interval, "bps")
    return value if band == "–" else f"{value} ({band})"


def amount(value: float, unit: str) -> str:
    """Return an amount with its unit as text; infinite: any."""
    return "any" if value == inf else f"{money(value)} {unit}" if isfinite(value) else "–"


def sure(found: OptimalThresholds) -> str:
    """Return the confidence of intervals and bounds as text, such as ``95 %``."""
    return f"{100.0 * float(found.settings['confidence']):g} %"


def _text(rows: Sequence[tuple[str, ...]], *names: str) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _told(interval: Interval, unit: str) -> tuple[str, str]:
    write = number if unit == "bps" else _minutes if unit == "min" else money
    value = "–" if not isfinite(interval.value) else write(interval.value)
    told = value if unit == "min" or value == "–" else f"{value} {unit}"
    if not (isfinite(interval.low) or isfinite(interval.high)):
        return told, "–"
    low, high = (write(one) if isfinite(one) else "any" for one in (interval.low, interval.high))
    return told, f"{low} to {high}"


def _minutes(value: float) -> str:
    return seconds(60.0 * value)
