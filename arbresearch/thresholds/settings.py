"""How thresholds are searched for, and how they are judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Final

from arbresearch.core import ParameterError, expected
from arbresearch.thresholds.folds import FoldKind

__all__ = ["REGIMES", "OptimizerSettings"]

REGIMES: Final = ("hour", "volatility", "tilt")
"""What thresholds may depend on beside the direction."""

_RANGES: Final[dict[str, tuple[float, float]]] = {
    "widths": (1, 1_000), "transfer_minutes": (0.0, 1e6), "resamples": (99, 100_000), "confidence": (0.5, 0.9999),
    "candidates": (1, 1e9), "overfit_blocks": (2, 20), "venue_default_year": (0.0, 1.0),
    "loss_given_default": (0.0, 1.0), "default_limit": (0.0, 1.0), "drawdown_limit": (1e-6, 1.0), "workers": (1, 256),
    "seed": (0, 2**63),
}  # fmt: skip
_OPTIONAL: Final[dict[str, tuple[float, float]]] = {
    "train_days": (1e-4, 1e5), "test_days": (1e-4, 1e5), "block_s": (1.0, 1e7), "trials": (1, 1e12),
}  # fmt: skip
_LISTS: Final[dict[str, tuple[float, float]]] = {
    "skews": (-10.0, 10.0), "exits": (0.0, 1.0), "sizes_quote": (1e-9, 1e15), "holds_minutes": (0.0, 1e7),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerSettings:
    """The grid, the walk forward, and what a result must show.

    Parameters
    ----------
    walk
        ``anchored``: each time to choose on reaches back to the start; ``rolling``: all are as long.
    train_days, test_days
        Lengths of the times to choose and to judge on; None: half of the data, and a fifth of what remains.
    widths
        How many half widths are tried, from just above the cost of a round trip to well beyond the closed form.
    skews
        Where the levels are centred, off the level reverted to, stationary standard deviations.
    exits
        Where inventory is brought back: 1 at the opposite level ("flip"), 0 at the level reverted to. Below 1 an order
        is not cut to what is tilted, so that with large ones more may be brought back than was shifted, at an edge too
        small to pay for it.
    sizes_quote
        Largest notional of one action, quote currency; None: a quarter, half, once and twice that of the
        configuration.
    holds_minutes
        How long inventory may stay tilted; None: as the configuration, but no longer than a twentieth of the data.
    block_s
        Length of the blocks in which profit is counted; None: the longest of 1 h, 15 min, 5 min, 1 min and 10 s of
        which the first time to choose on has 60.
    transfer_minutes
        Kept out between choosing and judging beside the longest hold.
    regimes
        Of ``hour``, ``volatility`` and ``tilt``: thresholds that depend on it are tried, and offered where they beat
        constant ones out of sample.
    resamples
        Of the bootstrap of blocks.
    confidence
        Of all intervals and bounds.
    candidates
        Symbols and pairs of venues among which this one was chosen, itself counted; bounds and trials allow for it.
    trials
        Settings that were tried in all, where more were than this grid times ``candidates``; None: those.
    overfit_blocks
        Into which the data are cut to tell how often the best in sample is bad out of sample; even. Fewer are taken
        where the data are short.
    venue_default_year, loss_given_default
        Probability that a venue defaults within a year, and what of the holdings there is lost then.
    default_limit
        Largest part of the capital that the loss of one venue may cost.
    drawdown_limit
        Largest drawdown, a fraction of the capital, at ``confidence``.
    workers
        Threads that run the grid.
    seed
        Of the bootstrap.

    Raises
    ------
    ParameterError
        A value out of range, an empty list, an odd number of blocks, a regime that is not known.
    """

    walk: FoldKind = "anchored"
    train_days: float | None = None
    test_days: float | None = None
    widths: int = 20
    skews: tuple[float, ...] = (-0.5, 0.0, 0.5)
    exits: tuple[float, ...] = (1.0,)
    sizes_quote: tuple[float, ...] | None = None
    holds_minutes: tuple[float, ...] | None = None
    block_s: float | None = None
    transfer_minutes: float = 0.0
    regimes: tuple[str, ...] = REGIMES
    resamples: int = 999
    confidence: float = 0.95
    candidates: int = 1
    trials: int | None = None
    overfit_blocks: int = 16
    venue_default_year: float = 0.02
    loss_given_default: float = 1.0
    default_limit: float = 0.5
    drawdown_limit: float = 0.1
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ``ParameterError``."""
        if self.walk not in ("anchored", "rolling"):
            raise ParameterError(expected("walk", "anchored or rolling", repr(self.walk)))
        for name, bounds in _RANGES.items():
            _check(name, getattr(self, name), bounds)
        for name, bounds in _OPTIONAL.items():
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), bounds)
        for name, bounds in _LISTS.items():
            values = getattr(self, name)
            if values is None and name in ("sizes_quote", "holds_minutes"):
                continue
            object.__setattr__(self, name, tuple(sorted(float(one) for one in values)))
            if not values or len(set(values)) < len(tuple(values)):
                raise ParameterError(expected(name, "one value or more, each once", values))
            for one in values:
                _check(name, one, bounds)
        object.__setattr__(self, "regimes", tuple(self.regimes))
        unknown = sorted(set(self.regimes) - set(REGIMES))
        if unknown:
            raise ParameterError(expected("regimes", f"some of {', '.join(REGIMES)}", ", ".join(unknown)))
        if self.overfit_blocks % 2:
            raise ParameterError(expected("overfit_blocks", "an even number", self.overfit_blocks))

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON primitives."""
        return {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(self).items()}


def _check(name: str, value: Any, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high or abs(value) == inf:
        raise ParameterError(expected(name, f"a number from {low:g} to {high:g}", repr(value)))
