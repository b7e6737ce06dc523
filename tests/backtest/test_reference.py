"""The kernel and the slow engine agree, record by record and bit by bit, on random markets and terms."""

from __future__ import annotations

from collections import Counter
from enum import IntEnum

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from arbresearch.backtest.codes import CashKind, FillReason, OneLegPolicy, TransferState, Trigger
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching import OrderState, QueueFamily, Rule
from arbresearch.signals.modes import MODES
from tests.backtest.compare import differences
from tests.backtest.markets import Shape, case_of, cases, random_case
from tests.backtest.slow_engine import slow_run

CHUNK = 100
CHUNKS = 16
DRAWN = 4
"""Chunks of seeds, and chunks drawn by hypothesis: 2,000 cases."""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_kernel_does_what_the_slow_engine_does(chunk: int) -> None:
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        market, terms = random_case(number)
        assert differences(run_market(market, terms), slow_run(market, terms)) == [], f"random_case({number})"


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
        assert differences(run_market(market, terms), slow_run(market, terms)) == []

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


def test_the_cases_cover_every_mode_policy_and_feature() -> None:
    seen: Counter[object] = Counter()
    for number in range(CHUNKS * CHUNK):
        market, terms = random_case(number)
        seen += seen_in(run_market(market, terms), terms)
    wanted: list[object] = [("decided", one) for one in MODES]
    for what, kind in (
        ("trigger", Trigger), ("fill", FillReason), ("state", OrderState), ("transfer", TransferState),
        ("cash", CashKind), ("maker fills", Rule), ("maker fills", QueueFamily), ("one leg", OneLegPolicy),
    ):  # fmt: skip
        wanted += [(what, one) for one in kind]
    wanted += ["fee in base coin", "fee in fee coin", "rebate", "cancelled with a part filled", "several at once"]
    wanted += ["halted", "open at the end"]
    rare = {one: seen[one] for one in wanted if seen[one] < 30}
    assert rare == {}
    assert seen["runs with fills of pairs"] >= 0.7 * seen["runs"]
