"""What any two levels around a mean-reverting spread bring: a renewal of waits and passages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import scipy

from arbresearch.core import ParameterError, expected
from arbresearch.stats import first_passage_time, target_before_stop

__all__ = ["ReversionTerms", "TheoryRate", "best_half_width", "theory_rate"]

_SECONDS_A_DAY: Final = 86_400.0
_SEARCHED_SD: Final = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversionTerms:
    """The process that thresholds rest on: ``dy = kappa (theta - y) dt + sigma dW``, and what a round trip costs.

    Parameters
    ----------
    theta_bps
        Level reverted to.
    kappa
        Speed of reversion, one over a second.
    sigma
        Volatility, bps per root of a second.
    cost_bps
        Of a round trip.
    shift_bps
        How much further out levels act because they are watched from time to time.
    """

    theta_bps: float
    kappa: float
    sigma: float
    cost_bps: float
    shift_bps: float = 0.0

    @property
    def stationary_sd_bps(self) -> float:
        """Return ``sigma / sqrt(2 kappa)``."""
        return self.sigma / math.sqrt(2.0 * self.kappa)


@dataclass(frozen=True, slots=True)
class TheoryRate:
    """What :func:`theory_rate` returns.

    Parameters
    ----------
    gain_bps
        Of a round trip after cost, bps of the notional that is tilted, what levels act further out included.
    cycle_s
        Expected time from one entry to the next on either side, seconds.
    round_trips_day
        Entries a day.
    rate_bps_day
        Expected gain a day in the long run, bps of the notional that is tilted.
    """

    gain_bps: float
    cycle_s: float
    round_trips_day: float
    rate_bps_day: float


def theory_rate(
    terms: ReversionTerms, half_width_bps: float, *, exit_fraction: float = 1.0, skew_bps: float = 0.0
) -> TheoryRate:
    """Return what levels a half width a from a centre bring, left a fraction f of it beyond the centre.

    Entry is at ``centre + a`` (short) and ``centre - a`` (long), whichever is reached first, the way out at
    ``centre - f a`` and ``centre + f a``. f = 1 is always in the market, f = 0 leaves at the centre. A cycle is the
    wait W for an entry and the passage P to the way out. With the lower entry L and the upper one U,
    ``E[W(x)] = E[x -> U] - P(L before U) E[L -> U]``; from which side the next entry comes depends on the way out of
    the last one, a chain of two states. All is exact for a continuous watch; otherwise all levels act
    ``terms.shift_bps`` further out.

    Parameters
    ----------
    terms
        Process and cost.
    half_width_bps
        a, as set, zero or more.
    exit_fraction
        f, from 0 to 1.
    skew_bps
        How far the centre is above theta.

    Raises
    ------
    ParameterError
        A value out of its range, levels without any distance, or so far out (about 37 stationary standard deviations)
        that they are never reached.
    """
    if not 0.0 <= half_width_bps < math.inf:
        raise ParameterError(expected("half_width_bps", "a finite number, zero or more", half_width_bps))
    if not 0.0 <= exit_fraction <= 1.0:
        raise ParameterError(expected("exit_fraction", "from 0, the centre, to 1, the other entry", exit_fraction))
    if not math.isfinite(skew_bps):
        raise ParameterError(expected("skew_bps", "a finite number", skew_bps))
    enter, leave = half_width_bps + terms.shift_bps, exit_fraction * half_width_bps + terms.shift_bps
    if enter == 0.0:
        raise ParameterError(expected("half_width_bps", "above zero where levels are watched all the time", 0.0))
    cycle = _cycle_s(terms, enter, leave, terms.theta_bps + skew_bps)
    gain = enter + leave - terms.cost_bps
    return TheoryRate(gain, cycle, _SECONDS_A_DAY / cycle, _SECONDS_A_DAY * gain / cycle)


def best_half_width(terms: ReversionTerms, *, exit_fraction: float = 1.0, skew_bps: float = 0.0) -> float:
    """Return the half width, as set, with the highest :func:`theory_rate`, bps.

    For a flip about theta it is that of :func:`arbresearch.stats.zeng_lee` less the shift. Searched from where a
    round trip brings nothing up to six stationary standard deviations beyond.

    Raises
    ------
    ParameterError
        As :func:`theory_rate`.
    """
    least = max(0.0, (terms.cost_bps - 2.0 * terms.shift_bps) / (1.0 + exit_fraction))
    sd = terms.stationary_sd_bps
    found = scipy.optimize.minimize_scalar(
        lambda a: -theory_rate(terms, float(a), exit_fraction=exit_fraction, skew_bps=skew_bps).rate_bps_day,
        bounds=(least + 1e-9 * sd, least + _SEARCHED_SD * sd),
        method="bounded",
        options={"xatol": 1e-7 * sd},
    )
    return float(found.x)


def _cycle_s(terms: ReversionTerms, enter: float, leave: float, centre: float) -> float:
    upper, lower = centre + enter, centre - enter
    from_short, from_long = centre - leave, centre + leave

    def passage(start: float, level: float) -> float:
        time = first_passage_time(start, level, kappa=terms.kappa, sigma=terms.sigma, theta=terms.theta_bps)
        return float(time)

    def wait(start: float) -> tuple[float, float]:
        up = float(target_before_stop(start, upper, lower, kappa=terms.kappa, sigma=terms.sigma, theta=terms.theta_bps))
        return up, max(0.0, passage(start, upper) - (1.0 - up) * across)

    across = passage(lower, upper)
    (up_after_short, wait_after_short), (up_after_long, wait_after_long) = wait(from_short), wait(from_long)
    # Stationary share of short entries: it is the chance of one after a short times their share, and so on.
    shorts = up_after_long / (1.0 - up_after_short + up_after_long)
    short_cycle = passage(upper, from_short) + wait_after_short
    long_cycle = passage(lower, from_long) + wait_after_long
    return shorts * short_cycle + (1.0 - shorts) * long_cycle
