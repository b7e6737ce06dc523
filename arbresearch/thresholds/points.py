"""The grid of thresholds around the closed form, in sizes and holding times, and what theory says of each point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.backtest.grid import GridPoint
from arbresearch.core import NS_PER_SECOND, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.thresholds.process import SpreadFit
from arbresearch.thresholds.theory import theory_rate

__all__ = ["ThresholdGrid", "check_point", "default_widths", "theory_points", "threshold_grid", "user_grid"]

_NARROWEST: Final = 0.1
_WIDEST: Final = 3.0
_FURTHEST_SD: Final = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class ThresholdGrid:
    """Points of a grid, and where they lie.

    Parameters
    ----------
    points
        The P settings.
    index : array of int64, shape (P, 5)
        Place of each along :data:`~arbresearch.thresholds.plateau.DIMENSIONS`.
    coordinates : array of float64, shape (P, 5)
        Half width and skew in bps, exit fraction, order size in quote currency, longest hold in seconds.
    reason
        Why there is no point; empty where there are some.
    """

    points: tuple[GridPoint, ...]
    index: npt.NDArray[np.int64]
    coordinates: Floats
    reason: str = ""

    @property
    def half_width_bps(self) -> Floats:
        """Return the half width of each point, bps."""
        return self.coordinates[:, 0]

    @property
    def skew_bps(self) -> Floats:
        """Return how far the centre of each point is above that of the fit, bps."""
        return self.coordinates[:, 1]


def default_widths(fit: SpreadFit, count: int = 20) -> tuple[float, ...]:
    """Return half widths as multiples of the way from break-even, half of the cost, to the optimum.

    From 0.1 to 3, or further where that is within 2.5 stationary standard deviations of the centre; rising by a
    constant factor, with 1 in or near the middle.

    Raises
    ------
    ParameterError
        Fewer than two.
    BadInput
        Nothing reverts.
    """
    if count < 2:
        raise ParameterError(expected("count", "two or more", count))
    terms = fit.terms()
    way = fit.half_width_bps - 0.5 * terms.cost_bps
    far = (_FURTHEST_SD * terms.stationary_sd_bps - 0.5 * terms.cost_bps) / way
    return tuple(float(one) for one in np.geomspace(_NARROWEST, max(_WIDEST, far), count))


def threshold_grid(
    fit: SpreadFit,
    *,
    sizes: Sequence[float],
    holds_ns: Sequence[int],
    widths: int | Sequence[float] = 20,
    skews: Sequence[float] = (0.0,),
    exits: Sequence[float] = (1.0,),
) -> ThresholdGrid:
    """Return thresholds on both directed edges around the best levels of a spread.

    With the half width a, the centre theta and the cost C: ``sell_a = theta + a - C / 2``, ``sell_b = -theta + a -
    C / 2``; the ways out ``sell_b_exit = -theta + f a - C / 2`` and ``sell_a_exit = theta + f a - C / 2``. A round
    trip brings ``(1 + f) a - C``; points at which that is not above zero are left out.

    Where nothing reverts there is no optimum to start from: half widths and centre then are those of equal quantiles
    of both directed edges (:data:`arbresearch.thresholds.process.PROBABILITIES`), and ``widths`` are not used.

    Parameters
    ----------
    fit
        Of the pair's spread.
    sizes
        Order sizes, quote currency.
    holds_ns
        Longest holds, nanoseconds.
    widths
        Multiples of the way from ``C / 2`` to the optimum, above zero; a number: so many of :func:`default_widths`.
    skews
        How far the centre is above theta, in stationary standard deviations.
    exits
        Fractions f from 0 (out at the centre) to 1 (out at the other side's entry).

    Returns
    -------
    ThresholdGrid
        Without points, and with a reason, where no level above cost was ever met.

    Raises
    ------
    ParameterError
        An empty list, values that repeat, or one out of its range.
    """
    if fit.reverts:
        multiples = default_widths(fit, widths) if isinstance(widths, int) else widths
        _check("widths", multiples, 0.0, math.inf, above=True)
        half = 0.5 * fit.cost_bps
        pairs = [(half + one * (fit.half_width_bps - half), fit.theta_bps) for one in multiples]
    else:
        pairs = _quantile_levels(fit)
    for name, values, least, most in (("skews", skews, -10.0, 10.0), ("exits", exits, 0.0, 1.0)):
        _check(name, values, least, most)
    _check("sizes", sizes, 0.0, math.inf, above=True)
    _check("holds_ns", holds_ns, 0.0, math.inf)
    sd, cost = fit.stationary_sd_bps, fit.cost_bps
    points, index, coordinates = [], [], []
    for w, (width, centre) in enumerate(pairs):
        for k, skew in enumerate(skews):
            for e, out in enumerate(exits):
                if not (1.0 + out) * width - cost > 0.0:
                    continue
                off = skew * sd
                for s, size in enumerate(sizes):
                    for h, hold in enumerate(holds_ns):
                        points.append(_point(width, centre + off, out, cost, size, hold))
                        index.append((w, k, e, s, h))
                        coordinates.append((width, off, out, size, hold / NS_PER_SECOND))
    reason = "" if points else f"no level above cost: {fit.reason or 'every round trip brings nothing'}"
    shape = (len(points), 5)
    return ThresholdGrid(
        tuple(points), np.array(index, dtype=np.int64).reshape(shape),
        np.array(coordinates, dtype=np.float64).reshape(shape), reason,
    )  # fmt: skip


def user_grid(points: Sequence[GridPoint], cost_bps: float) -> ThresholdGrid:
    """Return points that were given, after a check; see :func:`check_point`.

    Each thresholds' half width, skew (from zero, not theta) and exit fraction follow from them and the cost of a round
    trip. Points lie in the grid by the rank of their half width, skew and so on among all.

    Parameters
    ----------
    points
        One or more, none twice.
    cost_bps
        Of a round trip.

    Raises
    ------
    ParameterError
        No point, one twice, or one below cost.
    """
    if not points:
        raise ParameterError(expected("points", "one or more", "none"))
    if len(set(points)) < len(points):
        raise ParameterError(expected("points", "each once", "one twice"))
    for point in points:
        check_point(point)
    rows = [_coordinates(point, cost_bps) for point in points]
    coordinates = np.array(rows, dtype=np.float64)
    # Rounded so that equal distances computed in two ways share a place.
    ranks = [np.unique(np.round(column, 9), return_inverse=True)[1] for column in coordinates.T]
    return ThresholdGrid(tuple(points), np.stack(ranks, axis=1).astype(np.int64), coordinates)


def check_point(point: GridPoint) -> None:
    """Refuse thresholds below cost: an entry and a way out, or a flip, that together bring nothing.

    Net edges have all costs taken off, so a round trip brings the sum of the two thresholds it crosses.

    Raises
    ------
    ParameterError
        A sum of zero or less.
    """
    for name, one, other in (
        ("sell_a_bps + sell_b_bps", point.sell_a_bps, point.sell_b_bps),
        ("sell_a_bps + sell_b_exit_bps", point.sell_a_bps, point.sell_b_exit_bps),
        ("sell_b_bps + sell_a_exit_bps", point.sell_b_bps, point.sell_a_exit_bps),
    ):
        if not one + other > 0.0:
            todo = "thresholds below cost: a round trip would bring nothing; raise one of them"
            raise ParameterError(expected(name, "above 0 bps", f"{one + other:g}", todo))


def theory_points(fit: SpreadFit, grid: ThresholdGrid, *, watched: bool = True) -> Floats:
    """Return what theory expects of each point, bps a day of the notional tilted, before latency and inventory.

    Parameters
    ----------
    fit
        Of the pair's spread; the grid must be of this fit, its skews being measured from its theta.
    grid
        As :func:`threshold_grid` gives it.
    watched
        As in :meth:`arbresearch.thresholds.process.SpreadFit.terms`.

    Returns
    -------
    array of float64, shape (P,)
        NaN where nothing reverts.
    """
    if not fit.reverts:
        return np.full(len(grid.points), math.nan)
    terms = fit.terms(watched=watched)
    known: dict[tuple[float, ...], float] = {}
    for width, skew, out in map(tuple, grid.coordinates[:, :3].tolist()):
        if (width, skew, out) not in known:
            rate = theory_rate(terms, width, exit_fraction=out, skew_bps=skew)
            known[width, skew, out] = rate.rate_bps_day
    return np.array([known[tuple(row)] for row in grid.coordinates[:, :3].tolist()], dtype=np.float64)


def _point(width: float, centre: float, out: float, cost: float, size: float, hold_ns: int) -> GridPoint:
    half = 0.5 * cost
    return GridPoint(
        sell_a_bps=centre + width - half,
        sell_b_bps=-centre + width - half,
        sell_a_exit_bps=centre + out * width - half,
        sell_b_exit_bps=-centre + out * width - half,
        order_quote=size,
        max_hold_ns=int(hold_ns),
    )


def _coordinates(point: GridPoint, cost: float) -> tuple[float, ...]:
    width = 0.5 * (point.sell_a_bps + point.sell_b_bps + cost)
    out = 0.5 * (point.sell_a_exit_bps + point.sell_b_exit_bps + cost)
    skew = 0.5 * (point.sell_a_bps - point.sell_b_bps)
    return width, skew, out / width, point.order_quote, point.max_hold_ns / NS_PER_SECOND


def _quantile_levels(fit: SpreadFit) -> list[tuple[float, float]]:
    """Return half widths and centres of equal quantiles of both directed edges, those that rise."""
    levels: list[tuple[float, float]] = []
    for ab, ba in zip(fit.edge_ab_quantiles_bps, fit.edge_ba_quantiles_bps, strict=True):
        width = 0.5 * (ab + ba + fit.cost_bps)
        if not levels or width > levels[-1][0]:
            levels.append((width, 0.5 * (ab - ba)))
    return levels


def _check(name: str, values: Sequence[float], least: float, most: float, *, above: bool = False) -> None:
    if not len(values) or len(set(values)) < len(values):
        raise ParameterError(expected(name, "one or more values, each once", list(values)))
    for value in values:
        if not (least < value if above else least <= value) or not value <= most or not math.isfinite(value):
            edge = f"above {least:g}" if above else f"from {least:g}"
            limit = "" if most == math.inf else f" to {most:g}"
            raise ParameterError(expected(name, f"finite numbers {edge}{limit}", value))
