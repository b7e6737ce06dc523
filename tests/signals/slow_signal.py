"""What a signal says, written once more so that it is obviously right: from all quotes at once, in plain Python."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isnan, nan
from statistics import fmean, stdev

import numpy as np
from scipy.stats import theilslopes

from arbresearch.core import NS_PER_SECOND, BadInput, net_edge_bps
from arbresearch.signals import SignalSettings, VenueQuote
from arbresearch.stats import fit_ou, hit_probability


@dataclass
class Context:
    """What the window of a completed cell says of one direction."""

    ready: bool
    mean: float = nan
    sd: float = nan
    slope_bps_per_hour: float = nan
    trend_t: float = nan
    variance_ratio: float = nan
    phi: float = nan
    kappa: float = nan
    theta: float = nan
    sigma: float = nan
    stationary_sd: float = nan
    half_life_s: float = nan


@dataclass
class Said:
    """What is said of one horizon and direction."""

    context: Context
    percentile: float = nan
    z_score: float = nan
    reversion_probability: float = nan


class SlowSignal:
    """All quotes, and what a signal says just after any of them."""

    def __init__(self, quotes: list[VenueQuote], settings: SignalSettings) -> None:
        self.settings = settings
        self.times = [one.recv_ns for one in quotes]
        self.quotes = quotes
        self.start_ns = max(min(one.recv_ns for one in quotes if one.venue == venue) for venue in "ab")

    def edges(self, upto: int, now_ns: int) -> tuple[float, float]:
        """Return both net edges of the books that the first quotes up to a row left, as of a time."""
        a, b = (self.last(venue, upto) for venue in "ab")
        if a is None or b is None:
            return nan, nan
        oldest = min(a.recv_ns, b.recv_ns)
        apart = abs(a.recv_ns - b.recv_ns)
        if now_ns - oldest > self.settings.max_age_s * 1e9 or apart > self.settings.max_skew_s * 1e9:
            return nan, nan
        fee_a, fee_b = self.settings.fees_a.taker, self.settings.fees_b.taker
        return net_edge_bps(a.bid, b.ask, fee_a, fee_b), net_edge_bps(b.bid, a.ask, fee_b, fee_a)

    def last(self, venue: str, upto: int) -> VenueQuote | None:
        """Return the last quote of a venue among the first ones up to a row."""
        return next((self.quotes[row] for row in range(upto - 1, -1, -1) if self.quotes[row].venue == venue), None)

    def window(self, horizon_s: float, now_ns: int, direction: int) -> list[float | None]:
        """Return the samples of the grid instants in (now - horizon, now]; None before there were any."""
        spacing = round(horizon_s * NS_PER_SECOND) // 120
        last = now_ns // spacing
        samples: list[float | None] = []
        for place in range(last - 119, last + 1):
            instant = place * spacing
            if instant <= self.start_ns:
                samples.append(None)
            else:
                samples.append(self.edges(bisect_left(self.times, instant), instant)[direction])
        return samples

    def context(self, horizon_s: float, now_ns: int, direction: int) -> Context:
        """Return what the window at the end of the last cell says."""
        cell = round(horizon_s * NS_PER_SECOND) // 12
        samples = self.window(horizon_s, now_ns // cell * cell, direction)
        if None in samples:
            return Context(ready=False)
        values = np.array(samples, dtype=np.float64)
        known = [one for one in values.tolist() if not isnan(one)]
        return context_of(values, horizon_s / 120) if len(known) >= 60 else Context(ready=False)

    def say(self, row: int, horizon_s: float, direction: int) -> Said:
        """Return what is said of a horizon and direction just after the quote of a row."""
        now_ns = self.times[row]
        said = Said(self.context(horizon_s, now_ns, direction))
        edge = self.edges(row + 1, now_ns)[direction]
        context = said.context
        if not context.ready or isnan(edge):
            return said
        known = [one for one in self.window(horizon_s, now_ns, direction) if one is not None and not isnan(one)]
        said.percentile = mid_rank(known, edge)
        if context.sd > 0.0:
            said.z_score = (edge - context.mean) / context.sd
        if context.kappa > 0.0:
            process = {"kappa": context.kappa, "sigma": context.sigma, "theta": context.theta}
            chance = float(hit_probability(edge, horizon_s, **process))
            said.reversion_probability = 1.0 if edge <= context.theta else chance
        return said


def mid_rank(history: list[float], value: float) -> float:
    """Return which share of the history is below a value, half of what equals it included."""
    return (sum(one < value for one in history) + 0.5 * sum(one == value for one in history)) / len(history)


def context_of(samples: np.ndarray, spacing_s: float) -> Context:
    """Return what a full window says; NaN is a sample that is not known."""
    known = [one for one in samples.tolist() if not isnan(one)]
    mean = known[0] if len(set(known)) == 1 else fmean(known)
    found = Context(ready=True, mean=mean, sd=0.0 if len(set(known)) == 1 else stdev(known))
    found.slope_bps_per_hour, found.trend_t = trend_of(samples.tolist(), 10 * spacing_s)
    if found.sd == 0.0:
        return found
    found.variance_ratio = variance_ratio_of(samples.tolist())
    try:
        fit = fit_ou(samples, spacing_s)
    except BadInput:
        return found
    found.phi = fit.phi
    slack = 1e-9 * (max(known) - min(known))
    if not min(known) - slack <= fit.theta <= max(known) + slack:
        return found
    found.kappa, found.theta, found.sigma = fit.kappa, fit.theta, fit.sigma
    found.stationary_sd, found.half_life_s = fit.stationary_sd, fit.half_life
    return found


def trend_of(samples: list[float], cell_s: float) -> tuple[float, float]:
    """Return Theil and Sen's slope through the means of cells of ten, and its t-value."""
    cells = [[one for one in samples[first : first + 10] if not isnan(one)] for first in range(0, 120, 10)]
    places = [place for place, cell in enumerate(cells) if cell]
    means = [cells[place][0] if len(set(cells[place])) == 1 else fmean(cells[place]) for place in places]
    if len(places) < 3:
        return nan, nan
    fit = theilslopes(means, places)
    error = (fit.high_slope - fit.low_slope) / (2.0 * 1.959963984540054)
    slope = fit.slope
    t_value = slope / error if error else (nan if slope == 0.0 else inf if slope > 0.0 else -inf)
    return slope * 3600.0 / cell_s, t_value


def variance_ratio_of(samples: list[float]) -> float:
    """Return Lo and MacKinlay's ratio for ten increments, overlapping and corrected, of what is known."""
    ones = [b - a for a, b in pairwise(samples)]
    ones = [one for one in ones if not isnan(one)]
    tens = [b - a for a, b in zip(samples, samples[10:], strict=False)]
    tens = [one for one in tens if not isnan(one)]
    n = len(ones)
    if n <= 10 or not tens:
        return nan
    drift = fmean(ones)
    short = sum((one - drift) ** 2 for one in ones) / (n - 1)
    long = sum((one - 10 * drift) ** 2 for one in tens) / (10 * len(tens) * (1 - 10 / n))
    return long / short if short else nan


def rows_last_of_instant(times: list[int]) -> list[int]:
    """Return the last row of every time."""
    return [bisect_right(times, one) - 1 for one in sorted(set(times))]
