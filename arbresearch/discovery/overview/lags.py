"""Which of two venues moves first, on a regular grid."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from arbresearch.core import ParameterError, expected
from arbresearch.edges import Pair

__all__ = ["lagged_correlation"]

_MOST_STEPS: Final = 20_000_000


def lagged_correlation(pair: Pair, *, step_s: float = 1.0, lags: int = 5) -> pl.DataFrame:
    """Correlate the mid returns of A with those of B some steps later.

    Mids are sampled every ``step_s`` seconds from the first row of the pair on, each the last one known. A larger
    correlation at a positive lag than at the negative one of the same size says that A moves first.

    Parameters
    ----------
    pair
        Aligned books.
    step_s
        Length of a step, seconds.
    lags
        Steps to each side.

    Returns
    -------
    polars.DataFrame
        lag_s, correlation and steps (returns it rests on), from ``-lags`` to ``lags`` steps; NaN where a price never
        moved or too few returns are known. With independent returns its standard error is ``1 / sqrt(steps)``.

    Raises
    ------
    ParameterError
        A step that is not positive, no lag, or more than twenty million steps.
    """
    if not (step_s > 0 and lags >= 1):
        raise ParameterError(expected("step_s and lags", "a positive step and at least one lag", (step_s, lags)))
    step = max(1, round(step_s * 1e9))
    span = int(pair.recv_ns[-1] - pair.recv_ns[0])
    if span // step > _MOST_STEPS:
        raise ParameterError(
            expected("step_s", f"at most {_MOST_STEPS:,} steps", f"{span // step:,}", "take a longer step")
        )
    moments = pair.recv_ns[0] + step * np.arange(span // step + 1)
    rows = np.searchsorted(pair.recv_ns, moments, side="right") - 1
    a = np.diff(np.log(0.5 * (pair.bid_a + pair.ask_a)[rows]))
    b = np.diff(np.log(0.5 * (pair.bid_b + pair.ask_b)[rows]))
    found = []
    for lag in range(-lags, lags + 1):
        early, late = (a[: a.size - lag], b[lag:]) if lag >= 0 else (a[-lag:], b[: b.size + lag])
        known = np.isfinite(early) & np.isfinite(late)
        x, y = early[known], late[known]
        moved = x.size > 2 and x.std() > 0 and y.std() > 0
        correlation = float(np.corrcoef(x, y)[0, 1]) if moved else float("nan")
        found.append({"lag_s": lag * step / 1e9, "correlation": correlation, "steps": int(x.size)})
    return pl.DataFrame(found)
