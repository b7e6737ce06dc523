"""From the blocks of a pair to the numbers that a score is made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.core.units import NS_PER_HOUR, NS_PER_SECOND
from arbresearch.discovery.blocks.pair_blocks import VOLATILITY_NS, PairBlocks, block_columns
from arbresearch.discovery.blocks.pair_terms import PairTerms
from arbresearch.discovery.blocks.settings import LAGS_NS, ScoreSettings
from arbresearch.edges import LeadLag, LeadLagSums, lead_lag_of_sums, volatility_ratio_of_sums
from arbresearch.edges.arrays import Floats, Times
from arbresearch.stats import estimate_mean

__all__ = ["Evidence", "gather_evidence"]

_CLEAR_Z: Final = 3.0
"""A lead is named when the correlation on one side exceeds that on the other by so many standard errors."""
_FULL: Final = 0.99
_MOST_BLOCKS: Final = 1_440
_SPIKE: Final = 5.0
"""A profit is a spike when it exceeds this many times the mean profit of all other episodes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What was measured of one pair, before anybody says what it means; NaN where it is not known.

    Parameters
    ----------
    blocks, covered_hours
        Blocks that count, and hours with both books in them.
    raw_episodes, net_episodes, sized_episodes, alive_episodes, captured_episodes
        The funnel: gross edge above zero; net edge above the entry; the smallest order on the books; net edge above
        zero on arrival; inventory was there too.
    executed_episodes
        Those acted on, whatever the edge on arrival.
    final_score, mean_bps_day, standard_error, probability_positive
        Net profit in basis points of capital a day: lower bound corrected for all candidates, mean, error of the
        mean, and P(mean > 0).
    block_size
        Mean length of the resampled stretches, blocks (groups of blocks where there are more than 1,440).
    gross_bps_day, fees_bps_day, depth_bps_day, latency_bps_day, capital_bps_day, rebalance_bps_day
        From gross to net: what the wanted size at the best prices promises, and what fees, smaller books, latency,
        inventory and moving coin back change; they add up to ``mean_bps_day``.
    avg_spread_bps, gross_spread_bps, volume_weighted_spread, slippage_impact_bps
        Means over executed episodes, see :class:`arbresearch.discovery.ArbitrageOpportunityScore`.
    quoted_spread_bps
        Mean gross edge over the time in which it is above zero.
    opportunity_frequency, raw_frequency
        Net episodes, and gross ones, an hour.
    liquidity_depth_score, survival_at_latency, transfer_viability_score
        Shares, see there.
    price_correlation, price_lag_s, lead_lag_ratio, lead_z, volatility_ratio, price_ratio
        Of the two mids.
    latency_s
        The longer one of the two venues.
    one_way_share, standing_share
        Of the time with a net edge: in its commoner direction; and of all time in which last known prices show one, in
        blocks that count and others, against a book that stands still or is silent.
    best_share, best_spike
        Share of the profit of executed episodes in the best one, and whether it is far beyond the others.
    capacity_quote, capacity_is_floor
        Notional of an action at which profit has all but reached its maximum, and whether recorded books ended
        before profit did.
    latencies, sizes
        Rows (latency_s, mean_bps_day, survival) and (notional_quote, profit_quote_day, marginal_bps).
    start_ns, profit_bps_day, covered_s
        By block: beginning, net profit (NaN where it does not count) and covered time.
    """

    blocks: int
    covered_hours: float
    raw_episodes: int
    net_episodes: int
    sized_episodes: int
    alive_episodes: int
    executed_episodes: int
    captured_episodes: int
    final_score: float
    mean_bps_day: float
    standard_error: float
    probability_positive: float
    block_size: float
    gross_bps_day: float
    fees_bps_day: float
    depth_bps_day: float
    latency_bps_day: float
    capital_bps_day: float
    rebalance_bps_day: float
    avg_spread_bps: float
    gross_spread_bps: float
    volume_weighted_spread: float
    slippage_impact_bps: float
    quoted_spread_bps: float
    opportunity_frequency: float
    raw_frequency: float
    liquidity_depth_score: float
    survival_at_latency: float
    transfer_viability_score: float
    price_correlation: float
    price_lag_s: float
    lead_lag_ratio: float
    lead_z: float
    volatility_ratio: float
    price_ratio: float
    latency_s: float
    one_way_share: float
    standing_share: float
    best_share: float
    best_spike: bool
    capacity_quote: float
    capacity_is_floor: bool
    latencies: tuple[tuple[float, float, float], ...]
    sizes: tuple[tuple[float, float, float], ...]
    start_ns: Times
    profit_bps_day: Floats
    covered_s: Floats

    @property
    def decided_bps_day(self) -> float:
        """Return what the books promised at the instant of each decision."""
        return self.gross_bps_day + self.fees_bps_day + self.depth_bps_day

    @property
    def met_bps_day(self) -> float:
        """Return what the orders would have met on arrival without limits of inventory."""
        return self.decided_bps_day + self.latency_bps_day


def gather_evidence(
    blocks: PairBlocks, terms: PairTerms, settings: ScoreSettings, candidates: int, since_ns: int | None = None
) -> Evidence:
    """Work out the evidence of a pair from its blocks.

    Parameters
    ----------
    blocks
        All there are, for inventory and its charge follow from the first one on.
    terms, settings
        With which they were measured.
    candidates
        How many pairs are compared, this one counted.
    since_ns
        Only blocks from here on count; None: all.
    """
    names = block_columns(settings)
    columns = {name: blocks.values[:, place] for place, name in enumerate(names)}
    counts = columns["covered_ns"] >= settings.min_cover * settings.block_ns
    window = blocks.start_ns >= (since_ns if since_ns is not None else -(2**63))
    costs = _reverse_costs(columns, counts, terms)
    nets = [_net(columns, counts, n, costs) for n in range(len(settings.latencies_s) + 1)]
    used = counts & window
    chosen = np.ascontiguousarray(blocks.values[used].T)
    table = dict(zip(names, chosen, strict=True))
    total = dict(zip(names, chosen.sum(axis=1).tolist(), strict=True))
    number = int(used.sum())
    scale = settings.to_bps_day / number if number else nan
    profit = np.where(counts, nets[0], np.nan)[window] * settings.to_bps_day
    enough = number >= settings.min_blocks and total["executed_episodes"] >= settings.min_episodes
    counted = profit[counts[window]]
    bound = estimate_mean(
        _grouped(counted) if enough else profit[:0],
        settings.confidence,
        candidates=candidates,
        minimum=settings.min_blocks,
        block_size=settings.block_size,
        resamples=settings.resamples,
        seed=settings.seed,
    )
    mean = float(nets[0][used].sum()) * scale
    hours = total["covered_ns"] / NS_PER_HOUR
    net, executed = total["net_episodes"], total["executed_episodes"]
    value_ab, value_ba = total["value_ab_ns"], total["value_ba_ns"]
    open_ns = total["net_ab_ns"] + total["net_ba_ns"]
    standing_ns = float(columns["standing_ns"][window].sum())
    known_ns = standing_ns + float((columns["net_ab_ns"] + columns["net_ba_ns"])[window].sum())
    capacity, is_floor, sizes = _capacity(table, net, number, settings)
    prices, volatility = _prices(table)
    best_share, best_spike = _best(table, total)
    return Evidence(
        blocks=number,
        covered_hours=hours,
        raw_episodes=int(total["raw_episodes"]),
        net_episodes=int(total["net_episodes"]),
        sized_episodes=int(total["sized_episodes"]),
        alive_episodes=int(total["alive_episodes"]),
        executed_episodes=int(total["executed_episodes"]),
        captured_episodes=int(total["captured_episodes"]),
        final_score=mean + (bound.lower_bound - bound.mean) if enough else nan,
        mean_bps_day=mean,
        standard_error=bound.standard_error,
        probability_positive=bound.probability_positive,
        block_size=bound.block_size,
        gross_bps_day=total["gross_quote"] * scale,
        fees_bps_day=total["fees_quote"] * scale,
        depth_bps_day=total["depth_quote"] * scale,
        latency_bps_day=total["latency_quote"] * scale,
        capital_bps_day=total["capital_quote"] * scale,
        rebalance_bps_day=mean - total["profit_0"] * scale,
        avg_spread_bps=_over(total["edge_bps"], executed),
        gross_spread_bps=_over(total["gross_edge_bps"], executed),
        volume_weighted_spread=1e4 * _over(total["profit_0"], total["paid_quote"]),
        slippage_impact_bps=_over(total["slippage_bps"], total["sent_episodes"]),
        quoted_spread_bps=_over(total["gross_bps_ns"], total["gross_ns"]),
        opportunity_frequency=_over(net, hours),
        raw_frequency=_over(total["raw_episodes"], hours),
        liquidity_depth_score=_over(total["depth_score"], net),
        survival_at_latency=_over(total["alive_0"], net),
        transfer_viability_score=_transfer_viability(table, total),
        price_correlation=prices.correlation,
        price_lag_s=(prices.lead if prices.lead_z >= _CLEAR_Z else prices.best_lag) / NS_PER_SECOND,
        lead_lag_ratio=prices.ratio,
        lead_z=prices.lead_z,
        volatility_ratio=volatility,
        price_ratio=sqrt(value_ab / value_ba) if value_ab > 0.0 and value_ba > 0.0 else nan,
        latency_s=max(terms.latency_a_s, terms.latency_b_s),
        one_way_share=_over(max(total["net_ab_ns"], total["net_ba_ns"]), open_ns),
        standing_share=_over(standing_ns, known_ns),
        best_share=best_share,
        best_spike=best_spike,
        capacity_quote=capacity,
        capacity_is_floor=is_floor,
        latencies=tuple(
            (latency, float(series[used].sum()) * scale, _over(total[f"alive_{n + 1}"], net))
            for n, (latency, series) in enumerate(zip(settings.latencies_s, nets[1:], strict=True))
        ),
        sizes=sizes,
        start_ns=blocks.start_ns[window],
        profit_bps_day=profit,
        covered_s=columns["covered_ns"][window] / NS_PER_SECOND,
    )


def _grouped(values: Floats) -> Floats:
    """Return means of neighbours where a series is longer than resampling it is worth; the oldest odd ones are cut."""
    together = -(-values.size // _MOST_BLOCKS)
    if together <= 1:
        return values
    means: Floats = values[values.size % together :].reshape(-1, together).mean(axis=1)
    return means


def _over(value: float, count: float) -> float:
    return value / count if count else nan


def _reverse_costs(
    columns: dict[str, Floats], counts: npt.NDArray[np.bool_], terms: PairTerms
) -> tuple[Floats, Floats]:
    """Return what selling on A and buying on B, and the reverse, has cost on average up to each block, a fraction."""
    covered = np.where(counts, columns["covered_ns"], 0.0)
    time = np.maximum(np.cumsum(covered), 1.0)
    keep_a, pay_a = 1.0 - terms.fees_a.taker, 1.0 + terms.fees_a.taker
    keep_b, pay_b = 1.0 - terms.fees_b.taker, 1.0 + terms.fees_b.taker
    value_ab = np.cumsum(np.where(counts, columns["value_ab_ns"], 0.0)) / time * keep_a / pay_b
    value_ba = np.cumsum(np.where(counts, columns["value_ba_ns"], 0.0)) / time * keep_b / pay_a
    return np.maximum(0.0, 1.0 - value_ab), np.maximum(0.0, 1.0 - value_ba)


def _net(columns: dict[str, Floats], counts: npt.NDArray[np.bool_], n: int, costs: tuple[Floats, Floats]) -> Floats:
    """Return the net profit of each block in quote currency at one latency; 0 where a block does not count.

    What tilts inventory is charged, as soon as it does, with bringing it back: by the reverse trade at what that has
    cost on average so far, or by a transfer where that is possible and cheaper. What a later block tilts back
    gives the charge back.
    """
    tilt = columns[f"tilt_{n}"]
    reverse = np.abs(tilt) * np.where(tilt > 0.0, costs[1], costs[0])
    move = np.where(tilt > 0.0, columns["move_ab_quote"], columns["move_ba_quote"])
    charge = np.fmin(reverse, np.where(tilt == 0.0, 0.0, move))
    held = charge[counts]
    net = np.zeros(tilt.size)
    net[counts] = (columns[f"profit_{n}"] - columns[f"moved_{n}"])[counts] - np.diff(held, prepend=0.0)
    return net


def _transfer_viability(table: dict[str, Floats], total: dict[str, float]) -> float:
    """Return the share of executed episodes whose edge exceeds a transfer; NaN where it is suspended at the end."""
    if not total["executed_episodes"]:
        return nan
    mostly_ab = total["net_ab_ns"] >= total["net_ba_ns"]
    last = table["move_ab_quote" if mostly_ab else "move_ba_quote"][-1]
    return total["beats_transfer"] / total["executed_episodes"] if isfinite(last) else nan


def _best(table: dict[str, Floats], total: dict[str, float]) -> tuple[float, bool]:
    """Return the share of the best executed episode in all profit, and whether it is far beyond the others."""
    best = float(table["best_quote"].max()) if table["best_quote"].size else 0.0
    others = _over(total["profit_0"] - best, total["executed_episodes"] - 1.0)
    spike = best > 0.0 and not others * _SPIKE >= best
    return _over(best, total["profit_0"]) if total["profit_0"] > 0.0 else nan, spike


def _prices(table: dict[str, Floats]) -> tuple[LeadLag, float]:
    """Return lead and lag of the two mids, and the ratio of their volatilities."""
    lags = range(len(LAGS_NS))
    by_lag = {
        name: np.array([table[f"{column}_{n}"] for n in lags]).T.reshape(-1, len(LAGS_NS))
        for name, column in (("products", "product"), ("squares", "square"), ("known", "known"))
    }
    sums = LeadLagSums(
        lags_ns=np.array(LAGS_NS, np.int64),
        horizon_ns=VOLATILITY_NS,
        products=by_lag["products"],
        squares=by_lag["squares"],
        known=by_lag["known"].astype(np.int64),
        square_1=table["square_a"],
        square_2=table["square_b"],
        step_ns=table["step_ns"].astype(np.int64),
        moves_1=table["moves_a"],
        moves_2=table["moves_b"],
        moves=table["moves"].astype(np.int64),
    )
    return lead_lag_of_sums(sums), volatility_ratio_of_sums(sums).ratio


def _capacity(
    table: dict[str, Floats], net: float, number: int, settings: ScoreSettings
) -> tuple[float, bool, tuple[tuple[float, float, float], ...]]:
    """Return the notional at which profit is all but largest, whether it never fell after, and the curve."""
    notionals = np.array(settings.sizes_quote)
    profits = np.array([table[f"size_{n}"].sum() for n in range(notionals.size)])
    if not net or not number:
        return nan, False, ()
    steps = np.diff(profits, prepend=0.0) / np.diff(notionals, prepend=0.0)
    days = number * settings.block_s / 86_400.0
    curve = tuple(
        (float(size), float(profit / days), float(1e4 * step / net))
        for size, profit, step in zip(notionals, profits, steps, strict=True)
    )
    most = float(profits.max())
    if most <= 0.0:
        return 0.0, False, curve
    goal = _FULL * most
    place = int(np.argmax(profits >= goal))
    before = (0.0, 0.0) if place == 0 else (float(notionals[place - 1]), float(profits[place - 1]))
    share = (goal - before[1]) / (float(profits[place]) - before[1])
    capacity = before[0] + share * (float(notionals[place]) - before[0])
    return capacity, bool(profits[-1] >= most * (1.0 - 1e-9)), curve
