"""What became of signals: whether a stretched edge came back to its mean in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from arbresearch.core import NS_PER_SECOND, BadInput, ParameterError, expected
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.model import features_of
from arbresearch.signals.settings import SAMPLES

__all__ = ["Outcomes", "label_outcomes", "pool_outcomes", "scan_outcomes"]

MIN_Z: Final = 1.0
"""Standard deviations above its mean from which an edge counts as stretched."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """Stretched edges and what became of each, in order of time; one row a candidate.

    Parameters
    ----------
    time_ns : array, shape (n,)
        Instants of the candidates, nanoseconds UTC.
    direction : array, shape (n,)
        0 sells on A, 1 sells on B.
    pair : array, shape (n,)
        Place in ``names``.
    features : array, shape (n, F)
        What was known at the instant, see :func:`~arbresearch.signals.model.features_of`; NaN where not known.
    plain : array, shape (n,)
        Chance of reversion by the fitted process of the target horizon; NaN where none was fitted.
    edge_bps : array, shape (n,)
        Net edge at the instant.
    hoped_bps : array, shape (n,)
        Net edge at the instant and the mean of the other direction's: what entering and leaving bring, by the context
        of the target horizon, if the edge comes back.
    reverted : array, shape (n,)
        Whether the edge fell to the mean that it had at the instant, or below, within the target horizon.
    held_s : array, shape (n,)
        Seconds until then; the target horizon where it did not.
    change_bps : array, shape (n,)
        Net edge at the end of the target horizon less that at the instant.
    round_trip_bps : array, shape (n,)
        Both net edges together: at the instant, and of the other direction when the edge was back or time was up, each
        a latency later. What entering and leaving at the best prices would have brought after all fees; NaN where one
        of them had no price.
    names
        Of the pairs.
    horizons_s, target_horizon_s, min_z, latency_s
        What the candidates were found with.
    """

    time_ns: Times
    direction: Times
    pair: Times
    features: Floats
    plain: Floats
    edge_bps: Floats
    hoped_bps: Floats
    reverted: Bools
    held_s: Floats
    change_bps: Floats
    round_trip_bps: Floats
    names: tuple[str, ...]
    horizons_s: tuple[float, ...]
    target_horizon_s: float
    min_z: float
    latency_s: float

    def __len__(self) -> int:
        """Return the number of candidates."""
        return int(self.time_ns.size)

    def take(self, rows: Bools | Times) -> Outcomes:
        """Return some of the candidates."""
        chosen = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return Outcomes(
            **chosen,
            names=self.names,
            horizons_s=self.horizons_s,
            target_horizon_s=self.target_horizon_s,
            min_z=self.min_z,
            latency_s=self.latency_s,
        )


_COLUMNS: Final = (
    "time_ns", "direction", "pair", "features", "plain", "edge_bps", "hoped_bps", "reverted", "held_s", "change_bps",
    "round_trip_bps",
)  # fmt: skip


def label_outcomes(batch: SignalBatch, *, name: str = "", min_z: float = MIN_Z, latency_s: float = 0.0) -> Outcomes:
    """Find the stretched edges of a batch and what became of each.

    A candidate is an instant at which the z-score of the target horizon is ``min_z`` or more, at most one for each
    direction and spacing of the samples, the first. It reverted if the edge is at or below the mean of that instant's
    context at any update within the target horizon after it. Candidates whose target horizon is not watched to its end,
    because the recording ends or the edge is not known for longer than a quote may be old, are left out, whether it was
    back by then or not: those that are soon back would otherwise be counted more often than the others.

    Parameters
    ----------
    batch
        Every row of a pair, see :meth:`~arbresearch.signals.signal.EnhancedSpotArbitrageSignal.batch`.
    name
        Of the pair.
    min_z
        Standard deviations, above zero.
    latency_s
        From a quote to the books that orders meet, seconds; of ``round_trip_bps`` alone.

    Raises
    ------
    BadInput
        Rows of the pair are left out.
    ParameterError
        ``min_z`` is not above zero, or the latency is negative.
    """
    if len(batch) and batch.row[-1] - batch.row[0] >= len(batch):
        todo = "make the batch without step and rows"
        raise BadInput(expected("batch", "every row of a stretch, for each could be the one that is back", batch, todo))
    if not 0.0 < min_z < np.inf:
        raise ParameterError(expected("min_z", "standard deviations above zero", min_z))
    if not 0.0 <= latency_s < np.inf:
        raise ParameterError(expected("latency_s", "seconds, zero or more", latency_s))
    settings, target = batch.settings, batch.settings.target
    means = _means(batch, target)
    found = scan_outcomes(
        batch.recv_ns,
        batch.edge_bps,
        batch.z_score[:, :, target],
        means,
        settings.target_ns,
        settings.target_ns // SAMPLES,
        min_z,
        settings.max_age_ns,
    )
    row, direction, end, back = found
    met, edge = batch.edge_bps, batch.edge_bps[row, direction]
    leave = np.where(back >= 0, back, end)
    waited = (batch.recv_ns[leave] - batch.recv_ns[row]) / NS_PER_SECOND
    return Outcomes(
        time_ns=batch.recv_ns[row],
        direction=direction,
        pair=np.zeros(row.size, dtype=np.int64),
        features=features_of(batch, direction, row),
        plain=batch.reversion_probability[row, direction, target],
        edge_bps=edge,
        hoped_bps=edge + means[row, 1 - direction],
        reverted=back >= 0,
        held_s=np.where(back >= 0, waited, settings.target_horizon_s),
        change_bps=batch.edge_bps[end, direction] - edge,
        round_trip_bps=met[_later(batch, row, latency_s), direction]
        + met[_later(batch, leave, latency_s), 1 - direction],
        names=(name,),
        horizons_s=settings.horizons_s,
        target_horizon_s=settings.target_horizon_s,
        min_z=min_z,
        latency_s=latency_s,
    )


def pool_outcomes(several: Sequence[Outcomes]) -> Outcomes:
    """Return the candidates of several pairs together, in order of time.

    Raises
    ------
    BadInput
        None is given, or they were found with different settings.
    """
    if not several:
        raise BadInput(expected("outcomes", "those of one pair or more", "none"))
    first = several[0]
    for one in several:
        for field in ("horizons_s", "target_horizon_s", "min_z", "latency_s"):
            if getattr(one, field) != getattr(first, field):
                todo = "label them all with the same settings"
                raise BadInput(expected(f"outcomes {field}", getattr(first, field), getattr(one, field), todo))
    offsets = np.cumsum([0] + [len(one.names) for one in several])
    columns = {name: np.concatenate([getattr(one, name) for one in several]) for name in _COLUMNS}
    columns["pair"] = np.concatenate([one.pair + offset for one, offset in zip(several, offsets, strict=False)])
    order = np.argsort(columns["time_ns"], kind="stable")
    return Outcomes(
        **{name: values[order] for name, values in columns.items()},
        names=tuple(name for one in several for name in one.names),
        horizons_s=first.horizons_s,
        target_horizon_s=first.target_horizon_s,
        min_z=first.min_z,
        latency_s=first.latency_s,
    )


def scan_outcomes(
    time_ns: Times,
    edge_bps: Floats,
    z_score: Floats,
    mean_bps: Floats,
    horizon_ns: int,
    spacing_ns: int,
    min_z: float,
    max_age_ns: int,
) -> tuple[Times, Times, Times, Times]:
    """Return row, direction, last known row within the horizon, and the row at which it was back (-1: it was not).

    Parameters
    ----------
    time_ns : array, shape (n,)
        Strictly rising.
    edge_bps, z_score, mean_bps : array, shape (n, 2)
        Of both directions; NaN where not known.
    horizon_ns, spacing_ns, max_age_ns
        Target horizon, spacing of candidates, and for how long an edge may be unknown.
    min_z
        Least z-score of a candidate.
    """
    # At most one a spacing and direction, and no more than there are rows.
    spaces = 0 if not time_ns.size else int(time_ns[-1] // spacing_ns - time_ns[0] // spacing_ns) + 1
    found = np.empty((4, 2 * min(spaces, time_ns.size)), dtype=np.int64)
    edge, z, mean = (np.ascontiguousarray(values) for values in (edge_bps, z_score, mean_bps))
    count = _scan(np.ascontiguousarray(time_ns), edge, z, mean, horizon_ns, spacing_ns, min_z, max_age_ns, found)
    row, direction, end, back = (values[:count].copy() for values in found)
    return row, direction, end, back


def _later(batch: SignalBatch, rows: Times, latency_s: float) -> Times:
    """Return the rows in force a latency after others."""
    moments = batch.recv_ns[rows] + round(latency_s * NS_PER_SECOND)
    return np.asarray(np.searchsorted(batch.recv_ns, moments, side="right") - 1, dtype=np.int64)


def _means(batch: SignalBatch, target: int) -> Floats:
    means, place = batch.contexts[target].mean, batch.context_row[:, target]
    # A row of NaN at the end is what the place -1, no context yet, points at.
    return np.asarray(np.vstack([means, np.full((1, 2), np.nan)])[place])


@njit(cache=True, error_model="numpy")
def _scan(
    time_ns: Times,
    edge: Floats,
    z: Floats,
    mean: Floats,
    horizon_ns: int,
    spacing_ns: int,
    min_z: float,
    max_age_ns: int,
    found: Times,
) -> int:
    rows, count = time_ns.size, 0
    broken = _broken(time_ns, edge, max_age_ns)
    space, last = np.full(2, -1), 0
    for row in range(rows):
        until = time_ns[row] + horizon_ns
        if until > time_ns[rows - 1]:
            break
        while time_ns[last + 1] <= until if last + 1 < rows else False:
            last += 1
        for way in range(2):
            if not z[row, way] >= min_z or np.isnan(mean[row, way]) or time_ns[row] // spacing_ns == space[way]:
                continue
            space[way] = time_ns[row] // spacing_ns
            if broken[row, way] < until:
                continue
            end = last
            while np.isnan(edge[end, way]):
                end -= 1
            back = row + 1
            while back <= end and not edge[back, way] <= mean[row, way]:
                back += 1
            found[0, count], found[1, count], found[2, count] = row, way, end
            found[3, count] = back if back <= end else -1
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _broken(time_ns: Times, edge: Floats, max_age_ns: int) -> Times:
    """Return from when on, after each row, the edge is not known any more for too long."""
    broken = np.empty(edge.shape, dtype=np.int64)
    for way in range(2):
        following, known = np.int64(0), -1
        for row in range(time_ns.size - 1, -1, -1):
            if not np.isnan(edge[row, way]):
                if known < 0 or time_ns[known] - time_ns[row] > max_age_ns:
                    following = time_ns[row] + max_age_ns
                known = row
            broken[row, way] = following
    return broken
