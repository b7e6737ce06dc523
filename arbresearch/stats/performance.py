"""What a series of returns amounts to: the usual figures, each with its definition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.stats.series import Floats, as_series, dot

__all__ = ["Performance", "performance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What :func:`performance` returns; r are the known returns, n their number, P the periods a year.

    A ratio whose divisor is zero is NaN: the data do not say. Equity starts at 1 and is counted: index 0 is the start,
    index i what is left after row i of the returns.

    Parameters
    ----------
    observations, periods_per_year
        n and P. What an observation is, a day or a pair of trades, is what the caller gave.
    mean
        Of r, a fraction per period; NaN for no observation.
    volatility
        ``sd(r) sqrt(P)``, a fraction per root of a year, ``ddof=1``; NaN with fewer than two observations.
    sharpe
        ``mean / sd(r) sqrt(P)``, per root of a year, over no interest. NaN for a constant series.
    sharpe_per_period
        ``mean / sd(r)``: what the tests of :mod:`arbresearch.stats.overfit` take.
    sortino
        ``mean / sqrt(sum(min(r, 0)^2) / n) sqrt(P)``: the downside is over all n, not over the losses alone. NaN
        without loss.
    calmar
        ``annual_return / -max_drawdown``. NaN without drawdown.
    total_return
        ``prod(1 + r) - 1``.
    annual_return
        Compounded: ``prod(1 + r)^(P / n) - 1``; infinite where it is too large for a number.
    annual_return_simple
        ``mean P``: what is earned a year on capital that is kept at its size.
    max_drawdown
        Least ``equity / highest equity so far - 1``: in [-1, 0], 0 for none.
    drawdown_start, drawdown_bottom, drawdown_end
        Equity indices of the highest point before the largest drawdown (the last where several are as high), of its
        bottom (the first), and of the first point after it that is as high again. None where there is no drawdown, and
        ``drawdown_end`` None where it is not made good.
    drawdown_periods
        From its start to its end, or to the end of the data.
    longest_drawdown_periods
        The same of the drawdown that lasts longest, which may be another.
    wins, losses
        Observations above and below zero; zeros are neither.
    win_rate
        ``wins / (wins + losses)``, in [0, 1], by observation.
    profit_factor
        Sum of gains over sum of losses.
    average_win, average_loss
        Mean of what is above zero, and of what is below (negative).
    reward_to_risk
        ``average_win / -average_loss``.
    expectancy
        ``win_rate average_win + (1 - win_rate) average_loss``: the mean of what is not zero.
    best, worst
        Largest and smallest return.
    skewness, kurtosis
        ``m3 / m2^1.5`` and ``m4 / m2^2`` of the central moments with divisor n; kurtosis raw, 3 for the normal
        distribution. NaN for a constant series.
    """

    observations: int
    periods_per_year: float
    mean: float
    volatility: float
    sharpe: float
    sharpe_per_period: float
    sortino: float
    calmar: float
    total_return: float
    annual_return: float
    annual_return_simple: float
    max_drawdown: float
    drawdown_start: int | None
    drawdown_bottom: int | None
    drawdown_end: int | None
    drawdown_periods: int
    longest_drawdown_periods: int
    wins: int
    losses: int
    win_rate: float
    profit_factor: float
    average_win: float
    average_loss: float
    reward_to_risk: float
    expectancy: float
    best: float
    worst: float
    skewness: float
    kurtosis: float


def performance(returns: npt.ArrayLike, periods_per_year: float = 365) -> Performance:
    """Return the usual figures of a series of returns.

    They say what was, not how sure it is: see :func:`arbresearch.stats.lower_confidence_bound` and
    :func:`arbresearch.stats.deflated_sharpe`.

    Parameters
    ----------
    returns : array-like, shape (n,)
        Profit of a period over the equity at its beginning, a fraction; -1 is all of it, after which nothing is left
        whatever follows. NaN is a period that is not known: equity stays as it is, and no figure counts it but the
        lengths of drawdowns.
    periods_per_year
        365 for days, for markets here never close.

    Returns
    -------
    Performance
        For no known return all figures are NaN but counts and drawdowns.

    Raises
    ------
    BadInput
        Not a one-dimensional series of numbers, an infinite one, a return below -1, or an equity that is too large
        for a number.
    ParameterError
        Periods a year that are not above zero.
    """
    if not 0.0 < periods_per_year < math.inf:
        raise ParameterError(expected("periods_per_year", "a number above zero, such as 365", periods_per_year))
    rows = as_series(returns, "returns")
    ruinous = rows < -1.0
    if ruinous.any():
        row = int(ruinous.argmax())
        what = "give profits as fractions of the capital they are made with"
        raise BadInput(expected(f"returns row {row}", "-1 (all lost) or more", rows[row], what))
    known = rows[~np.isnan(rows)]
    mean = float(known.mean()) if known.size else math.nan
    with np.errstate(divide="ignore", over="ignore"):
        growth = float(np.log1p(known).sum()) if known.size else math.nan
        total_return = float(np.expm1(growth))
        annual_return = float(np.expm1(growth * periods_per_year / max(1, known.size)))
    if math.isinf(total_return):
        raise BadInput(expected("returns", "fractions whose product is a number", "an infinite equity"))
    drawdown = _drawdown(np.cumprod(np.concatenate(([1.0], 1.0 + np.nan_to_num(rows))), dtype=np.float64))
    return Performance(
        observations=known.size,
        periods_per_year=periods_per_year,
        mean=mean,
        calmar=_ratio(annual_return, -drawdown.depth),
        total_return=total_return,
        annual_return=annual_return,
        annual_return_simple=mean * periods_per_year,
        max_drawdown=drawdown.depth,
        drawdown_start=drawdown.start,
        drawdown_bottom=drawdown.bottom,
        drawdown_end=drawdown.end,
        drawdown_periods=drawdown.periods,
        longest_drawdown_periods=drawdown.longest,
        wins=int((known > 0.0).sum()),
        losses=int((known < 0.0).sum()),
        best=float(known.max()) if known.size else math.nan,
        worst=float(known.min()) if known.size else math.nan,
        **_risk(known, mean, math.sqrt(periods_per_year)),
        **_moments(known, mean),
        **_gains_and_losses(known[known > 0.0], known[known < 0.0]),
    )


@dataclass(frozen=True, slots=True)
class _Drawdown:
    depth: float
    start: int | None
    bottom: int | None
    end: int | None
    periods: int
    longest: int


def _drawdown(equity: Floats) -> _Drawdown:
    highest = np.maximum.accumulate(equity)
    index = np.arange(equity.size)
    at_top = equity >= highest
    # A top that is only as high as the one before ends a drawdown, so that each one starts from the last such top.
    top = np.maximum.accumulate(np.where(at_top, index, 0))
    # The point that is as high again belongs to the drawdown that it ends, and a point after a top to none.
    lengths = index - np.concatenate(([0], top[:-1]))
    longest = int(np.where(at_top & np.concatenate(([True], at_top[:-1])), 0, lengths).max())
    below = equity / highest - 1.0
    bottom = int(below.argmin())
    if below[bottom] == 0.0:
        return _Drawdown(0.0, None, None, None, 0, 0)
    start = int(top[bottom])
    later = np.flatnonzero(at_top[bottom:])
    end = bottom + int(later[0]) if later.size else None
    return _Drawdown(
        float(below[bottom]), start, bottom, end, (equity.size - 1 if end is None else end) - start, longest
    )


def _risk(known: Floats, mean: float, year: float) -> dict[str, float]:
    sd = math.nan
    if known.size > 1:
        sd = float(known.std(ddof=1)) if np.ptp(known) > 0.0 else 0.0
    downside = np.minimum(known, 0.0)
    sharpe = _ratio(mean, sd)
    return {
        "volatility": sd * year,
        "sharpe": sharpe * year,
        "sharpe_per_period": sharpe,
        "sortino": _ratio(mean, math.sqrt(dot(downside, downside) / max(1, known.size))) * year,
    }


def _moments(known: Floats, mean: float) -> dict[str, float]:
    if known.size == 0 or np.ptp(known) == 0.0:
        return {"skewness": math.nan, "kurtosis": math.nan}
    # The range drops out, and keeps small returns from powers that are no numbers.
    scaled = (known - mean) / np.ptp(known)
    square = scaled * scaled
    variance = float(square.mean())
    skewness, kurtosis = float((square * scaled).mean()), float((square * square).mean())
    return {"skewness": skewness / variance**1.5, "kurtosis": kurtosis / variance**2}


def _gains_and_losses(gains: Floats, losses: Floats) -> dict[str, float]:
    gained, lost = float(gains.sum()), float(losses.sum())
    average_win, average_loss = _ratio(gained, gains.size), _ratio(lost, losses.size)
    return {
        "win_rate": _ratio(gains.size, gains.size + losses.size),
        "profit_factor": _ratio(gained, -lost),
        "average_win": average_win,
        "average_loss": average_loss,
        "reward_to_risk": _ratio(average_win, -average_loss),
        "expectancy": _ratio(gained + lost, gains.size + losses.size),
    }


def _ratio(above: float, below: float) -> float:
    return above / below if below != 0.0 else math.nan
