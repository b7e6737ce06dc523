"""Schedules: their order, what holds when, and files."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from arbresearch.core import BadInput, ParameterError
from arbresearch.signals.schedule import ScheduleRow, ThresholdSchedule

SECOND = 1_000_000_000
FIRST = ScheduleRow(
    since_ns=1_704_067_200 * SECOND, sell_a_bps=3.5, sell_b_bps=inf, sell_a_exit_bps=-1.0, sell_b_exit_bps=0.0,
    order_quote=250.0,
)  # fmt: skip
"""From the first of January 2024 on."""
SECOND_ROW = replace(
    FIRST, since_ns=FIRST.since_ns + 123_456_789, sell_a_bps=inf, tilt_slope_bps=4.0, max_hold_minutes=90.0
)
SCHEDULE = ThresholdSchedule((FIRST, SECOND_ROW))


def written(**values: Any) -> dict[str, Any]:
    """Return what is written of the schedule with values of its first row changed; None leaves one out."""
    whole = SCHEDULE.as_dict()
    row = {**whole["rows"][0], **values}
    return {**whole, "rows": [{name: one for name, one in row.items() if one is not None}, whole["rows"][1]]}


def test_what_holds_when() -> None:
    assert SCHEDULE.at(FIRST.since_ns - 1) is None
    assert SCHEDULE.at(FIRST.since_ns) is FIRST
    assert SCHEDULE.at(SECOND_ROW.since_ns - 1) is FIRST
    assert SCHEDULE.at(SECOND_ROW.since_ns) is SECOND_ROW
    assert SCHEDULE.at(2**62) is SECOND_ROW
    assert len(SCHEDULE) == 2


def test_a_row_trades_where_either_direction_does() -> None:
    assert FIRST.trades
    assert not SECOND_ROW.trades
    assert replace(SECOND_ROW, sell_b_bps=9.0).trades


def test_times_may_be_written_out() -> None:
    assert replace(FIRST, since_ns="2024-01-01T00:00:00Z") == FIRST  # type: ignore[arg-type]


def test_it_survives_json_with_infinity() -> None:
    text = json.dumps(SCHEDULE.as_dict(), allow_nan=False)
    assert ThresholdSchedule.from_dict(json.loads(text)) == SCHEDULE
    first = json.loads(text)["rows"][0]
    assert (first["sell_b_bps"], first["sell_a_bps"]) == ("never", 3.5)
    assert json.loads(text)["rows"][1]["since_ns"] == "2024-01-01T00:00:00.123456789Z"


def test_it_survives_a_file(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    SCHEDULE.save(path)
    assert ThresholdSchedule.load(path) == SCHEDULE
    longer = ThresholdSchedule((*SCHEDULE.rows, replace(FIRST, since_ns=2**61)))
    longer.save(path)
    assert ThresholdSchedule.load(path) == longer
    assert [one.name for one in tmp_path.iterdir()] == ["schedule.json"]


def test_what_has_a_default_may_be_left_out() -> None:
    found = ThresholdSchedule.from_dict(written(tilt_slope_bps=None, max_hold_minutes=None))
    assert found.rows[0] == FIRST


def test_its_table() -> None:
    frame = SCHEDULE.frame()
    assert frame["since_ns"].to_list() == [FIRST.since_ns, SECOND_ROW.since_ns]
    assert frame["sell_b_bps"].to_list() == [inf, inf]
    assert frame["order_quote"].to_list() == [250.0, 250.0]
    assert frame["max_hold_minutes"].to_list() == [None, 90.0]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ((), "one row or more"),
        ((SECOND_ROW, FIRST), "rows that rise in time"),
        ((FIRST, FIRST), "rows that rise in time"),
        ((FIRST, SECOND_ROW, replace(FIRST, since_ns=FIRST.since_ns + 1)), "rows that rise in time"),
    ],
)
def test_rows_out_of_order(rows: tuple[ScheduleRow, ...], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        ThresholdSchedule(rows)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sell_a_bps": nan}, "sell_a_bps"),
        ({"sell_b_bps": -inf}, "sell_b_bps"),
        ({"sell_a_exit_bps": nan}, "sell_a_exit_bps"),
        ({"sell_b_exit_bps": -inf}, "sell_b_exit_bps"),
        ({"order_quote": 0.0}, "order_quote"),
        ({"order_quote": inf}, "order_quote"),
        ({"order_quote": nan}, "order_quote"),
        ({"tilt_slope_bps": -1.0}, "tilt_slope_bps"),
        ({"tilt_slope_bps": inf}, "tilt_slope_bps"),
        ({"tilt_slope_bps": nan}, "tilt_slope_bps"),
        ({"max_hold_minutes": -1.0}, "max_hold_minutes"),
        ({"max_hold_minutes": nan}, "max_hold_minutes"),
    ],
)
def test_rows_that_mean_nothing(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=f"schedule {told}: expected"):
        replace(FIRST, **values)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "a threshold schedule of version 1"),
        ({}, "a threshold schedule of version 1"),
        ({**SCHEDULE.as_dict(), "kind": "board"}, "a threshold schedule of version 1"),
        ({**SCHEDULE.as_dict(), "version": 2}, "a threshold schedule of version 1"),
        ({**SCHEDULE.as_dict(), "rows": {}}, "schedule rows: expected a list"),
        ({**SCHEDULE.as_dict(), "rows": []}, "one row or more"),
        ({**SCHEDULE.as_dict(), "rows": ["never"]}, "schedule row 0: expected the names"),
        (written(sell_a_bps=None), "schedule row 0: expected the names"),
        (written(sell_c_bps=1.0), "schedule row 0: expected the names"),
        (written(sell_a_bps="often"), "schedule row 0, sell_a_bps: expected a number"),
        (written(sell_a_bps=True), "schedule row 0, sell_a_bps: expected a number"),
        (written(order_quote="never"), "schedule row 0, order_quote: expected a number"),
        (written(max_hold_minutes="never"), "schedule row 0, max_hold_minutes: expected a number"),
    ],
)
def test_what_is_no_schedule(values: Any, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        ThresholdSchedule.from_dict(values)


def test_files_that_are_no_schedule(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    with pytest.raises(BadInput, match="no file"):
        ThresholdSchedule.load(path)
    for content in (b"", b"{", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"schedule schedule\.json: expected JSON"):
            ThresholdSchedule.load(path)
    path.write_text("[1, 2]")
    with pytest.raises(BadInput, match="a threshold schedule of version 1"):
        ThresholdSchedule.load(path)
