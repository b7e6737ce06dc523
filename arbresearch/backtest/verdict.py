"""The verdict: what a run amounts to against the figures that are wanted, as far as its data can tell."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl
from scipy.special import betaincinv, ndtri

from arbresearch.edges.arrays import Floats

__all__ = [
    "WANTED_ANNUAL_RETURN",
    "WANTED_DRAWDOWN",
    "WANTED_REWARD_TO_RISK",
    "WANTED_WIN_RATE",
    "Answer",
    "Check",
    "annual_return_check",
    "drawdown_check",
    "overall",
    "reward_to_risk_bound",
    "reward_to_risk_check",
    "verdict_sentence",
    "win_rate_bound",
    "win_rate_check",
]

Answer = Literal["yes", "no", "not enough data"]

WANTED_ANNUAL_RETURN: Final = 0.15
WANTED_DRAWDOWN: Final = 0.10
WANTED_WIN_RATE: Final = 0.60
WANTED_REWARD_TO_RISK: Final = 2.0

_DECIDING: Final = ("annual return", "drawdown")
_LEAST_DAYS: Final = 20
"""Complete days before a drawdown that has not come says something."""
_LEAST_OF_EACH: Final = 20
"""Wins, and losses, before their ratio has a bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One figure against what is wanted of it.

    Parameters
    ----------
    name
        annual return, drawdown, win rate, or reward to risk.
    wanted, found, lower_bound
        In the figure's own unit: fractions, and a ratio; a bound that cannot be given is NaN.
    answer
        ``yes`` where its lower bound does not fall short. ``no`` where the figure itself falls short and, for a win
        rate and reward to risk, the upper bound as well. Else the data do not say.
    words
        The same as a sentence.
    """

    name: str
    wanted: float
    found: float
    lower_bound: float
    answer: Answer
    words: str


def annual_return_check(found: float, lower_bound: float) -> Check:
    """Judge profit a year over capital against :data:`WANTED_ANNUAL_RETURN`; both as fractions."""
    return _at_least("annual return", WANTED_ANNUAL_RETURN, found, lower_bound, _percent)


def win_rate_check(wins: int, losses: int) -> Check:
    """Judge the share of winning pairs against :data:`WANTED_WIN_RATE`."""
    found = wins / (wins + losses) if wins + losses else math.nan
    highest = 1.0 - win_rate_bound(losses, wins)
    return _at_least("win rate", WANTED_WIN_RATE, found, win_rate_bound(wins, losses), _percent, highest)


def reward_to_risk_check(profits: Floats) -> Check:
    """Judge the mean win over the mean loss of pairs against :data:`WANTED_REWARD_TO_RISK`."""
    wins, losses = profits[profits > 0.0], -profits[profits < 0.0]
    found = math.nan
    if losses.size:
        found = float(wins.mean() / losses.mean()) if wins.size else 0.0
    highest = 1.0 / reward_to_risk_bound(losses, wins) if wins.size or losses.size < _LEAST_OF_EACH else 0.0
    bound = reward_to_risk_bound(wins, losses)
    return _at_least("reward to risk", WANTED_REWARD_TO_RISK, found, bound, lambda value: f"{value:.2f}", highest)


def drawdown_check(found: float, complete_days: int) -> Check:
    """Judge the deepest drawdown, a fraction in [-1, 0], against :data:`WANTED_DRAWDOWN`.

    Drawdowns grow with time: none within 20 complete days is no answer.
    """
    depth = abs(found)
    answer: Answer = "not enough data"
    if depth >= WANTED_DRAWDOWN:
        answer = "no"
    elif complete_days >= _LEAST_DAYS:
        answer = "yes"
    words = f"drawdown: {_percent(depth)} in {complete_days} complete days, wanted under {_percent(WANTED_DRAWDOWN)}"
    return Check(
        name="drawdown",
        wanted=WANTED_DRAWDOWN,
        found=depth,
        lower_bound=math.nan,
        answer=answer,
        words=f"{words}: {answer}",
    )


def win_rate_bound(wins: int, losses: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of a share (Clopper and Pearson 1934); NaN for none of either.

    It takes pairs for independent, which pairs of one hour are not.
    """
    if wins + losses == 0:
        return math.nan
    return float(betaincinv(wins, losses + 1, 1.0 - confidence)) if wins else 0.0


def reward_to_risk_bound(wins: Floats, losses: Floats, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of ``mean(wins) / mean(losses)`` (Fieller 1954), values taken for independent.

    NaN with fewer than 20 of either, or where the mean loss cannot be told from zero.
    """
    if min(wins.size, losses.size) < _LEAST_OF_EACH:
        return math.nan
    square = float(ndtri(confidence)) ** 2
    above, below = float(wins.mean()), float(losses.mean())
    a = below**2 - square * float(losses.var(ddof=1)) / losses.size
    c = above**2 - square * float(wins.var(ddof=1)) / wins.size
    if a <= 0.0:
        return math.nan
    b = above * below
    return (b - math.sqrt(max(b * b - a * c, 0.0))) / a


def overall(checks: tuple[Check, ...]) -> Answer:
    """Return what annual return and drawdown say together: ``no`` if one says so, ``yes`` if both do.

    Win rate and reward to risk are figures of a signal: each may be low where the other makes up for it.
    """
    answers = {one.answer for one in checks if one.name in _DECIDING}
    return "no" if "no" in answers else "yes" if answers == {"yes"} else "not enough data"


def verdict_sentence(checks: tuple[Check, ...], pairs: int, filled: int, waterfall: pl.DataFrame) -> str:
    """Return the verdict in a sentence or two: the answer, the annual return, and where the edge went."""
    answer, annual = overall(checks), checks[0]
    failed = ", ".join(one.name for one in checks if one.answer == "no" and one.name in _DECIDING)
    against = f" ({failed})" if answer == "no" else ""
    return f"{answer}{against}: {annual.words.rsplit(':', 1)[0]}; {_why(pairs, filled, waterfall)}"


def _why(pairs: int, filled: int, waterfall: pl.DataFrame) -> str:
    if not pairs:
        return "no pair was decided, for no net edge passed its threshold"
    if not filled:
        return f"of {pairs:,} pairs decided none filled"
    steps = waterfall.filter((pl.col("part") == "spread") & ~pl.col("is_sum"))
    gross = steps["bps_of_notional"][0]
    worst = steps.slice(1).sort("bps_of_notional", maintain_order=True).row(0, named=True)
    net = waterfall.filter(pl.col("step") == "net")["bps_of_notional"][0]
    costs = (
        f"{worst['step']} cost {-worst['bps_of_notional']:.2f}"
        if worst["bps_of_notional"] < 0.0
        else "nothing cost any"
    )
    return f"{filled:,} pairs: of {gross:.2f} bps gross {costs}, {net:.2f} are left"


def _at_least(
    name: str, wanted: float, found: float, bound: float, text: Callable[[float], str], highest: float = -math.inf
) -> Check:
    answer: Answer = "not enough data"
    if found <= wanted and highest <= wanted:
        answer = "no"
    elif bound > wanted:
        answer = "yes"
    known = f"lower bound {text(bound)}" if math.isfinite(bound) else "no bound"
    shown = text(found) if math.isfinite(found) else "not known"
    words = f"{name}: {shown} ({known}), wanted above {text(wanted)}: {answer}"
    return Check(name=name, wanted=wanted, found=found, lower_bound=bound, answer=answer, words=words)


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} %"
