"""Two simulated streams side by side, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arbresearch.sample import PairTruth, SampleSpec, StreamDay, Truth, simulate_stream

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Board:
    """Both books at every update of either: the better direction's edges, and how long each state lasted."""

    time_ns: NDArray[np.int64]
    lasts_s: Floats
    gross_bps: Floats
    net_bps: Floats
    notional: Floats

    def share(self, when: NDArray[np.bool_]) -> float:
        return float(self.lasts_s[when].sum() / self.lasts_s.sum())

    def mean_net_bps(self) -> float:
        up = self.net_bps > 0
        return float(np.average(self.net_bps[up], weights=self.lasts_s[up]))

    def episodes(self) -> tuple[Floats, Floats]:
        """Return start (s of the board) and duration (s) of the stretches with a net edge."""
        up = np.concatenate([[False], self.net_bps > 0, [False]])
        starts, stops = np.flatnonzero(up[1:] & ~up[:-1]), np.flatnonzero(up[:-1] & ~up[1:])
        ends = np.append(self.time_ns, self.time_ns[-1])
        seconds = (ends - ends[0]) / 1e9
        return seconds[starts], seconds[stops] - seconds[starts]


def edge_bps(sell: Floats, buy: Floats, sell_fee: float = 0.0, buy_fee: float = 0.0) -> Floats:
    return 1e4 * (sell * (1 - sell_fee) / (buy * (1 + buy_fee)) - 1)


def board(a: StreamDay, b: StreamDay, fee_a: float, fee_b: float) -> Board:
    times = np.union1d(a.recv_ns, b.recv_ns)
    times = times[times >= max(a.recv_ns[0], b.recv_ns[0])]
    i, j = np.searchsorted(a.recv_ns, times, "right") - 1, np.searchsorted(b.recv_ns, times, "right") - 1
    forth, back = edge_bps(a.bid[i], b.ask[j], fee_a, fee_b), edge_bps(b.bid[j], a.ask[i], fee_b, fee_a)
    size = np.where(forth >= back, np.minimum(a.bid_size[i], b.ask_size[j]), np.minimum(b.bid_size[j], a.ask_size[i]))
    gross = np.maximum(edge_bps(a.bid[i], b.ask[j]), edge_bps(b.bid[j], a.ask[i]))
    lasts = np.diff(times, append=times[-1]) / 1e9
    return Board(times, lasts, gross, np.maximum(forth, back), size * a.bid[i])


def board_of(spec: SampleSpec, truth: Truth, pair: PairTruth, day: int = 0) -> Board:
    a, b = (simulate_stream(spec, venue, pair.symbol, day) for venue in (pair.venue_a, pair.venue_b))
    fees = [truth.stream(venue, pair.symbol).taker_fee for venue in (pair.venue_a, pair.venue_b)]
    return board(a, b, *fees)
