"""Thresholds by walk-forward maximisation of net profit over the backtest itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Final

import numpy as np

from arbresearch.backtest import BacktestConfig, GridPoint, Inputs, SpotArbitrageBacktester, block_profits
from arbresearch.core import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MINUTE,
    BadInput,
    ParameterError,
    expected,
    format_ns,
)
from arbresearch.edges.arrays import Floats, Times
from arbresearch.signals.schedule import ThresholdSchedule
from arbresearch.stats import lower_confidence_bound
from arbresearch.thresholds.fold_table import FIELDS, fold_frame
from arbresearch.thresholds.plan import Plan, make_plan, with_points
from arbresearch.thresholds.points import theory_points
from arbresearch.thresholds.regimes import (
    Regime,
    hour_states,
    schedule_by_state,
    schedule_by_tilt,
    volatility_states,
)
from arbresearch.thresholds.resample import Interval, mean_interval
from arbresearch.thresholds.result import OptimalThresholds, OutOfSample
from arbresearch.thresholds.search_statistics import search_statistics
from arbresearch.thresholds.settings import OptimizerSettings
from arbresearch.thresholds.verdict import judge
from arbresearch.thresholds.walkforward import Choice, Search, row_of

__all__ = ["DynamicThresholdOptimizer"]

_FOLD_RESAMPLES: Final = 199


class DynamicThresholdOptimizer:
    """Finds thresholds, order size and longest hold for two venues, and says how sure that is.

    On each time to choose on: the spread's process is fitted, a grid around its closed-form levels is run through the
    backtester (same kernel, same fees, latencies, inventory), and the middle of the plateau of profit is taken, not its
    peak. What was chosen is run on the time that follows, with as much left out in between as a position may last.
    Whether to trade rests on those later times alone.

    Parameters
    ----------
    backtester
        Whose store and fees count.
    """

    def __init__(self, backtester: SpotArbitrageBacktester) -> None:
        self.backtester = backtester

    def optimize_thresholds(
        self,
        symbol: str,
        config: BacktestConfig | None = None,
        settings: OptimizerSettings | None = None,
        *,
        points: Sequence[GridPoint] | None = None,
    ) -> OptimalThresholds:
        """Find the thresholds of a symbol.

        Parameters
        ----------
        symbol
            Unified symbol on A.
        config
            Venues, span, fees, latencies, capital and what else a backtest assumes; thresholds and order size are
            searched for. The defaults when None.
        settings
            The grid and how it is judged; the defaults when None.
        points
            Settings to choose among, instead of a grid around the closed form; theory then says nothing of them.

        Raises
        ------
        BadInput
            A configuration with a schedule; streams without data; too little data for the folds.
        ParameterError
            Fewer trials than were made, a hold longer than the time to choose on, or points below cost: a round trip
            that brings nothing.
        """
        config = BacktestConfig() if config is None else config
        settings = OptimizerSettings() if settings is None else settings
        if config.schedule is not None:
            raise BadInput(expected("config", "one without a schedule: thresholds are searched for", "a schedule"))
        config = replace(
            config.with_thresholds(0.0, 0.0, None, None), overrides=(), tilt_slope_bps=0.0,
        )  # fmt: skip
        if points is not None:
            settings = with_points(settings, points)
        inputs = self.backtester.load(symbol, config)
        plan = make_plan(inputs, config, settings)
        config = replace(config, position_size_usd=max(plan.sizes_quote))
        search = Search(
            self.backtester, inputs, config, settings,
            sizes_quote=plan.sizes_quote, holds_ns=plan.holds_ns, block_ns=plan.block_ns, points=points,
        )  # fmt: skip
        choices = [search.choose(one.train_start_ns, one.train_end_ns, resamples=_FOLD_RESAMPLES) for one in plan.folds]
        last = search.choose(plan.last.train_start_ns, plan.last.train_end_ns, resamples=settings.resamples)
        schedule = _constant(search, plan, choices, last)
        kept = _out_of_sample(search, symbol, plan, schedule)
        return _result(search, symbol, plan, choices, last, schedule, kept)


def _constant(search: Search, plan: Plan, choices: Sequence[Choice], last: Choice) -> ThresholdSchedule:
    size = search.sizes_quote[0]
    rows = [row_of(fold.test_start_ns, choice.point, size) for fold, choice in zip(plan.folds, choices, strict=True)]
    return ThresholdSchedule((*rows, row_of(plan.last.test_start_ns, last.point, size)))


def _out_of_sample(search: Search, symbol: str, plan: Plan, schedule: ThresholdSchedule) -> OutOfSample:
    """Run a schedule over the times to judge on, in one run with inventory carried over."""
    settings = search.settings
    start_ns, end_ns = plan.folds[0].test_start_ns, plan.folds[-1].test_end_ns
    part = search.inputs.between(start_ns, end_ns)
    result = search.backtester.run_inputs(part, symbol, _scheduled(search.config, schedule))
    profit = block_profits(result.equity, plan.block_ns)
    scaled = _scaled(profit, plan.block_ns, result.summary.capital_quote)
    first = -(-int(result.equity["time_ns"][0]) // plan.block_ns)
    return OutOfSample(
        block_start_ns=(first + np.arange(profit.size, dtype=np.int64)) * plan.block_ns,
        profit_quote=profit,
        block_ns=plan.block_ns,
        profit_bps_day=mean_interval(scaled, settings.confidence, candidates=settings.candidates),
        lower_bound_bps_day=_bound(scaled, settings),
        result=result,
    )


def _scheduled(config: BacktestConfig, schedule: ThresholdSchedule) -> BacktestConfig:
    plain = replace(config, sell_a_threshold_bps=None, sell_b_threshold_bps=None)
    return replace(plain, schedule=schedule)


def _scaled(profit_quote: Floats, block_ns: int, capital_quote: float) -> Floats:
    return np.asarray(profit_quote * (1e4 / capital_quote * NS_PER_DAY / block_ns))


def _bound(scaled: Floats, settings: OptimizerSettings, candidates: int | None = None) -> float:
    if not scaled.any():
        return nan if scaled.size < 20 else 0.0
    many = settings.candidates if candidates is None else candidates
    return lower_confidence_bound(scaled, settings.confidence, candidates=many)


def _result(
    search: Search,
    symbol: str,
    plan: Plan,
    choices: Sequence[Choice],
    last: Choice,
    schedule: ThresholdSchedule,
    kept: OutOfSample,
) -> OptimalThresholds:
    settings, inputs = search.settings, search.inputs
    tried = len(last.grid.points) * settings.candidates
    if settings.trials is not None and settings.trials < tried:
        todo = f"this grid alone has {len(last.grid.points)} points, times {settings.candidates} candidates"
        raise ParameterError(expected("trials", f"{tried} or more", settings.trials, todo))
    trials = tried if settings.trials is None else settings.trials
    found = search_statistics(last, settings, trials)
    folds = fold_frame(plan, choices, kept, settings.confidence)
    reasons = [one.reason for one in choices if one.point is None]
    promised = [one.profit_bps_day for one in choices if one.point is not None]
    in_sample = float(np.mean(promised)) if promised else nan
    over = found.overfitting
    answer, verdict = judge(
        profit=kept.profit_bps_day,
        lower_bound=kept.lower_bound_bps_day,
        overfitting=nan if over is None else over.probability,
        folds=len(choices),
        reasons=reasons,
        pairs=kept.result.summary.pairs,
    )
    point = last.point
    if point is None and last.plateau is not None:
        point = last.grid.points[last.plateau.choice]
    efficiency = kept.profit_bps_day.value / in_sample if promised and in_sample > 0.0 else nan
    values = {name: nan if point is None else float(getattr(point, name)) for name in FIELDS}
    regimes = _regimes(search, symbol, plan, choices, last, kept) if promised else ()
    return OptimalThresholds(
        symbol=symbol,
        venue_a=inputs.streams.a.venue,
        venue_b=inputs.streams.b.venue,
        start_ns=inputs.start_ns,
        end_ns=inputs.span[1],
        **values,
        max_hold_minutes=nan if point is None else point.max_hold_ns / NS_PER_MINUTE,
        intervals=_intervals(last, settings.confidence),
        answer=answer,
        verdict=verdict,
        in_sample_bps_day=in_sample,
        out_of_sample=kept,
        efficiency=efficiency,
        trials=trials,
        sharpe_day=found.sharpe_day,
        deflated_sharpe=found.deflated_sharpe,
        overfitting=over,
        superior=found.superior,
        grid=last.grid if last.grid.points else None,
        profit_bps_day=np.empty(0) if last.runs is None else last.runs.profit_bps_day,
        error_bps_day=last.error_bps_day,
        pairs=np.empty(0, dtype=np.int64) if last.runs is None else last.runs.pairs,
        plateau=last.plateau,
        fit=last.fit,
        theory_bps_day=np.full(len(last.grid.points), nan) if search.points else theory_points(last.fit, last.grid),
        folds=folds,
        regimes=regimes,
        sizing=last.sizing,
        schedule=schedule,
        warnings=_warnings(plan, last, kept, promised),
        capital_quote=kept.result.summary.capital_quote if last.runs is None else last.runs.capital_quote,
        settings=settings.as_dict(),
    )


def _intervals(last: Choice, confidence: float) -> dict[str, Interval]:
    found = {name: last.interval(name, confidence) for name in FIELDS}
    hold = last.interval("max_hold_ns", confidence)
    value, low, high = (one / NS_PER_MINUTE for one in (hold.value, hold.low, hold.high))
    return {**found, "max_hold_minutes": Interval(value, low, high, confidence)}


def _regimes(
    search: Search, symbol: str, plan: Plan, choices: Sequence[Choice], last: Choice, kept: OutOfSample
) -> tuple[Regime, ...]:
    """Return what each family of state-dependent thresholds would have brought beside the constant ones."""
    folds, all_choices = (*plan.folds, plan.last), (*choices, last)
    blocks = _all_blocks(search.inputs, plan.block_ns)
    found = []
    for name in search.settings.regimes:
        if name == "tilt":
            schedule = schedule_by_tilt(search, folds, all_choices)
        elif name == "hour":
            schedule = schedule_by_state(search, folds, all_choices, blocks, hour_states(blocks))
        else:
            states = volatility_states(search.edges, blocks, plan.block_ns)
            schedule = schedule_by_state(search, folds, all_choices, blocks, states)
        found.append(_judged(search, symbol, plan, name, schedule, kept))
    return tuple(found)


def _judged(
    search: Search, symbol: str, plan: Plan, name: str, schedule: ThresholdSchedule, kept: OutOfSample
) -> Regime:
    settings = search.settings
    theirs = _out_of_sample(search, symbol, plan, schedule)
    capital = kept.result.summary.capital_quote
    gain = _scaled(theirs.profit_quote - kept.profit_quote, plan.block_ns, capital)
    bound = _bound(gain, settings, candidates=len(settings.regimes))
    offered = bound > 0.0
    if offered:
        reason = ""
    elif not gain.any():
        reason = "no different from constant thresholds"
    elif gain.mean() > 0.0:
        reason = f"gained {gain.mean():.3g} bps a day, which may be luck"
    else:
        reason = f"lost {-gain.mean():.3g} bps a day against constant thresholds"
    return Regime(
        name=name,
        schedule=schedule,
        profit_bps_day=theirs.profit_bps_day.value,
        gain_bps_day=float(gain.mean()),
        gain_bound_bps_day=bound,
        offered=offered,
        reason=reason,
    )


def _all_blocks(inputs: Inputs, block_ns: int) -> Times:
    return np.arange(inputs.span[0] // block_ns, inputs.span[1] // block_ns + 1, dtype=np.int64) * block_ns


def _warnings(plan: Plan, last: Choice, kept: OutOfSample, promised: Sequence[float]) -> tuple[str, ...]:
    told = [*plan.notes, *last.fit.notes]
    if last.fit.reason:
        told.append(f"the grid was not started from a closed form: {last.fit.reason}")
    edges = [] if last.plateau is None else [one for one in last.plateau.at_edge if one.startswith(("width", "skew"))]
    if edges:
        told.append(f"the plateau reaches the grid's edge ({', '.join(edges)}); the best may lie beyond")
    if promised and len(promised) < len(plan.folds):
        told.append(f"nothing was traded in {len(plan.folds) - len(promised)} of {len(plan.folds)} times to judge on")
    left = plan.last.test_start_ns - plan.folds[-1].test_end_ns
    if left >= plan.block_ns:
        told.append(f"the last {left / NS_PER_HOUR:,.3g} h were not judged on, as they are shorter than the others")
    if kept.profit_quote.size < 20:
        told.append(f"{kept.profit_quote.size} blocks out of sample; 20 are needed for a bound")
    since = format_ns(plan.folds[0].test_start_ns, 0)
    return (*told, *(f"from {since}: {one}" for one in kept.result.warnings))
