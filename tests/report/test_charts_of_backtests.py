"""What the charts of a backtest draw: their data, their axes, their words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from arbresearch.core import SchemaError
from arbresearch.report import (
    plot_backtest_waterfall,
    plot_equity_curve,
    plot_fill_rule_bracket,
    plot_fills_over_books,
    plot_hedge_path,
    plot_inventory_path,
    plot_latency_sweep,
    plot_markout_curve,
    plot_unhedged_exposure,
    show,
)
from arbresearch.report.svg import figure_svg
from arbresearch.report.theme import PALETTE
from tests.report.kit import FRAMES, HOUR_NS, START_NS

_SECOND_NS = 1_000_000_000


def _panels(axes: Axes) -> list[Axes]:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.axes


def _lines(axes: Axes, label: str) -> list[float]:
    (line,) = [one for one in axes.lines if one.get_label() == label]
    return list(np.asarray(line.get_ydata(), dtype=float))


def _words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def _fills(*rows: tuple[float, str, str, str, str, float]) -> pl.DataFrame:
    names = ("seconds", "account", "side", "role", "reason", "price")
    frame = pl.DataFrame(rows, schema=names, orient="row")
    return frame.with_columns(time_ns=START_NS + (pl.col("seconds") * _SECOND_NS).cast(pl.Int64))


def test_equity_is_drawn_alone_in_parts_and_under_water() -> None:
    frame = pl.DataFrame(
        {
            "time_ns": START_NS + np.arange(3) * HOUR_NS,
            "profit_quote": [0.0, 9.0, 3.0],
            "spread_quote": [0.0, 4.0, 1.0],
            "inventory_quote": [0.0, 5.0, 2.0],
            "hedge_quote": [0.0, 0.0, 0.0],
            "drawdown": [0.0, 0.0, -0.03],
        }
    )
    upper, middle, lower = _panels(plot_equity_curve(frame, currency="USDT"))
    assert list(upper.lines[0].get_ydata()) == [0.0, 4.0, 1.0]
    assert _lines(middle, "total") == [0.0, 9.0, 3.0]
    assert _lines(middle, "inventory at the mark") == [0.0, 5.0, 2.0]
    assert "hedge" not in [line.get_label() for line in middle.lines]
    assert list(lower.lines[0].get_ydata()) == [0.0, 0.0, -0.03]
    assert lower.get_ylim() == (pytest.approx(-0.0324), 0.0)
    assert upper.get_ylabel() == middle.get_ylabel() == "profit (USDT)"
    hedged = frame.with_columns(hedge_quote=pl.Series([0.0, -1.0, 0.0]))
    assert _lines(_panels(plot_equity_curve(hedged))[1], "hedge") == [0.0, -1.0, 0.0]


def test_equity_of_a_long_run_is_a_small_file() -> None:
    upper = plot_equity_curve(FRAMES["equity_curve"])
    assert all(len(line.get_xdata()) <= 2_000 for axes in _panels(upper) for line in axes.lines)
    assert len(figure_svg(show(upper).figure)) < 250_000


def test_equity_before_the_first_known_value() -> None:
    frame = FRAMES["equity_curve"].head(4).with_columns(drawdown=pl.lit(float("nan")))
    assert _panels(plot_equity_curve(frame))[2].get_ylim()[1] == 0.0


def test_waterfall_draws_the_steps_of_the_spread_and_their_sum() -> None:
    axes = plot_backtest_waterfall(FRAMES["backtest_waterfall"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["gross", "missed", "taker fees", "net"]
    assert [bar.get_width() for bar in axes.patches] == [6.0, -0.5, -4.0, 1.5]
    assert axes.get_xlabel() == "profit (bps of notional)"
    money = plot_backtest_waterfall(FRAMES["backtest_waterfall"], unit="profit_quote", currency="USDT")
    assert [bar.get_width() for bar in money.patches] == [12.0, -1.0, -8.0, 3.0]
    assert money.get_xlabel() == "profit (USDT)"
    with pytest.raises(SchemaError, match="unit: expected one of bps_of_notional, bps_day, profit_quote, was 'euro'"):
        plot_backtest_waterfall(FRAMES["backtest_waterfall"], unit="euro")


def test_waterfall_of_no_profit_keeps_its_gross() -> None:
    nothing = FRAMES["backtest_waterfall"].with_columns(profit_quote=pl.lit(0.0), bps_day=pl.lit(0.0))
    axes = plot_backtest_waterfall(nothing, unit="bps_day")
    assert [bar.get_width() for bar in axes.patches] == [0.0, 0.0]


def test_fills_show_side_role_book_and_repair() -> None:
    fills = _fills(
        (10.0, "a", "sell", "taker", "leg", 100.0),
        (11.0, "b", "buy", "maker", "leg", 99.0),
        (12.0, "b", "buy", "taker", "complete", 99.5),
        (61.0, "a", "buy", "taker", "leg", 101.0),
        (13.0, "h", "sell", "taker", "delta", 100.0),
    )
    axes = plot_fills_over_books(FRAMES["fills_over_books"], fills=fills, names={"a": "mexc"})
    marks = [line for line in axes.lines if line.get_marker() in ("^", "v")]
    assert [line.get_marker() for line in marks] == ["v", "^", "^"]
    assert [list(line.get_ydata()) for line in marks] == [[100.0], [99.0], [99.5]]
    assert [to_hex(line.get_color()) for line in marks] == [PALETTE[0], PALETTE[1], PALETTE[1]]
    assert [to_hex(line.get_markerfacecolor()) for line in marks] == [PALETTE[0], "#ffffff", PALETTE[1]]
    assert marks[0].get_xdata()[0] == np.datetime64(START_NS + 10 * _SECOND_NS, "ns")
    assert _words(axes) == ["complete"]
    assert len([line for line in axes.lines if line.get_marker() == "o"]) == 1
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["mexc", "b", "buy, taker", "buy, maker", "sell, taker"]


def test_books_are_steps_that_hold() -> None:
    axes = plot_fills_over_books(FRAMES["fills_over_books"])
    bids = axes.lines[0]
    assert bids.get_drawstyle() == "steps-post"
    assert list(bids.get_ydata()) == [100.0, 101.0, 101.0]
    assert bids.get_xdata()[-1] == np.datetime64(START_NS + 60 * _SECOND_NS, "ns")


def test_fills_of_another_form_are_refused() -> None:
    books = FRAMES["fills_over_books"]
    with pytest.raises(SchemaError, match="chart fills_over_books, fills: expected a column 'price'"):
        plot_fills_over_books(books, fills=_fills((1.0, "a", "buy", "taker", "leg", 1.0)).drop("price"))
    with pytest.raises(SchemaError, match="side: expected buy or sell, was 'long'"):
        plot_fills_over_books(books, fills=_fills((1.0, "a", "long", "taker", "leg", 1.0)))


def test_markouts_have_two_errors_each_way_and_their_counts() -> None:
    axes = plot_markout_curve(FRAMES["markout_curve"])
    handles, names = axes.get_legend_handles_labels()
    assert names == ["taker hedge (1,000)", "maker leg (200)"]
    maker = handles[1]
    assert list(maker[0].get_ydata()) == [-0.5, -2.0]
    bars = [segment[:, 1].tolist() for segment in maker[2][0].get_segments()]
    assert bars == [[pytest.approx(-0.7), pytest.approx(-0.3)], [-3.0, -1.0]]
    assert axes.get_xscale() == "log"


def test_a_markout_that_is_not_known_is_left_out() -> None:
    frame = FRAMES["markout_curve"].with_columns(fills=pl.when(pl.col("role") == "taker").then(0).otherwise("fills"))
    assert plot_markout_curve(frame).get_legend_handles_labels()[1] == ["maker leg (200)"]


def test_latency_sweep_in_order_with_what_is_assumed() -> None:
    upper, lower = _panels(plot_latency_sweep(FRAMES["latency_sweep"], latency_s=0.25))
    assert list(upper.lines[0].get_xdata()) == [0.0, 0.5, 2.0]
    assert list(upper.lines[0].get_ydata()) == [20.0, 9.0, -1.0]
    assert list(lower.lines[0].get_ydata()) == [1.0, 0.8, 0.3]
    assert _words(lower) == ["assumed: 250 ms"]
    assert [0.25, 0.25] in [list(line.get_xdata()) for line in upper.lines]
    assert _words(_panels(plot_latency_sweep(FRAMES["latency_sweep"]))[1]) == []


def test_bracket_names_rules_and_shares() -> None:
    axes = plot_fill_rule_bracket(FRAMES["fill_rule_bracket"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["touch", "queue", "through"]
    assert [bar.get_width() for bar in axes.patches] == [9.0, 2.5, -1.0]
    assert _words(axes) == ["9.00, 60 % filled", "2.50, 30 % filled", "−1.00"]
    unknown = FRAMES["fill_rule_bracket"].with_columns(bps_day=pl.lit(float("nan")))
    assert _words(plot_fill_rule_bracket(unknown))[0] == "not known"


def test_inventory_of_few_samples_is_drawn_as_it_is() -> None:
    frame = FRAMES["inventory_path"].head(5).with_columns(transit_base=pl.lit(0.0))
    upper, lower = _panels(plot_inventory_path(frame, names=("mexc", "gate"), base="LUNC", quote="USDT"))
    assert _lines(upper, "mexc") == frame["base_a"].to_list()
    assert _lines(lower, "gate") == frame["quote_b"].to_list()
    assert "under way" not in [line.get_label() for line in upper.lines]
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("held (LUNC)", "held (USDT)")
    assert upper.get_ylim()[0] == 0.0


def test_inventory_of_many_samples_is_a_mean_with_its_extremes() -> None:
    frame = FRAMES["inventory_path"]
    upper, _ = _panels(plot_inventory_path(frame))
    means = _lines(upper, "A")
    assert len(means) == 200
    assert means[0] == pytest.approx(frame["base_a"][:30].mean())
    band = upper.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(frame["base_a"].max())
    assert band.min() == pytest.approx(frame["base_a"].min())
    assert max(_lines(upper, "under way")) == 5.0


def test_hedge_has_its_band_and_adds_up_what_the_perpetual_was_paid() -> None:
    cash = pl.DataFrame(
        {
            "account": ["h", "b", "h"],
            "time_ns": [START_NS + 20_000 * _SECOND_NS, START_NS, START_NS + 10_000 * _SECOND_NS],
            "amount_quote": [2.0, 50.0, -0.5],
        }
    )
    delta, position, funding = _panels(
        plot_hedge_path(FRAMES["hedge_path"].head(9), band_base=3.0, cash=cash, base="X")
    )
    assert _words(delta) == ["band ±3"]
    assert delta.get_ylim()[0] < -3.0
    assert list(position.lines[0].get_ydata()) == FRAMES["hedge_path"]["base_h"][:9].to_list()
    assert list(funding.lines[0].get_ydata()) == [0.0, -0.5, 1.5, 1.5]
    assert position.get_ylabel() == "position (X)"
    assert len(_panels(plot_hedge_path(FRAMES["hedge_path"]))) == 2
    with pytest.raises(SchemaError, match="chart hedge_path, cash: expected a column 'amount_quote'"):
        plot_hedge_path(FRAMES["hedge_path"], cash=cash.drop("amount_quote"))


def test_a_gap_at_the_start_does_not_flatten_delta() -> None:
    delta = np.concatenate(([40.0], np.tile([-0.1, 0.1], 500)))
    frame = pl.DataFrame(
        {"time_ns": START_NS + np.arange(delta.size) * _SECOND_NS, "delta_base": delta, "base_h": delta - 40.0}
    )
    axes = plot_hedge_path(frame, band_base=0.2)
    assert axes.get_ylim()[1] == pytest.approx(0.3)
    assert "beyond in 1 of 1001 samples, up to 40.0000" in _words(axes)


def test_exposure_is_the_mean_of_each_interval() -> None:
    frame = pl.DataFrame(
        {"time_ns": START_NS + np.array([0, 10, 30, 30]) * _SECOND_NS, "unhedged_quote_s": [0.0, 50.0, 50.0, 50.0]}
    )
    line = plot_unhedged_exposure(frame).lines[0]
    assert list(line.get_ydata()) == [5.0, 0.0, 0.0]
    assert line.get_xdata()[1] == np.datetime64(START_NS + 10 * _SECOND_NS, "ns")
    assert line.get_drawstyle() == "steps-post"
