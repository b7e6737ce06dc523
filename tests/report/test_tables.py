"""Tables: escaping, rounding, units, limits, badges."""

from __future__ import annotations

import re

import polars as pl
import pytest

from arbresearch.core import SchemaError
from arbresearch.report import Column, table


def _cells(html: str) -> list[list[str]]:
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]]


def test_units_rounding_and_missing() -> None:
    frame = pl.DataFrame(
        {"peak_bps": [12.3456, -0.5, None], "price": [0.00005678, 0.0000499, float("nan")], "rows": [12345, 2, 3]}
    )
    html = table(frame).html
    assert "peak<small>bps</small>" in html
    assert _cells(html) == [["12.3", "0.0000568", "12,345"], ["−0.5", "0.0000499", "2"], ["–", "–", "3"]]
    assert '<td class="number">12.3</td>' in html


def test_times_and_shares() -> None:
    frame = pl.DataFrame({"recv_ns": [1_760_156_313_250_000_000], "filled_share": [0.1234]})
    assert _cells(table(frame).html) == [["2025-10-11 04:18:33", "12.3"]]
    styled = table(frame, columns={"recv_ns": Column("at", digits=3), "filled_share": Column(unit="", digits=2)})
    assert _cells(styled.html) == [["2025-10-11 04:18:33.250", "0.12"]]


def test_text_is_escaped_everywhere() -> None:
    frame = pl.DataFrame({"<b>": ["<script>x()</script>"], "verdict": ["<i>"]})
    html = table(frame, caption="a & b").html
    assert "<script>" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "a &amp; b" in html


def test_badges_and_limit() -> None:
    frame = pl.DataFrame({"stream": [f"s{number}" for number in range(5)], "verdict": ["ok", "warn", "no", "ok", "ok"]})
    html = table(frame, limit=3).html
    assert html.count('class="badge') == 3
    assert '<span class="badge warn">! caution</span>' in html
    assert "2 more rows are not shown." in html
    assert "No rows." in table(frame.clear()).html


def test_columns_are_chosen_and_checked() -> None:
    frame = pl.DataFrame({"a": [1], "b": [2]})
    assert _cells(table(frame, columns=["b"]).html) == [["2"]]
    with pytest.raises(SchemaError, match="table column: expected one of a, b, was 'c'"):
        table(frame, columns=["c"])
    assert "shape: (1, 2)" in repr(table(frame))


def test_long_texts_may_break_and_badges_do_not() -> None:
    frame = pl.DataFrame(
        {"verdict": ["usable"], "why": ["one gap of forty minutes, and a lone price far away"], "on": [True]}
    )
    html = table(frame).html
    assert '<td class="words">one gap' in html
    assert '<td><span class="badge warn">! with care</span></td>' in html
    assert "<td>yes</td>" in html
