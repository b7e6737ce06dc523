"""Compiled: one step of the signal, the same for a stream of quotes and for two recorded books."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Floats, Times
from arbresearch.signals.compiled import inner, sources_number
from arbresearch.signals.context import look
from arbresearch.signals.decision_kernels import net_bps
from arbresearch.signals.layout import CELL
from arbresearch.signals.model import CLIP, FEATURES_PER_HORIZON, clipped, confidence_of, logit
from arbresearch.signals.modes import AB, BA, Mode
from arbresearch.signals.reversion import reversion_chance
from arbresearch.signals.settings import SAMPLES
from arbresearch.signals.window import count_below, count_upto, push

__all__ = ["BACKWARDS", "BAD_PRICE", "DONE", "quote_step", "run_rows"]

DONE: Final = 0
BACKWARDS: Final = 1
BAD_PRICE: Final = 2

_HOLD: Final = int(Mode.HOLD)
_SIGNAL: Final = np.array([Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY], dtype=np.int64)
_NEVER_NS: Final = 2**62
_ZERO, _ONE, _TWO, _THREE, _FOUR = (np.uint64(one) for one in range(5))


@inner
def _take(engine: Any, now_ns: int) -> None:
    """Take the samples of all grid instants up to now from the books in force, and renew contexts whose cell is full.

    Samples that have left the window by the last full cell are not taken: the work is bounded however long a gap is.
    """
    state, terms = engine.state, engine.terms
    due = _NEVER_NS
    state.renewed = True
    for h in range(terms.horizons):
        if state.next_ns[h] <= now_ns:
            spacing = terms.spacing_ns[h]
            first = state.next_ns[h] // spacing
            last = now_ns // spacing
            cell = last - last % CELL
            if first <= cell - SAMPLES:
                state.taken[h] += cell - SAMPLES + 1 - first
                first = cell - SAMPLES + 1
            for place in range(first, last + 1):
                known = place * spacing <= state.fresh_until_ns
                for direction in range(2):
                    push(state, direction, h, state.edge_bps[direction] if known else np.nan)
                state.at[h] = state.at[h] + 1 if state.at[h] + 1 < SAMPLES else 0
                state.taken[h] += 1
                if place == cell:
                    for direction in range(2):
                        look(engine, direction, h)
                    state.contexts[h] += 1
                    engine.numbers.context_ns[h] = place * spacing
            state.next_ns[h] = (last + 1) * spacing
            for direction in range(2):
                ready = engine.numbers.context[direction, h].ready
                state.ranks[direction, h] = 2.0 * state.known[direction, h] if ready else np.nan
        due = min(due, state.next_ns[h])
    state.due_ns = due


@inner
def _price(engine: Any, now_ns: int) -> None:
    """Price both directions; the first time that both books are there, begin with the samples."""
    state, terms = engine.state, engine.terms
    state.time_ns = now_ns
    if not state.started:
        if not (state.quoted[0] and state.quoted[1]):
            return
        state.started = True
        state.due_ns = _NEVER_NS
        for h in range(terms.horizons):
            state.next_ns[h] = (now_ns // terms.spacing_ns[h] + 1) * terms.spacing_ns[h]
            state.due_ns = min(state.due_ns, state.next_ns[h])
    recv_a, recv_b = state.recv_ns[0], state.recv_ns[1]
    until = min(recv_a, recv_b) + terms.max_age_ns
    if now_ns <= until and abs(recv_a - recv_b) <= terms.max_skew_ns:
        state.edge_bps[AB] = net_bps(state.bid[0], state.ask[1], terms.keep[0], terms.pay[1])
        state.edge_bps[BA] = net_bps(state.bid[1], state.ask[0], terms.keep[1], terms.pay[0])
    else:
        state.edge_bps[AB] = state.edge_bps[BA] = np.nan
    state.fresh_until_ns = until


@inner
def _counted(state: Any, side: np.uint64, h: np.uint64, edge: float) -> float:
    """Return twice the mid-rank of an edge among the samples of a horizon."""
    ordered = state.sorted[side, h]
    below = count_below(ordered, edge)
    upto = count_upto(ordered, edge) if ordered[below] == edge else below
    return np.float64(np.int64(below + upto))


@inner
def _four(engine: Any, side: np.uint64, h: np.uint64) -> None:
    """Fill the numbers of four horizons of a direction: without branches, and divided side by side."""
    state, numbers = engine.state, engine.numbers
    edge = state.edge_bps[side]
    i, j, k = h + _ONE, h + _TWO, h + _THREE
    # An edge less itself is zero, or NaN where the edge is.
    none = edge - edge
    a, b = _counted(state, side, h, edge) + none, _counted(state, side, i, edge) + none
    c, d = _counted(state, side, j, edge) + none, _counted(state, side, k, edge) + none
    ranks = state.ranks
    a, b, c, d = a / ranks[side, h], b / ranks[side, i], c / ranks[side, j], d / ranks[side, k]
    percentile = numbers.percentile
    percentile[side, h], percentile[side, i], percentile[side, j], percentile[side, k] = a, b, c, d
    mean, sd, z_score = state.mean, state.sd, numbers.z_score
    a, b = (edge - mean[side, h]) / sd[side, h], (edge - mean[side, i]) / sd[side, i]
    c, d = (edge - mean[side, j]) / sd[side, j], (edge - mean[side, k]) / sd[side, k]
    z_score[side, h], z_score[side, i], z_score[side, j], z_score[side, k] = a, b, c, d
    theta, reach, chance = state.theta, state.reach, numbers.reversion_probability
    a, b = (edge - theta[side, h]) / reach[side, h], (edge - theta[side, i]) / reach[side, i]
    c, d = (edge - theta[side, j]) / reach[side, j], (edge - theta[side, k]) / reach[side, k]
    a, b, c, d = reversion_chance(a), reversion_chance(b), reversion_chance(c), reversion_chance(d)
    chance[side, h], chance[side, i], chance[side, j], chance[side, k] = a, b, c, d


@inner
def _modelled(engine: Any, direction: int) -> float:
    """Return the confidence by the calibrated model."""
    model, numbers, features = engine.model, engine.numbers, engine.features[direction]
    for h in range(engine.terms.horizons):
        context = numbers.context[direction, h]
        place = h * FEATURES_PER_HORIZON
        features[place] = clipped(numbers.z_score[direction, h], -CLIP)
        features[place + 1] = numbers.percentile[direction, h]
        features[place + 2] = clipped(context.trend_t, -CLIP)
        features[place + 3] = logit(numbers.reversion_probability[direction, h])
        features[place + 4] = clipped(context.variance_ratio, 0.0)
    return float(
        confidence_of(
            features, model.features, model.fill, model.weights, model.missing_weights, model.intercept,
            model.knots_x, model.knots_y, model.knots,
        )
    )  # fmt: skip


@inner
def _say(engine: Any) -> None:
    """Fill the numbers of this update from edges, samples and contexts."""
    state, terms, numbers = engine.state, engine.terms, engine.numbers
    numbers.time_ns = state.time_ns
    for direction in range(2):
        edge = state.edge_bps[direction]
        if edge == numbers.edge_bps[direction] and not state.renewed:
            continue
        numbers.edge_bps[direction] = edge
        _four(engine, np.uint64(direction), _ZERO)
        if terms.horizons > 4:
            _four(engine, np.uint64(direction), _FOUR)
        if not (numbers.context[direction, terms.target].ready and edge == edge):
            numbers.confidence[direction] = np.nan
        elif engine.model.features > 0:
            numbers.confidence[direction] = _modelled(engine, direction)
        else:
            numbers.confidence[direction] = numbers.reversion_probability[direction, terms.target]
    state.renewed = False
    ab, ba = state.edge_bps[AB], state.edge_bps[BA]
    numbers.direction = AB if ab >= ba or ba != ba else BA
    if ab != ab and ba != ba:
        numbers.direction = -1
        numbers.primary_signal = _HOLD
        return
    primary = numbers.direction
    acts = (
        state.edge_bps[primary] > terms.threshold_bps[primary] and numbers.confidence[primary] >= terms.min_confidence
    )
    numbers.primary_signal = _SIGNAL[primary] if acts else _HOLD


@inner
def _take_due(engine: Any, now_ns: int) -> None:
    if engine.state.started and now_ns >= engine.state.due_ns:
        _take(engine, now_ns)


@inner
def _quote(engine: Any, venue: int, recv_ns: int, bid: float, ask: float) -> int:
    state = engine.state
    if recv_ns < state.time_ns:
        return BACKWARDS
    if bid <= 0.0 or bid == np.inf or ask <= 0.0 or ask == np.inf:
        return BAD_PRICE
    _take_due(engine, recv_ns)
    state.quoted[venue] = True
    state.recv_ns[venue], state.bid[venue], state.ask[venue] = recv_ns, bid, ask
    _price(engine, recv_ns)
    _say(engine)
    return DONE


@inner
def _put(values: Floats, side: np.uint64, horizons: int, out: Floats, at: np.uint64) -> None:
    """Write the values of a direction's horizons from a place on; four of them in one go."""
    if horizons == 4:
        a, b, c, d = values[side, _ZERO], values[side, _ONE], values[side, _TWO], values[side, _THREE]
        out[at], out[at + _ONE], out[at + _TWO], out[at + _THREE] = a, b, c, d
        return
    for h in range(horizons):
        out[at + np.uint64(h)] = values[side, h]


@inner
def _put_contexts(engine: Any, out: Any, seen: Times) -> None:
    """Append the contexts that are new."""
    state, numbers = engine.state, engine.numbers
    for h in range(engine.terms.horizons):
        if state.contexts[h] != seen[h]:
            seen[h] = state.contexts[h]
            at = out.context_at[h] + out.context_rows[h]
            out.context_ns[at] = numbers.context_ns[h]
            out.contexts[at, 0] = numbers.context[0, h]
            out.contexts[at, 1] = numbers.context[1, h]
            out.context_rows[h] += 1


@inner
def _rows(engine: Any, given: Any, out: Any) -> None:
    state, numbers, terms = engine.state, engine.numbers, engine.terms
    time_ns, row_a, row_b, step, wanted = given.time_ns, given.row_a, given.row_b, given.step, given.wanted
    recv_a, bid_a, ask_a = given.recv_a, given.bid_a, given.ask_a
    recv_b, bid_b, ask_b = given.recv_b, given.bid_b, given.ask_b
    rows, edge_bps, confidence, primary_signal = out.row, out.edge_bps, out.confidence, out.primary_signal
    percentile, z_score, reversion = out.percentile, out.z_score, out.reversion_probability
    context_row, context_rows = out.context_row, out.context_rows
    horizons = terms.horizons
    both = np.uint64(2 * horizons)
    seen = np.zeros(horizons, dtype=np.int64)
    renewed = False
    left = 0
    place = np.uint64(0)
    state.quoted[0] = state.quoted[1] = True
    for i in range(time_ns.size):
        now_ns = time_ns[i]
        if now_ns >= state.due_ns:
            _take_due(engine, now_ns)
            renewed = True
        a, b = np.uint64(row_a[i]), np.uint64(row_b[i])
        state.recv_ns[0], state.bid[0], state.ask[0] = recv_a[a], bid_a[a], ask_a[a]
        state.recv_ns[1], state.bid[1], state.ask[1] = recv_b[b], bid_b[b], ask_b[b]
        _price(engine, now_ns)
        if step > 0:
            left -= 1
            if left >= 0:
                continue
            left = step - 1
        elif not wanted[i]:
            continue
        _say(engine)
        if renewed:
            _put_contexts(engine, out, seen)
            renewed = False
        rows[place] = i
        primary_signal[place] = numbers.primary_signal
        for h in range(horizons):
            context_row[place, np.uint64(h)] = context_rows[h] - 1
        for side in (_ZERO, _ONE):
            edge_bps[place, side] = numbers.edge_bps[side]
            confidence[place, side] = numbers.confidence[side]
            at = place * both + side * np.uint64(horizons)
            _put(numbers.percentile, side, horizons, percentile, at)
            _put(numbers.z_score, side, horizons, z_score, at)
            _put(numbers.reversion_probability, side, horizons, reversion, at)
        place += _ONE
    if time_ns.size:
        _say(engine)


def _kept_as(sources: int) -> Any:
    """Compile under a number of the sources: numba keeps a function by its own file and its free variables."""

    @njit(cache=True, error_model="numpy")
    def quote(engines: Any, venue: int, recv_ns: int, bid: float, ask: float) -> int:
        return _quote(engines[0], venue, recv_ns, bid, ask) if sources >= 0 else BAD_PRICE

    @njit(cache=True, error_model="numpy")
    def rows(engines: Any, given: Any, out: Any) -> None:
        if sources >= 0:
            _rows(engines[0], given, out)

    return quote, rows


quote_step, run_rows = _kept_as(sources_number())
