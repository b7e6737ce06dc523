"""All audits of a run's logs under one name each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from arbresearch.backtest.log import RunLog
from tests.backtest import audit_ledger as ledger
from tests.backtest import audit_orders as orders
from tests.backtest import transforms
from tests.backtest.markets import Case

Audit = Callable[[RunLog, Case], list[str]]

AUDITS: Final[dict[str, Audit]] = {
    "balances": lambda log, case: ledger.balance_faults(log, case.terms),
    "transfers": lambda log, _: ledger.transfer_faults(log),
    "overdrafts": lambda log, case: ledger.overdraft_faults(log, case.terms),
    "fees": lambda log, case: ledger.fee_faults(log, case.terms),
    "cash": lambda log, case: ledger.funding_faults(log, case.terms),
    "sums": lambda log, case: ledger.sum_faults(log, int(transforms.row_times(case.market)[-1])),
    "limits": lambda log, _: orders.limit_faults(log),
    "displayed": lambda log, case: orders.display_faults(log, case.market, case.terms),
    "offered": lambda log, case: orders.offer_faults(log, case.market, case.terms),
    "post-only": lambda log, case: orders.post_only_faults(log, case.market),
    "lives": lambda log, _: orders.life_faults(log),
}


def faults(log: RunLog, case: Case) -> dict[str, list[str]]:
    """Return what every audit finds wrong, by its name; nothing where all is right."""
    found = {name: audit(log, case) for name, audit in AUDITS.items()}
    return {name: told for name, told in found.items() if told}
