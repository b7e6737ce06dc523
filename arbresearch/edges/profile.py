"""How much of the time an edge exceeds given thresholds, in all and by hour and weekday."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core import BadInput, FeeSchedule, Role, expected
from arbresearch.edges.arrays import Floats, Times
from arbresearch.edges.kernels import profile_hours
from arbresearch.edges.legs import Direction, check_threshold, direction_code, legs_of
from arbresearch.edges.pair import Pair, frozen

__all__ = ["edge_profile", "time_share"]

_Number = TypeVar("_Number", np.int64, np.float64)


def time_share(
    pair: Pair,
    thresholds_bps: float | Sequence[float],
    *,
    direction: Direction = "best",
    fees_a: FeeSchedule | None = None,
    fees_b: FeeSchedule | None = None,
    role_a: Role = Role.TAKER,
    role_b: Role = Role.TAKER,
) -> pl.DataFrame:
    """Measure the share of updates and of time in which the edge exceeds each threshold.

    Only where the edge is known: stale stretches and empty sides count neither as above nor as below. The edge of
    an update holds until the next one, or until a book goes stale.

    Parameters
    ----------
    pair, direction, fees_a, fees_b, role_a, role_b
        As in :func:`arbresearch.edges.episodes`.
    thresholds_bps
        One or several, in basis points; exceeded strictly.

    Returns
    -------
    polars.DataFrame
        threshold_bps; updates and seconds, in which the edge is known; share_of_updates and share_of_time of them
        above the threshold, in [0, 1], NaN where there are none; mean_bps, the edge's mean weighted by time.

    Raises
    ------
    BadInput
        No threshold, or one that is not finite, and as :func:`arbresearch.edges.episodes`.
    """
    thresholds, *sums = _profile(pair, thresholds_bps, direction, fees_a, fees_b, role_a, role_b)
    return _shares(thresholds, *(one.sum(axis=0, keepdims=True) for one in sums))


def edge_profile(
    pair: Pair,
    thresholds_bps: float | Sequence[float],
    *,
    by: Literal["hour", "weekday", "hour_of_week"] = "hour",
    direction: Direction = "best",
    fees_a: FeeSchedule | None = None,
    fees_b: FeeSchedule | None = None,
    role_a: Role = Role.TAKER,
    role_b: Role = Role.TAKER,
) -> pl.DataFrame:
    """Measure the same as :func:`time_share` by hour of the day, weekday, or both, in UTC.

    Parameters
    ----------
    pair, thresholds_bps, direction, fees_a, fees_b, role_a, role_b
        As in :func:`time_share`.
    by
        ``hour`` (0 to 23), ``weekday`` (1 is Monday, 7 Sunday), or ``hour_of_week`` (both columns). Time that
        spans several hours is split among them; an update counts in the hour it came in.

    Returns
    -------
    polars.DataFrame
        The key columns before those of :func:`time_share`; a row for every key and threshold, also those without
        data.

    Raises
    ------
    BadInput
        An unknown ``by``, and as :func:`time_share`.
    """
    thresholds, updates, spans, areas = _profile(pair, thresholds_bps, direction, fees_a, fees_b, role_a, role_b)
    hours, weekdays = np.tile(np.arange(24), 7), np.repeat(np.arange(1, 8), 24)
    if by == "hour":
        keys, groups = {"hour": np.arange(24)}, hours
    elif by == "weekday":
        keys, groups = {"weekday": np.arange(1, 8)}, weekdays - 1
    elif by == "hour_of_week":
        keys, groups = {"weekday": weekdays, "hour": hours}, np.arange(168)
    else:
        raise BadInput(expected("by", "hour, weekday or hour_of_week", repr(by)))
    count = int(groups.max()) + 1
    shares = _shares(
        thresholds, _summed(updates, groups, count), _summed(spans, groups, count), _summed(areas, groups, count)
    )
    repeated = {name: pl.Series(np.repeat(values, thresholds.size), dtype=pl.Int8) for name, values in keys.items()}
    return pl.concat([pl.DataFrame(repeated), shares], how="horizontal")


def _profile(
    pair: Pair,
    thresholds_bps: float | Sequence[float],
    direction: Direction,
    fees_a: FeeSchedule | None,
    fees_b: FeeSchedule | None,
    role_a: Role,
    role_b: Role,
) -> tuple[Floats, Times, Times, Floats]:
    given = thresholds_bps if isinstance(thresholds_bps, Sequence) else [thresholds_bps]
    if not given:
        raise BadInput(expected("thresholds_bps", "at least one threshold", "none"))
    thresholds = np.array([check_threshold(one) for one in given])
    legs = legs_of(pair, fees_a, fees_b, role_a, role_b)
    updates, spans, areas = profile_hours(legs, direction_code(direction), frozen(thresholds))
    return thresholds, updates, spans, areas


def _summed(values: npt.NDArray[_Number], groups: Times, count: int) -> npt.NDArray[_Number]:
    total = np.zeros((count, *values.shape[1:]), dtype=values.dtype)
    np.add.at(total, groups, values)
    return total


def _shares(thresholds: Floats, updates: Times, spans: Times, areas: Floats) -> pl.DataFrame:
    width = thresholds.size
    known_updates, known_ns = updates[:, :1].astype(np.float64), spans[:, :1].astype(np.float64)
    with np.errstate(invalid="ignore"):
        share_of_updates, share_of_time = updates[:, 1:] / known_updates, spans[:, 1:] / known_ns
        mean = areas / known_ns[:, 0]
    return pl.DataFrame(
        {
            "threshold_bps": np.tile(thresholds, updates.shape[0]),
            "updates": np.repeat(updates[:, 0], width),
            "seconds": np.repeat(known_ns[:, 0] / 1e9, width),
            "share_of_updates": share_of_updates.ravel(),
            "share_of_time": share_of_time.ravel(),
            "mean_bps": np.repeat(mean, width),
        }
    )
