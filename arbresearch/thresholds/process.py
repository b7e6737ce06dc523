"""The process a pair's spread follows, the levels that are best for it, and how well either is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from arbresearch.core import NS_PER_SECOND, BadInput, ParameterError, expected
from arbresearch.stats import Levels, OUFit, fit_ou, zeng_lee
from arbresearch.stats.bertram import optimal_distance
from arbresearch.thresholds.overshoot import overshoot_bps
from arbresearch.thresholds.sampling import LADDER_S, EdgeSeries, SpreadSamples, edge_series, sample_spread
from arbresearch.thresholds.theory import ReversionTerms

__all__ = ["FEWEST_PAIRS", "PROBABILITIES", "SpreadFit", "fit_spread"]

FEWEST_PAIRS: Final = 100
"""Consecutive known samples below which nothing is fitted."""
PROBABILITIES: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
"""At which quantiles of the directed edges are kept."""

_SAMPLES_A_HALF_LIFE: Final = 10.0
_FEWEST_A_HALF_LIFE: Final = 3.0
_NOISE_Z: Final = 2.0
_NOISE_SHARE: Final = 0.1
_TREND_Z: Final = 4.0
_UNIT_ROOT_T: Final = -3.43
"""At 1 %, with a constant: MacKinnon (2010), Critical values for cointegration tests, table 2."""
_PICTURE: Final = 50_000
_GAPS: Final = 100_000
_SECONDS_A_DAY: Final = 86_400.0
_NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class SpreadFit:
    """What :func:`fit_spread` returns; times are in seconds, levels and rates in bps of the notional tilted.

    Parameters
    ----------
    fit
        Of the spread sampled every ``dt_s``; None where it does not move or too little of it is known.
    cost_bps
        Of a round trip: mean over time; NaN where no quote is known.
    dt_s
        Distance of the samples.
    days
        From the first update to the last.
    samples
        Known samples.
    shift_bps
        How much further out levels act because quotes come one by one; see
        :func:`arbresearch.thresholds.overshoot.overshoot_bps`.
    levels
        With the highest rate when always in the market (flip), watched all the time; their rate is bps per second.
        None where no level can be trusted to pay, and ``reason`` says why.
    mean_levels
        The same when left at the mean.
    half_width_bps
        Distance of ``levels`` from theta; ``_low`` and ``_high`` are its interval.
    set_half_width_bps
        The half width to set: less the shift, but no less than half of the cost.
    rate_bps_day
        Expected gain of ``levels`` a day.
    y_median_bps, y_sd_bps
        Of the spread over time.
    edge_ab_quantiles_bps, edge_ba_quantiles_bps
        Of both directed edges over time at :data:`PROBABILITIES`; empty where no quote is known.
    reason
        Why there are no levels; empty where there are.
    notes
        What to be careful about.
    """

    fit: OUFit | None
    cost_bps: float
    dt_s: float
    days: float
    samples: int
    shift_bps: float
    levels: Levels | None
    mean_levels: Levels | None
    half_width_bps: float
    half_width_low_bps: float
    half_width_high_bps: float
    set_half_width_bps: float
    rate_bps_day: float
    y_median_bps: float
    y_sd_bps: float
    edge_ab_quantiles_bps: tuple[float, ...]
    edge_ba_quantiles_bps: tuple[float, ...]
    reason: str
    notes: tuple[str, ...]

    @property
    def reverts(self) -> bool:
        """Return whether there is a process that levels could rest on."""
        return self.levels is not None

    @property
    def theta_bps(self) -> float:
        """Return the level reverted to; the median of the spread where nothing reverts."""
        return self.fit.theta if self.fit is not None and self.levels is not None else self.y_median_bps

    @property
    def stationary_sd_bps(self) -> float:
        """Return the stationary standard deviation; that of the samples where nothing reverts."""
        return self.fit.stationary_sd if self.fit is not None and self.levels is not None else self.y_sd_bps

    def terms(self, *, watched: bool = True) -> ReversionTerms:
        """Return what :func:`arbresearch.thresholds.theory.theory_rate` needs.

        Parameters
        ----------
        watched
            Whether levels act further out as quotes come one by one; False: as if watched all the time.

        Raises
        ------
        BadInput
            Nothing reverts.
        """
        if self.fit is None or self.levels is None:
            raise BadInput(expected("spread", "one that reverts to a level", self.reason))
        shift = self.shift_bps if watched else 0.0
        return ReversionTerms(
            theta_bps=self.fit.theta, kappa=self.fit.kappa, sigma=self.fit.sigma, cost_bps=self.cost_bps,
            shift_bps=shift,
        )  # fmt: skip


def fit_spread(
    times_ns: npt.ArrayLike,
    net_ab_bps: npt.ArrayLike,
    net_ba_bps: npt.ArrayLike,
    *,
    dt_s: float | None = None,
    watch_s: float | None = None,
    max_age_s: float = 60.0,
    confidence: float = 0.95,
) -> SpreadFit:
    """Fit what reverts between two venues, and the levels that are best for it.

    ``y = (net_ab - net_ba) / 2`` is sampled at equal distances and fitted as an Ornstein-Uhlenbeck process
    (:func:`arbresearch.stats.fit_ou`); the levels are those of :func:`arbresearch.stats.zeng_lee` at the mean cost of
    a round trip.

    The distance is the longest of :data:`~arbresearch.thresholds.sampling.LADDER_S` whose half-life is 10 of it or
    more, none shorter than the usual gap between updates: noise that does not last biases the half-life less the longer
    the distance, and a shorter one tells hardly more. Noise is taken for small where ``noise_z`` is 2 or less or the
    half-life at five times the distance agrees within 10 %. Where it is not, the longest distance is taken that has
    little and is at most a third of the half-life, else the longest such distance (the shortest of all where there is
    none), and a note says so.

    Nothing reverts, and no level is given, where Dickey and Fuller's test does not exclude a random walk at 1 %, or
    the mean moves by more than a stationary standard deviation between the halves of the time and by more than four
    standard errors (a trend).

    Parameters
    ----------
    times_ns : array-like of int, shape (n,)
        When the edges were updated, UTC, not decreasing.
    net_ab_bps, net_ba_bps : array-like, shape (n,)
        Directed net edges; NaN where a quote is stale or one-sided.
    dt_s
        Distance of the samples in seconds; None: chosen.
    watch_s
        Time between two looks at the spread, seconds, 0 for all the time; None: the gaps between the updates.
    max_age_s
        An edge that was not updated for longer is not known.
    confidence
        Of the interval of the half width. With the cost taken as known it depends on the stationary standard
        deviation alone, in which it rises; that one's interval joins, squared deviations added on a log scale (Zou and
        Donner 2008, Statistics in Medicine 27, 1693-1702), those of the autocorrelation and of the noise's variance.

    Raises
    ------
    BadInput
        Arrays of different lengths, empty ones, times that go back, infinite edges.
    ParameterError
        A parameter out of its range.
    """
    if not 0.0 < confidence < 1.0:
        raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", confidence))
    edges = edge_series(times_ns, net_ab_bps, net_ba_bps)
    empty = _pictured(edges, max_age_s)
    if empty.reason:
        return empty
    found = _choose(edges, dt_s, max_age_s, confidence)
    if isinstance(found, str):
        return replace(empty, reason=found)
    fit, samples, notes = found
    step = _step_ns(samples) / NS_PER_SECOND
    known = int(np.count_nonzero(~np.isnan(samples.y_bps)))
    plain = replace(empty, fit=fit, dt_s=step, samples=known, notes=(*fit.notes, *notes))
    reason = _why_not(fit, samples, empty.cost_bps, confidence)
    if reason:
        return replace(plain, reason=reason)
    gaps = np.array([watch_s]) if watch_s is not None else _gaps(edges, max_age_s)
    return _with_levels(plain, fit, overshoot_bps(fit.sigma, gaps), confidence)


def _pictured(edges: EdgeSeries, max_age_s: float) -> SpreadFit:
    """Return what can be said without a process: cost, centre, quantiles."""
    picture = sample_spread(edges, max(1e-3, edges.span_s / _PICTURE), max_age_s=max_age_s)
    known = ~np.isnan(picture.y_bps)
    y, cost = picture.y_bps[known], picture.cost_bps[known]
    plain = SpreadFit(
        fit=None, cost_bps=_NAN, dt_s=_NAN, days=edges.span_s / _SECONDS_A_DAY, samples=0, shift_bps=_NAN,
        levels=None, mean_levels=None, half_width_bps=_NAN, half_width_low_bps=_NAN, half_width_high_bps=_NAN,
        set_half_width_bps=_NAN, rate_bps_day=_NAN, y_median_bps=_NAN, y_sd_bps=_NAN, edge_ab_quantiles_bps=(),
        edge_ba_quantiles_bps=(), reason="", notes=(),
    )  # fmt: skip
    if y.size < FEWEST_PAIRS:
        return replace(plain, reason=f"too little data: {y.size} samples are known, {FEWEST_PAIRS} are needed")
    ab, ba = (np.quantile(one, PROBABILITIES) for one in (y - 0.5 * cost, -y - 0.5 * cost))
    pictured = replace(
        plain, cost_bps=float(cost.mean()), y_median_bps=float(np.median(y)), y_sd_bps=float(y.std(ddof=1)),
        edge_ab_quantiles_bps=tuple(float(one) for one in ab), edge_ba_quantiles_bps=tuple(float(one) for one in ba),
    )  # fmt: skip
    if np.ptp(y) <= 1e-9 * max(1.0, float(np.abs(y).max())):
        return replace(pictured, y_sd_bps=0.0, reason=f"the spread is constant at {pictured.y_median_bps:.4g} bps")
    return pictured


def _choose(
    edges: EdgeSeries, dt_s: float | None, max_age_s: float, confidence: float
) -> tuple[OUFit, SpreadSamples, tuple[str, ...]] | str:
    """Return the fit at the distance that suits it, or why there is none."""
    fits: list[tuple[OUFit, SpreadSamples]] = []
    most, usual = 0, float(np.median(_gaps(edges, max_age_s)))
    ladder = [one for one in LADDER_S if one >= usual] or [LADDER_S[-1]]
    for step in [dt_s] if dt_s is not None else reversed(ladder):
        samples = sample_spread(edges, step, max_age_s=max_age_s)
        known = ~np.isnan(samples.y_bps)
        most = max(most, pairs := int(np.count_nonzero(known[1:] & known[:-1])))
        if pairs < FEWEST_PAIRS or np.ptp(samples.y_bps[known]) == 0.0:
            continue
        fits.append((fit_ou(samples.y_bps, step, confidence=confidence), samples))
        # Written so that a series that does not revert at this distance ends the search too.
        if not fits[-1][0].half_life < _SAMPLES_A_HALF_LIFE * step and fits[-1][0].phi > 0.0:
            break
    if not fits:
        return f"too little data: {most} consecutive samples are known, {FEWEST_PAIRS} are needed"
    last = fits[-1]
    if dt_s is not None or not last[0].reverts or not _noisy(last[0]):
        return (*last, ())
    enough = [one for one in fits if one[0].half_life * NS_PER_SECOND >= _FEWEST_A_HALF_LIFE * _step_ns(one[1])]
    for fit, samples in enough:
        if not _noisy(fit):
            return fit, samples, ()
    note = "no distance of the samples is free of noise: this is not one mean-reverting process"
    return (*(enough[0] if enough else last), (note,))


def _step_ns(samples: SpreadSamples) -> int:
    return int(samples.time_ns[1] - samples.time_ns[0])


def _noisy(fit: OUFit) -> bool:
    apart = abs(fit.kappa_coarse / fit.kappa - 1.0)
    return fit.noise_z > _NOISE_Z and not apart <= _NOISE_SHARE


def _why_not(fit: OUFit, samples: SpreadSamples, cost_bps: float, confidence: float) -> str:
    """Return why no level may rest on a fit; empty where one may."""
    if not fit.reverts:
        return f"no reversion: {fit.reason}"
    if not _unit_root_t(fit, confidence) < _UNIT_ROOT_T:
        return f"no reversion: a random walk could look like this (kappa * T is {fit.kappa_t:.3g})"
    half = samples.y_bps.size // 2
    first, second = (one[~np.isnan(one)] for one in (samples.y_bps[:half], samples.y_bps[half:]))
    if first.size and second.size:
        moved = float(second.mean() - first.mean())
        error = fit.stationary_sd * math.sqrt(8.0 / fit.kappa_t)
        if abs(moved) > max(_TREND_Z * error, fit.stationary_sd):
            return f"trending: the mean moves by {moved:.4g} bps from the first half of the time to the second"
    if not cost_bps > 0.0:
        return f"a round trip costs {cost_bps:.4g} bps: with none to pay ever closer levels are ever better"
    try:
        optimal_distance(2.0 * cost_bps, fit.stationary_sd)
    except ParameterError:
        times = cost_bps / fit.stationary_sd
        return f"a round trip costs {times:.4g} standard deviations of the spread; no level pays for it"
    return ""


def _unit_root_t(fit: OUFit, confidence: float) -> float:
    """Return the distance of phi from one in standard errors, from the upper end of its interval."""
    n = fit.pairs
    quantile = -float(stdtrit(n - 2, 0.5 - 0.5 * confidence)) * (1.0 + 3.0 / n)
    return (fit.phi - 1.0) * quantile / (fit.phi_high - fit.phi - (1.0 + 3.0 * fit.phi) / n)


def _gaps(edges: EdgeSeries, max_age_s: float) -> npt.NDArray[np.float64]:
    """Return gaps between updates in seconds, of at most so many of them, spread evenly."""
    every = 1 + edges.time_ns.size // _GAPS
    ends = edges.time_ns[1::every]
    gaps = (ends - edges.time_ns[:-1:every]) / NS_PER_SECOND
    return np.asarray(gaps[(gaps > 0.0) & (gaps <= max_age_s)])


def _with_levels(plain: SpreadFit, fit: OUFit, shift: float, confidence: float) -> SpreadFit:
    cost = plain.cost_bps
    levels = zeng_lee(fit.theta, fit.kappa, fit.sigma, cost)
    width = levels.entry - fit.theta
    low, high = _sd_interval(fit, confidence)
    return replace(
        plain,
        shift_bps=shift,
        levels=levels,
        mean_levels=zeng_lee(fit.theta, fit.kappa, fit.sigma, cost, "mean"),
        half_width_bps=width,
        half_width_low_bps=_half_width(low, cost),
        half_width_high_bps=_half_width(high, cost),
        set_half_width_bps=max(width - shift, 0.5 * cost),
        rate_bps_day=levels.rate * _SECONDS_A_DAY,
    )


def _half_width(sd: float, cost: float) -> float:
    if sd == math.inf:
        return math.inf
    try:
        return sd * optimal_distance(cost, sd)
    except ParameterError:
        return 0.5 * cost


def _sd_interval(fit: OUFit, confidence: float) -> tuple[float, float]:
    """Return the interval of the stationary sd from those of the autocorrelation and of the noise.

    The variance is ``v / (1 - phi^2)``, v that of the noise, whose logarithm has the standard error ``sqrt(2 / n)``.
    """
    noise = float(ndtri(0.5 + 0.5 * confidence)) * 0.5 * math.sqrt(2.0 / fit.pairs)
    sides = []
    for phi in (fit.phi_low, fit.phi_high):
        left = 1.0 - max(phi, 0.0) ** 2
        moved = 0.5 * math.log((1.0 - fit.phi**2) / left) if left > 0.0 else math.inf
        sides.append(fit.stationary_sd * math.exp(math.copysign(math.hypot(moved, noise), phi - fit.phi)))
    return sides[0], sides[1]
