"""What the history of one pair says: who leads, how alike they move, whether the spread reverts, how edges last."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import polars as pl

from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, NS_PER_SECOND, BadInput, FeeSchedule, expected, utc_date
from arbresearch.discovery.metrics.days import MeasuredDay, common_span, days_of, measure_day, moves_of
from arbresearch.discovery.metrics.result import PairMetrics
from arbresearch.discovery.metrics.settings import MetricsSettings
from arbresearch.discovery.metrics.spread_fit import fit_spread
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import LeadLagSums, lead_lag_of_sums, survival, volatility_ratio_of_sums
from arbresearch.edges.arrays import Floats
from arbresearch.store import Moment, TickStore

__all__ = ["PairMetrics", "historical_metrics"]

_CLEAR_Z: Final = 3.0
"""The widest of several differences was picked, so two standard errors are no evidence."""
_VAGUE_ERROR: Final = 0.2
"""Standard error from which on a component share says nothing."""
_QUANTILES: Final = (0.0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1.0)
_BASES: Final = ("gross", "net")


def historical_metrics(
    store: TickStore,
    pair: StreamPair,
    settings: MetricsSettings | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    *,
    fees_a: FeeSchedule,
    fees_b: FeeSchedule,
) -> PairMetrics:
    """Measure the history of one pair, reading one UTC day at a time.

    Parameters
    ----------
    store, pair
        Where, and which two streams.
    settings
        At which lags, horizons and steps; the defaults when None.
    start, end
        Receive times, start included and end not; None is open.
    fees_a, fees_b
        Schedules of the two streams; both legs are takers.

    Returns
    -------
    PairMetrics

    Raises
    ------
    BadInput
        The store has no such stream, or on no day quotes of both at the same time.
    """
    chosen = settings or MetricsSettings()
    measured: list[MeasuredDay] = []
    midnights: list[int] = []
    sums: list[LeadLagSums] = []
    over = np.zeros((len(chosen.horizons_s), 4))
    span = [0, 0]
    step_ns = sample_ns = 0
    for midnight, books in days_of(store, pair, chosen.max_age_ns, start, end):
        moves, horizons = moves_of(books, chosen)
        if not measured:
            step_ns, sample_ns = _steps(chosen, common_span(store, pair, start, end), int(moves.step_ns))
            span[0] = int(books.recv_ns[0])
        span[1] = int(books.recv_ns[-1])
        measured.append(measure_day(books, step_ns, sample_ns, fees_a, fees_b, chosen))
        midnights.append(midnight)
        sums.append(moves)
        over += horizons
    if not measured:
        todo = "take a range in which both venues were recorded"
        raise BadInput(expected(pair.name, "a day with quotes of both at the same time", "none in the range", todo))
    return _together(pair, chosen, span, midnights, measured, _summed(sums), over, sample_ns)


def _steps(chosen: MetricsSettings, span: tuple[int, int], grid_ns: int) -> tuple[int, int]:
    """Return the step of the grid, that of coarser data where they are, and the one at which the spread is kept."""
    step_ns = grid_ns if grid_ns > chosen.step_ns and NS_PER_DAY % grid_ns == 0 else chosen.step_ns
    return step_ns, step_ns * max(1, -(-(span[1] - span[0]) // (step_ns * chosen.most_samples)))


def _summed(sums: list[LeadLagSums]) -> LeadLagSums:
    total = sums[0]
    for one in sums[1:]:
        total = total + one
    return total


def _together(
    pair: StreamPair,
    chosen: MetricsSettings,
    span: list[int],
    midnights: list[int],
    measured: list[MeasuredDay],
    sums: LeadLagSums,
    over: Floats,
    sample_ns: int,
) -> PairMetrics:
    lead = lead_lag_of_sums(sums)
    at_nought = lead.correlations[lead.lags == 0.0]
    told = lead.lead_z >= _CLEAR_Z and lead.lead != 0.0
    samples = pl.concat([one.samples for one in measured])
    step_ns = int(sums.step_ns)
    grid_s = step_ns / NS_PER_SECOND if step_ns >= chosen.lags_s[0] * NS_PER_SECOND else math.nan
    return PairMetrics(
        pair=pair,
        start_ns=span[0],
        end_ns=span[1],
        days=len(measured),
        updates=sum(one.updates for one in measured),
        correlation=float(at_nought[0]),
        lead=lead,
        leader=(pair.side_a if lead.lead > 0.0 else pair.side_b) if told else "",
        lead_s=abs(lead.best_lag if lead.best_lag * lead.lead > 0.0 else lead.lead) / NS_PER_SECOND
        if told
        else math.nan,
        grid_s=grid_s,
        volatility_ratio=volatility_ratio_of_sums(sums).ratio,
        spread=fit_spread(
            samples["recv_ns"].to_numpy(), samples["spread_bps"].to_numpy(), sample_ns, confidence=chosen.confidence
        ),
        lags=pl.DataFrame(
            {
                "lag_s": lead.lags / NS_PER_SECOND,
                "correlation": lead.correlations,
                "standard_error": lead.standard_errors,
            }
        ),
        horizons=_horizons(chosen, over, grid_s),
        quantiles=_quantiles(samples),
        **_hours(measured, samples),
        **_lives(measured, chosen),
        **_price_discovery(pair, midnights, measured),
    )


def _horizons(chosen: MetricsSettings, over: Floats, grid_s: float) -> pl.DataFrame:
    horizons = np.array(chosen.horizons_s)
    square_a, square_b, product, changes = over.T
    known = (square_a > 0.0) & (square_b > 0.0) & ~(horizons < grid_s)
    correlation, ratio = np.full(horizons.size, math.nan), np.full(horizons.size, math.nan)
    correlation[known] = product[known] / np.sqrt(square_a[known] * square_b[known])
    ratio[known] = np.sqrt(square_a[known] / square_b[known])
    return pl.DataFrame(
        {
            "horizon_s": horizons,
            "correlation": correlation,
            "volatility_ratio": ratio,
            "changes": changes.astype(np.int64),
        }
    )


def _quantiles(samples: pl.DataFrame) -> pl.DataFrame:
    columns: dict[str, Any] = {"quantile": list(_QUANTILES)}
    for name in ("gross_bps", "net_bps", "spread_bps"):
        values = samples[name].to_numpy()
        values = values[~np.isnan(values)]
        columns[name] = np.quantile(values, _QUANTILES) if values.size else np.full(len(_QUANTILES), math.nan)
    return pl.DataFrame(columns)


def _hours(measured: list[MeasuredDay], samples: pl.DataFrame) -> dict[str, Any]:
    seconds = pl.col("seconds")
    profile = pl.DataFrame({"hour": pl.Series(range(24), dtype=pl.Int8)})
    for basis in _BASES:
        weighed = (
            pl.concat([one.hours[basis] for one in measured])
            .filter(seconds > 0.0)
            .group_by("hour")
            .agg(
                seconds.sum(),
                ((pl.col("mean_bps") * seconds).sum() / seconds.sum()).alias(f"{basis}_mean_bps"),
                ((pl.col("share_of_time") * seconds).sum() / seconds.sum()).alias(f"{basis}_share"),
            )
        )
        weighed = weighed if basis == "gross" else weighed.drop("seconds")
        profile = profile.join(weighed, on="hour", how="left", maintain_order="left")
    hour = (pl.col("recv_ns") % NS_PER_DAY // NS_PER_HOUR).cast(pl.Int8).alias("hour")
    spread = (
        samples.select(hour, pl.col("spread_bps").fill_nan(None))
        .group_by("hour")
        .agg(
            pl.col("spread_bps").mean().alias("spread_mean_bps"),
            pl.col("spread_bps").std().alias("spread_sd_bps"),
        )
    )
    profile = profile.join(spread, on="hour", how="left", maintain_order="left")
    profile = profile.with_columns(pl.col("seconds").fill_null(0.0), pl.exclude("hour", "seconds").fill_null(math.nan))
    return {"hour_profile": profile, "hours": float(profile["seconds"].sum()) / 3_600.0}


def _lives(measured: list[MeasuredDay], chosen: MetricsSettings) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    frames = []
    for basis in _BASES:
        found = pl.concat([one.episodes[basis] for one in measured])
        lives = survival(found, chosen.latencies_s, confidence=chosen.confidence)
        largest = np.array([one.max_bps[basis] for one in measured])
        longest = found["duration_s"].max()
        figures |= {
            f"{basis}_max_bps": float(np.nanmax(largest)) if np.isfinite(largest).any() else math.nan,
            f"{basis}_episodes": found.height,
            f"{basis}_median_s": lives.median_s,
            f"{basis}_longest_s": math.nan if longest is None else float(longest),  # type: ignore[arg-type]
        }
        later = [found[f"edge_{place}_bps"].fill_nan(None).mean() for place in range(len(chosen.latencies_s))]
        edge = pl.Series("edge_bps", later, dtype=pl.Float64).fill_null(math.nan)
        frames.append(lives.frame.select(pl.lit(basis).alias("basis"), pl.exclude("variance"), edge))
    return figures | {"survival": pl.concat(frames)}


def _price_discovery(pair: StreamPair, midnights: list[int], measured: list[MeasuredDay]) -> dict[str, Any]:
    names = ("component_share", "component_share_error", "information_low", "information_high", "steps")
    frame = pl.DataFrame(
        {
            "day": [utc_date(one) for one in midnights],
            **{name: [getattr(one.discovery, name) for one in measured] for name in names},
        }
    )
    known = frame.filter(pl.col("component_share").is_not_nan() & pl.col("information_low").is_not_nan())
    figures: dict[str, Any] = {"discovery": frame, "price_leader": ""}
    if not known.height:
        reason = "on no day can it be told: too few steps, a price that never moved, or one that copies the other"
        return figures | dict.fromkeys(names[:4], math.nan) | {"discovery_reason": reason}
    steps = known["steps"].to_numpy()
    weights = steps / steps.sum()
    share, low, high = (float((weights * known[name].to_numpy()).sum()) for name in (names[0], names[2], names[3]))
    error = float(np.sqrt(np.square(weights * known["component_share_error"].to_numpy()).sum()))
    vague = not error < _VAGUE_ERROR
    if not vague and low > 0.5 and share - 2.0 * error > 0.5:
        figures["price_leader"] = pair.side_a
    elif not vague and high < 0.5 and share + 2.0 * error < 0.5:
        figures["price_leader"] = pair.side_b
    return figures | {
        **dict(zip(names[:4], (share, error, low, high), strict=True)),
        "discovery_reason": f"the standard error of the component share is {error:.2g}" if vague else "",
    }
