"""Frames for every chart, and a notebook that has been run, without running one."""

from __future__ import annotations

from typing import Any

import nbformat
import numpy as np
import polars as pl

from arbresearch.report import RunHeader, draw, show, table
from arbresearch.report.html import KeyFigure

__all__ = ["FRAMES", "HOUR_NS", "START_NS", "executed_notebook", "header", "output"]

HOUR_NS = 3_600_000_000_000
START_NS = 1_759_708_800_000_000_000  # Monday 2025-10-06 00:00 UTC


def _frames() -> dict[str, pl.DataFrame]:
    random = np.random.default_rng(5)
    steps = START_NS + np.arange(6_000) * 10_000_000_000
    walk = np.cumsum(random.normal(size=6_000))
    venues = ("binance", "gate", "mexc")
    pairs = [(one, other) for one in venues for other in venues if one != other]
    return {
        "edge_over_time": pl.DataFrame({"recv_ns": steps, "sell_a_bps": walk, "sell_b_bps": -walk - 4}),
        "edge_distribution": pl.DataFrame({"gross_bps": walk, "net_bps": walk - 6}),
        "signal_context": pl.DataFrame(
            {
                "recv_ns": np.repeat(steps, 2),
                "direction": ["ab", "ba"] * 6_000,
                "edge_bps": np.stack([walk, -walk - 4], axis=1).ravel(),
                "mean_bps": np.tile([0.0, -4.0], 6_000),
                "sd_bps": np.full(12_000, 3.0),
                "percentile": np.tile([0.25, 0.75], 6_000),
                "trend_t": np.tile([1.5, -1.5], 6_000),
                "half_life_s": np.tile([120.0, np.nan], 6_000),
            }
        ),
        "reliability": pl.DataFrame(
            {
                "confidence": [0.2, 0.5, 0.9],
                "observed": [0.25, 0.45, 0.92],
                "lower": [0.2, 0.4, 0.9],
                "upper": [0.3, 0.55, 0.94],
            }
        ),
        "confidence_payoff": pl.DataFrame(
            {
                "bucket": ["below 50 %", "50 to 90 %"],
                "signals": [40, 60],
                "change_bps": [0.5, -3.0],
                "round_trip_bps": [-6.0, 1.0],
                "change_error_bps": [0.4, float("nan")],
                "round_trip_error_bps": [1.0, 0.5],
            }
        ),
        "edge_by_hour": pl.DataFrame({"recv_ns": steps, "edge_bps": walk}),
        "venue_matrix": pl.DataFrame(
            {
                "sell_venue": [one for one, _ in pairs],
                "buy_venue": [other for _, other in pairs],
                "value": [1.5, -2.0, 0.25, 3.0, -7.5, 8.0],
            }
        ),
        "survival": pl.DataFrame(
            {
                "time_s": [0.1, 1.0, 10.0],
                "survival": [0.8, 0.5, 0.1],
                "lower": [0.7, 0.4, 0.0],
                "upper": [0.9, 0.6, 0.2],
            }
        ),
        "episodes": pl.DataFrame(
            {"duration_s": random.lognormal(size=500), "peak_bps": 5 + random.exponential(size=500)}
        ),
        "coverage": pl.DataFrame(
            {
                "stream": ["gate A/B", "gate A/B", "mexc A/B"],
                "hour_ns": [START_NS, START_NS + 2 * HOUR_NS, START_NS + HOUR_NS],
                "rows": [100, 300, 50],
            }
        ),
        "spans": pl.DataFrame(
            {
                "stream": ["gate A/B", "mexc A/B", "mexc A/B"],
                "start_ns": [START_NS, START_NS, START_NS + 5 * HOUR_NS],
                "end_ns": [START_NS + HOUR_NS, START_NS + 2 * HOUR_NS, START_NS + 6 * HOUR_NS],
                "kind": ["gap", "stale", "gap"],
            }
        ),
        "clock_offset": pl.DataFrame({"recv_ns": steps, "offset_ms": walk, "drift_ms": np.linspace(0.0, 1.0, 6_000)}),
        "ranking": pl.DataFrame(
            {
                "pair": ["LUNC/USDT mexc-gate", "LINK/USDT binance-mexc", "SNX/USDT binance-gate", "X/USDT gate-mexc"],
                "viable": [True, True, False, False],
                "mean_bps_day": [12.0, 7.0, 3.0, float("nan")],
                "final_score": [8.0, 2.5, -1.0, float("nan")],
                "probability_positive": [0.9999, 0.991, 0.7, None],
            }
        ),
        "rank_comparison": pl.DataFrame(
            {
                "pair": [f"{coin}/USDT gate-mexc" for coin in "ABCDEF"],
                "rank": [1, 2, 3, 4, 5, 6],
                "legacy_rank": [2.0, 6.0, 1.0, None, 3.0, 4.0],
                "viable": [True, True, False, False, False, False],
            }
        ),
        "funnel": pl.DataFrame(
            {"step": ["gross", "net of fees", "executed"], "episodes": [1_200, 300, 3], "pairs": [20, 6, 1]}
        ),
        "capacity": pl.DataFrame(
            {
                "notional_quote": [100.0, 1_000.0, 5_000.0, 10_000.0],
                "profit_quote_day": [1.0, 8.0, 15.0, 14.0],
                "marginal_bps": [10.0, 7.0, 1.0, -2.0],
            }
        ),
        "latency_decay": pl.DataFrame(
            {
                "pair": ["LUNC/USDT mexc-gate"] * 3 + ["LINK/USDT binance-mexc"] * 3,
                "latency_s": [0.0, 0.5, 2.0] * 2,
                "mean_bps_day": [20.0, 9.0, -1.0, 8.0, 7.5, 7.0],
                "survival": [1.0, 0.5, 0.1, 1.0, 0.9, 0.8],
            }
        ),
        "block_profit": pl.DataFrame(
            {"start_ns": START_NS + np.arange(96) * HOUR_NS // 4, "profit_bps_day": random.exponential(10.0, 96)}
        ),
        "equity_curve": pl.DataFrame(
            {
                "time_ns": steps,
                "profit_quote": 3.0 * walk + np.linspace(0.0, 40.0, 6_000),
                "spread_quote": np.linspace(0.0, 40.0, 6_000),
                "inventory_quote": 3.0 * walk,
                "hedge_quote": np.zeros(6_000),
                "drawdown": -np.abs(walk) / 1_000.0,
            }
        ),
        "backtest_waterfall": pl.DataFrame(
            {
                "step": ["gross", "missed", "taker fees", "transfers", "net", "inventory", "total"],
                "part": ["spread"] * 5 + ["inventory", "total"],
                "is_sum": [False, False, False, False, True, False, True],
                "profit_quote": [12.0, -1.0, -8.0, 0.0, 3.0, 5.0, 8.0],
                "bps_of_notional": [6.0, -0.5, -4.0, 0.0, 1.5, 2.5, 4.0],
                "bps_day": [24.0, -2.0, -16.0, 0.0, 6.0, 10.0, 16.0],
            }
        ),
        "fills_over_books": pl.DataFrame(
            {
                "time_ns": START_NS + np.array([0, 20, 60, 0, 30, 60]) * 1_000_000_000,
                "account": ["a"] * 3 + ["b"] * 3,
                "bid": [100.0, 101.0, 101.0, 99.0, 98.0, 98.0],
                "ask": [100.5, 101.5, 101.5, 99.5, 98.5, 98.5],
            }
        ),
        "markout_curve": pl.DataFrame(
            {
                "role": ["maker"] * 2 + ["taker"] * 2,
                "reason": ["leg"] * 2 + ["hedge"] * 2,
                "horizon_s": [0.1, 60.0] * 2,
                "fills": [200, 190, 1_000, 1_000],
                "mean_bps": [-0.5, -2.0, 0.1, 0.4],
                "standard_error_bps": [0.1, 0.5, 0.05, float("nan")],
            }
        ),
        "latency_sweep": pl.DataFrame(
            {"latency_s": [2.0, 0.0, 0.5], "bps_day": [-1.0, 20.0, 9.0], "both_legs": [0.3, 1.0, 0.8]}
        ),
        "fill_rule_bracket": pl.DataFrame(
            {"rule": ["touch", "queue", "through"], "bps_day": [9.0, 2.5, -1.0], "fill_ratio": [0.6, 0.3, None]}
        ),
        "inventory_path": pl.DataFrame(
            {
                "time_ns": steps,
                "base_a": 50.0 + walk,
                "base_b": 50.0 - walk,
                "quote_a": 1_000.0 - 10.0 * walk,
                "quote_b": 1_000.0 + 10.0 * walk,
                "transit_base": np.where(np.arange(6_000) < 100, 5.0, 0.0),
                "transit_quote": np.zeros(6_000),
            }
        ),
        "hedge_path": pl.DataFrame({"time_ns": steps, "delta_base": walk, "base_h": -50.0 - walk}),
        "unhedged_exposure": pl.DataFrame({"time_ns": steps, "unhedged_quote_s": np.cumsum(np.abs(walk))}),
        "threshold_surface": pl.DataFrame(
            {
                "half_width_bps": [4.0, 5.0, 6.0, 7.0] * 3,
                "other": [250.0] * 4 + [500.0] * 4 + [1_000.0] * 4,
                "profit_bps_day": [1.0, 4.0, 5.0, 2.0, 2.0, 8.0, 9.0, 4.0, -1.0, 6.0, float("nan"), 3.0],
                "plateau": [False] * 5 + [True, True] + [False] * 5,
                "chosen": [False] * 5 + [True] + [False] * 6,
            }
        ),
        "threshold_profile": pl.DataFrame(
            {
                "half_width_bps": [4.0, 5.0, 6.0, 7.0],
                "profit_bps_day": [2.0, 8.0, 9.0, 4.0],
                "lower": [0.0, 6.0, 7.0, float("nan")],
                "upper": [4.0, 10.0, 11.0, float("nan")],
                "theory_bps_day": [10.0, 40.0, 38.0, 30.0],
                "plateau": [False, True, True, False],
                "chosen": [False, True, False, False],
            }
        ),
        "walk_forward": pl.DataFrame(
            {
                "test_start_ns": START_NS + np.arange(3) * 24 * HOUR_NS,
                "test_end_ns": START_NS + np.arange(1, 4) * 24 * HOUR_NS,
                "sell_a_bps": [5.0, 6.0, float("inf")],
                "sell_a_low_bps": [4.0, 5.5, float("nan")],
                "sell_a_high_bps": [6.5, 7.0, float("nan")],
                "sell_b_bps": [-1.0, -2.0, float("inf")],
                "sell_b_low_bps": [-2.0, float("nan"), float("nan")],
                "sell_b_high_bps": [0.5, float("nan"), float("nan")],
                "in_sample_bps_day": [20.0, 25.0, 0.0],
                "out_of_sample_bps_day": [12.0, -3.0, 0.0],
            }
        ),
        "out_of_sample": pl.DataFrame({"time_ns": steps[:200], "profit_bps": walk[:200]}),
        "overfitting": pl.DataFrame(
            {
                "logit": random.normal(1.0, 1.5, 500),
                "in_sample": random.normal(0.5, 0.1, 500),
                "out_of_sample": random.normal(0.1, 0.3, 500),
            }
        ),
        "order_sizes": pl.DataFrame(
            {
                "order_quote": [250.0, 500.0, 1_000.0, 2_000.0],
                "profit_quote_day": [2.0, 3.5, 5.0, 4.8],
                "standard_error": [0.2, 0.3, 0.4, float("nan")],
                "fitted_quote_day": [2.0, 3.6, 4.9, 4.9],
            }
        ),
        "threshold_drift": pl.DataFrame(
            {
                "week_ns": START_NS + np.array([0, 1, 2, 0, 2]) * 7 * 24 * HOUR_NS,
                "pair": ["LUNC/USDT mexc-gate"] * 3 + ["SNX/USDT binance-gate"] * 2,
                "sell_a_bps": [5.0, 5.5, 7.0, 3.0, None],
                "sell_a_low_bps": [4.0, 5.0, 6.0, 2.0, None],
                "sell_a_high_bps": [6.0, 6.0, 8.0, 4.0, None],
                "sell_b_bps": [-1.0, -1.5, 0.0, 3.0, 4.0],
                "sell_b_low_bps": [-2.0, -2.0, -1.0, float("nan"), 3.0],
                "sell_b_high_bps": [0.0, -1.0, 1.0, float("nan"), 5.0],
            }
        ),
        "cost_waterfall": pl.DataFrame({"item": ["gross", "fees", "latency"], "value_bps": [12.0, -10.0, -3.0]}),
    }


FRAMES = _frames()


def output(shown: object) -> Any:
    """Return what a kernel would send for a displayed object."""
    if hasattr(shown, "_repr_mimebundle_"):
        bundle = shown._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    else:
        data, metadata = {"text/html": shown._repr_html_(), "text/plain": repr(shown)}, {}  # type: ignore[attr-defined]
    return nbformat.v4.new_output("display_data", data, metadata=metadata)


def executed_notebook() -> Any:
    """Return a notebook with every chart, a table, text, messages and tags that must not survive."""
    new = nbformat.v4
    cells: list[Any] = [
        new.new_markdown_cell("# How far apart are two venues?\n\nSee [a paper](https://example.org/x).")
    ]
    for name, frame in FRAMES.items():
        cells.append(new.new_markdown_cell(f"## {name.replace('_', ' ')}\n\nNet edge in bps, by episode."))
        cells.append(
            new.new_code_cell(f"show(draw({name!r}, frame))", outputs=[output(show(draw(name, frame.head(1_000))))])
        )
    wide = pl.DataFrame({f"a_rather_long_column_{number}_bps": [1.0, 2.0] for number in range(14)})
    cells.append(new.new_code_cell("table(wide)", outputs=[output(table(wide, caption="Wide"))]))
    hostile = (
        "<script src='https://example.org/x.js'></script><b onclick='x()'>bold</b><img src='https://example.org/x.png'>"
    )
    cells.append(
        new.new_code_cell(
            "print(1)",
            outputs=[
                new.new_output("stream", name="stdout", text="long line " * 60 + "\n"),
                new.new_output("stream", name="stderr", text="\x1b[31mUserWarning\x1b[0m: mind this\n"),
                new.new_output("display_data", {"text/html": hostile, "text/plain": "bold"}),
            ],
        )
    )
    return new.new_notebook(cells=cells)


def header(**changes: Any) -> RunHeader:
    """Return a header with everything in it."""
    values: dict[str, Any] = {
        "name": "10_discovery",
        "run_id": "20251006T000000Z_abcd1234",
        "started_ns": START_NS,
        "seconds": 75.2,
        "status": "warn",
        "verdict": "Selling on MEXC pays 3.4 bps net.",
        "figures": [KeyFigure("Net edge", "3.4 bps", "2.9 to 3.8")],
        "parameters": {"symbol": "LUNC/USDT", "venues": ["mexc", "gate"], "store": "data/" + "x" * 90},
        "versions": {"python": "3.11.0"},
        "data_hash": "0123456789abcdef",
        "manifest": '{"name": "10_discovery"}',
        "links": [("All reports", "../../index.html")],
    }
    return RunHeader(**{**values, **changes})
