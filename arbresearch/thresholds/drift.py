"""How thresholds drift from week to week, from what each week's search left on record."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any, Final, Literal

import polars as pl

from arbresearch.backtest.views import number

__all__ = [
    "describe_drift",
    "drift_figures",
    "drift_status",
    "drift_table",
    "drift_tables",
    "drift_verdict",
    "week_table",
    "weekly_thresholds",
]

_NUMBERS: Final = (
    "sell_a_bps", "sell_a_low_bps", "sell_a_high_bps", "sell_b_bps", "sell_b_low_bps", "sell_b_high_bps", "order_quote",
    "out_of_sample_bps_day", "lower_bound_bps_day",
)  # fmt: skip
_SCHEMA: Final = {
    "week_ns": pl.Int64, "week": pl.String, "pair": pl.String, "until": pl.String, "answer": pl.String,
    **dict.fromkeys(_NUMBERS, pl.Float64), "run_id": pl.String,
}  # fmt: skip
_DRIFT: Final = {
    "pair": pl.String, "weeks": pl.Int64, "answer": pl.String, "answer_before": pl.String, "sell_a_bps": pl.Float64,
    "change_a_bps": pl.Float64, "sell_b_bps": pl.Float64, "change_b_bps": pl.Float64, "beyond": pl.Boolean,
    "out_of_sample_bps_day": pl.Float64, "change_kept_bps_day": pl.Float64,
}  # fmt: skip
_SHOWN_WEEKS: Final = 5
_LONGEST: Final = 1_000
_SIDES: Final = (("a", "sell on A"), ("b", "sell on B"))


def weekly_thresholds(history: pl.DataFrame, weeks: int = 26) -> pl.DataFrame:
    """Return one row a pair and week: the thresholds found on data that ended in that week.

    Of several searches of a week the one with the most recent data counts, of those the last. Weeks are those of the
    data and not of the run, so that a search that is made again replaces itself.

    Parameters
    ----------
    history
        Rows of :func:`arbresearch.thresholds.words.threshold_row` with ``run_id`` and ``started_ns``, any order.
    weeks
        The last so many weeks that have any.

    Returns
    -------
    polars.DataFrame
        week_ns (Monday 00:00 UTC), week (such as ``2025-W02``), pair, until, answer, thresholds with intervals,
        order_quote, out_of_sample_bps_day, lower_bound_bps_day, run_id; by week, in it the best pair first.
    """
    if history.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    until = pl.col("until").str.slice(0, 10).str.to_date("%Y-%m-%d")
    monday = until.dt.truncate("1w")
    dated = history.with_columns(
        monday.cast(pl.Datetime("ns")).dt.epoch("ns").alias("week_ns"), monday.dt.strftime("%G-W%V").alias("week")
    )
    kept = dated.sort("until", "started_ns", "run_id").unique(["pair", "week_ns"], keep="last", maintain_order=True)
    last = kept["week_ns"].unique().sort().tail(weeks)
    shaped = kept.filter(pl.col("week_ns").is_in(last.implode())).select(
        pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items()
    )
    return shaped.sort("week_ns", "out_of_sample_bps_day", "pair", descending=[False, True, False], nulls_last=True)


def drift_table(weeks: pl.DataFrame) -> pl.DataFrame:
    """Return one row a pair of the last week: thresholds, and how they changed since the week before that it was in.

    Parameters
    ----------
    weeks
        Of :func:`weekly_thresholds`.

    Returns
    -------
    polars.DataFrame
        pair, weeks (how many are on record), answer, answer_before, sell_a_bps, change_a_bps, sell_b_bps, change_b_bps,
        beyond (whether a threshold lies outside its interval of the week before), out_of_sample_bps_day,
        change_kept_bps_day; null where there is no week before.
    """
    rows = []
    for row in _last(weeks).iter_rows(named=True):
        own = weeks.filter(pl.col("pair") == row["pair"])
        before = own.row(-2, named=True) if own.height > 1 else None
        changes = {name: _change(row, before, name) for name in ("sell_a_bps", "sell_b_bps", "out_of_sample_bps_day")}
        rows.append(
            {
                "pair": row["pair"],
                "weeks": own.height,
                "answer": row["answer"],
                "answer_before": before and before["answer"],
                "sell_a_bps": row["sell_a_bps"],
                "change_a_bps": changes["sell_a_bps"],
                "sell_b_bps": row["sell_b_bps"],
                "change_b_bps": changes["sell_b_bps"],
                "beyond": None if before is None else any(_beyond(row, before, side) for side, _ in _SIDES),
                "out_of_sample_bps_day": row["out_of_sample_bps_day"],
                "change_kept_bps_day": changes["out_of_sample_bps_day"],
            }
        )
    return pl.DataFrame(rows, schema=_DRIFT)


def week_table(weeks: pl.DataFrame) -> pl.DataFrame:
    """Return one row a pair with a column for each of the last weeks: both thresholds (bps) and the answer, as text."""
    shown = weeks["week"].unique(maintain_order=True).tail(_SHOWN_WEEKS).to_list()
    pairs = weeks.reverse()["pair"].unique(maintain_order=True).to_list()
    order = _last(weeks)["pair"].to_list()
    rows = []
    for pair in sorted(pairs, key=lambda one: order.index(one) if one in order else len(order)):
        cells = {row["week"]: _cell(row) for row in weeks.filter(pl.col("pair") == pair).iter_rows(named=True)}
        rows.append({"pair": pair, **{week: cells.get(week, "–") for week in shown}})
    return pl.DataFrame(rows, schema=dict.fromkeys(("pair", *shown), pl.String))


def drift_verdict(weeks: pl.DataFrame) -> str:
    """Return in one sentence or two how far thresholds moved since the week before."""
    if weeks.is_empty():
        return "No thresholds are on record: run the pipeline weekly, and each week adds its own."
    drift, last = drift_table(weeks), _last(weeks)["week"][0]
    trading = int((drift["answer"] == "trade").sum())
    head = f"{_pairs(drift.height)} in {last}, {trading} to trade."
    known = drift.filter(pl.col("answer_before").is_not_null())
    if known.is_empty():
        had = weeks["week"].n_unique()
        few = "one week is on record" if had == 1 else "none of them was there in an earlier week"
        return f"{head} Drift takes two weeks of a pair; {few}."
    beyond, turned = int(known["beyond"].sum()), _turned(known)
    told = f"{turned} changed its answer" if turned == 1 else f"{turned} changed their answers"
    return (
        f"{head} Against the week before, {_largest_words(known)}; {beyond} of {known.height} moved beyond "
        f"{'its interval' if known.height == 1 else 'their intervals'}, {told}."
    )


def drift_status(weeks: pl.DataFrame) -> Literal["ok", "warn", "no"]:
    """Return ``ok`` where no threshold left its interval and no answer changed, ``no`` with nothing on record."""
    if weeks.is_empty():
        return "no"
    known = drift_table(weeks).filter(pl.col("answer_before").is_not_null())
    return "warn" if known.is_empty() or known["beyond"].any() or _turned(known) else "ok"


def describe_drift(weeks: pl.DataFrame) -> str:
    """Return in Markdown the verdict and which pairs came and went."""
    lines = [f"**{drift_verdict(weeks)}**"]
    names = weeks["week"].unique(maintain_order=True).to_list()
    if len(names) > 1:
        now, then = (set(weeks.filter(pl.col("week") == name)["pair"]) for name in (names[-1], names[-2]))
        for pairs, what in ((sorted(now - then), "New in the ranking"), (sorted(then - now), "No longer in it")):
            if pairs:
                lines.append(f"{what}: {', '.join(pairs)}.")
    return "\n\n".join(lines)


def drift_figures(weeks: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what a report and the index put first; value, text and note by name."""
    drift = drift_table(weeks)
    known = drift.filter(pl.col("answer_before").is_not_null())
    size, pair, _ = _largest(known)
    names = weeks["week"].unique(maintain_order=True).to_list()
    always = {
        "pairs": {"value": drift.height, "note": f"{int((drift['answer'] == 'trade').sum())} to trade"},
        "weeks": {"value": len(names), "note": f"{names[0]} to {names[-1]}" if len(names) > 1 else "".join(names)},
    }
    if known.is_empty():
        return always
    return {
        "largest change": {
            "value": float(f"{size:.6g}") if isfinite(size) else None,
            "text": f"{_signed(size)} bps" if isfinite(size) else "–",
            "note": pair,
        },
        "beyond interval": {"value": int(known["beyond"].sum()), "note": f"of {known.height}"},
        "answers changed": {"value": _turned(known), "note": f"of {known.height}"},
        **always,
    }


def drift_tables(weeks: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return what the index shows (``index``) and later stages read: drift, weeks."""
    named = week_table(weeks).rename({"pair": "sell on A / on B above (bps)"})
    return {"index": named, "drift": drift_table(weeks), "weeks": weeks.tail(_LONGEST)}


def _last(weeks: pl.DataFrame) -> pl.DataFrame:
    return weeks.filter(pl.col("week_ns") == pl.col("week_ns").max())


def _change(row: dict[str, Any], before: dict[str, Any] | None, name: str) -> float | None:
    if before is None or row[name] is None or before[name] is None:
        return None
    return float(row[name] - before[name])


def _beyond(row: dict[str, Any], before: dict[str, Any], side: str) -> bool:
    value, low, high = row[f"sell_{side}_bps"], before[f"sell_{side}_low_bps"], before[f"sell_{side}_high_bps"]
    return None not in (value, low, high) and not low <= value <= high


def _turned(known: pl.DataFrame) -> int:
    return int((known["answer"] != known["answer_before"]).sum())


def _largest(known: pl.DataFrame) -> tuple[float, str, str]:
    """Return the largest change of a threshold, with its pair and side; NaN where none is known."""
    found = [
        (row[f"change_{side}_bps"], row["pair"], words)
        for row in known.iter_rows(named=True)
        for side, words in _SIDES
        if row[f"change_{side}_bps"] is not None
    ]
    return max(found, key=lambda one: abs(one[0]), default=(nan, "", ""))


def _largest_words(known: pl.DataFrame) -> str:
    size, pair, side = _largest(known)
    return f"the largest change is {_signed(size)} bps ({pair}, {side})" if isfinite(size) else "no change is known"


def _cell(row: dict[str, Any]) -> str:
    return f"{number(row['sell_a_bps'])} / {number(row['sell_b_bps'])}, {row['answer']}"


def _pairs(count: int) -> str:
    return "One pair" if count == 1 else f"{count} pairs"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0.0 else ''}{number(value)}"
