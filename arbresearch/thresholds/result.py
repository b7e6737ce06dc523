"""What an optimisation found: thresholds, how sure they are, what they brought out of sample, and when to use them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from arbresearch.backtest import BacktestResult
from arbresearch.core import NS_PER_DAY, ArbError, BadInput, expected, format_ns
from arbresearch.edges.arrays import Floats
from arbresearch.signals.schedule import ThresholdSchedule
from arbresearch.stats import BacktestOverfitting, SuperiorAbility
from arbresearch.thresholds.plateau import Plateau
from arbresearch.thresholds.points import ThresholdGrid
from arbresearch.thresholds.process import SpreadFit
from arbresearch.thresholds.regimes import Regime
from arbresearch.thresholds.resample import Interval
from arbresearch.thresholds.sizing import Sizing

__all__ = ["Answer", "OptimalThresholds", "OutOfSample"]

Answer = Literal["trade", "no trade", "unclear"]

_SCHEDULE: Final = "schedule.json"
_THRESHOLDS: Final = "thresholds.json"
_BACKTEST: Final = "out_of_sample"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfSample:
    """What the thresholds chosen on earlier data brought on later data, each fold following the one before.

    Parameters
    ----------
    block_start_ns, profit_quote
        Hedged spread profit of each block of UTC, quote currency, shape (T,) both.
    block_ns
        Length of a block.
    profit_bps_day
        Mean on capital with its two-sided interval, basis points a day.
    lower_bound_bps_day
        One-sided, corrected for how many symbols and pairs were compared; NaN with fewer than 20 blocks.
    result
        The whole run.
    """

    block_start_ns: Any
    profit_quote: Floats
    block_ns: int
    profit_bps_day: Interval
    lower_bound_bps_day: float
    result: BacktestResult


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptimalThresholds:
    """Thresholds for one pair of venues, with what they rest on.

    The thresholds are those to use after the data: chosen on the last time to choose on, at the middle of the plateau.
    NaN where nothing could be chosen.

    Parameters
    ----------
    symbol, venue_a, venue_b
        The pair.
    start_ns, end_ns
        Of the data.
    sell_a_bps, sell_b_bps
        Net edge that selling on A (on B) must exceed where it tilts inventory, basis points.
    sell_a_exit_bps, sell_b_exit_bps
        The same where the trade brings it back.
    order_quote
        Largest notional of one action, quote currency.
    max_hold_minutes
        How long inventory may stay tilted.
    intervals
        Of these six by name, two-sided: the choice made again in every resample of the blocks.
    answer, verdict
        Whether to trade, and why, in a sentence.
    in_sample_bps_day
        What the chosen point of each fold brought where it was chosen, mean over folds; the promise.
    out_of_sample
        What was kept of it.
    efficiency
        Out of sample over in sample; NaN where in sample nothing was gained.
    trials
        Settings that were tried: points of the grid times symbols and pairs compared.
    sharpe_day, deflated_sharpe
        Of the chosen point in the last time to choose on: Sharpe ratio of daily profit, and the probability that it
        is more than the best of so many trials without any skill would show.
    overfitting
        By combinatorially symmetric cross-validation over the grid.
    superior
        Hansen's test of the whole grid against not trading.
    grid, profit_bps_day, error_bps_day, pairs, plateau
        Of the last time to choose on: points, what each brought a day on capital with its bootstrap standard error,
        how many pairs, and the plateau; None and empty where nothing could be tried.
    fit
        The process of the spread in the last time to choose on, and the closed-form levels.
    theory_bps_day
        What the closed form promises of each point, basis points of the notional tilted a day, shape (points,); NaN
        where nothing reverts.
    folds
        One row a fold: its times (ns), thresholds, order size, what it promised and kept (bps a day), trades, reason.
    regimes
        Thresholds that depend on a state, and whether they did better out of sample.
    sizing
        What bounds the order size; None where nothing could be tried.
    schedule
        Of each fold from its time to judge on, and the thresholds to use from the end of the data on.
    warnings
        What is doubtful.
    capital_quote
        What was put on all venues.
    settings
        Of the optimiser, as JSON primitives.
    """

    symbol: str
    venue_a: str
    venue_b: str
    start_ns: int
    end_ns: int
    sell_a_bps: float
    sell_b_bps: float
    sell_a_exit_bps: float
    sell_b_exit_bps: float
    order_quote: float
    max_hold_minutes: float
    intervals: dict[str, Interval]
    answer: Answer
    verdict: str
    in_sample_bps_day: float
    out_of_sample: OutOfSample
    efficiency: float
    trials: int
    sharpe_day: float
    deflated_sharpe: float
    overfitting: BacktestOverfitting | None
    superior: SuperiorAbility | None
    grid: ThresholdGrid | None
    profit_bps_day: Floats
    error_bps_day: Floats
    pairs: Any
    plateau: Plateau | None
    fit: SpreadFit
    theory_bps_day: Floats
    folds: pl.DataFrame
    regimes: tuple[Regime, ...]
    sizing: Sizing | None
    schedule: ThresholdSchedule
    warnings: tuple[str, ...]
    capital_quote: float
    settings: dict[str, Any]

    @property
    def trades(self) -> bool:
        """Return whether the answer is to trade."""
        return self.answer == "trade"

    def apply(self, kind: str = "constant") -> ThresholdSchedule:
        """Return the thresholds over time that a backtest and live trading follow.

        Parameters
        ----------
        kind
            ``constant``: one row a fold. Or the name of a regime that did better out of sample.

        Raises
        ------
        BadInput
            A regime that is not known, or did not do better.
        """
        if kind == "constant":
            return self.schedule
        for regime in self.regimes:
            if regime.name == kind:
                if not regime.offered:
                    todo = f"{regime.name} did not beat the constant thresholds out of sample: {regime.reason}"
                    raise BadInput(expected("kind", "a regime that did better", kind, todo))
                return regime.schedule
        known = ", ".join(["constant", *(regime.name for regime in self.regimes)])
        raise BadInput(expected("kind", f"one of {known}", kind))

    def surface(self) -> pl.DataFrame:
        """Return one row a point of the grid.

        Returns
        -------
        polars.DataFrame
            half_width_bps, skew_bps, exit_fraction, order_quote, max_hold_s; the four thresholds; profit_bps_day,
            smoothed_bps_day and its standard_error against the peak; theory_bps_day; pairs; plateau, chosen.
        """
        grid, plateau = self.grid, self.plateau
        if grid is None or plateau is None:
            return pl.DataFrame(schema=_SURFACE)
        points = grid.points
        scale = 1e4 / self.capital_quote * NS_PER_DAY / self.out_of_sample.block_ns
        names = ("sell_a_bps", "sell_b_bps", "sell_a_exit_bps", "sell_b_exit_bps")
        return pl.DataFrame(
            {
                "half_width_bps": grid.coordinates[:, 0],
                "skew_bps": grid.coordinates[:, 1],
                "exit_fraction": grid.coordinates[:, 2],
                "order_quote": grid.coordinates[:, 3],
                "max_hold_s": grid.coordinates[:, 4],
                **{name: np.array([getattr(one, name) for one in points]) for name in names},
                "profit_bps_day": self.profit_bps_day,
                "profit_error_bps_day": self.error_bps_day,
                "smoothed_bps_day": scale * plateau.smoothed,
                "standard_error": scale * plateau.standard_error,
                "theory_bps_day": self.theory_bps_day,
                "pairs": self.pairs,
                "plateau": plateau.members,
                "chosen": np.arange(len(points)) == plateau.choice,
            },
            schema=_SURFACE,
        )

    def regime_frame(self) -> pl.DataFrame:
        """Return one row a regime: profit and gain over constant in bps a day, its bound, offered, reason."""
        return pl.DataFrame(
            [
                (one.name, one.profit_bps_day, one.gain_bps_day, one.gain_bound_bps_day, one.offered, one.reason)
                for one in self.regimes
            ],
            schema=_REGIMES,
            orient="row",
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON primitives: NaN and infinity as None."""
        names = (
            "symbol", "venue_a", "venue_b", "sell_a_bps", "sell_b_bps", "sell_a_exit_bps", "sell_b_exit_bps",
            "order_quote", "max_hold_minutes", "answer", "verdict", "in_sample_bps_day", "efficiency", "trials",
            "sharpe_day", "deflated_sharpe", "warnings", "settings",
        )  # fmt: skip
        over = self.overfitting
        plain = {
            **{name: getattr(self, name) for name in names},
            "start": format_ns(self.start_ns),
            "end": format_ns(self.end_ns),
            "intervals": {name: asdict(one) for name, one in self.intervals.items()},
            "out_of_sample": {
                "profit_bps_day": asdict(self.out_of_sample.profit_bps_day),
                "lower_bound_bps_day": self.out_of_sample.lower_bound_bps_day,
                "blocks": int(self.out_of_sample.profit_quote.size),
                "block_s": self.out_of_sample.block_ns / 1e9,
                "pairs": self.out_of_sample.result.summary.pairs,
            },
            "overfitting_probability": None if over is None else over.probability,
            "superior_p_value": None if self.superior is None else self.superior.p_consistent,
            "closed_form": {
                "half_width_bps": self.fit.half_width_bps,
                "half_width_low_bps": self.fit.half_width_low_bps,
                "half_width_high_bps": self.fit.half_width_high_bps,
                "cost_bps": self.fit.cost_bps,
                "theta_bps": self.fit.theta_bps,
                "stationary_sd_bps": self.fit.stationary_sd_bps,
                "half_life_s": self.fit.fit.half_life if self.fit.fit is not None else None,
                "rate_bps_day": self.fit.rate_bps_day,
                "reason": self.fit.reason,
            },
            "plateau_points": 0 if self.plateau is None else int(self.plateau.members.sum()),
            "at_edge": [] if self.plateau is None else list(self.plateau.at_edge),
            "regimes": self.regime_frame().to_dicts(),
            "sizing": None if self.sizing is None else {
                "size_quote": self.sizing.size_quote,
                "binding": self.sizing.binding,
                "bounds": [asdict(one) for one in self.sizing.bounds],
                "kelly": self.sizing.kelly,
            },
            "folds": self.folds.to_dicts(),
            "schedule": self.schedule.as_dict(),
        }  # fmt: skip
        return dict(_known(plain))

    def save(self, folder: Path | str) -> Path:
        """Write everything to a new folder: ``thresholds.json``, ``schedule.json``, frames as Parquet, the run.

        Raises
        ------
        BadInput
            The folder exists and holds something.
        """
        target = Path(folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BadInput(expected("folder", "a new or empty folder", f"{target} is not"))
        try:
            target.mkdir(parents=True, exist_ok=True)
            self.surface().write_parquet(target / "surface.parquet")
            self.folds.write_parquet(target / "folds.parquet")
            self.out_of_sample.result.save(target / _BACKTEST)
            self.schedule.save(target / _SCHEDULE)
            text = json.dumps(self.as_dict(), indent=2, allow_nan=False)
            (target / _THRESHOLDS).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise ArbError(f"cannot write to {target}: {error}") from error
        return target


_SURFACE: Final = {
    **dict.fromkeys(
        (
            "half_width_bps", "skew_bps", "exit_fraction", "order_quote", "max_hold_s", "sell_a_bps", "sell_b_bps",
            "sell_a_exit_bps", "sell_b_exit_bps", "profit_bps_day", "profit_error_bps_day", "smoothed_bps_day",
            "standard_error",
            "theory_bps_day",
        ),
        pl.Float64,
    ),
    "pairs": pl.Int64,
    "plateau": pl.Boolean,
    "chosen": pl.Boolean,
}  # fmt: skip
_REGIMES: Final = {
    "regime": pl.String,
    "profit_bps_day": pl.Float64,
    "gain_bps_day": pl.Float64,
    "gain_bound_bps_day": pl.Float64,
    "offered": pl.Boolean,
    "reason": pl.String,
}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return "never" if value == inf else None
    return value
