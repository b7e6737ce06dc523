"""The kernel and the slow engine agree, record by record and bit by bit, on random markets and terms."""

from __future__ import annotations

from collections import Counter
from enum import IntEnum
from functools import cache
from math import inf

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from arbresearch.backtest.codes import CashKind, FillReason, OneLegPolicy, TransferState, Trigger
from arbresearch.backtest.instants import index_of
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching import OrderState, QueueFamily, Rule
from arbresearch.signals.modes import MODES
from tests.backtest.compare import differences
from tests.backtest.markets import Shape, case_of, cases, random_case
from tests.backtest.random_schedules import recorded
from tests.backtest.slow_engine import slow_run
from tests.backtest.slow_schedule import in_force

CHUNK = 100
CHUNKS = 16
DRAWN = 4
"""Chunks of seeds, and chunks drawn by hypothesis: 2,000 cases."""


def disagreements(market: Market, terms: RunTerms, log: RunLog) -> list[str]:
    """Return in what the slow engine differs from the kernel, and the kernel from itself with an index of instants."""
    indexed = run_market(market, terms, index_of(market))
    return [*differences(log, slow_run(market, terms)), *(f"indexed: {one}" for one in differences(indexed, log))]


@cache
def compared(chunk: int) -> tuple[dict[int, list[str]], Counter[object]]:
    """Return where cases of a chunk differ, and what they went through."""
    failed, seen = {}, Counter[object]()
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        market, terms = random_case(number)
        log = run_market(market, terms)
        seen += seen_in(log, terms) + seen_of_schedule(log, market, terms)
        if found := disagreements(market, terms, log):
            failed[number] = found
    return failed, seen


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_kernel_does_what_the_slow_engine_does(chunk: int) -> None:
    assert compared(chunk)[0] == {}, "by number of random_case"


@pytest.mark.parametrize("chunk", range(DRAWN))
def test_kernel_does_what_the_slow_engine_does_where_cases_shrink(chunk: int) -> None:
    @seed(chunk)
    @settings(
        max_examples=CHUNK,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases())
    def agree(case: tuple[int, Shape]) -> None:
        market, terms = case_of(*case)
        assert disagreements(market, terms, run_market(market, terms)) == []

    agree()


def seen_in(log: RunLog, terms: RunTerms) -> Counter[object]:
    """Count what a run went through."""
    seen: Counter[object] = Counter()
    kinds: dict[str, tuple[type[IntEnum], list[int]]] = {
        "decided": (type(MODES[0]), log.pairs["mode"].tolist()),
        "trigger": (Trigger, log.pairs["trigger"].tolist()),
        "fill": (FillReason, log.fills["reason"].tolist()),
        "state": (OrderState, log.order_events["state"].tolist()),
        "transfer": (TransferState, log.transfers["state"].tolist()),
        "cash": (CashKind, log.cash["kind"].tolist()),
    }
    for what, (kind, values) in kinds.items():
        seen.update((what, kind(value)) for value in values)
    rules = terms.strategy
    makers = int(log.fills["maker"].sum())
    closed = log.pairs["closed_ns"] < NEVER_NS
    seen.update(
        {
            ("maker fills", list(Rule)[rules.fill_rule]): makers,
            ("maker fills", list(QueueFamily)[rules.family]): makers,
            ("one leg", OneLegPolicy(rules.policy)): int((closed & (log.pairs["sold"] != log.pairs["bought"])).sum()),
            "fee in base coin": int((log.fills["fee_base"] != 0.0).sum()),
            "fee in fee coin": int((log.fills["fee_coin_quote"] != 0.0).sum()),
            "rebate": int(((log.fills["fee_quote"] < 0.0) | (log.fills["fee_coin_quote"] < 0.0)).sum()),
            "cancelled with a part filled": int(((log.orders["state"] == 6) & (log.orders["filled"] > 0.0)).sum()),
            "several at once": int((log.samples["in_flight"] > 1).sum()),
            "halted": int(log.halted),
            "open at the end": int((~closed).sum()),
            "runs": 1,
            "runs with fills of pairs": int((log.fills["pair"] >= 0).any()),
        }
    )
    return seen


def seen_of_schedule(log: RunLog, market: Market, terms: RunTerms) -> Counter[object]:
    """Count what schedules and slopes had a say in."""
    seen: Counter[object] = Counter()
    since_ns = np.zeros(0, dtype=np.int64) if terms.schedule is None else terms.schedule.since_ns
    times = recorded(market)
    seen["a row at a recorded instant"] = int(np.isin(since_ns, times).sum())
    due = [log.order_events["time_ns"], log.orders["known_ns"], log.fills["known_ns"], log.transfers["due_ns"]]
    seen["a row at a due event alone"] = int(np.isin(np.setdiff1d(since_ns, times), np.concatenate(due)).sum())
    seen["a schedule without rows"] = int(terms.schedule is not None and since_ns.size == 0)
    seen["no row before the start"] = int(since_ns.size > 0 and since_ns[0] > times[0])
    for pair in log.pairs:
        decided_ns, mode = int(pair["decided_ns"]), int(pair["mode"]) - 1
        rules = in_force(terms, decided_ns)
        begun = since_ns[since_ns <= decided_ns]
        if begun.size:
            seen["decided by a row of before the start" if begun[-1] < times[0] else "decided by a row"] += 1
            seen["decided at the time of a row"] += int(begun[-1] == decided_ns)
            others = [one for one in range(6) if terms.enabled[one] and rules.entry_bps[one] == inf]
            seen["decided beside an infinite threshold"] += int(bool(others))
        own = terms.strategy.max_hold_ns
        seen["held by a row"] += int(pair["trigger"] == Trigger.RELAXED and rules.max_hold_ns != own)
        seen["decided before the first row"] += int(0 == begun.size < since_ns.size)
        closed = (since_ns > decided_ns) & (since_ns <= pair["closed_ns"])
        seen["a maker pair outlives its row"] += int(pair["mode"] > 2 and closed.any())
        if pair["trigger"] == Trigger.ENTRY and rules.tilt_slope_bps > 0.0:
            raised = pair["threshold_bps"] - rules.entry_bps[mode]
            seen["raised in full"] += int(raised > 0.999 * rules.tilt_slope_bps)
            seen["raised by a part"] += int(0.0 < raised <= 0.999 * rules.tilt_slope_bps)
        seen["by way of exit, with a slope"] += int(pair["trigger"] != Trigger.ENTRY and rules.tilt_slope_bps > 0.0)
    return seen


def test_the_cases_cover_every_mode_policy_and_feature() -> None:
    seen = sum((compared(chunk)[1] for chunk in range(CHUNKS)), Counter[object]())
    wanted: list[object] = [("decided", one) for one in MODES]
    for what, kind in (
        ("trigger", Trigger), ("fill", FillReason), ("state", OrderState), ("transfer", TransferState),
        ("cash", CashKind), ("maker fills", Rule), ("maker fills", QueueFamily), ("one leg", OneLegPolicy),
    ):  # fmt: skip
        wanted += [(what, one) for one in kind]
    wanted += ["fee in base coin", "fee in fee coin", "rebate", "cancelled with a part filled", "several at once"]
    wanted += ["halted", "open at the end", "no row before the start", "a schedule without rows", "decided by a row"]
    wanted += ["a row at a recorded instant", "a row at a due event alone", "decided by a row of before the start"]
    wanted += ["decided at the time of a row", "decided before the first row", "decided beside an infinite threshold"]
    wanted += ["a maker pair outlives its row", "raised by a part", "raised in full", "by way of exit, with a slope"]
    wanted += ["held by a row"]
    rare = {one: seen[one] for one in wanted if seen[one] < 30}
    assert rare == {}
    assert seen["runs with fills of pairs"] >= 0.7 * seen["runs"]
