"""What is true about a simulated market: which pairs pay, which only seem to, and why."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from itertools import combinations
from math import erfc, exp, hypot, pi, sqrt
from pathlib import Path
from typing import Any, Final, Self

from arbresearch.core import BadInput, expected
from arbresearch.sample.incidents import FLICKERS_PER_DAY
from arbresearch.sample.plan import CoinPlan, Kind, MarketPlan, StreamPlan, plan_market, taker_fees_bps
from arbresearch.sample.spec import GENERATOR_VERSION, SampleSpec

__all__ = ["TRUTH_FILE", "PairTruth", "Truth", "load_truth", "share_above", "truth_of"]

TRUTH_FILE: Final = "truth.json"

_REASONS: Final = {
    Kind.PAYS: "the deviation passes all costs often, for minutes, in both directions and in size",
    Kind.NONE: "the two books follow each other within their costs",
    Kind.FEES: "the gross edge is there often, but never reaches the fees of two takers",
    Kind.FLICKER: "every edge is over within a tenth of a second, before any order could arrive",
    Kind.THIN: "whenever there is an edge, the side that pays shows less than the smallest order",
    Kind.IDENTITY: "the two venues list different coins under the same ticker",
    Kind.FROZEN: "the edges are against a book that has stopped moving",
    Kind.DEPOSIT_SHUT: "the gap has one direction and no coin can be moved, so inventory is gone after once",
    Kind.BAD_PRINT: "all of the edge is one isolated print",
}


@dataclass(frozen=True, slots=True)
class PairTruth:
    """The truth about one symbol on two venues.

    Parameters
    ----------
    symbol, venue_a, venue_b
        The pair; venues in the order of the spec.
    kind, variant, reason
        ``pays``, ``none`` or a trap; which one of several of its kind; why, in words.
    odd_venue
        The venue that was planted; None for an ordinary pair.
    half_life_s
        Of the larger of the two deviations.
    mean_bps, sd_bps
        Log price of A over B: stationary mean and standard deviation of the planted deviations.
    fees_bps, spreads_bps, cost_bps
        Two takers' fees, the two quoted half spreads, and their sum.
    expected_gross_share, expected_share
        Share of time in which the better direction has an edge before and after fees, computed from the
        parameters (normal deviations plus the staleness of two books); None where no formula holds.
    expected_net_edge_bps
        Mean net edge while there is one; None as above, or where there is practically never one.
    executable_notional
        Largest notional the paying side shows, quote currency; None where it is not limited by design.
    lag_ms
        How much later B moves than A.
    """

    symbol: str
    venue_a: str
    venue_b: str
    kind: Kind
    variant: int
    reason: str
    odd_venue: str | None
    half_life_s: float
    mean_bps: float
    sd_bps: float
    fees_bps: float
    spreads_bps: float
    cost_bps: float
    expected_gross_share: float | None
    expected_share: float | None
    expected_net_edge_bps: float | None
    executable_notional: float | None
    lag_ms: float


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth about a whole market: its spec, every stream's parameters, every pair."""

    version: int
    spec: SampleSpec
    streams: tuple[StreamPlan, ...]
    pairs: tuple[PairTruth, ...]

    def of_kind(self, kind: Kind | str) -> tuple[PairTruth, ...]:
        """Return the pairs of one kind, in the order of the symbols."""
        return tuple(pair for pair in self.pairs if pair.kind == kind)

    def pair(self, symbol: str, venue_a: str, venue_b: str) -> PairTruth:
        """Return one pair, venues in either order; :class:`BadInput` when there is none."""
        for pair in self.pairs:
            if pair.symbol == symbol and {pair.venue_a, pair.venue_b} == {venue_a, venue_b}:
                return pair
        raise BadInput(expected("pair", "a symbol and two venues of this market", f"{symbol} {venue_a} {venue_b}"))

    def stream(self, venue: str, symbol: str) -> StreamPlan:
        """Return the parameters of one stream; :class:`BadInput` when there is none."""
        for stream in self.streams:
            if (stream.venue, stream.symbol) == (venue, symbol):
                return stream
        raise BadInput(expected("stream", "a venue and symbol of this market", f"{venue} {symbol}"))

    def write(self, path: Path) -> None:
        """Write as JSON, atomically: a reader sees the old file or the whole new one."""
        values = {"version": self.version, "spec": self.spec.as_dict()}
        values |= {"pairs": [asdict(pair) for pair in self.pairs], "streams": [asdict(one) for one in self.streams]}
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with scratch.open("w", encoding="utf-8") as file:
            json.dump(values, file, indent=1, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from what :meth:`write` wrote, parsed."""
        kinds = {"pairs": PairTruth, "streams": StreamPlan}
        rows = {
            name: tuple(kind(**{**row, "kind": Kind(row["kind"])}) for row in values[name])
            for name, kind in kinds.items()
        }
        return cls(values["version"], SampleSpec.from_dict(values["spec"]), rows["streams"], rows["pairs"])


def load_truth(path: str | Path) -> Truth:
    """Read a truth file, or the one of a store when a folder is given.

    Raises
    ------
    BadInput
        If there is none, it is no truth file, or it was written by a newer version.
    """
    path = Path(path) / TRUTH_FILE if Path(path).is_dir() else Path(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(
            expected(str(path), "the truth file of a sample market", "nothing", "make one with: arb sample")
        ) from None
    except ValueError as error:
        raise BadInput(expected(str(path), "JSON", str(error))) from None
    version = values.get("version") if isinstance(values, dict) else None
    if not isinstance(version, int) or version > GENERATOR_VERSION:
        raise BadInput(
            expected(f"{path} version", f"at most {GENERATOR_VERSION}", repr(version), "use a newer arbresearch")
        )
    try:
        return Truth.from_dict(values)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(expected(str(path), "the truth file of a sample market", repr(error))) from None


def truth_of(spec: SampleSpec) -> Truth:
    """Work out the truth about the market of a spec; nothing is simulated for it."""
    plan = plan_market(spec)
    streams = tuple(stream for _, stream in plan.streams())
    return Truth(GENERATOR_VERSION, spec, streams, _pairs(plan))


def _pairs(plan: MarketPlan) -> tuple[PairTruth, ...]:
    found = []
    for coin in plan.coins:
        for first, second in combinations(coin.streams, 2):
            if first.symbol == second.symbol:
                found.append(_pair(plan.spec, coin, first, second))
    return tuple(found)


def _pair(spec: SampleSpec, coin: CoinPlan, first: StreamPlan, second: StreamPlan) -> PairTruth:
    odd = next((one for one in (first, second) if one.kind is not Kind.NONE), None)
    kind = odd.kind if odd is not None else Kind.NONE
    mean = first.deviation_mean_bps - second.deviation_mean_bps
    sd = hypot(first.deviation_sd_bps, second.deviation_sd_bps)
    spreads = first.quoted_half_spread_bps + second.quoted_half_spread_bps
    fees = 0.5 * (taker_fees_bps(first, second) + taker_fees_bps(second, first))
    stale = STALENESS * 1e4 * coin.daily_volatility / sqrt(spec.quotes_per_day)
    gross_share, _ = share_above(spreads, mean, hypot(sd, stale))
    share, edge = share_above(spreads + fees, mean, hypot(sd, stale))
    known: tuple[float | None, float | None, float | None] = (gross_share, share, edge if share > 1e-6 else None)
    if kind is Kind.FLICKER:
        known = (gross_share, FLICKERS_PER_DAY * 0.045 / 86_400.0, 62.5 - spreads - fees)
    elif kind is Kind.BAD_PRINT:
        known = (gross_share, 2.0 / (86_400.0 * spec.days), 600.0 - spreads - fees)
    elif kind in (Kind.IDENTITY, Kind.FROZEN):
        known = (None, None, None)
    larger = first if first.deviation_sd_bps >= second.deviation_sd_bps else second
    return PairTruth(
        symbol=first.symbol, venue_a=first.venue, venue_b=second.venue, kind=kind,
        variant=odd.variant if odd is not None else 0, reason=_REASONS[kind],
        odd_venue=odd.venue if odd is not None else None, half_life_s=larger.deviation_half_life_s,
        mean_bps=mean, sd_bps=sd, fees_bps=fees, spreads_bps=spreads, cost_bps=spreads + fees,
        expected_gross_share=known[0], expected_share=known[1], expected_net_edge_bps=known[2],
        executable_notional=odd.thin_notional if odd is not None else None, lag_ms=second.lag_ms - first.lag_ms,
    )  # fmt: skip


STALENESS: Final = 0.75
"""Standard deviation of the price between two books' last changes, in units of a mean gap's.

Independent exponential ages would give 1; requoting after large moves cuts their tails.
"""


def share_above(cost: float, mean: float, sd: float) -> tuple[float, float]:
    """Return how often a normal variable is beyond a cost, either way, and by how much on average then.

    Parameters
    ----------
    cost, mean, sd
        All in one unit; ``sd`` positive.

    Returns
    -------
    share, excess
        ``P(|x| > cost)`` and ``E[|x| - cost given |x| > cost]`` (0 where the share underflows).
    """
    share = excess = 0.0
    for centre in (mean, -mean):
        z = (cost - centre) / sd
        tail = 0.5 * erfc(z / sqrt(2.0))
        share += tail
        excess += sd * exp(-0.5 * z * z) / sqrt(2.0 * pi) - sd * z * tail
    return share, excess / share if share > 0.0 else 0.0
