"""The terms of the field in a sentence each; a report explains those that it uses."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DEFINITIONS", "used_definitions"]

DEFINITIONS: Final[dict[str, str]] = {
    "basis point": "A hundredth of a percent of notional: 1 bp = 0.0001.",
    "capital utilisation": "The share of capital, idle inventory of both venues counted, that orders held on average.",
    "capacity": "How much notional a strategy takes before its edge is used up.",
    "censored": "Of a duration: cut off by a gap or the end of the data, so that only its least length is known.",
    "clock offset": "Receive time less event time: the delay of the network plus the difference of two clocks.",
    "coverage": "Which hours a recording has rows for, by stream.",
    "crossed book": "A best bid above the best ask of the same book.",
    "delta": "All coin that is held, a perpetual's position counted, less what shall stay unhedged.",
    "drawdown": "How far equity is below its highest so far, as a share of that.",
    "drift": "How fast a clock offset changes.",
    "edge": "What selling on one venue and buying on another brings, in basis points of what is paid, net of all costs "
    "unless it is called gross.",
    "episode": "A stretch in which a directed edge is above a threshold; two closer than a minimum gap are one.",
    "expectancy": "The mean profit of what made or lost anything.",
    "fill ratio": "Quantity filled over quantity sent.",
    "funding": "What holders of a perpetual pay one another, every few hours.",
    "gross edge": "(bid where one sells - ask where one buys) / that ask, before fees.",
    "half-life": "The time in which half of a deviation is expected to be gone.",
    "Hayashi-Yoshida": "A correlation of two prices seen at different times, without putting them on one grid first "
    "(Hayashi and Yoshida, 2005).",
    "Kaplan-Meier": "An estimate of survival that uses censored durations for as long as they were observed "
    "(Kaplan and Meier, 1958).",
    "latency": "The time from a quote that one sees to what one's order meets in the book.",
    "lead and lag": "Which venue's price moves first, and by how much time.",
    "locked book": "A best bid equal to the best ask of the same book.",
    "lower bound": "What the true mean exceeds with the confidence that is stated, for all candidates together.",
    "maker": "An order that rested in the book; it often pays a lower fee.",
    "markout": "How far the price went our way some time after a fill; negative where it went against us.",
    "mean reversion": "The habit of a deviation to return to its mean.",
    "net edge": "10,000 x (sell price x (1 - sell fee) / (buy price x (1 + buy fee)) - 1).",
    "notional": "Quantity times price, in quote currency.",
    "profit factor": "The sum of gains over the sum of losses.",
    "reward to risk": "The mean gain over the mean loss.",
    "slippage": "How much worse the average price that is met is than the best one at the decision.",
    "spread profit": "What trading earned with the coin's own rise or fall taken out: money, fees, and coin gained or "
    "lost at the present price.",
    "stale": "Of a quote: older than its venue's limit, so that no decision may rest on it.",
    "stationary bootstrap": "Resampling in stretches of random length, so that what follows upon what is kept "
    "(Politis and Romano, 1994).",
    "survival": "The share of episodes whose edge is still above the threshold some time after the start.",
    "taker": "An order that fills at once against the book.",
    "threshold": "The edge from which on one acts.",
    "turnover": "Notional traded, both legs counted, over capital.",
    "viable": "Of a pair: its lower bound is above zero, it is for certain one coin, and its books hold the order.",
}


def used_definitions(text: str) -> dict[str, str]:
    """Return the definitions whose term occurs in a text, singular or plural, in alphabetical order.

    "bps" counts as a use of "basis point".
    """
    lowered = re.sub(r"\s+", " ", text.lower()).replace("bps", "basis points")
    found = {
        term: meaning
        for term, meaning in DEFINITIONS.items()
        if re.search(rf"\b{re.escape(term.lower())}(?:s|es)?\b", lowered)
    }
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))
