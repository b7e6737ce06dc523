"""How the small functions of the kernel are compiled, and its constants.

Only :func:`~arbresearch.backtest.kernel.advance` is called from Python and kept on disk; what it calls goes without a
wrapper. Numba compiles a function anew for each literal number it is called with; constants that are NumPy scalars
are not literals.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Final, cast

import numpy as np
from numba import njit

__all__ = ["NO", "NOBODY", "YES", "A", "B", "H", "inner", "truth", "whole"]

inner: Final = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


def whole(value: int) -> int:
    """Return a whole number that numba does not take for a literal."""
    return cast(int, np.int64(value))


def truth(value: bool) -> bool:
    """Return a truth value that numba does not take for a literal."""
    return cast(bool, np.bool_(value))


def sources_number() -> int:
    """Return a number of the text of all that the kernel is compiled of."""
    package = Path(__file__).parent.parent
    files = [path for folder in ("backtest", "matching", "signals") for path in (package / folder).glob("*kernel*.py")]
    files += [package / "backtest" / name for name in ("codes.py", "compiled.py", "layout.py")]
    digest = blake2b(digest_size=7)
    for path in sorted(files):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest(), "big")


A: Final = whole(0)
B: Final = whole(1)
H: Final = whole(2)
NOBODY: Final = whole(-1)
YES: Final = truth(True)
NO: Final = truth(False)
