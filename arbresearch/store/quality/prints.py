"""Prices that jump away from their neighbours and come back: bad prints, or moves that other venues share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from arbresearch.store.quality.kernels import Floats, Times, median_distance_bps, returned
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.quality.slices import Slice, Stream

__all__ = ["PRINTS_SCHEMA", "Prints", "mark_elsewhere"]

_KEPT = 100_000
"""Outliers kept of one slice, the furthest, so that a stream that is nothing but noise does not fill the memory."""

PRINTS_SCHEMA = {
    "table": pl.String, "venue": pl.String, "symbol": pl.String, "recv_ns": pl.Int64, "side": pl.String,
    "price": pl.Float64, "median": pl.Float64, "distance_bps": pl.Float64,
    "outlier": pl.Boolean, "isolated": pl.Boolean, "back_s": pl.Float64,
}  # fmt: skip


@dataclass(slots=True)
class Prints:
    """Looks for outliers in each price of a stream, with enough rows of the last slice kept to judge its end.

    Prices past half the limit are kept too, as witnesses of a move that another venue shows as an outlier.
    """

    settings: QualitySettings
    stream: Stream
    count: int = 0
    _recv: Times = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _prices: tuple[Floats, ...] = ()
    _judged: int = 0
    _found: list[pl.DataFrame] = field(default_factory=list)

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the names of the prices."""
        return ("trade",) if self.stream.table == "trades" else ("bid", "ask")

    def add(self, part: Slice) -> None:
        """Take in the next rows; the last few wait for what follows them."""
        prices: tuple[Floats, ...] = (part.values[0],) if len(self.sides) == 1 else (part.values[0], part.values[2])
        if self._prices:
            prices = tuple(np.concatenate([old, new]) for old, new in zip(self._prices, prices, strict=True))
        self._recv = np.concatenate([self._recv, part.recv_ns])
        self._prices = prices
        half = self.settings.outlier_window // 2
        self._judge(max(self._recv.size - half, self._judged))
        start = max(self._judged - half, 0)
        self._recv, self._prices = self._recv[start:].copy(), tuple(one[start:].copy() for one in self._prices)
        self._judged -= start

    def finish(self) -> pl.DataFrame:
        """Judge the rows that waited; return outliers and witnesses, a row a price, NaN ``back_s`` where not back."""
        self._judge(self._recv.size)
        return pl.concat([pl.DataFrame(schema=PRINTS_SCHEMA), *self._found])

    def _judge(self, until: int) -> None:
        chosen = self.settings
        for side, price in zip(self.sides, self._prices, strict=True):
            distance, median = np.empty(price.size), np.empty(price.size)
            median_distance_bps(price, chosen.outlier_window // 2, distance, median)
            fresh = np.abs(distance[self._judged : until])
            known = fresh[~np.isnan(fresh)]
            if not known.size:
                continue
            limit = max(chosen.outlier_floor_bps, chosen.outlier_mads * float(np.median(known)))
            rows = np.flatnonzero(fresh > 0.5 * limit) + self._judged
            rows = rows[self._window_s(rows) <= chosen.outlier_window_s]
            self.count += int((np.abs(distance[rows]) > limit).sum())
            if rows.size > _KEPT:
                rows = np.sort(rows[np.argsort(-np.abs(distance[rows]), kind="stable")[:_KEPT]])
            back = np.empty(rows.size, dtype=np.int64)
            returned(price, median, rows, chosen.outlier_return, back)
            back_s = np.where(back >= 0, (self._recv[back] - self._recv[rows]) / 1e9, np.nan)
            isolated = back_s <= chosen.outlier_return_s
            self._found.append(
                pl.DataFrame(
                    {
                        "table": [self.stream.table] * rows.size,
                        "venue": [self.stream.venue] * rows.size,
                        "symbol": [self.stream.symbol] * rows.size,
                        "recv_ns": self._recv[rows],
                        "side": [side] * rows.size,
                        "price": price[rows],
                        "median": median[rows],
                        "distance_bps": distance[rows],
                        "outlier": np.abs(distance[rows]) > limit,
                        "isolated": isolated,
                        "back_s": back_s,
                    },
                    schema=PRINTS_SCHEMA,
                )
            )
        self._judged = until

    def _window_s(self, rows: Times) -> Floats:
        half, last = self.settings.outlier_window // 2, self._recv.size - 1
        spans: Floats = (self._recv[np.minimum(rows + half, last)] - self._recv[np.maximum(rows - half, 0)]) / 1e9
        return spans


def mark_elsewhere(prints: pl.DataFrame, within_s: float) -> pl.DataFrame:
    """Return the outliers, with ``elsewhere``: whether another venue's price of the same coin went the same way.

    It did when it was past half its own limit, with the same sign, at most ``within_s`` seconds apart.
    """
    up, coin = pl.col("distance_bps") > 0, pl.col("symbol").str.split(":").list.first()
    keyed = prints.with_columns(coin.alias("coin"), up.alias("up")).sort("recv_ns", maintain_order=True)
    marked = [keyed.clear().with_columns(pl.lit(None, pl.String).alias("witness"))]
    for (venue,), mine in keyed.group_by("venue", maintain_order=True):
        others = keyed.filter(pl.col("venue") != venue).select(
            "recv_ns", "coin", "up", pl.col("venue").alias("witness")
        )
        near = mine.filter(pl.col("outlier")).join_asof(
            others, on="recv_ns", by=["coin", "up"], strategy="nearest", tolerance=round(within_s * 1e9),
            check_sortedness=False,
        )  # fmt: skip
        marked.append(near)
    whole = pl.concat(marked).with_columns(pl.col("witness").is_not_null().alias("elsewhere"))
    return whole.drop("coin", "up", "outlier", "witness")
