"""Figures of returns by empyrical-reloaded and quantstats, run by the Python that has them.

Each line on the standard input is a JSON object: ``returns`` by day, and ``profits`` by pair or null. Each is answered
by one: the figures by program and name.
"""

import json
import sys
import warnings

import empyrical
import pandas as pd
import quantstats.stats as qs

DAYS = 365


def figures(returns, profits):
    """Return figures by program and name."""
    dates = pd.date_range("2024-01-01", periods=len(returns), freq="D")
    series = pd.Series(returns, index=dates, dtype=float)
    found = {
        "empyrical": {
            "sharpe": empyrical.sharpe_ratio(series, annualization=DAYS),
            "sortino": empyrical.sortino_ratio(series, annualization=DAYS),
            "calmar": empyrical.calmar_ratio(series, annualization=DAYS),
            "max_drawdown": empyrical.max_drawdown(series),
            "volatility": empyrical.annual_volatility(series, annualization=DAYS),
            "annual_return": empyrical.annual_return(series, annualization=DAYS),
            "total_return": empyrical.cum_returns_final(series),
        },
        "quantstats": {
            "sharpe": qs.sharpe(series, periods=DAYS),
            "sortino": qs.sortino(series, periods=DAYS),
            "calmar": qs.calmar(series, periods=DAYS),
            "max_drawdown": qs.max_drawdown(series),
            "volatility": qs.volatility(series, periods=DAYS),
            "annual_return": qs.cagr(series, periods=DAYS),
            "total_return": qs.comp(series),
            "win_rate": qs.win_rate(series),
            "profit_factor": qs.profit_factor(series),
            "reward_to_risk": qs.payoff_ratio(series),
            "average_win": qs.avg_win(series),
            "average_loss": qs.avg_loss(series),
            "best": qs.best(series),
            "worst": qs.worst(series),
            "skewness": qs.skew(series),
            "kurtosis": qs.kurtosis(series),
        },
    }
    if profits is not None:
        pairs = pd.Series(profits, dtype=float)
        found["quantstats"] |= {
            "win_rate_pairs": qs.win_rate(pairs, prepare_returns=False),
            "profit_factor_pairs": qs.profit_factor(pairs, prepare_returns=False),
            "reward_to_risk_pairs": qs.payoff_ratio(pairs, prepare_returns=False),
        }
    return {program: {name: float(value) for name, value in row.items()} for program, row in found.items()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        given = json.loads(line)
        print(json.dumps(figures(given["returns"], given["profits"])), flush=True)
