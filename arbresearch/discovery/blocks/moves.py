"""What it costs and takes to bring an excess of coin from one venue of a pair back to the other, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import polars as pl

from arbresearch.core.units import NS_PER_DAY, NS_PER_MINUTE
from arbresearch.discovery.pairs import StreamPair
from arbresearch.store import TickStore
from arbresearch.venues import map_networks, unit_of

__all__ = ["Move", "MoveTable"]

_DEFAULT_MINUTES: Final = 30.0
"""Time of a transfer where the venue does not say how long its network takes."""


@dataclass(frozen=True, slots=True)
class Move:
    """The cheapest way of one asset from one venue to another.

    Parameters
    ----------
    fee
        Withdrawal fee, coins of the asset.
    fee_fraction
        Withdrawal fee, fraction of the amount.
    minutes
        Expected time.
    network
        Canonical name.
    """

    fee: float
    fee_fraction: float
    minutes: float
    network: str


class MoveTable:
    """The cheapest open network for each asset and pair of venues, as known at the beginning of each day.

    Parameters
    ----------
    networks
        All snapshots: ``venue asset network recv_ns withdraw_open deposit_open fee fee_fraction minutes``.
    """

    def __init__(self, networks: pl.DataFrame) -> None:
        self.rows = map_networks(networks).filter(pl.col("network_canonical").is_not_null()).sort("recv_ns")
        self._days: dict[int, Mapping[tuple[str, str, str], Move]] = {}

    @classmethod
    def mapped(cls, rows: pl.DataFrame) -> Self:
        """Build from the ``rows`` of another table."""
        table = cls.__new__(cls)
        table.rows, table._days = rows, {}
        return table

    @classmethod
    def of(cls, store: TickStore) -> Self:
        """Read every snapshot of a store."""
        wanted = "venue, asset, network, recv_ns, withdraw_open, deposit_open, fee, fee_fraction, minutes"
        return cls(store.sql(f"select {wanted} from networks"))

    def at(self, moment_ns: int) -> Mapping[tuple[str, str, str], Move]:
        """Return (asset, from, to) to the cheapest move, as of the midnight before a moment.

        Absent where no common network is open at both ends. A venue's snapshot counts from the moment it was taken.
        """
        day = moment_ns // NS_PER_DAY
        if day not in self._days:
            self._days[day] = self._routes(day * NS_PER_DAY)
        return self._days[day]

    def both_ways(
        self, pair: StreamPair, moment_ns: int, amount_quote: float
    ) -> tuple[list[float], list[float], list[int]]:
        """Return cost and time of bringing an excess of coin from B to A, and from A to B.

        The coin goes one way and as much quote currency the other. The cost is an amount of coin and one of quote
        currency, for moving ``amount_quote``; the latter is -1 where either cannot be moved, as with a perpetual. Times
        are nanoseconds, that of the slower of the two.
        """
        base, quote = _assets(pair)
        moves = self.at(moment_ns)
        spot = ":" not in pair.symbol_a + pair.symbol_b
        coins, costs, times = [], [], []
        for source, target in ((pair.venue_b, pair.venue_a), (pair.venue_a, pair.venue_b)):
            coin, cash = moves.get((base, source, target)), moves.get((quote, target, source))
            if coin is None or cash is None or not spot:
                coins.append(0.0)
                costs.append(-1.0)
                times.append(0)
            else:
                share = coin.fee_fraction + cash.fee_fraction
                coins.append(coin.fee)
                costs.append(cash.fee + share * amount_quote)
                times.append(round(max(coin.minutes, cash.minutes) * NS_PER_MINUTE))
        return coins, costs, times

    def _routes(self, midnight_ns: int) -> Mapping[tuple[str, str, str], Move]:
        known = self.rows.filter(pl.col("recv_ns") <= midnight_ns)
        latest = known.unique(["venue", "asset", "network"], keep="last", maintain_order=True)
        out = latest.filter(pl.col("withdraw_open") & pl.col("fee").is_not_null())
        into = latest.filter("deposit_open").select("asset", "network_canonical", pl.col("venue").alias("target"))
        routes = (
            out.join(into.unique(), on=["asset", "network_canonical"])
            .filter(pl.col("venue") != pl.col("target"))
            .with_columns(
                pl.col("fee_fraction").fill_nan(None).fill_null(0.0),
                pl.col("minutes").fill_nan(None).fill_null(_DEFAULT_MINUTES),
            )
            .sort("fee", "fee_fraction", "minutes", "network_canonical")
            .unique(["asset", "venue", "target"], keep="first", maintain_order=True)
        )
        columns = ("asset", "venue", "target", "fee", "fee_fraction", "minutes", "network_canonical")
        rows = routes.select(*columns).iter_rows()
        return {
            (asset, source, target): Move(fee, fraction, minutes, network)
            for asset, source, target, fee, fraction, minutes, network in rows
        }


def _assets(pair: StreamPair) -> tuple[str, str]:
    base, quote = pair.coin.split("/")
    return unit_of(base).base, quote
