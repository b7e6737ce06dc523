"""What may be given as a series of numbers."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, expected

__all__ = ["Floats", "as_series", "dot", "known_values"]

Floats: TypeAlias = npt.NDArray[np.float64]


def as_series(x: npt.ArrayLike, name: str) -> Floats:
    """Return a one-dimensional float64 array; NaN stays.

    Raises
    ------
    BadInput
        The values are no numbers, are not one-dimensional, or one is infinite.
    """
    try:
        values = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(expected(name, "numbers", type(x).__name__)) from error
    if values.ndim != 1:
        raise BadInput(expected(name, "a one-dimensional series", f"shape {values.shape}"))
    infinite = np.isinf(values)
    if infinite.any():
        row = int(infinite.argmax())
        raise BadInput(expected(f"{name} row {row}", "a finite number or NaN", values[row], "drop or repair the row"))
    return values


def known_values(x: npt.ArrayLike, name: str) -> Floats:
    """Return the values of a series that are not NaN, in order; raises as :func:`as_series`."""
    values = as_series(x, name)
    missing = np.isnan(values)
    return values[~missing] if missing.any() else values


def dot(a: Floats, b: Floats) -> float:
    """Return the sum of products, the same on any machine.

    BLAS splits a long sum among its threads, so its last digits would depend on how many there are.
    """
    return float((a * b).sum())
