"""What may be given as a matrix of observations by strategies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, expected
from arbresearch.stats.series import Floats

__all__ = ["known_rows"]


def known_rows(x: npt.ArrayLike, name: str) -> Floats:
    """Return the rows of a matrix that hold no NaN, in order, as float64.

    Raises
    ------
    BadInput
        The values are no numbers, are not two-dimensional, or one is infinite.
    """
    try:
        values = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(expected(name, "a matrix of numbers", type(x).__name__)) from error
    if values.ndim != 2:
        raise BadInput(expected(name, "observations x strategies", f"shape {values.shape}"))
    infinite = np.isinf(values)
    if infinite.any():
        row, column = (int(one) for one in np.argwhere(infinite)[0])
        where = f"{name} row {row}, column {column}"
        raise BadInput(expected(where, "a finite number or NaN", values[row, column], "drop or repair the row"))
    missing = np.isnan(values).any(axis=1)
    return np.ascontiguousarray(values[~missing])
