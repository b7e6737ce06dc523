"""From blocks to evidence, by hand: the charge for a tilt, capacity, windows, groups of blocks, reasons."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from arbresearch.core import FeeSchedule
from arbresearch.discovery import Reason, ScoreSettings
from arbresearch.discovery.blocks.pair_blocks import PairBlocks, block_columns
from arbresearch.discovery.blocks.pair_terms import PairTerms
from arbresearch.discovery.scoring.evidence import Evidence, gather_evidence
from arbresearch.discovery.scoring.reasons import refusal
from arbresearch.stats import lower_confidence_bound
from arbresearch.venues import Verdict

HOUR = 3_600 * 10**9
SETTINGS = ScoreSettings(block_s=3_600, capital_quote=10_000.0, seed=3)
FREE = FeeSchedule(0.0, 0.0)
TERMS = PairTerms(
    fees_a=FREE, fees_b=FREE, lot=0.0, min_quantity=0.0, min_notional=0.0, latency_a_s=0.1, latency_b_s=0.3
)


def blocks(number: int, **columns: object) -> PairBlocks:
    """Return fully covered blocks with some columns, zero elsewhere; the reverse trade costs 20 bps."""
    names = block_columns(SETTINGS)
    values = np.zeros((number, len(names)))
    held: dict[str, object] = {"covered_ns": HOUR, "updates": 100.0}
    held |= dict.fromkeys(("value_ab_ns", "value_ba_ns"), 0.998 * HOUR)
    held |= dict.fromkeys(("move_ab_quote", "move_ba_quote"), np.nan)
    for name, value in {**held, **columns}.items():
        values[:, names.index(name)] = value
    return PairBlocks(HOUR * np.arange(number, dtype=np.int64), values)


def evidence(
    given: PairBlocks, candidates: int = 1, since_ns: int | None = None, settings: ScoreSettings = SETTINGS
) -> Evidence:
    return gather_evidence(given, TERMS, settings, candidates, since_ns)


def test_a_tilt_is_charged_with_the_reverse_trade_and_given_back() -> None:
    tilt = [1_000.0, 2_000.0, 2_000.0, 0.0, -500.0]
    found = evidence(blocks(5, profit_0=10.0, tilt_0=tilt))
    charge = np.array([2.0, 2.0, 0.0, -4.0, 1.0])
    np.testing.assert_allclose(found.profit_bps_day, (10.0 - charge) * 24.0, rtol=1e-12)
    assert found.rebalance_bps_day == pytest.approx(-1.0 / 5 * 24.0)


def test_a_transfer_is_charged_where_it_is_cheaper() -> None:
    tilt = [1_000.0, 2_000.0, 2_000.0, -2_000.0]
    found = evidence(blocks(4, tilt_0=tilt, move_ab_quote=3.0, move_ba_quote=np.nan, moved_0=[0.0, 0.0, 3.0, 0.0]))
    charge = np.array([2.0, 1.0, 0.0 + 3.0, 1.0])
    np.testing.assert_allclose(found.profit_bps_day, -charge * 24.0, rtol=1e-12)


def test_a_block_with_little_cover_neither_counts_nor_charges() -> None:
    covered = [HOUR, 0.4 * HOUR, HOUR]
    found = evidence(blocks(3, covered_ns=covered, profit_0=[5.0, 99.0, 5.0], tilt_0=[0.0, 1_000.0, 1_000.0]))
    assert (found.blocks, math.isnan(found.profit_bps_day[1])) == (2, True)
    assert found.mean_bps_day == pytest.approx((5.0 + 5.0 - 2.0) / 2 * 24.0, rel=1e-3)


def test_the_bound_is_that_of_the_blocks_corrected_for_the_candidates() -> None:
    rng = np.random.default_rng(2)
    profits = rng.exponential(2.0, 60) - 0.5
    found = evidence(blocks(60, profit_0=profits, executed_episodes=1.0), candidates=40)
    wanted = lower_confidence_bound(profits * 24.0, candidates=40, seed=3)
    assert found.final_score == pytest.approx(wanted, rel=1e-12)
    assert found.mean_bps_day == pytest.approx(profits.mean() * 24.0)


@pytest.mark.parametrize(("number", "executed"), [(19, 3.0), (40, 0.5)])
def test_too_little_evidence_gives_no_bound(number: int, executed: float) -> None:
    found = evidence(blocks(number, profit_0=1.0, executed_episodes=executed))
    assert math.isnan(found.final_score)
    assert found.mean_bps_day == pytest.approx(24.0)


def test_many_blocks_are_resampled_in_groups_around_the_same_mean() -> None:
    rng = np.random.default_rng(4)
    profits = rng.normal(1.0, 3.0, 3_001)
    found = evidence(blocks(3_001, profit_0=profits, executed_episodes=1.0))
    grouped = profits[1:].reshape(-1, 3).mean(axis=1) * 24.0
    bound = lower_confidence_bound(grouped, seed=3)
    assert found.final_score == pytest.approx(profits.mean() * 24.0 - (grouped.mean() - bound), rel=1e-9)


def test_a_window_counts_later_blocks_only() -> None:
    found = evidence(blocks(10, profit_0=np.arange(10.0), tilt_0=1_000.0, net_episodes=1.0), since_ns=6 * HOUR)
    assert (found.blocks, found.net_episodes, found.start_ns[0]) == (4, 4, 6 * HOUR)
    assert found.mean_bps_day == pytest.approx(7.5 * 24.0)


def test_capacity_is_where_profit_has_all_but_reached_its_maximum() -> None:
    sizes = np.array(SETTINGS.sizes_quote)
    concave = sizes - sizes**2 / 8_000.0
    columns = {f"size_{n}": value for n, value in enumerate(concave)}
    found = evidence(blocks(24, net_episodes=2.0, **columns))
    assert 2_500.0 < found.capacity_quote < 5_000.0
    assert not found.capacity_is_floor
    size, profit, marginal = found.sizes[2]
    assert (size, profit) == pytest.approx((200.0, 24.0 * concave[2]))
    assert marginal == pytest.approx(1e4 * (concave[2] - concave[1]) / 100.0 / 2.0)
    flat = {f"size_{n}": min(value, 1_000.0) for n, value in enumerate(sizes)}
    level = evidence(blocks(24, net_episodes=2.0, **flat))
    assert level.capacity_quote == pytest.approx(990.0)
    assert level.capacity_is_floor
    losing = {f"size_{n}": -value for n, value in enumerate(sizes)}
    assert evidence(blocks(24, net_episodes=2.0, **losing)).capacity_quote == 0.0


def sound() -> Evidence:
    """Return evidence of a pair that pays."""
    columns = {"profit_0": [3.0, 4.0] * 20, "executed_episodes": 2.0, "net_episodes": 2.0, "sized_episodes": 2.0,
               "alive_episodes": 2.0, "raw_episodes": 5.0, "depth_score": 2.0, "net_ab_ns": 10.0, "net_ba_ns": 10.0,
               "gross_quote": 5.0, "edge_bps": 10.0, "gross_edge_bps": 40.0, "best_quote": 0.5}  # fmt: skip
    return evidence(blocks(40, **columns))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"blocks": 19}, Reason.TOO_FEW_BLOCKS),
        ({"liquidity_depth_score": 0.2}, Reason.SHALLOW),
        ({"final_score": -1.0}, Reason.NOT_SIGNIFICANT),
        ({"final_score": -1.0, "standing_share": 0.6}, Reason.FROZEN_BOOK),
        ({"final_score": math.nan, "raw_episodes": 0, "net_episodes": 0}, Reason.NEVER_CROSSES),
        ({"final_score": math.nan, "net_episodes": 3}, Reason.FEES),
        ({"final_score": math.nan, "net_episodes": 3, "best_share": 0.9, "best_spike": True,
          "avg_spread_bps": 300.0, "gross_spread_bps": 330.0}, Reason.ISOLATED_PRINT),
        ({"final_score": math.nan, "net_episodes": 1, "best_share": 1.0, "best_spike": True,
          "avg_spread_bps": 6.0, "gross_spread_bps": 26.0}, Reason.FEES),
        ({"final_score": math.nan, "sized_episodes": 5}, Reason.THIN),
        ({"final_score": math.nan, "alive_episodes": 5}, Reason.LATENCY),
        ({"final_score": -9.0, "mean_bps_day": -5.0, "latency_bps_day": -200.0}, Reason.LATENCY),
        ({"final_score": math.nan, "executed_episodes": 9, "one_way_share": 1.0}, Reason.ONE_WAY),
        ({"final_score": math.nan, "executed_episodes": 29}, Reason.TOO_FEW_EPISODES),
    ],
)  # fmt: skip
def test_each_failure_has_its_name(changes: dict[str, float], reason: Reason | None) -> None:
    found, why = refusal(replace(sound(), **changes), Verdict.VERIFIED, "told", SETTINGS)  # type: ignore[arg-type]
    assert found is reason
    assert bool(why) == (reason is not None)


@pytest.mark.parametrize(
    ("verdict", "reason"), [(Verdict.DIFFERENT, Reason.DIFFERENT_COIN), (Verdict.UNVERIFIED, Reason.UNVERIFIED_COIN)]
)
def test_another_coin_is_never_viable(verdict: Verdict, reason: Reason) -> None:
    assert refusal(sound(), verdict, "two contracts", SETTINGS) == (reason, "two contracts")
