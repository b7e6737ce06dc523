"""What is known of the history of one pair, as figures and small frames."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import polars as pl

from arbresearch.core import NS_PER_SECOND
from arbresearch.discovery.metrics.spread_fit import SpreadFit
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import LeadLag

__all__ = ["PairMetrics"]


@dataclass(frozen=True, slots=True, eq=False)
class PairMetrics:
    """What :func:`arbresearch.discovery.historical_metrics` found.

    Edges are those of the better direction; net ones are after the fees of two takers.

    Parameters
    ----------
    pair
        The two streams; A is ``pair.side_a``.
    start_ns, end_ns
        First and last update with both books, ns UTC.
    days, hours, updates
        UTC days with both books; hours in which both were known and fresh; merged updates.
    correlation
        Hayashi-Yoshida, at lag 0; NaN where a price never moved. Not bounded by one.
    lead
        Correlations at all lags, in nanoseconds; see :class:`arbresearch.edges.LeadLag`.
    leader
        Side that moves first, where its lead is three standard errors or more; else empty.
    lead_s
        How much later the other follows, seconds: the best lag where it is to the leader's side; else, as on a coarse
        grid, the lag that says who leads. NaN without a leader.
    grid_s
        Step of the common grid on which the data lie, seconds; lags and horizons under it are not told. NaN: no grid.
    volatility_ratio
        ``sigma_A / sigma_B`` at ``volatility_horizon_s``; neutral at 1.
    component_share, component_share_error
        A's weight in the common price (Gonzalo and Granger), mean of the days by their steps.
    information_low, information_high
        Bounds of A's information share (Hasbrouck), likewise.
    price_leader
        Side on which the price is made, where both bounds and the share with its interval are on one side of a half;
        else empty.
    discovery_reason
        Why the shares say nothing; empty where they do.
    spread
        Fit of ``1e4 ln(mid_A / mid_B)``, bps and seconds, sampled where both books are fresh.
    gross_max_bps, net_max_bps
        Largest edge at any update, bps.
    gross_episodes, net_episodes
        Episodes with a gross edge above 0, and with a net edge above ``entry_bps``. One over midnight is two.
    gross_median_s, net_median_s, gross_longest_s, net_longest_s
        Median (Kaplan-Meier) and longest duration, seconds; NaN where not known.
    lags
        lag_s, correlation, standard_error; A leads at positive ones.
    horizons
        horizon_s, correlation (of changes over it, sampled: it fades on short ones, Epps 1979; beside it stands
        ``correlation``), volatility_ratio, changes (overlapping, a fifth does not). NaN under the grid's step.
    hour_profile
        hour (UTC), seconds, gross_mean_bps, gross_share (of time above 0), net_mean_bps, net_share (of time above
        ``entry_bps``), spread_mean_bps, spread_sd_bps. NaN without data.
    quantiles
        quantile, gross_bps, net_bps, spread_bps: over time, sampled each ``spread.step_s``.
    survival
        basis (gross, net), latency_s, survival, low, high, at_risk (see :func:`arbresearch.edges.survival`), and
        edge_bps, the mean edge that long after the start of an episode where it is known.
    discovery
        day, component_share, component_share_error, information_low, information_high, steps.
    """

    pair: StreamPair
    start_ns: int
    end_ns: int
    days: int
    hours: float
    updates: int
    correlation: float
    lead: LeadLag
    leader: str
    lead_s: float
    grid_s: float
    volatility_ratio: float
    component_share: float
    component_share_error: float
    information_low: float
    information_high: float
    price_leader: str
    discovery_reason: str
    spread: SpreadFit
    gross_max_bps: float
    net_max_bps: float
    gross_episodes: int
    net_episodes: int
    gross_median_s: float
    net_median_s: float
    gross_longest_s: float
    net_longest_s: float
    lags: pl.DataFrame
    horizons: pl.DataFrame
    hour_profile: pl.DataFrame
    quantiles: pl.DataFrame
    survival: pl.DataFrame
    discovery: pl.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON primitives: frames as lists of rows, NaN and infinity as None, lags in seconds."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        lead = {
            "best_lag_s": self.lead.best_lag / NS_PER_SECOND,
            "correlation": self.lead.correlation,
            "ratio": self.lead.ratio,
            "lead_s": self.lead.lead / NS_PER_SECOND,
            "lead_z": self.lead.lead_z,
        }
        spread = {name: value for name, value in asdict(self.spread).items() if name != "fit"}
        spread |= {"fit": asdict(self.spread.fit) if self.spread.fit else None}
        return {
            name: _plain(value)
            for name, value in (found | {"pair": self.pair.name, "lead": lead, "spread": spread}).items()
        }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, pl.DataFrame):
        return [_plain(row) for row in value.to_dicts()]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
