"""How the functions that make up the signal's step are compiled, and what names their text."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Final

from numba import njit

__all__ = ["inner", "sources_number"]

inner: Final = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For what is called from compiled code alone."""

_SOURCES: Final = (
    "compiled",
    "context",
    "decision_kernels",
    "layout",
    "model",
    "reversion",
    "settings",
    "step",
    "trend",
    "window",
)


def sources_number() -> int:
    """Return a number of the text of all that the step is compiled of."""
    digest = blake2b(digest_size=7)
    for name in _SOURCES:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return int.from_bytes(digest.digest(), "big")
