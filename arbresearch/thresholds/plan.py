"""Which times thresholds are chosen and judged on, in which blocks, at which sizes and holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from arbresearch.backtest import BacktestConfig, GridPoint, Inputs
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND, BadInput, ParameterError, expected
from arbresearch.thresholds.folds import Fold, check_folds, make_folds, purge_of
from arbresearch.thresholds.points import check_point
from arbresearch.thresholds.settings import OptimizerSettings

__all__ = ["Plan", "make_plan", "with_points"]

_BLOCKS_NS: Final = (
    NS_PER_HOUR, 15 * NS_PER_MINUTE, 5 * NS_PER_MINUTE, NS_PER_MINUTE, 10 * NS_PER_SECOND,
)  # fmt: skip
_WANTED_BLOCKS: Final = 60
_SHORTEST_HOLD: Final = 20
"""Part of the data that a hold may take where none is given."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Folds and blocks: ``last`` is the time to choose on for after the data, and where its thresholds begin."""

    folds: tuple[Fold, ...]
    last: Fold
    block_ns: int
    holds_ns: tuple[int, ...]
    sizes_quote: tuple[float, ...]
    notes: tuple[str, ...]


def with_points(settings: OptimizerSettings, points: Sequence[GridPoint]) -> OptimizerSettings:
    """Return the settings with the sizes and holds of points that were given.

    Raises
    ------
    ParameterError
        No point, or one below cost.
    """
    if not points:
        raise ParameterError(expected("points", "one or more", "none"))
    for point in points:
        check_point(point)
    return replace(
        settings,
        sizes_quote=tuple({one.order_quote for one in points}),
        holds_minutes=tuple({one.max_hold_ns / NS_PER_MINUTE for one in points}),
    )


def make_plan(inputs: Inputs, config: BacktestConfig, settings: OptimizerSettings) -> Plan:
    """Return the plan for a recording.

    Raises
    ------
    BadInput
        Too little data for a single fold.
    ParameterError
        A hold longer than the time to choose on.
    """
    start_ns, end_ns = inputs.start_ns, inputs.span[1]
    length = end_ns - start_ns
    notes = []
    if settings.holds_minutes is None:
        asked = round(config.max_hold_time_minutes * NS_PER_MINUTE)
        hold = min(asked, max(1, length // _SHORTEST_HOLD))
        if hold < asked:
            notes.append(
                f"holds are searched up to {hold / NS_PER_MINUTE:,.4g} min, a {_SHORTEST_HOLD}th of the data; the "
                f"configuration's {config.max_hold_time_minutes:,.4g} min would leave no time to judge on"
            )
        holds: tuple[int, ...] = (hold,)
    else:
        holds = tuple(round(one * NS_PER_MINUTE) for one in settings.holds_minutes)
    if settings.sizes_quote is None:
        size = config.position_size_usd
        sizes: tuple[float, ...] = (0.25 * size, 0.5 * size, size, 2.0 * size)
    else:
        sizes = settings.sizes_quote
    purge_ns = purge_of(max(holds), round(settings.transfer_minutes * NS_PER_MINUTE))
    train_ns = length // 2 if settings.train_days is None else round(settings.train_days * NS_PER_DAY)
    block_ns = _block_ns(train_ns) if settings.block_s is None else round(settings.block_s * NS_PER_SECOND)
    test_ns = (
        (length - train_ns - purge_ns) // 5 // block_ns * block_ns
        if settings.test_days is None
        else round(settings.test_days * NS_PER_DAY)
    )
    if test_ns < block_ns:
        need = (train_ns + purge_ns + 5 * block_ns) / NS_PER_HOUR
        todo = "take a longer range, or shorter train_days, holds_minutes or block_s"
        raise BadInput(expected("data to fold", f"{need:,.4g} h or more", f"{length / NS_PER_HOUR:,.4g} h", todo))
    folds = make_folds(start_ns, end_ns, train_ns, test_ns, purge_ns, settings.walk)
    check_folds(folds, purge_ns)
    first_ns = start_ns if settings.walk == "anchored" else max(start_ns, end_ns - train_ns)
    last = Fold(first_ns, end_ns, end_ns, end_ns + test_ns)
    return Plan(folds, last, block_ns, holds, sizes, tuple(notes))


def _block_ns(train_ns: int) -> int:
    return next((one for one in _BLOCKS_NS if train_ns >= _WANTED_BLOCKS * one), _BLOCKS_NS[-1])
