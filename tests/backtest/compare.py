"""Hold two logs of the same run against each other, record by record."""

from __future__ import annotations

from typing import Final

import numpy as np

from arbresearch.backtest.log import Records, RunLog

TABLES: Final = ("fills", "orders", "order_events", "pairs", "transfers", "cash", "samples")
BALANCES: Final = ("base", "quote", "coin", "transit")
RELATIVE: Final = 1e-12
"""What floats may differ by where the order of a compiled sum is not that of the slow one."""


def close(one: object, other: object) -> bool:
    a, b = float(one), float(other)  # type: ignore[arg-type]
    return a == b or (a != a and b != b) or abs(a - b) <= RELATIVE * max(abs(a), abs(b))


def first_difference(name: str, kernel: Records, slow: Records) -> str | None:
    """Return where two tables first differ, None where they are the same."""
    assert kernel.dtype == slow.dtype
    for row in range(max(kernel.size, slow.size)):
        if row >= kernel.size or row >= slow.size:
            return f"{name}: {kernel.size} rows, not {slow.size}; next {(kernel if row < kernel.size else slow)[row]}"
        for column in kernel.dtype.names or ():
            found, wanted = kernel[row][column], slow[row][column]
            whole = kernel.dtype[column].kind != "f"
            if found != wanted if whole else not close(found, wanted):
                return f"{name}[{row}].{column}: {found!r}, not {wanted!r}\n kernel {kernel[row]}\n slow   {slow[row]}"
    return None


def same_bytes(kernel: Records, slow: Records) -> bool:
    return kernel.dtype == slow.dtype and all(
        np.array_equal(kernel[name], slow[name], equal_nan=kernel.dtype[name].kind == "f")
        for name in kernel.dtype.names or ()
    )


def differences(kernel: RunLog, slow: RunLog) -> list[str]:
    """Return in what the logs differ, the first difference a table."""
    found = []
    for name in TABLES:
        mine, theirs = getattr(kernel, name), getattr(slow, name)
        if not same_bytes(mine, theirs):
            found.append(first_difference(name, mine, theirs))
    for name in BALANCES:
        mine, theirs = getattr(kernel, name), getattr(slow, name)
        if mine.shape != theirs.shape or not all(map(close, mine.flat, theirs.flat)):
            found.append(f"{name}: {mine}, not {theirs}")
    if (kernel.halted, kernel.rows) != (slow.halted, slow.rows):
        found.append(f"halted, rows: {(kernel.halted, kernel.rows)}, not {(slow.halted, slow.rows)}")
    return [one for one in found if one is not None]
