"""How long edges last: the Kaplan-Meier estimate with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtri

from arbresearch.core import BadInput, SchemaError, expected
from arbresearch.edges.arrays import Bools, Floats, Times

__all__ = ["Survival", "survival"]

_HALF = 0.5 * (1.0 + 1e-12)


@dataclass(frozen=True, slots=True)
class Survival:
    """What :func:`survival` returns.

    Parameters
    ----------
    frame
        One row a requested latency: latency_s; survival, the share of episodes whose edge still exceeds the
        threshold then; low and high, its interval; variance; at_risk, the episodes known to last that long.
    steps
        One row a distinct duration: duration_s, survival, low, high, variance, at_risk, ended, censored. For
        drawing; before the first step survival is 1.
    median_s, median_low_s, median_high_s
        Median lifetime and its interval in seconds; NaN where the curve, or its bound, does not reach one half.
    episodes, ended, censored
        How many episodes the estimate rests on, of which the end was seen, and not seen.
    left_out
        Episodes not used because their beginning was not seen.
    """

    frame: pl.DataFrame
    steps: pl.DataFrame
    median_s: float
    median_low_s: float
    median_high_s: float
    episodes: int
    ended: int
    censored: int
    left_out: int


def survival(episodes: pl.DataFrame, latencies_s: Sequence[float], *, confidence: float = 0.95) -> Survival:
    """Estimate S(l), the probability that an edge still exceeds its threshold a latency l after it appeared.

    Kaplan and Meier (1958): the product over durations d up to l of ``1 - ended(d) / at_risk(d)``; episodes whose
    end was not seen count as at risk up to the end of their observation. An episode that ends exactly at l does not
    survive l. Variance by Greenwood (1926); the interval is that of ``log(-log S)`` (Kalbfleisch and Prentice), which
    stays inside [0, 1]. Median and interval are the first durations at which the curve and its bounds are at or below
    one half (Brookmeyer and Crowley, 1982).

    Parameters
    ----------
    episodes : polars.DataFrame
        As :func:`arbresearch.edges.episodes` gives them; needs duration_s and censored. Those with
        ``left_censored`` are left out, for their age is not known.
    latencies_s
        Seconds, zero or more.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    Survival
        Survival is NaN past the longest observation when that one is censored; the interval is NaN where its formula
        is undefined, at S = 1 and S = 0.

    Raises
    ------
    SchemaError
        A column is missing, or a duration is null, NaN or negative.
    BadInput
        A latency is negative or no number, or confidence is not between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise BadInput(expected("confidence", "a number between 0 and 1, such as 0.95", confidence))
    latencies = np.asarray(list(latencies_s), dtype=np.float64)
    if not bool(np.all(latencies >= 0.0)):
        raise BadInput(expected("latencies_s", "seconds, zero or more", latencies[~(latencies >= 0.0)][0]))
    used, left_out = _used(episodes)
    durations, censored = used["duration_s"].to_numpy(), used["censored"].to_numpy()
    steps = _steps(durations, censored, confidence)
    frame = _at(steps, latencies, durations)
    lost = int(censored.sum())
    return Survival(
        frame=frame,
        steps=steps,
        median_s=_first_at_half(steps, "survival"),
        median_low_s=_first_at_half(steps, "low"),
        median_high_s=_first_at_half(steps, "high"),
        episodes=used.height,
        ended=used.height - lost,
        censored=lost,
        left_out=left_out,
    )


def _used(episodes: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    for column in ("duration_s", "censored"):
        if column not in episodes.columns:
            todo = "give what episodes() returns"
            raise SchemaError(expected("episodes", "columns duration_s and censored", f"no {column!r}", todo))
        if episodes[column].null_count():
            row = episodes[column].is_null().arg_true()[0]
            raise SchemaError(expected(f"episodes {column} row {row}", "a value", "null", "drop the row"))
    used = episodes.filter(~pl.col("left_censored")) if "left_censored" in episodes.columns else episodes
    bad = used.filter(~((pl.col("duration_s") >= 0.0) & pl.col("duration_s").is_finite()))
    if bad.height:
        raise SchemaError(expected("episodes duration_s", "finite seconds, zero or more", bad["duration_s"][0]))
    return used.select(pl.col("duration_s").cast(pl.Float64), "censored"), episodes.height - used.height


def _steps(durations: Floats, censored: Bools, confidence: float) -> pl.DataFrame:
    distinct, place = np.unique(durations, return_inverse=True)
    total = np.bincount(place, minlength=distinct.size)
    lost = np.bincount(place[censored], minlength=distinct.size)
    ended = total - lost
    at_risk = total[::-1].cumsum()[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.cumprod(1.0 - ended / at_risk)
        greenwood = np.cumsum(ended / (at_risk * (at_risk - ended).astype(np.float64)))
        variance = np.where(share > 0.0, share**2 * greenwood, 0.0)
        width = float(ndtri(0.5 + 0.5 * confidence)) * np.sqrt(greenwood) / np.abs(np.log(share))
        inside = (share > 0.0) & (share < 1.0)
        low = np.where(inside, share ** np.exp(width), np.nan)
        high = np.where(inside, share ** np.exp(-width), np.nan)
    return pl.DataFrame(
        {
            "duration_s": distinct,
            "survival": share,
            "low": low,
            "high": high,
            "variance": variance,
            "at_risk": at_risk,
            "ended": ended,
            "censored": lost,
        }
    )


def _at(steps: pl.DataFrame, latencies: Floats, durations: Floats) -> pl.DataFrame:
    step = np.searchsorted(steps["duration_s"].to_numpy(), latencies, side="right") - 1
    before = step < 0
    columns: dict[str, Floats | Times] = {"latency_s": latencies}
    last = float(steps["survival"][-1]) if steps.height else math.nan
    longest = float(durations.max()) if durations.size else -math.inf
    unknown = (latencies > longest) & (last != 0.0)
    for name, start in (("survival", 1.0), ("low", math.nan), ("high", math.nan), ("variance", 0.0)):
        values = np.append(steps[name].to_numpy(), np.nan)[step]
        columns[name] = np.where(unknown, np.nan, np.where(before, start, values))
    columns["at_risk"] = durations.size - np.searchsorted(np.sort(durations), latencies, side="left")
    return pl.DataFrame(columns)


def _first_at_half(steps: pl.DataFrame, column: str) -> float:
    reached = steps.filter(pl.col(column).is_not_nan() & (pl.col(column) <= _HALF))
    return float(reached["duration_s"][0]) if reached.height else math.nan
