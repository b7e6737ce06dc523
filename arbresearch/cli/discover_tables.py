"""Rankings and boards as tables for a terminal, a hundred columns wide at most where names are short."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any

import polars as pl
from rich import box
from rich.markup import escape
from rich.table import Table

from arbresearch.core import format_ns
from arbresearch.discovery import Ranking
from arbresearch.discovery.board.board import BoardState
from arbresearch.discovery.board.watch import Board
from arbresearch.discovery.scoring.summary import refusals, refused
from arbresearch.discovery.scoring.words import ranking_verdict, reason_words

__all__ = ["board_table", "closing_sentence", "gone", "ranking_table", "refusal_table", "round_sentence"]

_SURE = 0.05
"""Trends with a p value below this are marked."""


def ranking_table(ranking: Ranking, rows: int | None, show_all: bool) -> Table:
    """Return viable pairs, or all with the reason of each; at most so many rows."""
    found = ranking.scores if show_all else ranking.viable
    table = _table("viable pairs" if not show_all else "pairs", "#", "pair", "bound\nbps/day", "mean\nbps/day", "P>0",
                   "episodes", "capacity\nan order", "latency", "why not" if show_all else "lead")  # fmt: skip
    for row in found.head(found.height if rows is None else rows).iter_rows(named=True):
        table.add_row(
            str(row["rank"]),
            escape(row["pair"]),
            _number(row["final_score"]),
            _number(row["mean_bps_day"]),
            _share(row["probability_positive"]),
            f"{row['executed_episodes']:,}",
            ("≥ " if row["capacity_is_floor"] else "") + _number(row["capacity_quote"], 0),
            "-" if isnan(row["avg_execution_time_ms"]) else f"{row['avg_execution_time_ms']:,.0f} ms",
            _key(row["reason"]) if show_all else _lead(row),
        )
    return _limited(table, found.height, rows)


def refusal_table(ranking: Ranking) -> Table:
    """Return why pairs were refused or not measured, how many for each reason, and the first one's own words."""
    table = _table("refused", "why not", "pairs", "meaning", "such as")
    first = {row["why"]: row for row in refused(ranking, each=1).iter_rows(named=True)}
    for reason, why, pairs in refusals(ranking).select("reason", "why", "pairs").iter_rows():
        table.add_row(_key(reason), f"{pairs:,}", why, escape(f"{first[why]['pair']}: {first[why]['detail']}"))
    return table


def closing_sentence(ranking: Ranking) -> str:
    """Return the verdict, also where nothing could be measured."""
    if ranking.scores.height:
        return ranking_verdict(ranking)
    pair, detail = ranking.skipped.select("pair", "detail").row(0)
    lead = "The one pair" if ranking.skipped.height == 1 else f"None of {ranking.skipped.height:,} pairs"
    verb = "could not be measured" if ranking.skipped.height == 1 else "could be measured"
    return f"{lead} {verb}; {pair}: {detail}."


def round_sentence(board: Board) -> str:
    """Return when the data of a round end and what changed, in one line."""
    if board.as_of_ns is None:
        return f"round {board.round:,}: no block is complete yet; {closing_sentence(board.ranking)}"
    until = f"data until {format_ns(board.as_of_ns, 0)}, round {board.round:,}"
    if not board.changed:
        return f"{until}: nothing new"
    viable = board.table.filter("viable").height
    counts = dict(
        board.table.filter(pl.col("viable") | (pl.col("state") == "gone"))["state"].value_counts().iter_rows()
    )
    told = [f"{counts[state]:,} {state}" for state in BoardState if state != "same" and counts.get(state)]
    return f"{until}: {viable:,} of {board.ranking.candidates:,} pairs viable{''.join(f', {one}' for one in told)}"


def board_table(board: Board, rows: int | None, show_all: bool) -> Table:
    """Return the viable pairs of a board, or all of it, in the order of rank; at most so many rows."""
    found = board.table if show_all else board.table.filter("viable")
    table = _table("", "#", "won", "pair", "state", "bound\nbps/day", "change", "recent\nbps/day", "decay", "trend",
                   "viable since")  # fmt: skip
    for row in found.head(found.height if rows is None else rows).iter_rows(named=True):
        trend = "-" if isnan(row["trend"]) else f"{row['trend']:+.2f}{'*' if row['trend_p'] < _SURE else ''}"
        since = row["first_viable_ns"]
        table.add_row(
            "-" if row["rank"] is None else str(row["rank"]),
            f"{row['change']:+}" if row["change"] else "",
            escape(row["pair"]),
            row["state"],
            _number(row["final_score"]),
            "-" if isnan(row["score_change"]) else f"{row['score_change']:+,.1f}",
            _number(row["recent_bps_day"]),
            "-" if isnan(row["decay"]) else f"{100.0 * row['decay']:.0f} %",
            trend,
            "-" if since is None else format_ns(since, 0)[:16].replace("T", " "),
        )
    return _limited(table, found.height, rows)


def gone(board: Board) -> list[str]:
    """Return a line for each pair that was viable and is not any more."""
    lost = board.table.filter(pl.col("state") == BoardState.GONE.value)
    return [
        f"gone: {pair}: {reason_words(reason)} ({detail})"
        for pair, reason, detail in lost.select("pair", "reason", "detail").iter_rows()
    ]


def _table(title: str, *names: str) -> Table:
    table = Table(title=title or None, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD,
                  padding=(0, 1, 0, 0), caption_justify="left")  # fmt: skip
    words = {"pair", "state", "lead", "why not", "meaning", "such as", "viable since"}
    folded = {"pair", "meaning", "such as"}
    for name in names:
        table.add_column(
            name, justify="left" if name in words else "right", overflow="fold", no_wrap=name not in folded
        )
    return table


def _limited(table: Table, height: int, rows: int | None) -> Table:
    if rows is not None and height > rows:
        table.caption = f"{height - rows:,} more; --top shows more rows, --json has them all"
    return table


def _key(reason: str) -> str:
    return reason.replace("_", " ") or "viable"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None or not isfinite(value) else f"{value:,.{digits}f}"


def _share(value: float) -> str:
    return "-" if isnan(value) else ">99.9 %" if value > 0.999 else f"{100.0 * value:.1f} %"


def _lead(row: dict[str, Any]) -> str:
    lag = row["price_lag_s"]
    if isnan(lag) or not lag:
        return "-"
    return f"{row['venue_a' if lag > 0 else 'venue_b']} {abs(lag):g} s"
