"""The signals of two recorded books, instant by instant."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Bools, Floats, Rows, Times
from arbresearch.edges.pair import Pair, frozen
from arbresearch.signals.engine_state import packed
from arbresearch.signals.layout import CELL, CONTEXT
from arbresearch.signals.settings import SignalSettings
from arbresearch.signals.step import run_rows

__all__ = ["ContextTable", "SignalBatch", "batch_of"]

_DIRECTIONS = ("ab", "ba")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ContextTable:
    """What was known of one horizon, a row a completed cell that a signal rests on; of each direction, AB first.

    ``time_ns`` (m,) is the end of the cell, nanoseconds UTC. The others, shape (m, 2), are those of
    :class:`~arbresearch.signals.HorizonSignal`: NaN where not ready or not known.
    """

    time_ns: Times
    ready: Bools
    mean: Floats
    sd: Floats
    slope_bps_per_hour: Floats
    trend_t: Floats
    variance_ratio: Floats
    phi: Floats
    kappa: Floats
    theta: Floats
    stationary_sd: Floats
    half_life_s: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.time_ns.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SignalBatch:
    """The signals at n instants of a pair; H horizons in rising order, two directions, AB first.

    Parameters
    ----------
    settings
        What they depend on.
    calibrated
        Whether the confidence is that of a calibration.
    row : array of int64, shape (n,)
        Which rows of the pair they are at.
    recv_ns : array of int64, shape (n,)
        Receive times, nanoseconds UTC, rising.
    edge_bps : array, shape (n, 2)
        Net edges; NaN where books are stale or one-sided.
    percentile, z_score, reversion_probability : array, shape (n, 2, H)
        As in :class:`~arbresearch.signals.HorizonSignal`.
    confidence : array, shape (n, 2)
        NaN before the target horizon is ready.
    primary_signal : array of int8, shape (n,)
        :class:`~arbresearch.signals.Mode` of each.
    context_row : array of int32, shape (n, H)
        Row of each horizon's context table; -1 before its first cell has completed.
    contexts
        A table a horizon.
    state
        What the signal remembers after the last row of the pair; see
        :meth:`~arbresearch.signals.EnhancedSpotArbitrageSignal.resume`.
    """

    settings: SignalSettings
    calibrated: bool
    row: Times
    recv_ns: Times
    edge_bps: Floats
    percentile: Floats
    z_score: Floats
    reversion_probability: Floats
    confidence: Floats
    primary_signal: npt.NDArray[np.int8]
    context_row: npt.NDArray[np.int32]
    contexts: tuple[ContextTable, ...]
    state: bytes

    def __len__(self) -> int:
        """Return the number of signals."""
        return int(self.recv_ns.size)

    def __repr__(self) -> str:
        """Return the number of signals and horizons."""
        horizons = ", ".join(f"{one:g}" for one in self.settings.horizons_s)
        return f"SignalBatch({len(self)} signals, horizons {horizons} s)"

    def frame(self, horizon_s: float | None = None) -> pl.DataFrame:
        """Return the signals as a frame.

        Parameters
        ----------
        horizon_s
            One of the horizons; None for the target.

        Returns
        -------
        polars.DataFrame
            recv_ns; primary_signal; of each direction edge, percentile, z_score, reversion_probability, confidence,
            and of the context ready, mean, sd, trend_t, variance_ratio, half_life_s. NaN where not known.
        """
        place = self._place(horizon_s)
        context, rows = self.contexts[place], self.context_row[:, place]
        columns: dict[str, Any] = {"recv_ns": self.recv_ns, "primary_signal": self.primary_signal}
        for side, name in enumerate(_DIRECTIONS):
            columns |= {
                f"edge_{name}_bps": self.edge_bps[:, side],
                f"percentile_{name}": self.percentile[:, side, place],
                f"z_score_{name}": self.z_score[:, side, place],
                f"reversion_probability_{name}": self.reversion_probability[:, side, place],
                f"confidence_{name}": self.confidence[:, side],
                f"ready_{name}": _at(context.ready[:, side], rows, False),
            }
            for field in ("mean", "sd", "trend_t", "variance_ratio", "half_life_s"):
                columns[f"{field}_{name}"] = _at(getattr(context, field)[:, side], rows, np.nan)
        return pl.DataFrame(columns)

    def context(self, horizon_s: float | None = None) -> pl.DataFrame:
        """Return the contexts of a horizon (None: the target) as a frame, a row a cell and both directions beside."""
        table = self.contexts[self._place(horizon_s)]
        columns: dict[str, Any] = {"time_ns": table.time_ns}
        for side, name in enumerate(_DIRECTIONS):
            columns |= {f"{one}_{name}": getattr(table, one)[:, side] for one in _CONTEXT}
        return pl.DataFrame(columns)

    def _place(self, horizon_s: float | None) -> int:
        horizons = self.settings.horizons_s
        if horizon_s is None:
            return self.settings.target
        if horizon_s not in horizons:
            raise BadInput(expected("horizon_s", f"one of {horizons}, or None for the target", horizon_s))
        return horizons.index(horizon_s)


_CONTEXT = tuple(one.name for one in fields(ContextTable) if one.name != "time_ns")


def _at(values: npt.NDArray[Any], rows: Rows, otherwise: float | bool) -> npt.NDArray[Any]:
    if not values.size:
        return np.full(rows.size, otherwise)
    return np.where(rows >= 0, values[np.maximum(rows, 0)], otherwise)


class _Given(NamedTuple):
    time_ns: Times
    row_a: Rows
    row_b: Rows
    recv_a: Times
    bid_a: Floats
    ask_a: Floats
    recv_b: Times
    bid_b: Floats
    ask_b: Floats
    step: int
    wanted: Bools


class _Out(NamedTuple):
    row: Times
    edge_bps: Floats
    percentile: Floats
    z_score: Floats
    reversion_probability: Floats
    confidence: Floats
    primary_signal: npt.NDArray[np.int8]
    context_row: npt.NDArray[np.int32]
    context_at: Times
    context_rows: Times
    context_ns: Times
    contexts: npt.NDArray[Any]


def batch_of(
    engines: npt.NDArray[Any], settings: SignalSettings, pair: Pair, *, step: int, rows: Bools | None
) -> SignalBatch:
    """Run a new record through a pair; see :meth:`arbresearch.signals.EnhancedSpotArbitrageSignal.batch`."""
    if step < 1 or (rows is not None and step != 1):
        raise BadInput(expected("step", "one or more, and 1 with rows", step))
    wanted = np.empty(0, dtype=np.bool_)
    count = -(-len(pair) // step)
    if rows is not None:
        wanted = np.ascontiguousarray(rows)
        if wanted.dtype != np.bool_ or wanted.shape != (len(pair),):
            want = f"a mask of the {len(pair)} rows of the pair"
            raise BadInput(expected("rows", want, f"{wanted.dtype} of shape {wanted.shape}"))
        count = int(wanted.sum())
    a, b = pair.book_a, pair.book_b
    given = _Given(
        pair.recv_ns, pair.row_a, pair.row_b, a.recv_ns, a.bid, a.ask, b.recv_ns, b.bid, b.ask,
        0 if rows is not None else step, wanted,
    )  # fmt: skip
    out = _room(engines, settings, pair, count)
    run_rows(engines, given, out)
    shape = (count, 2, len(settings.horizons_s))
    return SignalBatch(
        settings=settings,
        calibrated=bool(engines[0]["numbers"]["calibrated"]),
        row=frozen(out.row),
        recv_ns=frozen(pair.recv_ns[out.row]),
        edge_bps=frozen(out.edge_bps),
        percentile=frozen(out.percentile.reshape(shape)),
        z_score=frozen(out.z_score.reshape(shape)),
        reversion_probability=frozen(out.reversion_probability.reshape(shape)),
        confidence=frozen(out.confidence),
        primary_signal=frozen(out.primary_signal),
        context_row=frozen(out.context_row),
        contexts=tuple(_table(out, place) for place in range(len(settings.horizons_s))),
        state=packed(engines, settings),
    )


def _room(engines: npt.NDArray[Any], settings: SignalSettings, pair: Pair, count: int) -> _Out:
    horizons = len(settings.horizons_s)
    span_ns = int(pair.recv_ns[-1] - pair.recv_ns[0]) if len(pair) else 0
    cells_ns = engines["terms"]["spacing_ns"][0, :horizons] * CELL
    most = np.minimum(span_ns // cells_ns + 2, count)
    numbers = count * 2 * horizons
    return _Out(
        np.empty(count, dtype=np.int64), np.empty((count, 2)), np.empty(numbers), np.empty(numbers), np.empty(numbers),
        np.empty((count, 2)), np.empty(count, dtype=np.int8), np.empty((count, horizons), dtype=np.int32),
        np.concatenate(([0], np.cumsum(most)))[:-1], np.zeros(horizons, dtype=np.int64),
        np.empty(most.sum(), dtype=np.int64), np.empty((most.sum(), 2), dtype=CONTEXT),
    )  # fmt: skip


def _table(out: _Out, place: int) -> ContextTable:
    first = out.context_at[place]
    rows = slice(first, first + out.context_rows[place])
    contexts = out.contexts[rows]
    columns = {name: frozen(contexts[name]) for name in _CONTEXT}
    return ContextTable(time_ns=frozen(out.context_ns[rows].copy()), **columns)
