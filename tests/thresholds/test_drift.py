"""Thresholds week by week: which search of a week counts, what moved, and what is said of it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from arbresearch.core import parse_ns
from arbresearch.thresholds.drift import (
    describe_drift,
    drift_figures,
    drift_status,
    drift_table,
    drift_tables,
    drift_verdict,
    week_table,
    weekly_thresholds,
)

MONDAY_NS = parse_ns("2025-01-06")


def _row(pair: str, until: str, a: float | None, b: float | None = 2.0, **changes: Any) -> dict[str, Any]:
    row = {
        "run_id": f"run-{pair}-{until}", "started_ns": 1, "pair": pair, "until": f"{until}T12:00:00.000Z",
        "answer": "trade", "sell_a_bps": a, "sell_a_low_bps": None if a is None else a - 1.0,
        "sell_a_high_bps": None if a is None else a + 1.0, "sell_b_bps": b, "sell_b_low_bps": 1.0,
        "sell_b_high_bps": 3.0, "order_quote": 500.0, "out_of_sample_bps_day": 10.0, "lower_bound_bps_day": 5.0,
    }  # fmt: skip
    return {**row, **changes}


def _weeks(*rows: dict[str, Any], **options: Any) -> pl.DataFrame:
    return weekly_thresholds(pl.DataFrame(list(rows), infer_schema_length=None), **options)


def test_the_most_recent_data_of_a_week_count_and_of_those_the_last_search() -> None:
    weeks = _weeks(
        _row("X", "2025-01-12", 3.0, started_ns=1),
        _row("X", "2025-01-08", 1.0, started_ns=9),
        _row("X", "2025-01-12", 4.0, started_ns=2),
        _row("X", "2025-01-13", 5.0),
    )
    assert weeks["week"].to_list() == ["2025-W02", "2025-W03"]
    assert weeks["week_ns"].to_list() == [MONDAY_NS, MONDAY_NS + 7 * 86_400 * 10**9]
    assert weeks["sell_a_bps"].to_list() == [4.0, 5.0]


def test_weeks_are_limited_and_the_best_pair_is_first() -> None:
    rows = [_row("X", f"2025-01-{day:02d}", float(day)) for day in (8, 15, 22)]
    better = _row("Y", "2025-01-22", 1.0, out_of_sample_bps_day=20.0)
    unknown = _row("A", "2025-01-22", None, out_of_sample_bps_day=None)
    weeks = _weeks(*rows, better, unknown, weeks=2)
    assert weeks["week"].unique(maintain_order=True).to_list() == ["2025-W03", "2025-W04"]
    assert weeks.filter(pl.col("week") == "2025-W04")["pair"].to_list() == ["Y", "X", "A"]


def test_the_year_of_a_week_is_that_of_its_thursday() -> None:
    assert _weeks(_row("X", "2024-12-30", 1.0))["week"].to_list() == ["2025-W01"]


def test_change_is_since_the_week_before_that_the_pair_was_in() -> None:
    weeks = _weeks(
        _row("X", "2025-01-08", 4.0),
        _row("X", "2025-01-22", 5.5, 2.5, answer="unclear", out_of_sample_bps_day=7.0),
        _row("Y", "2025-01-15", 3.0),
        _row("Y", "2025-01-22", 3.5, 2.0),
        _row("Z", "2025-01-22", 3.0, out_of_sample_bps_day=8.0),
    )
    drift = {row["pair"]: row for row in drift_table(weeks).iter_rows(named=True)}
    assert list(drift) == ["Y", "Z", "X"]
    assert (drift["X"]["change_a_bps"], drift["X"]["change_b_bps"]) == (1.5, 0.5)
    assert (drift["X"]["beyond"], drift["X"]["change_kept_bps_day"], drift["X"]["weeks"]) == (True, -3.0, 2)
    assert (drift["X"]["answer"], drift["X"]["answer_before"]) == ("unclear", "trade")
    assert (drift["Y"]["change_a_bps"], drift["Y"]["beyond"]) == (0.5, False)
    assert (drift["Z"]["change_a_bps"], drift["Z"]["beyond"], drift["Z"]["answer_before"]) == (None, None, None)
    assert drift_verdict(weeks) == (
        "3 pairs in 2025-W04, 2 to trade. Against the week before, the largest change is +1.5 bps (X, sell on A); "
        "1 of 2 moved beyond their intervals, 1 changed its answer."
    )
    assert drift_status(weeks) == "warn"
    figures = drift_figures(weeks)
    assert (figures["largest change"]["text"], figures["largest change"]["note"]) == ("+1.5 bps", "X")
    assert (figures["beyond interval"]["value"], figures["beyond interval"]["note"]) == (1, "of 2")
    assert (figures["weeks"]["value"], figures["weeks"]["note"]) == (3, "2025-W02 to 2025-W04")


def test_what_stays_is_well() -> None:
    weeks = _weeks(_row("X", "2025-01-08", 4.0), _row("X", "2025-01-15", 3.5))
    assert drift_status(weeks) == "ok"
    assert drift_verdict(weeks).endswith(
        "the largest change is −0.5 bps (X, sell on A); 0 of 1 moved beyond its interval, 0 changed their answers."
    )


def test_thresholds_that_were_not_found_have_no_change() -> None:
    weeks = _weeks(_row("X", "2025-01-08", None, None), _row("X", "2025-01-15", 3.5))
    assert drift_table(weeks)["change_a_bps"].to_list() == [None]
    assert "no change is known; 0 of 1" in drift_verdict(weeks)


def test_too_few_weeks_are_said() -> None:
    one = _weeks(_row("X", "2025-01-08", 4.0))
    assert drift_verdict(one) == (
        "One pair in 2025-W02, 1 to trade. Drift takes two weeks of a pair; one week is on record."
    )
    assert drift_status(one) == "warn"
    assert list(drift_figures(one)) == ["pairs", "weeks"]
    other = _weeks(_row("X", "2025-01-08", 4.0), _row("Y", "2025-01-15", 4.0))
    assert drift_verdict(other).endswith("none of them was there in an earlier week.")
    assert "New in the ranking: Y." in describe_drift(other)
    assert "No longer in it: X." in describe_drift(other)
    none = weekly_thresholds(pl.DataFrame())
    assert drift_verdict(none).startswith("No thresholds are on record")
    assert drift_status(none) == "no"
    assert drift_table(none).is_empty()


def test_the_table_of_the_index_has_a_column_a_week() -> None:
    rows = [_row("X", f"2025-{month:02d}-15", float(month)) for month in range(1, 8)]
    weeks = _weeks(*rows, _row("Y", "2025-06-15", 1.0, answer="no trade"))
    table = week_table(weeks)
    assert table.columns == ["pair", "2025-W11", "2025-W16", "2025-W20", "2025-W24", "2025-W29"]
    assert table.rows() == [
        ("X", "3.0 / 2.0, trade", "4.0 / 2.0, trade", "5.0 / 2.0, trade", "6.0 / 2.0, trade", "7.0 / 2.0, trade"),
        ("Y", "–", "–", "–", "1.0 / 2.0, no trade", "–"),
    ]
    assert drift_tables(weeks)["index"].rows() == table.rows()


@pytest.mark.parametrize("low", [None, 1.0])
def test_beyond_needs_an_interval(low: float | None) -> None:
    weeks = _weeks(_row("X", "2025-01-08", 4.0, sell_a_low_bps=low), _row("X", "2025-01-15", 9.0))
    assert drift_table(weeks)["beyond"].to_list() == [low is not None]
