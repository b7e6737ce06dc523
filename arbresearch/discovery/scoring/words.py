"""What a ranking says, in words: what pays, how sure that is, and why the rest was refused."""

from __future__ import annotations

from math import isfinite
from types import MappingProxyType
from typing import Any, Final, Literal

import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.discovery.overview.words import seconds_text
from arbresearch.discovery.scoring.ranking import Ranking

__all__ = [
    "REASON_WORDS",
    "choose_pair",
    "describe_comparison",
    "describe_pair",
    "describe_ranking",
    "quote_of",
    "ranking_status",
    "ranking_verdict",
    "reason_words",
    "row_of",
    "sure_of",
]

REASON_WORDS: Final = MappingProxyType(
    {
        "": "viable",
        "different_coin": "another coin under the same ticker",
        "unverified_coin": "not proven to be the same coin",
        "too_few_blocks": "too little time with both books",
        "never_crosses": "the prices never cross",
        "fees": "fees take more than it brings",
        "frozen_book": "against a book that stands still",
        "isolated_print": "rests on isolated prints",
        "thin": "too little on the book for the smallest order",
        "latency": "gone before an order arrives",
        "one_way": "one way only: the inventory is used up",
        "too_few_episodes": "too few episodes to judge",
        "not_significant": "the lower bound is not above zero",
        "shallow": "books too shallow for the order",
        "no_overlap": "the two were not recorded at the same time",
        "no_quotes": "no quotes",
    }
)
"""Why a pair was refused or could not be measured, by the key of the reason."""


def reason_words(reason: str) -> str:
    """Return a reason in words; a key without any, with spaces."""
    return REASON_WORDS.get(reason, reason.replace("_", " "))


def choose_pair(ranking: Ranking, pair: str = "") -> str:
    """Return the pair that was asked for, else the first of the ranking.

    Raises
    ------
    BadInput
        The ranking does not have it, or has none at all.
    """
    names = ranking.scores["pair"]
    if names.is_empty():
        first = f"{ranking.skipped['pair'][0]}: {ranking.skipped['detail'][0]}" if ranking.skipped.height else "none"
        raise BadInput(expected("pairs", "two streams with quotes at the same time", first))
    if pair and pair not in names:
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        raise BadInput(expected("pair", f"one of {', '.join(names.head(6))}{more}", repr(pair)))
    return pair or str(names[0])


def ranking_verdict(ranking: Ranking, pair: str = "") -> str:
    """Return one sentence with numbers: how many pairs are viable and what the best earns, or what one pair earns."""
    row = row_of(ranking, choose_pair(ranking, pair))
    if pair:
        return f"{pair}, one of {_compared(ranking)}, {_is(row)}; it {_earns(ranking, row)}."
    viable = int(ranking.scores["viable"].sum())
    if viable and ranking.candidates > 1:
        lead = f"{viable:,} of {_compared(ranking)} {'is' if viable == 1 else 'are'} viable"
        return f"{lead}; the best, {row['pair']}, {_earns(ranking, row)}."
    if ranking.candidates == 1:
        return f"{row['pair']}, the one pair compared, {_is(row)}; it {_earns(ranking, row)}."
    reasons = "; ".join(f"{count:,} {reason_words(reason)}" for reason, count in _reasons(ranking)[:4])
    near = ranking.scores.filter(pl.col("executed_episodes") > 0).sort(
        "mean_bps_day", descending=True, nulls_last=True, maintain_order=True
    )
    if near.is_empty():
        return f"None of {_compared(ranking)} is viable: {reasons}."
    nearest = near.row(0, named=True)
    found = f"the largest mean, {nearest['pair']}, is {_number(nearest['mean_bps_day'])} bps a day on capital"
    return f"None of {_compared(ranking)} is viable: {reasons}; {found}, refused: {reason_words(nearest['reason'])}."


def ranking_status(ranking: Ranking, pair: str = "") -> Literal["ok", "warn", "no"]:
    """Return ``ok`` where the pair, or any pair, is viable; ``warn`` where its capacity is under the order; else no."""
    row = row_of(ranking, choose_pair(ranking, pair))
    if not row["viable"]:
        return "no"
    return "warn" if row["capacity_quote"] < ranking.settings.notional_quote else "ok"


def describe_ranking(ranking: Ranking) -> str:
    """Return a few sentences in Markdown: what was compared, what pays, what was refused and why."""
    chosen = ranking.settings
    confidence = f"{100.0 * chosen.confidence:g} %"
    one = ranking.candidates == 1
    compared = "One pair** was looked at" if one else f"{ranking.candidates:,} pairs** were compared, each"
    together = (
        f"with {confidence} confidence it earns more than that."
        if one
        else f"with {confidence} confidence **all** {ranking.candidates:,} bounds hold together, so that the best of "
        "many is not taken for good because it was lucky."
    )
    first = (
        f"**{compared} with {chosen.capital_quote:,.0f} (quote currency) of capital on both venues together and orders "
        f"of at most {chosen.notional_quote:,.0f}. A pair's score is the lower bound of what it earns a day: {together}"
    )
    shown = ranking.scores.height
    if shown + ranking.skipped.height < ranking.candidates:
        return f"{first} This report looks at {_pairs(shown)} of them."
    lines = [first]
    viable = ranking.scores.filter("viable")
    if viable.height:
        named = ", ".join(f"{name} ({_number(score)})" for name, score in
                          viable.head(5).select("pair", "final_score").iter_rows())  # fmt: skip
        more = f" and {viable.height - 5:,} more" if viable.height > 5 else ""
        lines.append(f"**Viable: {viable.height:,}.** {named}{more}; in brackets the score, bps a day on capital.")
    else:
        lines.append("**None is viable.** What seems to pay does not survive fees, latency, size or chance.")
    reasons = [f"{reason_words(reason)}: {count:,}" for reason, count in _reasons(ranking)]
    if reasons:
        lines.append(f"**Refused: {ranking.scores.height - viable.height:,}.** {'; '.join(reasons)}.")
    if ranking.skipped.height:
        count = ranking.skipped.height
        lines.append(f"{_pairs(count).capitalize()} could not be measured: {ranking.skipped['detail'][0]}.")
    return "\n\n".join(lines)


def describe_pair(ranking: Ranking, pair: str) -> str:
    """Return a few sentences in Markdown about one pair: what it earns, how sure, where it ends."""
    row, chosen = row_of(ranking, pair), ranking.settings
    lines = [f"**{pair}** {_is(row)}. It {_earns(ranking, row)}."]
    if row["detail"]:
        lines.append(f"{_sentence(row['detail'])}")
    at = seconds_text(row["avg_execution_time_ms"] / 1e3) if isfinite(row["avg_execution_time_ms"]) else "arrival"
    counted = (
        f"{row['executed_episodes']:,} executed episodes in {row['blocks']:,} blocks of "
        f"{seconds_text(float(chosen.block_s))}, {row['covered_hours']:,.1f} h with both books"
    )
    alive = row["survival_at_latency"]
    after = f" After {at}, {_percent(alive)} of the episodes are still above the entry." if isfinite(alive) else ""
    lines.append(f"It rests on {counted}.{after}")
    if isfinite(row["capacity_quote"]):
        bound = "at least " if row["capacity_is_floor"] else ""
        ground = ": the recorded books end before the profit does" if row["capacity_is_floor"] else ""
        lines.append(
            f"Capacity: {bound}{row['capacity_quote']:,.0f} an order, where profit is all but largest{ground}."
        )
    ground = f" ({row['identity_ground']})" if row["identity_ground"] else ""
    lines.append(f"Identity of the coin: **{row['identity']}**{ground}.")
    return "\n\n".join(lines)


def describe_comparison(ranking: Ranking) -> str:
    """Return in Markdown how the ranks differ from those of the legacy formula, and what it would have picked."""
    known = ranking.scores.filter(pl.col("legacy_rank").is_not_null() & pl.col("legacy_score").is_not_nan())
    if known.height < 2:
        few = "none of the pairs" if known.is_empty() else "one pair alone"
        return f"The formula has a value for {few}, so there are no ranks to compare."
    first = known.sort("legacy_rank", maintain_order=True).head(5)
    refused = first.filter(~pl.col("viable"))
    verb = "is" if refused.height == 1 else "are"
    says = f"Of the **{first.height}** pairs that it puts first, **{refused.height or 'none'}** {verb} refused here"
    if refused.height:
        each = ", ".join(f"{name} ({reason_words(reason)})" for name, reason in
                         refused.select("pair", "reason").iter_rows())  # fmt: skip
        says += f": {each}"
    outside = ranking.scores.height - known.height
    lies = "lies" if outside == 1 else "lie"
    rest = f" {_pairs(outside).capitalize()} {lies} outside its domain." if outside else ""
    return f"{says}.{rest}"


def row_of(ranking: Ranking, pair: str) -> dict[str, Any]:
    """Return the row of a pair in the scores."""
    return ranking.scores.row(by_predicate=pl.col("pair") == pair, named=True)


def quote_of(row: dict[str, Any]) -> str:
    """Return the currency that a pair's profit is in."""
    return str(row["coin"]).rpartition("/")[2]


def sure_of(row: dict[str, Any]) -> str:
    """Return the probability that a pair's mean is above zero, in words where it is all but certain."""
    share = row["probability_positive"]
    return (
        "unknown"
        if not isfinite(share)
        else "above 99.9 %"
        if share > 0.999
        else "below 0.1 %"
        if share < 0.001
        else _percent(share)
    )


def _earns(ranking: Ranking, row: dict[str, Any]) -> str:
    mean, bound = row["mean_bps_day"], row["final_score"]
    if not row["executed_episodes"]:
        return "never led to an order that was filled"
    words = f"earned {_number(mean)} bps a day on capital"
    if not isfinite(bound):
        return f"{words}, without a bound"
    sure = f"at least {_number(bound)} with {100.0 * ranking.settings.confidence:g} % confidence"
    share = ranking.settings.capital_quote / 1e4
    money = f"{_money(mean * share)} {quote_of(row)} a day on {ranking.settings.capital_quote:,.0f}"
    return f"{words}, {sure} ({money}, at least {_money(bound * share)}; P(mean > 0) {sure_of(row)})"


def _is(row: dict[str, Any]) -> str:
    return "is viable" if row["viable"] else f"is refused: {reason_words(row['reason'])}"


def _reasons(ranking: Ranking) -> list[tuple[str, int]]:
    refused = ranking.scores.filter(~pl.col("viable")).group_by("reason", maintain_order=True).len()
    return list(refused.sort("len", descending=True, maintain_order=True).iter_rows())


def _compared(ranking: Ranking) -> str:
    return f"{_pairs(ranking.candidates)} compared"


def _pairs(count: int) -> str:
    return "one pair" if count == 1 else f"{count:,} pairs"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def _number(value: float) -> str:
    return f"{value:,.1f}".replace("-", "−")


def _money(value: float) -> str:
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}").replace("-", "−")
