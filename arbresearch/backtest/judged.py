"""The figures of a run judged for what it is: one of several that were tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from arbresearch.backtest.equity import block_profits
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.verdict import Answer, annual_return_check, overall, verdict_sentence
from arbresearch.core import BPS, NS_PER_DAY, NS_PER_SECOND, ParameterError, expected
from arbresearch.stats import lower_confidence_bound

__all__ = ["judged", "status_of_answer"]

_YEAR_DAYS = 365


def judged(result: BacktestResult, candidates: int = 1) -> BacktestSummary:
    """Return a run's figures with the lower bound of its profit corrected for how many runs were compared.

    Bonferroni, as :func:`arbresearch.stats.lower_confidence_bound`: with 95 % confidence the bounds of all of them hold
    together. The bound, the check of the annual return, answer and verdict change; what was found does not.

    Parameters
    ----------
    result
        Of the run that was chosen.
    candidates
        Pairs and settings that were compared, this one counted.

    Raises
    ------
    ParameterError
        Fewer than one candidate.
    """
    if candidates < 1:
        raise ParameterError(expected("candidates", "one or more", candidates))
    summary = result.summary
    if candidates == 1:
        return summary
    block_ns = round(summary.block_s * NS_PER_SECOND)
    blocks = block_profits(result.equity, block_ns) / summary.capital_quote / BPS * (NS_PER_DAY / block_ns)
    bound = lower_confidence_bound(blocks, candidates=candidates) if np.isfinite(blocks).all() else float("nan")
    annual = annual_return_check(summary.annual_return, bound * _YEAR_DAYS * BPS)
    checks = (annual, *summary.checks[1:])
    return replace(
        summary,
        annual_return_bound=bound * _YEAR_DAYS * BPS,
        lower_bound_bps_day=bound,
        checks=checks,
        answer=overall(checks),
        verdict=verdict_sentence(checks, summary.pairs, summary.pairs_filled, result.waterfall),
    )


def status_of_answer(answer: Answer) -> Literal["ok", "warn", "no"]:
    """Return how reports mark an answer: ``warn`` where the data do not say."""
    return "ok" if answer == "yes" else "no" if answer == "no" else "warn"
