"""Our figures of performance against those of empyrical-reloaded and quantstats on the same daily returns.

``BENCH_PEERS=/path/to/python python -m tests.benchmarks.peers.performance_figures`` prints a table and exits with 1
when a figure differs by more than a billionth of it. Series are generated ones, and the days of a backtest with its
pairs: there the daily returns are worked out anew from the samples of the balances, not taken from the result.

What is defined otherwise is converted before it is compared: quantstats gives the skewness G1 and the excess kurtosis
G2 that correct for the size of the sample, we give g1 and g2 + 3 (Joanes and Gill 1998, "Comparing measures of sample
skewness and kurtosis", The Statistician 47).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_DAY
from arbresearch.stats import performance
from tests.benchmarks.backtest_kit import START_NS, Regime, market_of, terms_of

HERE = Path(__file__).parent
MOST = 1e-9
DAYS = 40
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """Daily returns, profits of pairs where there are any, and our figures of both."""

    name: str
    returns: Floats
    profits: Floats | None
    ours: dict[str, float]


def slowly(market: Market) -> Market:
    """Return the same quotes spread over many days."""
    tapes = []
    for tape in market[:2]:
        times = START_NS + DAYS * (tape.book.recv_ns - START_NS)
        tapes.append(VenueTape(book=tape.book._replace(recv_ns=times)))
    return tapes[0], tapes[1], VenueTape()


def daily_returns(market: Market, log: RunLog, terms: RunTerms) -> Floats:
    """Return the profit of each day over the capital, from the balances at its midnights and at the end."""
    rows = log.samples
    mark = 0.5 * (rows["mid_a"] + rows["mid_b"])
    moved = (rows["base_a"] - terms.venues[0].base_start) + (rows["base_b"] - terms.venues[1].base_start)
    paid = (rows["quote_a"] - terms.venues[0].quote_start) + (rows["quote_b"] - terms.venues[1].quote_start)
    spread = paid + moved * mark
    books = [tape.book for tape in market[:2]]
    both_ns = max(book.recv_ns[0] for book in books)
    first = [int(np.searchsorted(book.recv_ns, both_ns, side="right")) - 1 for book in books]
    price = float(np.mean([0.5 * (book.bid[row] + book.ask[row]) for book, row in zip(books, first, strict=True)]))
    capital = sum(one.base_start * price + one.quote_start for one in terms.venues[:2])
    midnights = START_NS + NS_PER_DAY * np.arange(1, DAYS + 1)
    at = np.searchsorted(rows["time_ns"], midnights, side="right") - 1
    return np.asarray(np.diff(np.concatenate(([0.0], spread[at]))) / capital)


def backtest() -> Series:
    """Run takers for some weeks and return what its days and pairs amount to."""
    market = slowly(market_of(Regime(2.0, 2_000, 8.0), 400_000))
    venue = {"max_age_ns": NS_PER_DAY, "base_start": 100.0, "quote_start": 10_000.0}
    terms = terms_of("12", threshold_bps=-3.0, venue=venue)
    terms = replace(terms, strategy=replace(terms.strategy, max_unchanged_ns=NS_PER_DAY, max_skew_ns=NS_PER_DAY))
    log = run_market(market, terms)
    summary = BacktestResult.build(log, market, terms, symbol="A/USDT", venues=("mexc", "gate", "")).summary
    fills = log.fills
    fees = fills["fee_quote"] + fills["fee_coin_quote"]
    earned = np.where(fills["sell"], fills["notional"], -fills["notional"]) - fees
    profits = np.bincount(fills["pair"], weights=earned, minlength=log.pairs.size)
    even = np.abs(log.pairs["sold"] - log.pairs["bought"]) < 1e-9
    settled = even & (log.pairs["sold"] > 0.0) & (log.pairs["closed_ns"] <= log.samples["time_ns"][-1])
    if not settled[log.pairs["sold"] + log.pairs["bought"] > 0.0][:-1].all():
        raise RuntimeError("pairs were left with an excess: their profit is not their cash")
    ours = asdict(summary.performance) | {
        "win_rate_pairs": summary.win_rate_pairs,
        "profit_factor_pairs": summary.profit_factor,
        "reward_to_risk_pairs": summary.reward_to_risk,
    }
    return Series(f"backtest, {summary.complete_days} days", daily_returns(market, log, terms), profits[settled], ours)


def every() -> Iterator[Series]:
    """Return all series."""
    random = np.random.default_rng(11)
    drawn = {
        "normal": random.normal(0.0005, 0.01, 500),
        "heavy tails": 0.004 * random.standard_t(3, 900) + 0.0003,
        "many zeros": np.where(random.random(300) < 0.4, 0.0, random.normal(0.001, 0.02, 300)),
    }
    for name, returns in drawn.items():
        yield Series(name, returns, None, asdict(performance(returns)))
    yield backtest()


def corrected(name: str, value: float, observations: int) -> float:
    """Return a figure of ours in the definition of quantstats."""
    n = observations
    if name == "skewness":
        return value * sqrt(n * (n - 1)) / (n - 2)
    if name == "kurtosis":
        return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (value - 3.0) + 6.0)
    return value


def apart(one: float, other: float) -> float:
    """Return the difference as a fraction of the larger; 0 for two NaN."""
    if one == other or (one != one and other != other):
        return 0.0
    return abs(one - other) / max(abs(one), abs(other))


def main() -> int:
    """Compare; return 1 when a figure differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=os.environ.get("BENCH_PEERS"), help="a Python that has the two programs")
    options = parser.parse_args()
    if not options.peers:
        parser.error("name a Python that has empyrical and quantstats: --peers or BENCH_PEERS")
    series = list(every())
    asked = [
        json.dumps({"returns": one.returns.tolist(), "profits": None if one.profits is None else one.profits.tolist()})
        for one in series
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTHON"))}
    done = subprocess.run(
        [options.peers, str(HERE / "figures_side.py")], input="\n".join(asked), env=environment,
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    worst = 0.0
    table = Table(title="largest difference, as a fraction")
    for name in ("series", "figure", "ours", "empyrical", "quantstats", "apart"):
        table.add_column(name, justify="left" if name in ("series", "figure") else "right")
    for one, line in zip(series, done.stdout.splitlines(), strict=True):
        theirs: dict[str, dict[str, Any]] = json.loads(line)
        for name in theirs["quantstats"]:
            mine = corrected(name, one.ours[name], one.returns.size)
            others = {program: rows[name] for program, rows in theirs.items() if name in rows}
            off = max(apart(mine, other) for other in others.values())
            worst = max(worst, off)
            shown = [f"{others[program]:.9g}" if program in others else "" for program in ("empyrical", "quantstats")]
            table.add_row(one.name, name, f"{mine:.9g}", *shown, f"{off:.1e}", style="red" if not off <= MOST else "")
    Console().print(table)
    return 0 if worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
